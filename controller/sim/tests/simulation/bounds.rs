//! How many replicas serve and how many run, before and after every step: none of ours takes those that serve below
//! `replicas − maxUnavailable`, nor those that run above `replicas + maxSurge`.
//!
//! Both are counted on the engine. What the world breaks or starts between a plan and its steps is not held against the steps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use skiff_api::{Deployment, HostPort, IntOrPercent, Kind, ObjectKey, StrategyType};
use skiff_core::{Action, ContainerRef, ContainerState, Health, Plan, Step};
use skiff_sim::{SimContainer, SimEngine, SimHook};

use crate::controller::described;
use crate::heard::Heard;
use crate::oracle::has_finished;
use crate::record::{Record, Track};

/// What can be seen: the engine, and what containers have answered to whoever asked.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) engine: &'a SimEngine,
    pub(crate) heard: &'a Heard,
}

/// The containers of an object, by their ids.
#[derive(Debug, Default)]
struct Seen {
    /// They do their work: they are Ready for as long as they must be, or have finished.
    serving: BTreeSet<String>,
    /// They have a process.
    running: BTreeSet<String>,
}

/// What the steps of a plan must keep to.
#[derive(Clone, Debug, Default)]
struct Limits {
    least_serving: usize,
    most_running: usize,
    /// The containers that served when the plan was made: of others it knew that nobody misses them.
    serving: BTreeSet<String>,
    /// What the world took since the plan was made.
    lost: usize,
    /// What the world started since.
    gained: usize,
}

/// The containers of every object, as they were last seen, and the limits of the plans under way.
#[derive(Default)]
pub(crate) struct Bounds {
    seen: BTreeMap<ObjectKey, Seen>,
    planned: BTreeMap<ObjectKey, Limits>,
    /// How many the world has started of an object while nothing was planned for it.
    gained: BTreeMap<ObjectKey, usize>,
}

impl Bounds {
    /// Nothing is planned any more.
    pub(crate) fn forget(&mut self) {
        for (key, limits) in std::mem::take(&mut self.planned) {
            *self.gained.entry(key).or_default() += limits.gained;
        }
    }

    /// Notes what the steps of a plan must keep to: the numbers of the manifest that it was made from.
    ///
    /// # Errors
    /// Where all of it together takes too many of those that serve now.
    pub(crate) fn planned(&mut self, plan: &Plan, record: &Record, sight: Sight<'_>) -> Result<(), String> {
        self.world_did(record, sight);
        let taken: BTreeSet<&String> = plan.steps.iter().filter_map(|step| ended(&step.action)?.id.as_ref()).collect();
        for step in plan.steps.iter().filter(|step| step.object.kind == Kind::Deployment) {
            let Some(track) = record.track(&step.object) else {
                let all = Limits { most_running: usize::MAX, ..Limits::default() };
                self.planned.insert(step.object.clone(), all);
                continue;
            };
            // What was made by a plan that was given up is started by this one, whatever came back meanwhile.
            let made = track.containers(sight.engine).filter(|one| one.state == ContainerState::Created).count();
            let gained = made + self.gained.remove(&step.object).unwrap_or_default();
            let limits = Limits { serving: serving(track, sight, By::All), gained, ..limits(track, sight.engine) };
            let going = limits.serving.iter().filter(|id| taken.contains(id)).count();
            let staying = serving(track, sight, By::Any).into_iter().filter(|id| !taken.contains(id)).count();
            if going > 0 && staying < limits.least_serving {
                let steps = plan.steps.iter().filter(|other| other.object == step.object).map(described);
                let steps = steps.collect::<Vec<_>>().join("; ");
                let there = track.containers(sight.engine).map(|one| shown(one, track, &limits));
                let there = there.collect::<Vec<_>>().join("; ");
                return Err(format!(
                    "{}: the plan takes {going} that serve: {steps}\n  there are: {there}",
                    step.object
                ));
            }
            self.planned.insert(step.object.clone(), limits);
        }
        Ok(())
    }

