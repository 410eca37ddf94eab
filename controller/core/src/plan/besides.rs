//! What a replacement brings besides what makes it necessary: settings and networks that Docker could have changed in place, and data in
//! volumes that have no name to be found by again.
//!
//! No step of its own says so, for what is replaced is not adjusted before.

use crate::desired::{MountSource, Workload};
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
    changes.extend(nameless(workload, container));
    changes
}

/// The field under which it is said that data is left behind.
const NAMELESS: &str = "data of volumes without a name";
/// What Docker Compose would carry over to the next container.
const COMPOSE: &str = "com.docker.compose.project";

/// The volumes without a name that the next container does not get: those that an image declares, and those of a Compose file. What is
/// empty with each container by the manifest need not be said.
fn nameless(workload: &Workload, container: &ObservedContainer) -> Option<Change> {
    let mounts = &workload.template.mounts;
    let is_mounted = |volume: &String| {
        mounts.iter().any(|mount| matches!(&mount.source, MountSource::Volume { name, .. } if name == volume))
    };
    let is_nameless = |volume: &&String| volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit());
    let left: Vec<&str> = container
        .volumes
        .iter()
        .filter(is_nameless)
        .filter(|volume| !is_mounted(volume))
        .filter_map(|it| it.get(..12))
        .collect();
    let is_compose = workload.template.pod.metadata.labels.contains_key(COMPOSE);
    let meant = mounts.iter().filter(|mount| matches!(mount.source, MountSource::Anonymous(_))).count();
    let is_news = left.len() > if is_compose { 0 } else { meant };
    is_news.then(|| Change::new(NAMELESS, Some(left.join(", ")), Some("left behind".to_owned())))
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
