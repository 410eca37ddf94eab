//! A world to decide in: manifests as JSON, a simulated engine, and the plan as lines of text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use skiff_api::{Instance, Kind, ObjectKey};
use skiff_core::{
    Archive, CompileInput, ContentStore, Crashes, DeclaredObject, Departed, Desired, DigestKey, Event, Failures,
    History, HostFiles, Intent, ObjectStatus, Observed, Plan, ProbeSchedule, SignedDuration, SourceState, TagSchedule,
    Timestamp, Traces, archived, compile, learn, note_hook, note_image, notice_crashes, plan, plan_leave, status,
    traces,
};
use skiff_sim::{SimEngine, SimImage};

/// Manifests, an engine, and what a controller remembers.
pub(crate) struct World {
    pub(crate) engine: SimEngine,
    pub(crate) objects: BTreeMap<ObjectKey, DeclaredObject>,
    /// The source that is loaded.
    pub(crate) source_name: &'static str,
    pub(crate) source: SourceState,
    /// Where what is declared from now on is.
    pub(crate) namespace: &'static str,
    pub(crate) departed: BTreeMap<ObjectKey, Departed>,
    pub(crate) claimed: BTreeSet<ObjectKey>,
    /// What other sources declare, which are not loaded.
    pub(crate) beside: BTreeMap<ObjectKey, DeclaredObject>,
    pub(crate) intent: Intent,
    pub(crate) failures: Failures,
    pub(crate) has_run: BTreeMap<ObjectKey, String>,
    pub(crate) crashes: Crashes,
    pub(crate) history: Arc<History>,
    pub(crate) events: Vec<Event>,
    /// What the containers told where nothing was remembered.
    traces: Traces,
    archive: Archive,
    pub(crate) hooks_in_flight: BTreeSet<String>,
    /// The probes that a controller runs; `None` where nobody does.
    pub(crate) probes: Option<ProbeSchedule>,
    /// The tags that a controller follows.
    pub(crate) tags: TagSchedule,
    pub(crate) digest_key: u8,
    pub(crate) api_version: (u32, u32),
    pub(crate) low_disk: Option<u64>,
    /// Whether the controller stays.
    pub(crate) stays: bool,
}

impl World {
    /// A world in which nothing runs and these manifests are declared.
    pub(crate) fn of(manifests: &[Value]) -> Self {
        let start = Timestamp::from_second(1_800_000_000).expect("a moment");
        let mut world = Self {
            engine: SimEngine::new(start),
            objects: BTreeMap::new(),
            source_name: "test",
            source: SourceState::default(),
            namespace: "shop",
            departed: BTreeMap::new(),
            claimed: BTreeSet::new(),
            beside: BTreeMap::new(),
            intent: Intent::Run,
            failures: Failures::default(),
            has_run: BTreeMap::new(),
            crashes: Crashes::new(),
            history: Arc::default(),
            events: Vec::new(),
            traces: Traces::default(),
            archive: Archive::default(),
            hooks_in_flight: BTreeSet::new(),
            probes: Some(ProbeSchedule::default()),
            tags: TagSchedule::default(),
            digest_key: 1,
            api_version: (1, 41),
            low_disk: None,
            stays: true,
        };
        for image in ["app:1", "app:2"] {
            world.engine.put_image(image, SimImage { id: format!("sha256:{image}"), ..SimImage::default() });
        }
        world.declare(manifests);
        world
    }

    /// The history is lost, and the controller starts again.
    pub(crate) fn lose_history(&mut self) {
        self.restart_controller();
        self.history = Arc::default();
        self.traces = traces(&self.history, &self.observe());
    }

    /// Declares these manifests and nothing else.
    pub(crate) fn declare(&mut self, manifests: &[Value]) {
        let (desired, _) = self.compile();
        let workloads = desired.with_containers().map(|workload| (&workload.key, &workload.departed));
        let volumes = desired.volumes.iter().map(|(key, volume)| (key, &volume.departed));
        for (key, departed) in workloads.chain(volumes) {
            let departed = Departed { roots: self.source.roots.clone(), ..departed.clone() };
            self.departed.insert(key.clone(), departed);
        }
        self.objects.clear();
        for manifest in manifests {
            let mut object = skiff_api::parse_object(manifest).expect("a valid manifest");
            object.metadata_mut().namespace = Some(self.namespace.to_owned());
            let declared = DeclaredObject {
                object,
                source: self.source_name.to_owned(),
                source_revision: None,
                base: "/etc/shop".to_owned(),
            };
            self.objects.insert(declared.object.key(), declared);
        }
        let was_there = |key: &&ObjectKey| key.kind.is_workload() && desired.containers_of(key).is_some();
        let beside = self.objects.keys().filter(was_there).count();
        for (key, departed) in &mut self.departed {
            if !self.objects.contains_key(key) && departed.beside.is_none() {
                departed.beside = Some(beside);
            }
        }
    }

