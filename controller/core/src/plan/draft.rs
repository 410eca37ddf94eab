//! A plan while it is being made: what has been decided so far, and what is known of the engine, by name.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skiff_api::{Component, ObjectKey};

use super::replica::Replica;
use super::{Plan, Step, StepId};
use crate::action::{Action, ContainerRef};
use crate::check::NoAddress;
use crate::desired::{Desired, StopFirst};
use crate::engine::EngineError;
use crate::failure::{Cause, Failure};
use crate::held::{Held, HeldReason, Pending};
use crate::history::History;
use crate::observed::{Observed, ObservedContainer, ObservedNetwork, ObservedVolume};
use crate::probe::Places;
use crate::reason::Reason;

/// Whether something that containers need is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is there.
    There,
    /// A step of this plan makes it.
    After(StepId),
    /// It is not there, and why has been said.
    Held,
}

pub(super) struct Draft<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
    /// What is remembered: more than what is observed has it, while a pass is still learning.
    pub(super) history: &'a History,
    pub(super) now: Timestamp,
    steps: Vec<Step>,
    held: Vec<Held>,
    wake_at: Option<Timestamp>,
    /// Our main containers by object.
    by_object: BTreeMap<&'a ObjectKey, Vec<&'a ObservedContainer>>,
    /// Our init containers by object.
    pub(super) inits: BTreeMap<&'a ObjectKey, Vec<&'a ObservedContainer>>,
    /// Containers by name, sorted out when the first name is asked for: where there is nothing to do, none is.
    by_name: OnceCell<BTreeMap<&'a str, &'a ObservedContainer>>,
    /// Where containers can be reached, sorted out when the first is asked for.
    places: OnceCell<Places<'a>>,
    networks_by_name: BTreeMap<&'a str, Vec<&'a ObservedNetwork>>,
    volumes_by_name: BTreeMap<&'a str, &'a ObservedVolume>,
    /// Networks by Docker's name.
    pub(super) networks: BTreeMap<String, Presence>,
    /// Volumes by Docker's name.
    pub(super) volumes: BTreeMap<String, Presence>,
    /// Images that a step of this plan builds.
    pub(super) builds: BTreeMap<String, StepId>,
    /// File sets that a step of this plan writes.
    pub(super) files: BTreeMap<String, StepId>,
    /// The objects of which replicas go before their successors come, and why.
    pub(super) old_first: BTreeMap<ObjectKey, StopFirst>,
    /// The steps that remove containers, by the container's id.
    pub(super) removals: BTreeMap<String, StepId>,
    /// The steps that take a container off a network, by both ids.
    pub(super) detached: BTreeMap<(String, String), StepId>,
    /// The last step that gave a replica of an object its names on a network anew.
    pub(super) readdressed: BTreeMap<ObjectKey, StepId>,
    /// The objects of which all containers go, now or when they can.
    pub(super) going: BTreeSet<ObjectKey>,
    /// The objects that would go and are held back, which is said.
    pub(super) kept: BTreeSet<ObjectKey>,
    /// Sources whose prune is held.
    pub(super) unpruned: BTreeSet<String>,
    /// The steps that start containers of an object, and whether all of it then runs.
    pub(super) starts: BTreeMap<ObjectKey, (Vec<StepId>, bool)>,
    /// The steps that start containers of an object which have run before.
    pub(super) restarts: BTreeMap<ObjectKey, Vec<StepId>>,
    /// The workloads whose replacement waits for that of another one, whose containers theirs join.
    pub(super) following: BTreeSet<ObjectKey>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(desired: &'a Desired, observed: &'a Observed, now: Timestamp) -> Self {
        Self::remembering(desired, observed, &observed.history, now)
    }

    /// What is to be said of a field that the engine is too old for, and would drop without a word.
    pub(super) fn unsupported(&self, field: &str, needs: (u32, u32)) -> Option<HeldReason> {
        let has = self.observed.engine.api_version;
        let version = |(major, minor): (u32, u32)| format!("{major}.{minor}");
        (needs > has).then(|| HeldReason::Unsupported {
            field: field.to_owned(),
            needs: version(needs),
            has: version(has),
        })
    }

    /// With another history than the one that is observed.
    pub(super) fn remembering(
        desired: &'a Desired,
        observed: &'a Observed,
        history: &'a History,
        now: Timestamp,
    ) -> Self {
        let mut by_object: BTreeMap<&ObjectKey, Vec<&ObservedContainer>> = BTreeMap::new();
        let mut inits: BTreeMap<&ObjectKey, Vec<&ObservedContainer>> = BTreeMap::new();
        for container in &observed.containers {
            let Some(labels) = container.owner.labels() else { continue };
            match labels.component {
                Component::Main => by_object.entry(&labels.object).or_default().push(container),
                Component::Init => inits.entry(&labels.object).or_default().push(container),
                Component::Hook | Component::Run => {}
            }
        }
        let mut networks_by_name: BTreeMap<&str, Vec<&ObservedNetwork>> = BTreeMap::new();
        for network in &observed.networks {
            networks_by_name.entry(network.name.as_str()).or_default().push(network);
        }
        let ordinal = |container: &&ObservedContainer| container.owner.labels().map_or(0, |labels| labels.ordinal);
        for containers in by_object.values_mut() {
            containers.sort_by(|a, b| (ordinal(a), &a.id).cmp(&(ordinal(b), &b.id)));
        }
        Self {
            desired,
            observed,
            history,
            now,
            steps: Vec::new(),
            held: Vec::new(),
            wake_at: None,
            by_object,
            inits,
            by_name: OnceCell::new(),
            places: OnceCell::new(),
            networks_by_name,
            volumes_by_name: observed.volumes.iter().map(|volume| (volume.name.as_str(), volume)).collect(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            builds: BTreeMap::new(),
            files: BTreeMap::new(),
            old_first: BTreeMap::new(),
            removals: BTreeMap::new(),
            detached: BTreeMap::new(),
            readdressed: BTreeMap::new(),
            going: BTreeSet::new(),
            kept: BTreeSet::new(),
            unpruned: BTreeSet::new(),
            starts: BTreeMap::new(),
            restarts: BTreeMap::new(),
            following: BTreeSet::new(),
        }
    }

    /// Whether anything is to be done.
    pub(super) const fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    pub(super) fn finish(self) -> Plan {
        Plan {
            steps: self.steps,
            held: self.held,
            rejudged: Vec::new(),
            old_first: self.old_first,
            wake_at: self.wake_at,
        }
    }

    pub(super) fn step(
        &mut self,
        object: &ObjectKey,
        hash: &str,
        action: Action,
        reason: Reason,
        after: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let id = StepId(self.steps.len());
        let after: BTreeSet<StepId> = after.into_iter().collect();
        self.steps.push(Step {
            id,
            object: object.clone(),
            hash: hash.to_owned(),
            action,
            reason,
            after: after.into_iter().collect(),
        });
        id
    }

    pub(super) fn hold(&mut self, object: &ObjectKey, why: HeldReason) {
        self.hold_with(object, why, Vec::new());
    }

    pub(super) fn hold_with(&mut self, object: &ObjectKey, why: HeldReason, pending: Vec<Pending>) {
        if let HeldReason::BackOff { until, .. }
        | HeldReason::ImagePullBackOff { until, .. }
        | HeldReason::ImageBuildBackOff { until, .. }
        | HeldReason::CrashLoop { until, .. }
        | HeldReason::Settling { until, .. }
        | HeldReason::Retry { until, .. }
        | HeldReason::InitFailed { until, .. }
        | HeldReason::WaitingReady { until: Some(until), .. } = &why
        {
            self.wake(*until);
        }
        self.held.push(Held { object: object.clone(), why, pending });
    }

    pub(super) fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
    }

    /// Whether a container waits for its turn in a replacement that gets on.
    pub(super) fn gets_on(&self, object: &ObjectKey, container: &str) -> bool {
        let held = self.held.iter().filter(|held| held.object == *object);
        let mut turns = held.filter(|held| matches!(held.why, HeldReason::WaitingReady { .. }));
        self.following.contains(object)
            || turns.any(|held| held.pending.iter().any(|pending| pending.target == container))
    }

    /// Docker's name of the first replica of an object that a step of this plan makes.
    pub(super) fn made(&self, object: &ObjectKey) -> Option<&str> {
        let made = self.steps.iter().filter(|step| step.object == *object).filter_map(|step| {
            let Action::CreateContainer(create) = &step.action else { return None };
            (create.spec.owner.component == Component::Main).then_some(create)
        });
        made.min_by_key(|create| create.spec.owner.ordinal).map(|create| create.name.as_str())
    }

    /// The address of a container, or why it has none.
    pub(super) fn address(&self, container: &ObservedContainer) -> Result<String, NoAddress> {
        self.places.get_or_init(|| Places::of(self.observed)).address(container)
    }

    /// Our main containers of an object by ordinal.
    pub(super) fn containers(&self, object: &ObjectKey) -> &[&'a ObservedContainer] {
        self.by_object.get(object).map_or(&[], Vec::as_slice)
    }

    /// The objects of which we have containers, with those: the main ones by ordinal, or else what was left of the init containers.
    pub(super) fn owned(&self) -> impl Iterator<Item = (&'a ObjectKey, &[&'a ObservedContainer])> {
        let left = self.inits.iter().filter(|(object, _)| !self.by_object.contains_key(*object));
        self.by_object.iter().chain(left).map(|(object, containers)| (*object, containers.as_slice()))
    }

    pub(super) fn named(&self, name: &str) -> Option<&'a ObservedContainer> {
        let containers = self.observed.containers.iter();
        let sorted_out = || containers.map(|container| (container.name.as_str(), container)).collect();
        self.by_name.get_or_init(sorted_out).get(name).copied()
    }

    pub(super) fn volume(&self, name: &str) -> Option<&'a ObservedVolume> {
        self.volumes_by_name.get(name).copied()
    }

    /// The network of this name that counts: ours before others, the older before the younger.
    pub(super) fn network(&self, name: &str) -> Option<&'a ObservedNetwork> {
        let named = self.networks_by_name.get(name).into_iter().flatten().copied();
        named.min_by_key(|network| (network.owner.labels().is_none(), network.created_at, &network.id))
    }

    /// Whether a container ends again and again, so that its restarts are Skiff's.
    pub(super) fn is_crash_loop(&self, id: &str) -> bool {
        self.observed.crashes.get(id).is_some_and(|crash| crash.is_loop)
    }

    pub(super) fn in_flight(&self, object: &ObjectKey) -> bool {
        self.observed.in_flight.contains(object)
    }

    /// Why an object must be left alone for now, where it failed lately with this template.
    pub(super) fn back_off(&self, object: &ObjectKey, hash: &str) -> Option<HeldReason> {
        let failure = self.observed.failures.of_object(object).filter(|failure| failure.holds(hash, self.now))?;
        Some(Self::held_back(failure))
    }

    /// Why a replica must be left alone for now: it failed lately itself, or what it needs did. That none can be made is no obstacle to
    /// those that are there.
    pub(super) fn replica_back_off(&self, object: &ObjectKey, replica: &Replica<'_>) -> Option<HeldReason> {
        let hash = &replica.labels.template_hash;
        let holds = |failure: &&Failure| failure.holds(hash, self.now);
        let own = self.observed.failures.of_replica(&replica.container.name).filter(holds);
        let of_object = || self.observed.failures.of_object(object).filter(holds);
        own.or_else(|| of_object().filter(|failure| failure.cause == Cause::Other)).map(Self::held_back)
    }

    fn held_back(failure: &Failure) -> HeldReason {
        let (until, attempts, error) = (failure.retry_at, failure.attempts, failure.error.clone());
        match failure.reason {
            EngineError::IMAGE_PULL_FAILED => HeldReason::ImagePullBackOff { until, attempts, error },
            EngineError::IMAGE_BUILD_FAILED => HeldReason::ImageBuildBackOff { until, attempts, error },
            _ => HeldReason::BackOff { until, attempts, error },
        }
    }
}

/// A container that was observed, by id.
pub(super) fn observed_ref(container: &ObservedContainer) -> ContainerRef {
    ContainerRef { id: Some(container.id.clone()), name: container.name.clone() }
}
