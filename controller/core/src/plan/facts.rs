//! What the replicas of a deployment are, for whoever judges its revision.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skiff_api::ObjectKey;

use super::draft::Draft;
use super::replica::{Condition, Replica, classify};
use crate::course::effective;
use crate::desired::Desired;
use crate::failure::Failure;
use crate::history::History;
use crate::observed::Observed;

/// One replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaFacts {
    /// Whether it is of the revision that is worked towards.
    pub(crate) updated: bool,
    /// Whether it counts in a rollout.
    pub(crate) available: bool,
    /// What says that its revision is no good.
    pub(crate) trouble: Option<String>,
    /// When it was last started.
    pub(crate) started_at: Option<Timestamp>,
}

/// After so many restarts by the engine, or failed starts, a replica that is not available is in trouble.
const TROUBLE_AFTER: u32 = 3;

/// The replicas of some deployments, each judged by the revision that is worked towards.
pub(crate) fn replica_facts(
    desired: &Desired,
    observed: &Observed,
    history: &History,
    objects: &BTreeSet<&ObjectKey>,
    now: Timestamp,
) -> BTreeMap<ObjectKey, Vec<ReplicaFacts>> {
    if objects.is_empty() {
        return BTreeMap::new();
    }
    let desired = effective(desired, history);
    let draft = Draft::new(&desired, observed, now);
    let workloads = objects.iter().filter_map(|key| desired.workloads.get(*key));
    workloads
        .map(|workload| {
            let failure = observed.failures.get(&workload.key);
            let failure = failure.filter(|failure| failure.template_hash == workload.template.hash);
            let containers = draft.containers(&workload.key).iter();
            let facts = containers.map(|container| facts(&draft, &classify(&draft, workload, container), failure));
            (workload.key.clone(), facts.collect())
        })
        .collect()
}

fn facts(draft: &Draft<'_>, replica: &Replica<'_>, failure: Option<&Failure>) -> ReplicaFacts {
    let updated = replica.outdated.is_none();
    ReplicaFacts {
        updated,
        available: replica.serves(),
        trouble: if updated { trouble(draft, replica, failure) } else { None },
        started_at: replica.container.detail.as_ref().and_then(|detail| detail.started_at),
    }
}

/// What says that the revision of a replica is no good: it crashes again and again, is unhealthy, or cannot be started.
fn trouble(draft: &Draft<'_>, replica: &Replica<'_>, failure: Option<&Failure>) -> Option<String> {
    let (container, detail) = (replica.container, replica.container.detail.as_ref()?);
    let name = &container.name;
    match replica.condition {
        Condition::Finished { code } if code != 0 => Some(format!("{name} ended with {code}")),
        Condition::Created if failure.is_some_and(|failure| failure.attempts >= TROUBLE_AFTER) => {
            let error = Some(&detail.error).filter(|error| !error.is_empty() && !is_of_the_host(error))?;
            Some(format!("{name} cannot be started: {error}"))
        }
        Condition::Unhealthy => {
            let complaint = replica.complaint.as_ref().map(|complaint| format!(": {}", complaint.text()));
            Some(format!("{name} is unhealthy{}", complaint.unwrap_or_default()))
        }
        Condition::Available
        | Condition::Finished { .. }
        | Condition::Paused
        | Condition::Dead
        | Condition::Removing => None,
        Condition::Ready { .. }
        | Condition::Unready
        | Condition::Unjudged
        | Condition::Unhooked
        | Condition::Exited
        | Condition::Created
        | Condition::Restarting => {
            let ends = draft.observed.crashes.get(&container.id).map_or(0, |crash| i64::from(crash.exits));
            let ends = ends.max(detail.restart_count);
            (ends >= i64::from(TROUBLE_AFTER))
                .then(|| format!("{name} ended {ends} times, last with {}", detail.exit_code))
        }
    }
}

/// Whether a start failed for what the host lacks and another revision would lack as well.
fn is_of_the_host(error: &str) -> bool {
    ["port is already allocated", "address already in use", "no space left on device"]
        .iter()
        .any(|sign| error.contains(sign))
}
