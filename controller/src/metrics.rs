//! What the controller tells of itself in numbers, as `OpenMetrics`: made when somebody asks, of what is published anyway.
//!
//! Labels are names of objects and sources, words of a fixed set, and what people call the commit in force; nothing that a manifest holds
//! as a value is among them. What has left its source leaves the metrics with it.

mod counts;
mod exposition;

use std::collections::BTreeMap;
use std::sync::Arc;

use skiff_api::{Kind, ObjectKey};
use skiff_core::{Observed, Timestamp};
use skiff_remote::git::Commit;

use crate::controller::Snapshot;
pub(crate) use counts::{Counts, count};
pub(crate) use exposition::CONTENT_TYPE;
use exposition::Exposition;

/// What is known of each source, by its name.
pub(crate) type SourceFacts = BTreeMap<String, SourceFact>;

/// What is known of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceFact {
    /// The commit in force, where the source has commits.
    pub(crate) commit: Option<Commit>,
    /// Objects that are in force.
    pub(crate) objects: usize,
    /// What is wrong with it.
    pub(crate) problems: usize,
    /// Whether it could be read, or answered, when it was last asked.
    pub(crate) is_up: bool,
    /// When it last answered, with nothing wrong.
    pub(crate) succeeded: Option<Timestamp>,
}

/// All that is told.
pub(crate) struct Facts {
    /// The last pass.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The sources.
    pub(crate) sources: Arc<SourceFacts>,
    /// What was done.
    pub(crate) counts: Arc<Counts>,
    /// Whether there is leave to act.
    pub(crate) leads: bool,
}

/// The text for a scraper.
pub(crate) fn text(facts: &Facts) -> String {
    let mut out = Exposition::default();
    controller(&mut out, facts);
    sources(&mut out, &facts.sources);
    deployments(&mut out, &facts.snapshot);
    objects(&mut out, &facts.snapshot);
    facts.counts.tell(&mut out);
    out.finish()
}

/// The text of one that stands by: what it would tell of the host is told by whoever leads.
pub(crate) fn standing_by(leader: Option<&str>) -> String {
    let mut out = Exposition::default();
    process(&mut out, false);
    let mut info = out.gauge("skiff_leader_info", "Who leads, as far as this controller knows.");
    if let Some(leader) = leader {
        info.sample(&[("leader", leader)], 1);
    }
    out.finish()
}

fn process(out: &mut Exposition, leads: bool) {
    out.gauge("skiff_build_info", "The version of Skiff.").sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    out.gauge("skiff_leading", "Whether this controller may act.").sample(&[], u8::from(leads));
}

fn controller(out: &mut Exposition, facts: &Facts) {
    let Facts { snapshot, leads, .. } = facts;
    process(out, *leads);
    let is_up = snapshot.pass > 0 && snapshot.engine_error.is_none();
    out.gauge("skiff_engine_up", "Whether Docker answered the last pass.").sample(&[], u8::from(is_up));
    out.summary("skiff_reconcile_duration_seconds", "How long passes took: look, decide, begin.")
        .total(snapshot.pass, snapshot.spent);
}

fn sources(out: &mut Exposition, sources: &SourceFacts) {
    let mut info = out.gauge("skiff_source_info", "The commit of a source that is in force.");
    for (source, fact) in sources {
        let commit = fact.commit.as_ref();
        let word = |of: fn(&Commit) -> &str| commit.map(of).unwrap_or_default();
        let labels = [
            ("source", source.as_str()),
            ("commit", word(|commit| commit.id.as_str())),
            ("author", word(|commit| &commit.author)),
            ("subject", word(|commit| &commit.subject)),
        ];
        info.sample(&labels, 1);
    }
    let mut each = |name, help, of: &dyn Fn(&SourceFact) -> Option<u64>| {
        let mut family = out.gauge(name, help);
        for (source, fact) in sources {
            if let Some(value) = of(fact) {
                family.sample(&[("source", source)], value);
            }
        }
    };
    let seconds = |at: Timestamp| u64::try_from(at.as_second()).ok();
    each("skiff_source_up", "Whether a source answered when it was last asked.", &|fact| Some(fact.is_up.into()));
    each("skiff_source_problems", "What is wrong with a source; its last good state stays in force.", &|fact| {
        u64::try_from(fact.problems).ok()
    });
    each("skiff_source_objects", "Objects of a source that are in force.", &|fact| u64::try_from(fact.objects).ok());
    each("skiff_source_last_success_timestamp_seconds", "When a source last answered with nothing wrong.", &|fact| {
        fact.succeeded.and_then(seconds)
    });
}