    pub(crate) fn compile(&self) -> (Desired, ContentStore) {
        let sources = BTreeMap::from([(self.source_name.to_owned(), self.source.clone())]);
        compile(&CompileInput {
            instance: &Instance::default(),
            intent: self.intent,
            stays: self.stays,
            objects: &self.objects,
            sources: &sources,
            host_files: &HostFiles::new(),
            digest_key: &DigestKey::new([self.digest_key; 32]),
            departed: &self.departed,
            claimed: &self.claimed,
            beside: &self.beside,
            history: &self.history,
            traces: &self.traces,
            archive: &self.archive,
        })
    }

    pub(crate) fn observe(&self) -> Observed {
        let mut observed = self.engine.look(&Instance::default());
        observed.failures = self.failures.clone();
        observed.has_run = self.has_run.clone();
        observed.hooks_in_flight.clone_from(&self.hooks_in_flight);
        observed.crashes = self.crashes.clone();
        observed.history = Arc::clone(&self.history);
        observed.probes = Arc::new(self.probes.as_ref().map(ProbeSchedule::verdicts).unwrap_or_default());
        observed.tags = Arc::new(self.tags.answers());
        observed.engine.api_version = self.api_version;
        observed.engine.low_disk = self.low_disk;
        observed
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.compile().0, &self.observe(), self.engine.now())
    }

    /// What an object has come to.
    pub(crate) fn status(&self, name: &str) -> ObjectStatus {
        self.status_of(&key(name))
    }

    pub(crate) fn status_of(&self, object: &ObjectKey) -> ObjectStatus {
        let (desired, observed, now) = (self.compile().0, self.observe(), self.engine.now());
        let plan = plan(&desired, &observed, now);
        status(&desired, &observed, &plan, now).remove(object).expect("it is declared")
    }

    /// The plan as lines: steps with what they follow, then what is held.
    pub(crate) fn lines(&self) -> Vec<String> {
        lines(&self.plan())
    }

    /// What was kept of the content of earlier revisions is gone, as that of secrets is after a reboot.
    pub(crate) fn lose_what_was_kept(&mut self) {
        self.archive = Archive::default();
    }

    /// Asks every probe that is due until now, as often as it is.
    pub(crate) fn ask_probes(&mut self) {
        let (desired, _) = self.compile();
        self.ask_probes_of(&desired);
    }

    fn ask_probes_of(&mut self, desired: &Desired) {
        let (observed, now) = (self.observe(), self.engine.now());
        let Some(probes) = &mut self.probes else { return };
        probes.aim(desired, &observed, now);
        // What is tried again within milliseconds is asked a few times only.
        for _ in 0..3 {
            for ask in probes.take_due(now) {
                let result = self.engine.answer(&ask.container, ask.probe);
                probes.answer(&ask, result, now);
            }
        }
    }

    /// Asks every registry that is due.
    fn ask_registries(&mut self, desired: &Desired) {
        let now = self.engine.now();
        self.tags.aim(desired, now);
        for ask in self.tags.take_due(now) {
            let found = self.engine.ask_registry(&ask.reference, ask.digest);
            self.tags.answer(&ask, found, now);
        }
    }

    /// Performs the steps of one pass, and remembers failures.
    pub(crate) fn pass(&mut self) -> Plan {
        let (desired, content) = self.compile();
        self.ask_probes_of(&desired);
        self.ask_registries(&desired);
        self.archive = archived(&desired, &content, &self.history, &self.archive);
        self.has_run.extend(self.observe().running_templates());
        self.learn();
        let plan = plan(&desired, &self.observe(), self.engine.now());
        let mut succeeded = BTreeSet::new();
        for step in &plan.steps {
            if !step.after.iter().all(|before| succeeded.contains(before)) {
                continue;
            }
            let result = self.engine.perform(&step.action, &content);
            note_hook(&mut self.history, step, &result);
            match result {
                Ok(outcome) => {
                    succeeded.insert(step.id);
                    note_image(&mut self.history, step, &outcome);
                    self.failures.done(step, self.engine.now());
                }
                Err(error) => {
                    self.failures.failed(step, &error, self.engine.now());
                }
            }
        }
        plan
    }

    /// Learns from what is seen, as the loop does before it plans.
    pub(crate) fn learn(&mut self) {
        let (desired, _) = self.compile();
        let (observed, now) = (self.observe(), self.engine.now());
        notice_crashes(&mut self.crashes, &desired, &observed, now);
        // What is remembered is not in what is seen, as with the loop.
        let observed = Observed { history: Arc::default(), ..self.observe() };
        self.events.extend(learn(&mut self.history, &desired, &observed, now));
    }

    /// The controller ends and another one starts: what is on the disk is what it knows.
    pub(crate) fn restart_controller(&mut self) {
        self.history = Arc::clone(&self.history).resumed(self.engine.now());
        self.crashes.clone_from(&self.history.crashes);
        self.failures = Failures::default();
        self.has_run.clear();
    }

    /// What a controller does that ends now.
    pub(crate) fn leave(&mut self) -> Plan {
        let (desired, content) = self.compile();
        let plan = plan_leave(&desired, &self.observe(), self.engine.now());
        for step in &plan.steps {
            self.engine.perform(&step.action, &content).expect("it can be done");
        }
        plan
    }

    /// Passes for so long, as the loop makes them: soon after something was done or happened, when the plan asks for it, and now and then.
    pub(crate) fn run(&mut self, seconds: i64) {
        let end = self.engine.now() + SignedDuration::from_secs(seconds);
        while self.engine.now() < end {
            let plan = self.pass();
            let soonest = self.engine.now() + SignedDuration::from_millis(100);
            let latest = self.engine.now() + SignedDuration::from_secs(10);
            let due = [plan.wake_at, self.engine.next_change(), (!plan.steps.is_empty()).then_some(soonest)];
            let next = due.into_iter().flatten().min().unwrap_or(latest);
            self.engine.advance(next.clamp(soonest, latest).min(end));
        }
    }

    /// The image of a container.
    pub(crate) fn image_of(&self, name: &str) -> &str {
        self.engine.container(name).map_or("", |container| container.image.as_str())
    }

    /// What was told, `Reason: message`.
    pub(crate) fn told(&mut self) -> Vec<String> {
        self.events.drain(..).map(|event| format!("{}: {}", event.reason, event.message)).collect()
    }

    /// As [`World::told`], without the crash loops that a revision fails from.
    pub(crate) fn told_of_revisions(&mut self) -> Vec<String> {
        self.told().into_iter().filter(|event| !event.starts_with("CrashLoopBackOff: ")).collect()
    }

    /// Passes, with a second between them, until nothing is done and nothing waits; panics after too many.
    pub(crate) fn settle(&mut self) {
        for _ in 0..100 {
            if self.pass().is_settled() {
                return;
            }
            self.advance(1);
        }
        panic!("not settled: {:#?}", self.lines());
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        let to = self.engine.now() + SignedDuration::from_secs(seconds);
        self.engine.advance(to);
    }

    /// The names and images of our containers that run.
    pub(crate) fn running(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .observe()
            .containers
            .iter()
            .filter(|container| container.state == skiff_core::ContainerState::Running)
            .map(|container| container.name.clone())
            .collect();
        names.sort();
        names
    }
}

