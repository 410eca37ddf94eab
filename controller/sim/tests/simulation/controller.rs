//! The controller's loop as a model: observe, plan, perform what may be performed, remember failures, forget all in a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{
    Action, Archive, CompileInput, ContentStore, DeclaredObject, Desired, DigestKey, EngineError, Failure, Failures,
    HeldReason, History, Observed, Outcome, Plan, ProbeNews, ProbeSchedule, Step, StepId, Timestamp, compile,
    failure_behind, plan, status,
};
use skiff_sim::SimEngine;

use crate::declare::SECRET_MARK;
use crate::manifests::Manifests;
use crate::order::Order;
use crate::random::Random;
use crate::state::State;

/// Steps of one plan that are not done yet.
struct Batch {
    steps: BTreeMap<StepId, Step>,
    done: BTreeSet<StepId>,
    /// The content at the time of the plan.
    content: Arc<ContentStore>,
}

/// What the controller holds. A crash loses the failures and the batches; Docker and the state directory stay.
pub(crate) struct Controller {
    pub(crate) desired: Desired,
    content: Arc<ContentStore>,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) last_plan: Plan,
    pub(crate) order: Order,
    state: State,
    failures: Failures,
    has_run: BTreeMap<ObjectKey, String>,
    pub(crate) probes: ProbeSchedule,
    batches: Vec<Batch>,
    may_have_ours: bool,
    /// Whether each step is performed twice.
    pub(crate) stutters: bool,
    /// The object whose steps take for ever.
    pub(crate) stuck: Option<ObjectKey>,
}

/// One step that was performed, and what came of it.
pub(crate) struct Performed {
    pub(crate) step: Step,
    pub(crate) result: Result<Outcome, EngineError>,
}

impl Controller {
    pub(crate) fn new(stutters: bool) -> Self {
        Self {
            desired: Desired::default(),
            content: Arc::default(),
            wake_at: None,
            last_plan: Plan::default(),
            order: Order::default(),
            state: State::default(),
            failures: Failures::new(),
            has_run: BTreeMap::new(),
            probes: ProbeSchedule::default(),
            batches: Vec::new(),
            may_have_ours: true,
            stutters,
            stuck: None,
        }
    }

    /// Takes an order, and what the sources yield now.
    pub(crate) fn load(&mut self, manifests: &Manifests, order: &Order) {
        let departed = self.state.departed(order);
        if !order.is_down() && order.only.is_none() {
            self.state.save(manifests, order);
        }
        let sources = match &order.only {
            Some(_) => BTreeMap::new(),
            None => order.sources.iter().map(|(source, state)| ((*source).to_owned(), state.clone())).collect(),
        };
        let (desired, content) = compile(&CompileInput {
            instance: &Instance::default(),
            intent: order.intent,
            objects: &declared(&order.scope(manifests)),
            sources: &sources,
            host_files: &BTreeMap::new(),
            digest_key: &DigestKey::new([7; 32]),
            departed: &departed,
            claimed: &self.state.claims(order),
            history: &History::default(),
            archive: &Archive::default(),
        });
        (self.desired, self.content) = (desired, Arc::new(content));
        self.order = order.clone();
    }

    /// What it was told to do is done: it forgets the sources that it has taken down.
    pub(crate) fn done(&mut self) {
        if self.order.is_down() {
            self.state.remove(&self.order);
        }
    }

    /// It dies and is started again.
    pub(crate) fn crash(&mut self) {
        self.failures.clear();
        self.has_run.clear();
        self.probes = ProbeSchedule::default();
        self.batches.clear();
        self.wake_at = None;
        self.may_have_ours = true;
    }