fn deployments(out: &mut Exposition, snapshot: &Snapshot) {
    let deployments = snapshot.status.iter().filter(|(object, _)| object.kind == Kind::Deployment);
    let deployments: Vec<_> = deployments.collect();
    let mut each = |name, help, of: &dyn Fn(&ObjectKey) -> Option<u64>| {
        let mut family = out.gauge(name, help);
        for (object, _) in &deployments {
            if let Some(value) = of(object) {
                family.sample(&[("namespace", &object.namespace), ("name", &object.name)], value);
            }
        }
    };
    let of = |object: &ObjectKey| snapshot.status.get(object);
    each("skiff_deployment_spec_replicas", "Replicas that are declared.", &|it| Some(of(it)?.replicas.into()));
    each("skiff_deployment_status_replicas", "Replicas that exist.", &|it| Some(of(it)?.current.into()));
    each("skiff_deployment_status_replicas_ready", "Replicas of the declared template that are Ready.", &|it| {
        Some(of(it)?.ready.into())
    });
    each("skiff_deployment_status_replicas_updated", "Replicas of the declared template.", &|it| {
        Some(of(it)?.updated.into())
    });
    let (restarts, loops) = (restarts(&snapshot.observed), crash_loops(&snapshot.observed));
    each(
        "skiff_deployment_restarts",
        "How often the containers that exist now were started again, by whomever.",
        &|it| Some(restarts.get(it).copied().unwrap_or_default()),
    );
    each("skiff_deployment_crash_looping_replicas", "Replicas that end again and again.", &|it| {
        Some(loops.get(it).copied().unwrap_or_default())
    });
}

fn restarts(observed: &Observed) -> BTreeMap<&ObjectKey, u64> {
    let mut restarts = BTreeMap::new();
    for container in &observed.containers {
        let Some(labels) = container.owner.labels() else { continue };
        let count = u64::try_from(observed.restarts(container)).unwrap_or_default();
        *restarts.entry(&labels.object).or_default() += count;
    }
    restarts
}

fn crash_loops(observed: &Observed) -> BTreeMap<&ObjectKey, u64> {
    let is_loop = |id: &str| observed.crashes.get(id).is_some_and(|crash| crash.is_loop);
    let looping = observed.containers.iter().filter(|container| is_loop(&container.id));
    let mut loops = BTreeMap::new();
    for labels in looping.filter_map(|container| container.owner.labels()) {
        *loops.entry(&labels.object).or_default() += 1;
    }
    loops
}

fn objects(out: &mut Exposition, snapshot: &Snapshot) {
    let mut phases: BTreeMap<(Kind, String), u64> = BTreeMap::new();
    for (object, status) in &snapshot.status {
        *phases.entry((object.kind, format!("{:?}", status.phase))).or_default() += 1;
    }
    let mut family = out.gauge("skiff_objects", "Declared objects with containers, by what they have come to.");
    for ((kind, phase), count) in phases {
        family.sample(&[("kind", kind.lower()), ("phase", &phase)], count);
    }
    let mut held: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &snapshot.plan.held {
        *held.entry(one.why.word()).or_default() += 1;
    }
    let mut family = out.gauge("skiff_held", "What is not done now, by why.");
    for (reason, count) in held {
        family.sample(&[("reason", reason)], count);
    }
    let in_flight = u64::try_from(snapshot.observed.in_flight.len()).unwrap_or(u64::MAX);
    out.gauge("skiff_objects_in_flight", "Objects on which actions are under way.").sample(&[], in_flight);
}

#[cfg(test)]
mod tests;
