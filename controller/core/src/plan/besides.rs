//! What a replacement brings besides what makes it necessary: settings and networks that Docker could have changed in place, and what
//! becomes of data in volumes that have no name to be found by again.
//!
//! No step of its own says so, for what is replaced is not adjusted before.

use super::nameless::Nameless;
use crate::desired::Workload;
use crate::observed::ObservedContainer;
use crate::reason::Change;

/// The field whose change is Skiff's own doing where it has taken the restarts from Docker.
pub(super) const RESTART_POLICY: &str = "restartPolicy";
/// The field of the container's first network, which is a part of the template.
const FIRST_NETWORK: &str = "network.name";

/// Adds to the changes that make a replacement necessary those that it brings besides. `adjusted` are settings that differ.
pub(super) fn with_besides(
    mut changes: Vec<Change>,
    workload: &Workload,
    container: &ObservedContainer,
    nameless: &Nameless,
    adjusted: impl Iterator<Item = Change>,
    is_loop: bool,
) -> Vec<Change> {
    let mut besides: Vec<Change> = adjusted.filter(|change| !(is_loop && change.field == RESTART_POLICY)).collect();
    besides.extend(networks(workload, container, &changes));
    if changes.is_empty() && !besides.is_empty() {
        // Too large to be recorded: what else has changed must not stand for all of it.
        changes.push(Change::new("template", None, None));
    }
    changes.extend(besides.into_iter().filter(|change| !changes.contains(change)).collect::<Vec<_>>());
    changes.extend(told(nameless));
    changes
}

/// The field under which it is said what becomes of data.
const NAMELESS: &str = "data of volumes without a name";

/// The volumes without a name that the next container gets, and those that stay behind. What is empty with each container by the manifest
/// need not be said.
pub(super) fn told(nameless: &Nameless) -> impl Iterator<Item = Change> {
    let Nameless { carried, left } = nameless;
    let carried: Vec<&String> = carried.values().collect();
    let groups = [(carried, "carried over"), (left.iter().collect(), "left behind")];
    groups.into_iter().filter(|(volumes, _)| !volumes.is_empty()).map(|(volumes, what)| {
        let names: Vec<&str> = volumes.iter().filter_map(|it| it.get(..12)).collect();
        Change::new(NAMELESS, Some(names.join(", ")), Some(what.to_owned()))
    })
}

/// The networks that come and go, but for the first one.
fn networks(workload: &Workload, container: &ObservedContainer, said: &[Change]) -> Vec<Change> {
    if workload.template.pod.network_mode.is_some() || workload.networks.is_empty() {
        return Vec::new();
    }
    let wanted = |name: &String| workload.networks.iter().any(|attachment| attachment.network == *name);
    let was_first =
        |name: &String| said.iter().any(|change| change.field == FIRST_NETWORK && change.from.as_ref() == Some(name));
    let come = workload.networks.iter().skip(1).map(|attachment| &attachment.network);
    let come = come.filter(|name| !container.networks.contains_key(*name));
    let go = container.networks.keys().filter(|name| !wanted(name) && !was_first(name));
    let come = come.map(|name| Change::new("networks", None, Some(name.clone())));
    come.chain(go.map(|name| Change::new("networks", Some(name.clone()), None))).collect()
}