    /// Takes in what happened without us.
    pub(crate) fn world_did(&mut self, record: &Record, sight: Sight<'_>) {
        for (key, now) in seen(record, sight) {
            let before = self.seen.remove(&key).unwrap_or_default();
            let gained = now.running.difference(&before.running).count();
            if let Some(limits) = self.planned.get_mut(&key) {
                limits.lost += before.serving.difference(&now.serving).count();
                limits.gained += gained;
            } else {
                *self.gained.entry(key.clone()).or_default() += gained;
            }
            self.seen.insert(key, now);
        }
    }

    /// # Errors
    /// Which object the step that was just performed harmed, and how.
    pub(crate) fn check(&mut self, step: &Step, record: &Record, sight: Sight<'_>) -> Result<(), String> {
        for (key, after) in seen(record, sight) {
            let before = self.seen.remove(&key).unwrap_or_default();
            let known = self.planned.get(&key).cloned();
            let Some(limits) = known.or_else(|| record.track(&key).map(|track| limits(track, sight.engine))) else {
                continue;
            };
            let touched = ended(&step.action).or_else(|| started(&step.action));
            let was_missed =
                touched.and_then(|container| container.id.as_ref()).is_none_or(|id| limits.serving.contains(id));
            let (serve, served) = (after.serving.len(), before.serving.len());
            if serve < served && was_missed && serve + limits.lost < limits.least_serving {
                return Err(format!("{key}: {serve} serve after {served}, {limits:?}"));
            }
            let (run, ran) = (after.running.len(), before.running.len());
            if run > ran && run > limits.most_running + limits.gained {
                return Err(format!("{key}: {run} run after {ran}, {limits:?}"));
            }
            self.seen.insert(key, after);
        }
        Ok(())
    }
}

/// A container, in a word or two.
fn shown(container: &SimContainer, track: &Track, limits: &Limits) -> String {
    let SimContainer { id, name, state, health, started_at, .. } = container;
    let age = if track.is_new(container) { "new" } else { "old" };
    let serves = if limits.serving.contains(id) { "serves" } else { "does not serve" };
    let started = started_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    format!("{name}, {age}, {state:?}, {health:?}, started {started}, {serves}")
}

/// The container that an action ends.
pub(crate) fn ended(action: &Action) -> Option<&ContainerRef> {
    match action {
        Action::StopContainer(stop) => Some(&stop.container),
        Action::RemoveContainer { container, .. } => Some(container),
        Action::PullImage(_)
        | Action::BuildImage(_)
        | Action::RemoveImage(_)
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
        | Action::RunHook(_)
        | Action::RenameContainer { .. }
        | Action::UnpauseContainer { .. }
        | Action::UpdateContainer(_) => None,
    }
}

/// The container that an action starts: one that counted as finished is then not yet Ready.
fn started(action: &Action) -> Option<&ContainerRef> {
    if let Action::StartContainer { container } = action { Some(container) } else { None }
}

fn seen(record: &Record, sight: Sight<'_>) -> Vec<(ObjectKey, Seen)> {
    let of = |(key, track): (&ObjectKey, &Track)| {
        let running = track.containers(sight.engine).filter(|container| container.is_up());
        let running = running.map(|container| container.id.clone()).collect();
        let serving = serving(track, sight, By::Any);
        (key.clone(), Seen { serving, running })
    };
    record.tracks().map(of).collect()
}

/// What counts of what may be taken for either: a container that has finished by its own manifest and not by the one that is declared now, or
/// the other way round, and one that answers otherwise than it was heard to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Any,
    All,
}

