//! Which containers are probed, and where: what follows from what is declared and what is observed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::{Component, ObjectKey};

use super::plan::ProbePlan;
use crate::check::NoAddress;
use crate::course::effective;
use crate::desired::{Desired, Intent};
use crate::made_from::made_from;
use crate::observed::{ContainerState, Observed, ObservedContainer};

/// A container whose probes are to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTarget {
    /// Its full id.
    pub container: String,
    /// Its name.
    pub name: String,
    /// The object that it is of.
    pub object: ObjectKey,
    /// Its last start.
    pub started_at: Timestamp,
    /// What it is asked.
    pub plan: ProbePlan,
    /// The same wherever it is reached: what differs in it was declared otherwise.
    pub(super) questions: ProbePlan,
}

/// The containers whose probes are to be run, by id: those that run, are declared, and were made from a template with probes.
pub fn probe_targets(desired: &Desired, observed: &Observed) -> BTreeMap<String, ProbeTarget> {
    if desired.intent != Intent::Run {
        return BTreeMap::new();
    }
    let desired = &*effective(desired, &observed.history);
    let places = Places::of(observed);
    let running = observed.containers.iter().filter(|container| container.state == ContainerState::Running);
    running.filter_map(|container| target(desired, observed, &places, container)).collect()
}

fn target<'a>(
    desired: &Desired,
    observed: &Observed,
    places: &Places<'a>,
    container: &'a ObservedContainer,
) -> Option<(String, ProbeTarget)> {
    let labels = container.owner.labels().filter(|labels| labels.component == Component::Main)?;
    let beside = || desired.workload_anywhere(&labels.object).filter(|_| is_waited_for(desired, &labels.object));
    let workload = desired.workloads.get(&labels.object).map(Arc::as_ref).or_else(beside)?;
    let template = &made_from(Some(workload), &observed.history, labels)?.container;
    let started_at = container.detail.as_ref()?.started_at?;
    let address = places.address(container);
    let plan_at = |address| ProbePlan::of(template, address, observed.engine.api_version);
    let (plan, questions) = (plan_at(address.as_deref().map_err(|why| *why))?, plan_at(Ok(""))?);
    let target = ProbeTarget {
        container: container.id.clone(),
        name: container.name.clone(),
        object: labels.object.clone(),
        started_at,
        plan,
        questions,
    };
    Some((container.id.clone(), target))
}

/// Whether something that is declared waits for an object, which may be another source's.
fn is_waited_for(desired: &Desired, object: &ObjectKey) -> bool {
    desired.with_containers().flat_map(|workload| &workload.depends_on).any(|dependency| dependency.object == *object)
}

/// Where containers can be reached from the host.
pub(crate) struct Places<'a> {
    by_handle: BTreeMap<&'a str, &'a ObservedContainer>,
}

/// How many containers may share one network namespace by way of another, before that is taken for a circle.
const LONGEST_CHAIN: usize = 8;

impl<'a> Places<'a> {
    pub(crate) fn of(observed: &'a Observed) -> Self {
        let handles = observed.containers.iter().flat_map(|one| [(one.id.as_str(), one), (one.name.as_str(), one)]);
        Self { by_handle: handles.collect() }
    }

    /// The address of a container on its first network, or of whose network it shares; or why there is none.
    pub(crate) fn address(&self, container: &ObservedContainer) -> Result<String, NoAddress> {
        let mut container = container;
        for _ in 0..LONGEST_CHAIN {
            match container.network_mode.as_str() {
                "host" => return Ok("127.0.0.1".to_owned()),
                "none" => return Err(NoAddress::Ever("it is on no network")),
                mode => match mode.strip_prefix("container:") {
                    Some(other) => {
                        let gone = NoAddress::Ever("the container whose network it shares is gone");
                        container = self.by_handle.get(other).ok_or(gone)?;
                    }
                    // Somebody has taken it off: it is no wait for an address.
                    None if container.networks.is_empty() => return Err(NoAddress::Ever("it is on no network")),
                    None => return on_first_network(container, mode).ok_or(NoAddress::Yet),
                },
            }
        }
        Err(NoAddress::Ever("it shares the network of one that shares another's, and so on in a circle"))
    }
}

/// The address on the network that the container was made on, else on any.
fn on_first_network(container: &ObservedContainer, mode: &str) -> Option<String> {
    let first = if mode == "default" { "bridge" } else { mode };
    container.addresses.get(first).or_else(|| container.addresses.values().next()).cloned()
}