    /// Looks, plans, and takes the steps on. `false` where the engine does not answer.
    ///
    /// # Errors
    /// What a plan may never be: undetermined, or a secret's keeper.
    pub(crate) fn pass(&mut self, engine: &mut SimEngine) -> Result<bool, String> {
        self.probe(engine);
        let Some(observed) = self.observe(engine) else { return Ok(false) };
        let now = engine.now();
        let planned = plan(&self.desired, &observed, now);
        if planned != plan(&self.desired, &observed, now) {
            return Err("the same inputs gave another plan".to_owned());
        }
        if !planned.steps.is_empty() {
            let told = status(&self.desired, &observed, &planned, now);
            if format!("{planned:?}{told:?}").contains(SECRET_MARK) {
                return Err("a secret's value is in the plan or the status".to_owned());
            }
        }
        in_order(&planned)?;
        wakes_in_time(&planned)?;
        if let Some(step) = planned.steps.iter().find(|step| observed.in_flight.contains(&step.object)) {
            return Err(format!("{} is in flight and was planned: {}", step.object, described(step)));
        }
        let steps = planned.steps.iter().map(|step| (step.id, step.clone())).collect();
        self.batches.push(Batch { steps, done: BTreeSet::new(), content: Arc::clone(&self.content) });
        self.wake_at = planned.wake_at;
        self.probes.aim(&self.desired, &observed, now);
        self.last_plan = planned;
        Ok(true)
    }

    /// Asks every probe that is due; whether an answer changes what a verdict means.
    pub(crate) fn probe(&mut self, engine: &SimEngine) -> bool {
        let now = engine.now();
        let mut is_news = false;
        for ask in self.probes.take_due(now) {
            let answer = engine.answer(&ask.container, ask.probe);
            is_news |= self.probes.answer(&ask, answer, now) == ProbeNews::Meaning;
        }
        is_news
    }

    /// The containers that a step of the last plan stops or removes.
    pub(crate) fn takes(&self) -> BTreeSet<String> {
        let taken = self.last_plan.steps.iter().filter_map(|step| match &step.action {
            Action::StopContainer(stop) => stop.container.id.clone(),
            Action::RemoveContainer { container } => container.id.clone(),
            Action::PullImage(_)
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. }
            | Action::WriteFiles(_)
            | Action::RemoveFiles { .. }
            | Action::CreateContainer(_)
            | Action::ConnectNetwork(_)
            | Action::DisconnectNetwork { .. }
            | Action::StartContainer { .. }
            | Action::RenameContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::UpdateContainer(_) => None,
        });
        taken.collect()
    }

    /// One odd empty list is listed again before it is believed.
    fn observe(&mut self, engine: &mut SimEngine) -> Option<Observed> {
        let instance = Instance::default();
        let mut observed = engine.observe(&instance).ok()?;
        let sees_ours = |observed: &Observed| observed.containers.iter().any(|found| found.owner.labels().is_some());
        if self.may_have_ours && !sees_ours(&observed) {
            observed = engine.observe(&instance).ok()?;
        }
        self.may_have_ours = sees_ours(&observed);
        observed.probes = Arc::new(self.probes.verdicts());
        observed.failures = self.failures.clone();
        let in_flight = self.batches.iter().flat_map(|batch| batch.steps.values().map(|step| step.object.clone()));
        observed.in_flight = in_flight.collect();
        self.has_run.extend(observed.running_templates());
        observed.has_run = self.has_run.clone();
        Some(observed)
    }

    /// The steps that may be performed now; those of an object that never come to an end are not among them.
    fn ready(&self) -> Vec<(usize, StepId)> {
        let batches = self.batches.iter().enumerate();
        let ready = batches.flat_map(|(index, batch)| {
            let free = batch.steps.values().filter(|step| step.after.iter().all(|before| batch.done.contains(before)));
            free.filter(|step| self.stuck.as_ref() != Some(&step.object)).map(move |step| (index, step.id))
        });
        ready.collect()
    }

    /// The step that is performed next, at random among those whose predecessors succeeded.
    pub(crate) fn choose(&self, random: &mut Random) -> Option<(usize, Step)> {
        let (index, id) = random.pick_any(&self.ready())?;
        Some((index, self.batches.get(index)?.steps.get(&id)?.clone()))
    }

    /// Performs a step and remembers what came of it.
    ///
    /// # Errors
    /// Where a step that succeeded could not be repeated.
    pub(crate) fn perform(&mut self, engine: &mut SimEngine, index: usize, step: Step) -> Result<Performed, String> {
        let batch = self.batches.get_mut(index).ok_or("the batch has gone")?;
        let result = engine.perform(&step.action, &batch.content);
        if self.stutters
            && result.is_ok()
            && let Err(error) = engine.perform(&step.action, &batch.content)
        {
            return Err(format!("performed twice, {} failed: {error}", described(&step)));
        }
        batch.steps.remove(&step.id);
        match &result {
            Ok(_) => {
                batch.done.insert(step.id);
                if let Some(why) = failure_behind(&step) {
                    self.remember(&step, why, engine.now());
                }
            }
            Err(error) if error.to_string().contains(SECRET_MARK) => {
                return Err(format!("a secret's value is in an error: {error}"));
            }
            Err(error) => {
                batch.skip_after(step.id);
                if error.counts() {
                    self.remember(&step, error.to_string(), engine.now());
                    if let Some(failure) = self.failures.get_mut(&step.object) {
                        failure.update_refused |= matches!(error, EngineError::UpdateRefused(_));
                    }
                }
            }
        }
        if self.batches.iter().all(|batch| batch.steps.is_empty()) {
            self.batches.clear();
        }
        Ok(Performed { step, result })
    }

    fn remember(&mut self, step: &Step, why: String, now: Timestamp) {
        let previous = self.failures.get(&step.object);
        let failure = Failure::after(previous, &step.object, &step.hash, why, now);
        self.failures.insert(step.object.clone(), failure);
    }
}