/// The containers of an object that do their work: they are Ready for as long as they must be, or have finished. How long is asked only
/// of those of the version that is worked towards.
fn serving(track: &Track, sight: Sight<'_>, by: By) -> BTreeSet<String> {
    let spec = &track.declared().spec;
    let now = sight.engine.now();
    let serves = |container: &&SimContainer| {
        let needed = spec.min_ready_seconds.unwrap_or(if container.check.is_some() { 0 } else { 10 });
        let needed =
            if track.is_new(container) { SignedDuration::from_secs(i64::from(needed)) } else { SignedDuration::ZERO };
        let policies = [track.policy_of(container), spec.template.restart_policy.unwrap_or_default()];
        let policies = policies.into_iter().chain(track.policy_by_engine(container));
        let mut finished = policies.map(|policy| has_finished(container, policy));
        let has_finished = if by == By::Any { finished.any(|it| it) } else { finished.all(|it| it) };
        let is_ready =
            || up_since(container, track, sight, by).is_some_and(|since| now.duration_since(since) >= needed);
        let is_theirs = sight.engine.is_as_taken_over(container);
        has_finished || ((is_theirs || has_begun(track, container)) && is_ready())
    };
    track.containers(sight.engine).filter(serves).map(|container| container.id.clone()).collect()
}

/// Whether the postStart hook of a container has ended well since its start, where it has one.
fn has_begun(track: &Track, container: &SimContainer) -> bool {
    let lifecycle = track.template_of(container).container.lifecycle.as_ref();
    let was_run = |hook: &SimHook| !hook.before_stop && Some(hook.started_at) == container.started_at;
    lifecycle.is_none_or(|lifecycle| lifecycle.post_start.is_none())
        || (!container.answers.fails_hooks && container.hooks.iter().any(was_run))
}

/// Since when a container serves, as far as anybody can tell from outside: it runs, Docker's check passes where there is one, and it answers
/// well, which nobody need ask where nothing probes it. What answers otherwise than it did when it was last asked may be taken for either.
fn up_since(container: &SimContainer, track: &Track, sight: Sight<'_>, by: By) -> Option<Timestamp> {
    let is_up = container.state == ContainerState::Running && matches!(container.health, None | Some(Health::Healthy));
    let (heard, template) = (sight.heard, track.template_of(container));
    let is_well = match by {
        By::Any => heard.may_be_well(sight.engine, container, template),
        By::All => heard.is_well(sight.engine, container, template),
    };
    container.started_at.filter(|_| is_up && is_well)
}

/// The loosest of what the versions of an object that may be worked towards allow.
fn limits(track: &Track, engine: &SimEngine) -> Limits {
    let spec = &track.declared().spec;
    let replicas = spec.replicas();
    let numbers = spec.strategy.rolling_update.clone().unwrap_or_default();
    let surge = numbers.max_surge.unwrap_or(IntOrPercent::Int(1)).of_rounded_up(replicas);
    let unavailable = numbers.max_unavailable.unwrap_or(IntOrPercent::Int(0)).of_rounded_down(replicas);
    let is_exclusive = |deployment: &Deployment| is_exclusive(deployment, replicas);
    let hands_on = track.containers(engine).any(|container| !container.nameless.is_empty());
    let stop_first = surge == 0 || hands_on || track.in_play().any(is_exclusive);
    let all_exclusive = track.in_play().all(is_exclusive);
    let recreate = spec.strategy.kind == StrategyType::Recreate;
    let unavailable = if stop_first { unavailable.max(1) } else { unavailable };
    let least = if recreate { 0 } else { replicas.saturating_sub(unavailable) };
    let surge = if recreate || all_exclusive { 0 } else { surge };
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Limits { least_serving: count(least), most_running: count(replicas + surge), ..Limits::default() }
}

/// Whether two containers of a template cannot run side by side.
fn is_exclusive(deployment: &Deployment, replicas: u32) -> bool {
    let template = &deployment.spec.template;
    let is_fixed = |port: &skiff_api::ContainerPort| matches!(port.host_port, Some(HostPort::Fixed(_)));
    let mut volumes = template.volumes.iter().filter_map(|source| source.volume.as_ref());
    template.container_name.is_some()
        || template.container.ports.iter().any(is_fixed)
        || volumes.any(|volume| volume.per_replica || replicas == 1)
}
