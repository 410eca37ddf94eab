//! The controller's loop as a model: observe, learn, plan, perform what may be performed, forget what is not on the disk in a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{
    Action, CompileInput, ContentStore, DeclaredObject, Departed, Desired, DigestKey, EngineError, Event, HeldReason,
    Observed, Outcome, Plan, ProbeNews, ProbeSchedule, Step, StepId, Timestamp, compile, note_hook, note_image, plan,
    plan_leave, status,
};
use skiff_sim::SimEngine;

use crate::declare::SECRET_MARK;
use crate::heard::Heard;
use crate::manifests::Manifests;
use crate::memory::Memory;
use crate::order::Order;
use crate::random::Random;

/// Steps of one plan that are not done yet.
struct Batch {
    steps: BTreeMap<StepId, Step>,
    done: BTreeSet<StepId>,
    /// The content at the time of the plan.
    content: Arc<ContentStore>,
}

/// What it was told to do, and what the sources yield.
#[derive(Default)]
struct Loaded {
    manifests: Manifests,
    order: Order,
}

/// What the controller holds. A crash loses the batches and what its memory has not on the disk.
pub(crate) struct Controller {
    loaded: Loaded,
    pub(crate) desired: Desired,
    content: Arc<ContentStore>,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) last_plan: Plan,
    pub(crate) memory: Memory,
    pub(crate) probes: ProbeSchedule,
    /// What containers have answered it, for whoever judges it.
    pub(crate) heard: Heard,
    /// What was told in the last pass.
    pub(crate) events: Vec<Event>,
    /// What hooks came to that is not on the disk yet.
    hook_ends: Vec<(Step, Result<Outcome, EngineError>)>,
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
            loaded: Loaded::default(),
            desired: Desired::default(),
            content: Arc::default(),
            wake_at: None,
            last_plan: Plan::default(),
            memory: Memory::default(),
            probes: ProbeSchedule::default(),
            heard: Heard::default(),
            events: Vec::new(),
            hook_ends: Vec::new(),
            batches: Vec::new(),
            may_have_ours: true,
            stutters,
            stuck: None,
        }
    }

    /// Takes an order, and what the sources yield now.
    pub(crate) fn load(&mut self, manifests: &Manifests, order: &Order) {
        self.loaded = Loaded { manifests: manifests.clone(), order: order.clone() };
        let departed = self.memory.state.departed(order);
        if !order.is_down() && order.only.is_none() {
            self.memory.state.save(manifests, order);
        }
        self.compile(&departed);
    }

    fn compile(&mut self, departed: &BTreeMap<ObjectKey, Departed>) {
        let Loaded { manifests, order } = &self.loaded;
        let sources = match &order.only {
            Some(_) => BTreeMap::new(),
            None => order.sources.iter().map(|(source, state)| ((*source).to_owned(), state.clone())).collect(),
        };
        let (desired, content) = compile(&CompileInput {
            instance: &Instance::default(),
            intent: order.intent,
            stays: true,
            objects: &declared(&order.scope(manifests)),
            sources: &sources,
            host_files: &BTreeMap::new(),
            digest_key: &DigestKey::new([7; 32]),
            departed,
            claimed: &self.memory.state.claims(order),
            beside: &BTreeMap::new(),
            history: &self.memory.history,
            traces: &self.memory.traces,
            archive: &self.memory.archive,
        });
        self.memory.keep(&desired, &content);
        (self.desired, self.content) = (desired, Arc::new(content));
    }

    /// What it was told to do is done: it forgets the sources that it has taken down.
    pub(crate) fn done(&mut self) {
        if self.loaded.order.is_down() {
            self.memory.state.remove(&self.loaded.order);
        }
    }

    /// It dies and is started again, and reads the manifests.
    pub(crate) fn crash(&mut self, engine: &SimEngine) {
        self.memory.crash(engine);
        self.probes = ProbeSchedule::default();
        self.heard = Heard::default();
        self.hook_ends.clear();
        self.batches.clear();
        self.wake_at = None;
        self.may_have_ours = true;
        let departed = self.memory.state.departed(&self.loaded.order);
        self.compile(&departed);
    }

    /// What it does where it is told to end: what has begun is done, and the rest is given up.
    pub(crate) fn leave(&mut self, engine: &mut SimEngine) {
        self.batches.clear();
        let Some(mut observed) = self.observe(engine) else { return };
        self.memory.see(&self.desired, &mut observed, engine.now());
        let planned = plan_leave(&self.desired, &observed, engine.now());
        let steps = planned.steps.iter().map(|step| (step.id, step.clone())).collect();
        self.batches.push(Batch { steps, done: BTreeSet::new(), content: Arc::clone(&self.content) });
    }

    /// Looks, plans, and takes the steps on. `false` where the engine does not answer.
    ///
    /// # Errors
    /// What a plan may never be: undetermined, or a secret's keeper.
    pub(crate) fn pass(&mut self, engine: &mut SimEngine) -> Result<bool, String> {
        self.probe(engine);
        let Some(mut observed) = self.observe(engine) else { return Ok(false) };
        let now = engine.now();
        let steps = || self.batches.iter().flat_map(|batch| batch.steps.values());
        // A hook may take long, and its object is free meanwhile.
        let in_flight = steps().filter(|step| !step.action.is_hook()).map(|step| step.object.clone());
        observed.hooks_in_flight = steps().filter_map(hook_in).collect();
        for (step, result) in self.hook_ends.drain(..) {
            note_hook(&mut self.memory.history, &step, &result);
        }
        self.events = self.memory.complete(&self.desired, &mut observed, in_flight.collect(), now)?;
        let planned = plan(&self.desired, &observed, now);
        if planned != plan(&self.desired, &observed, now) {
            return Err("the same inputs gave another plan".to_owned());
        }
        if !planned.steps.is_empty() {
            let told = status(&self.desired, &observed, &planned, now);
            if format!("{planned:?}{told:?}{:?}", self.events).contains(SECRET_MARK) {
                return Err("a secret's value is in the plan, the status or an event".to_owned());
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
        if self.probes.aim(&self.desired, &observed, now) == ProbeNews::Meaning {
            self.wake_at = Some(now);
        }
        self.last_plan = planned;
        Ok(true)
    }

    /// Asks every probe that is due; whether an answer changes what a verdict means.
    pub(crate) fn probe(&mut self, engine: &SimEngine) -> bool {
        let now = engine.now();
        let mut is_news = false;
        for ask in self.probes.take_due(now) {
            let answer = engine.answer(&ask.container, ask.probe);
            if let Some(container) = engine.container(&ask.container) {
                self.heard.hear(container, ask.probe, answer.is_ok());
            }
            is_news |= self.probes.answer(&ask, answer, now) == ProbeNews::Meaning;
        }
        is_news
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
        self.hook_ends.push((step.clone(), result.clone()));
        match &result {
            Ok(outcome) => {
                batch.done.insert(step.id);
                note_image(&mut self.memory.history, &step, outcome);
                self.memory.done(&step, engine.now());
            }
            Err(error) if error.to_string().contains(SECRET_MARK) => {
                return Err(format!("a secret's value is in an error: {error}"));
            }
            Err(error) => {
                batch.skip_after(step.id);
                self.memory.failed(&step, error, engine.now());
            }
        }
        if self.batches.iter().all(|batch| batch.steps.is_empty()) {
            self.batches.clear();
        }
        Ok(Performed { step, result })
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

/// The container in which a step runs a hook.
fn hook_in(step: &Step) -> Option<String> {
    if let Action::RunHook(hook) = &step.action { hook.container.id.clone() } else { None }
}