impl Batch {
    /// A dependent waits for success, not for the end: what follows a step that failed is skipped.
    fn skip_after(&mut self, failed: StepId) {
        let mut lost = BTreeSet::from([failed]);
        // Predecessors have smaller numbers: one walk in order finds all.
        for step in self.steps.values() {
            if step.after.iter().any(|before| lost.contains(before)) {
                lost.insert(step.id);
            }
        }
        self.steps.retain(|id, _| !lost.contains(id));
    }
}

fn declared(scope: &Manifests) -> BTreeMap<ObjectKey, DeclaredObject> {
    let objects = scope.objects.iter().map(|(key, object)| {
        let declared = DeclaredObject {
            object: object.clone(),
            source: scope.source(key).to_owned(),
            source_revision: None,
            base: "/srv".to_owned(),
        };
        (key.clone(), declared)
    });
    objects.collect()
}

pub(crate) fn described(step: &Step) -> String {
    format!("{} {} ({}: {})", step.action.verb(), step.action.target(), step.object, step.reason)
}

/// What only time will end is looked at again when it does.
fn wakes_in_time(plan: &Plan) -> Result<(), String> {
    for held in &plan.held {
        let (HeldReason::BackOff { until, .. }
        | HeldReason::CrashLoop { until, .. }
        | HeldReason::WaitingReady { until: Some(until), .. }) = &held.why
        else {
            continue;
        };
        if plan.wake_at.is_none_or(|wake_at| wake_at > *until) {
            return Err(format!("{} waits until {until} ({}), and nobody wakes up then", held.object, held.why));
        }
    }
    Ok(())
}

fn in_order(plan: &Plan) -> Result<(), String> {
    for (index, step) in plan.steps.iter().enumerate() {
        if step.id != StepId(index) {
            return Err(format!("step {index} has the number {:?}", step.id));
        }
        if step.after.iter().any(|before| *before >= step.id) {
            return Err(format!("step {index} follows one that is behind it"));
        }
    }
    Ok(())
}
