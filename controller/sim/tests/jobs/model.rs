//! The controller's loop as a model: look, learn, plan, perform in any order; a crash leaves Docker and the history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{
    Archive, CompileInput, ContentStore, DeclaredObject, Departed, DigestKey, Event, Failures, History, Intent, Plan,
    SourceState, Step, StepId, Timestamp, ask_for_run, compile, learn, plan,
};
use skiff_sim::SimEngine;

use crate::declared::Declared;
use crate::random::Random;

struct Batch {
    /// The number of the look that it was planned at.
    look: usize,
    steps: BTreeMap<StepId, Step>,
    done: BTreeSet<StepId>,
}

/// A step that was performed.
pub(crate) struct Performed {
    /// The look that it was planned at.
    pub(crate) look: usize,
    pub(crate) step: Step,
    pub(crate) result: Result<(), String>,
}

pub(crate) struct Controller {
    desired: skiff_core::Desired,
    content: ContentStore,
    pub(crate) history: Arc<History>,
    departed: BTreeMap<ObjectKey, Departed>,
    failures: Failures,
    batches: Vec<Batch>,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) last_plan: Plan,
}

impl Controller {
    pub(crate) fn new() -> Self {
        Self {
            desired: skiff_core::Desired::default(),
            content: ContentStore::default(),
            history: Arc::default(),
            departed: BTreeMap::new(),
            failures: Failures::default(),
            batches: Vec::new(),
            wake_at: None,
            last_plan: Plan::default(),
        }
    }

    pub(crate) fn load(&mut self, declared: &Declared) {
        let before = self.desired.with_containers().map(|one| (one.key.clone(), one.departed.clone()));
        self.departed.extend(before.collect::<Vec<_>>());
        let objects = declared.iter().map(|(key, work)| {
            let declared = DeclaredObject {
                object: work.object(key),
                source: "shop".to_owned(),
                source_revision: None,
                base: "/srv".to_owned(),
            };
            (key.clone(), declared)
        });
        let (desired, content) = compile(&CompileInput {
            instance: &Instance::default(),
            intent: Intent::Run,
            stays: true,
            objects: &objects.collect(),
            sources: &BTreeMap::from([("shop".to_owned(), SourceState::default())]),
            host_files: &BTreeMap::new(),
            digest_key: &DigestKey::new([7; 32]),
            departed: &self.departed,
            claimed: &BTreeSet::new(),
            beside: &BTreeMap::new(),
            history: &self.history,
            traces: &BTreeMap::new(),
            archive: &Archive::default(),
        });
        (self.desired, self.content) = (desired, content);
    }

    /// It dies and is started again. Now and then its state directory is lost as well.
    pub(crate) fn crash(&mut self) {
        self.failures = Failures::default();
        self.batches.clear();
        self.wake_at = None;
    }

    pub(crate) fn lose_history(&mut self) {
        self.crash();
        self.history = Arc::default();
    }

    /// Whether steps of an earlier plan are still to be performed.
    pub(crate) fn is_busy(&self) -> bool {
        self.batches.iter().any(|batch| !batch.steps.is_empty())
    }

    /// Somebody asks for a run.
    pub(crate) fn ask(&mut self, key: &ObjectKey, now: Timestamp) -> bool {
        ask_for_run(&mut self.history, &self.desired, key, now).is_ok()
    }

    /// Looks, learns and plans. `None` where the engine does not answer.
    pub(crate) fn pass(&mut self, engine: &mut SimEngine, look: usize) -> Result<Option<Vec<Event>>, String> {
        let Ok(mut observed) = engine.observe(&Instance::default()) else { return Ok(None) };
        let now = engine.now();
        // As the loop does when the clock was put back.
        self.failures.forget(now);
        observed.failures = self.failures.clone();
        let in_flight = self.batches.iter().flat_map(|batch| batch.steps.values().map(|step| step.object.clone()));
        observed.in_flight = in_flight.collect();
        let events = learn(&mut self.history, &self.desired, &observed, now);
        let before = Arc::clone(&self.history);
        if !learn(&mut self.history, &self.desired, &observed, now).is_empty() || !Arc::ptr_eq(&before, &self.history) {
            return Err("what has been learned is learned again".to_owned());
        }
        observed.history = Arc::clone(&self.history);
        let planned = plan(&self.desired, &observed, now);
        if planned != plan(&self.desired, &observed, now) {
            return Err("the same inputs gave another plan".to_owned());
        }
        if let Some(step) = planned.steps.iter().find(|step| observed.in_flight.contains(&step.object)) {
            return Err(format!("{} is in flight and was planned: {}", step.object, described(step)));
        }
        self.wake_at = planned.wake_at;
        let steps = planned.steps.iter().map(|step| (step.id, step.clone())).collect();
        self.batches.push(Batch { look, steps, done: BTreeSet::new() });
        self.last_plan = planned;
        Ok(Some(events))
    }

    /// Performs one step, at random among those whose predecessors succeeded; returns what it was and what came of it.
    pub(crate) fn step(&mut self, engine: &mut SimEngine, random: &mut Random) -> Option<Performed> {
        let ready: Vec<(usize, StepId)> = self
            .batches
            .iter()
            .enumerate()
            .flat_map(|(index, batch)| {
                let free = batch.steps.values().filter(|step| step.after.iter().all(|one| batch.done.contains(one)));
                free.map(move |step| (index, step.id))
            })
            .collect();
        let (index, id) = random.pick_any(&ready)?;
        let batch = self.batches.get_mut(index)?;
        let step = batch.steps.remove(&id)?;
        let look = batch.look;
        let result = engine.perform(&step.action, &self.content);
        match &result {
            Ok(_) => drop(batch.done.insert(id)),
            Err(error) => {
                batch.skip_after(id);
                if error.counts() {
                    self.failures.failed(&step, error, engine.now());
                }
            }
        }
        self.batches.retain(|batch| !batch.steps.is_empty());
        Some(Performed { look, step, result: result.map(drop).map_err(|error| error.to_string()) })
    }
}

impl Batch {
    fn skip_after(&mut self, failed: StepId) {
        let mut lost = BTreeSet::from([failed]);
        for step in self.steps.values() {
            if step.after.iter().any(|before| lost.contains(before)) {
                lost.insert(step.id);
            }
        }
        self.steps.retain(|id, _| !lost.contains(id));
    }
}

pub(crate) fn described(step: &Step) -> String {
    format!("{} {} ({}: {})", step.action.verb(), step.action.target(), step.object, step.reason)
}
