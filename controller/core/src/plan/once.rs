//! One-off runs by hand: a container beside what is declared, with its networks, volumes and files, and nothing that would get in
//! the way of what runs: no ports of the host, no names, no addresses. And what is left of such runs when nobody is there any more.

use jiff::{SignedDuration, Timestamp};
use skiff_api::{Component, ObjectKey, naming};

use super::beside::beside;
use super::create::{Place, create, lay_ground};
use super::draft::{Draft, Presence};
use super::network::plan_network;
use super::removal::remove;
use super::volume::plan_volume;
use super::workload::obstacle;
use super::{Step, StepId};
use crate::action::ContainerRef;
use crate::desired::{Desired, Intent, MountSource, Template, Workload};
use crate::held::HeldReason;
use crate::observed::{ContainerState, Observed, ObservedContainer};
use crate::reason::Reason;

/// Whoever runs something by hand removes it when it has ended; after so long they are not there any more.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_secs(60);
/// So long after it was asked for, one that was never started will not be.
const NEVER_STARTED: SignedDuration = SignedDuration::from_mins(10);

/// A run by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The object whose template is run.
    pub object: ObjectKey,
    /// When it was asked for, which names it.
    pub asked: Timestamp,
    /// What is run instead of the template's command and arguments. Where the template has no command, the image's entrypoint gets it.
    pub command: Option<Vec<String>>,
    /// Whether it has a terminal.
    pub tty: bool,
}

/// What is to be done before such a container can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OncePlan {
    /// The steps, in an order that can be kept.
    pub steps: Vec<Step>,
    /// The container that they make.
    pub container: ContainerRef,
    /// Seconds between its stop signal and the kill.
    pub grace_seconds: u32,
}

/// What leads to a container for a run by hand; or what keeps it from being made.
///
/// # Errors
/// What is waited for, or stands in the way.
pub fn plan_once(desired: &Desired, observed: &Observed, once: &Once, now: Timestamp) -> Result<OncePlan, HeldReason> {
    let not_declared = || HeldReason::NotRun { why: format!("{} is not declared", once.object) };
    let workload = one_off(desired.containers_of(&once.object).ok_or_else(not_declared)?, once);
    let mut draft = Draft::new(desired, observed, now);
    find_ground(&mut draft, &workload);
    let gate = obstacle(&draft, &workload, || false)?;
    let ground = lay_ground(&mut draft, &workload, gate)?;
    let run = format!("once-{}", once.asked.as_millisecond());
    let name = naming::run_container_name(&desired.instance, &once.object, &workload.template.pod, &run, 1);
    let container = ContainerRef { id: None, name: name.clone() };
    let place = Place { name, ordinal: 1, revision: 0, component: Component::Run, run: Some(run), handover: None };
    let made = create(&mut draft, &workload, &ground, place, &Reason::Asked { at: once.asked }, &[]);
    // Whoever asked starts it: what it writes from its first moment on is to be heard.
    let steps = draft.finish().steps.into_iter().filter(|step| Some(step.id) != made.started).collect();
    Ok(OncePlan { steps, container, grace_seconds: workload.grace_seconds })
}

/// The template for a run by hand.
fn one_off(declared: &Workload, once: &Once) -> Workload {
    let mut template = Template::clone(&declared.template);
    let container = &mut template.pod.container;
    container.ports.clear();
    container.health_check = None;
    (container.stdin, container.stdin_once, container.tty) = (true, true, once.tty);
    if let Some(command) = once.command.clone() {
        let has_own = container.command.as_ref().is_some_and(|own| !own.is_empty());
        (container.command, container.args) =
            if has_own { (Some(command), None) } else { (container.command.take(), Some(command)) };
    }
    beside(declared, template)
}

/// The networks and volumes that it needs. One that is there is taken as it is: to change it is the controller's business.
fn find_ground(draft: &mut Draft<'_>, workload: &Workload) {
    for attachment in &workload.networks {
        let name = &attachment.network;
        let declared = draft.desired.networks.iter().find(|(_, network)| network.name == *name);
        let presence = match declared {
            Some((key, network)) if draft.network(name).is_none() => plan_network(draft, key, network),
            Some(_) => Presence::There,
            // It may be another source's.
            None if draft.desired.network_named(name).is_some() && draft.network(name).is_some() => Presence::There,
            None => Presence::Held,
        };
        draft.networks.insert(name.clone(), presence);
    }
    for mount in &workload.template.mounts {
        let MountSource::Volume { object, name, per_replica: false, .. } = &mount.source else { continue };
        if let Some(volume) = draft.desired.volumes.get(object) {
            plan_volume(draft, object, volume, name);
        } else if draft.desired.volume_anywhere(object).is_some() && draft.volume(name).is_some() {
            draft.volumes.insert(name.clone(), Presence::There);
        }
    }
}

/// Removes what is left of runs by hand: what has ended and was not removed, what was never started, and all of it with what goes.
pub(super) fn plan_left_behind(draft: &mut Draft<'_>) {
    let observed = draft.observed;
    for container in &observed.containers {
        let Some(labels) = container.owner.labels().filter(|labels| labels.component == Component::Run) else {
            continue;
        };
        let key = &labels.object;
        if draft.in_flight(key) || !draft.desired.sources.contains_key(&labels.source) {
            continue;
        }
        let reason = match draft.desired.intent {
            Intent::Down { .. } => Some(Reason::Unwanted),
            Intent::Run => is_left_behind(draft, container, labels.run.as_deref()).then_some(Reason::LeftBehind),
        };
        let Some(reason) = reason else { continue };
        match draft.back_off(key, "") {
            Some(back_off) => draft.hold(key, back_off),
            None => drop::<StepId>(remove(draft, key, "", container, &reason, &[])),
        }
    }
}

fn is_left_behind(draft: &mut Draft<'_>, container: &ObservedContainer, run: Option<&str>) -> bool {
    let asked = || Timestamp::from_millisecond(run?.strip_prefix("once-")?.parse().ok()?).ok();
    let finished = container.detail.as_ref().and_then(|detail| detail.finished_at);
    let goes_at = match container.state {
        ContainerState::Exited | ContainerState::Dead => finished.and_then(|at| at.checked_add(LEFT_BEHIND).ok()),
        ContainerState::Created => asked().and_then(|at| at.checked_add(NEVER_STARTED).ok()),
        ContainerState::Running | ContainerState::Paused | ContainerState::Restarting | ContainerState::Removing => {
            None
        }
    };
    match goes_at {
        Some(at) if at > draft.now => {
            draft.wake(at);
            false
        }
        Some(_) => true,
        None => false,
    }
}
