//! The end of a controller: what it restarted itself is Docker's to restart again, for nobody else will be there.
//!
//! How often each container has ended stays in the history: the next controller takes the restarts again, and goes on with the back-off
//! from where it was. What is meant to be down stays down, and so does what was tried often enough. What the manifest has Skiff pace
//! Docker restarts as nearly so as it can.

use std::collections::BTreeSet;

use jiff::Timestamp;
use skiff_api::Kind;

use super::create::restore_files;
use super::draft::{Draft, observed_ref};
use super::replica::{Condition, Replica, classify};
use super::{Plan, StepId, plan};
use crate::action::{Action, UpdateContainer};
use crate::course::effective;
use crate::crash::{Pace, engine_restarts, pace};
use crate::desired::{Desired, EngineRestart, InPlace, Intent, Workload};
use crate::made_from::made_from;
use crate::observed::Observed;
use crate::reason::Reason;

/// The steps that a controller takes when it ends: crash loops get their declared restart policy back, and what waits for its next
/// start is started, as Docker restarts only what has run under it.
///
/// What ran at the look and has ended before it got its policy back is down for good, if nobody looks once more: planned again after
/// its steps, this starts it, and plans nothing where all is Docker's.
pub fn plan_leave(desired: &Desired, observed: &Observed, now: Timestamp) -> Plan {
    if desired.intent != Intent::Run {
        return Plan::default();
    }
    let going = going(&plan(desired, observed, now));
    let desired = &*effective(desired, &observed.history);
    let mut draft = Draft::new(desired, observed, now);
    for workload in desired.workloads.values() {
        let stays = workload.key.kind == Kind::Deployment && workload.replicas > 0;
        if !stays || draft.in_flight(&workload.key) {
            continue;
        }
        for container in draft.containers(&workload.key).to_vec() {
            let is_ours = workload.is_paced() || is_taken(&draft, &container.id);
            if is_ours && !going.contains(&container.id) {
                let replica = classify(&draft, workload, container);
                leave(&mut draft, workload, &replica);
            }
        }
    }
    draft.finish()
}

/// The containers that a plan removes.
fn going(plan: &Plan) -> BTreeSet<String> {
    let removed = |action: &Action| {
        if let Action::RemoveContainer { container, .. } = action { container.id.clone() } else { None }
    };
    plan.steps.iter().filter_map(|step| removed(&step.action)).collect()
}

/// Whether the restarts of a container are Skiff's because it ended again and again, or are not given back yet.
fn is_taken(draft: &Draft<'_>, id: &str) -> bool {
    draft.observed.crashes.get(id).is_some_and(|crash| crash.is_loop || crash.recovered)
}

fn leave(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) {
    let container = replica.container;
    let has = container.detail.as_ref().and_then(|detail| detail.in_place.restart_policy);
    let declared = declared(draft, workload, replica);
    let waits = replica.condition == Condition::Exited && may_start(draft, workload, replica);
    if declared == EngineRestart::Never || !(replica.has_process() || waits) {
        return;
    }
    let given = (has == Some(EngineRestart::Never)).then(|| {
        let to = InPlace { restart_policy: Some(declared), ..InPlace::default() };
        let update = Action::UpdateContainer(UpdateContainer { container: observed_ref(container), to });
        step(draft, workload, replica, update, vec![])
    });
    if waits {
        let after = restore_files(draft, workload, container).into_iter().chain(given).collect();
        step(draft, workload, replica, Action::StartContainer { container: observed_ref(container) }, after);
    }
}

/// What the manifest that a container was made from has Docker do when it ends and nobody else is there.
fn declared(draft: &Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> EngineRestart {
    let own = replica.outdated.as_ref().and_then(|_| made_from(Some(workload), draft.history, replica.labels));
    engine_restarts(own.unwrap_or(&workload.template.pod), false)
}

/// Whether a container that has ended is down for its back-off alone, and was not tried often enough. One of an earlier template is not brought back: another takes its place.
fn may_start(draft: &Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> bool {
    let container = replica.container;
    let has_networks = container.networks.keys().all(|name| draft.network(name).is_some());
    let crash = draft.observed.crashes.get(&container.id);
    let tried = crash.map(|crash| pace(workload, crash, replica.labels.ordinal, None, draft.now));
    replica.outdated.is_none()
        && !matches!(tried, Some(Pace::Never { .. }))
        && has_networks
        && draft.observed.engine.low_disk.is_none()
        && draft.replica_back_off(&workload.key, replica).is_none()
}

fn step(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replica: &Replica<'_>,
    action: Action,
    after: Vec<StepId>,
) -> StepId {
    draft.step(&workload.key, &replica.labels.template_hash, action, Reason::Left, after)
}