/// A plan as lines of text.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| {
        let after: Vec<String> = step.after.iter().map(|id| id.0.to_string()).collect();
        let after = if after.is_empty() { String::new() } else { format!(" < {}", after.join(" ")) };
        format!("{} {} {} ({}){after}", step.id.0, step.action.verb(), step.action.target(), step.reason)
    });
    let held = plan.held.iter().map(|held| {
        let pending: Vec<String> =
            held.pending.iter().map(|pending| format!("{} {}", pending.verb, pending.target)).collect();
        let pending = if pending.is_empty() { String::new() } else { format!(" [{}]", pending.join(", ")) };
        format!("held {}: {}{pending}", held.object.name, held.why)
    });
    steps.chain(held).collect()
}

/// A deployment that counts at once, with its spec and its template's further fields.
pub(crate) fn deployment(name: &str, replicas: u32, container: Value, template: Value, spec: Value) -> Value {
    let mut merged =
        json!({ "replicas": replicas, "minReadySeconds": 0, "template": { "container": { "image": "app:1" } } });
    merge(&mut merged, spec);
    if let Some(slot) = merged.pointer_mut("/template") {
        merge(slot, template);
    }
    if let Some(slot) = merged.pointer_mut("/template/container") {
        merge(slot, container);
    }
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": merged })
}

/// A deployment of one image.
pub(crate) fn web(replicas: u32, image: &str) -> Value {
    deployment("web", replicas, json!({ "image": image }), json!({}), json!({}))
}

pub(crate) fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}
