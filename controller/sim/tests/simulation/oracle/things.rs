//! The networks, volumes and files that must be there, and those that must not.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Deployment, Kind, Network, NetworkSpec, Object, ObjectKey, ReclaimPolicy, Volume, label};
use skiff_core::Intent;
use skiff_sim::{SimContainer, SimEngine, SimNetwork, SimVolume};

use super::Complaint;
use super::container::{attachments, docker_name, held_in, mounts};
use super::excuse::network_is_unfit;
use crate::ledger::{Fate, Ledger, object_of};
use crate::manifests::{network_name, volume_name};

pub(super) fn check_networks(ledger: &Ledger, engine: &SimEngine, found: &mut Vec<Complaint>) {
    let wanted = wanted_networks(ledger);
    for (key, network) in &wanted {
        let name = docker_name(&ledger.scope, key);
        let ours = engine.networks().find(|there| there.name == name && object_of(&there.labels).as_ref() == Some(key));
        let (what, excused) = match ours {
            None => (format!("there is no network {name}"), network_is_unfit(engine, &ledger.scope, key)),
            Some(there) if there.spec == network.spec && user_labels(&there.labels) == network.metadata.labels => {
                continue;
            }
            Some(there) => (format!("network {name} is another"), stuck(ledger, engine, there).any),
        };
        found.push(Complaint { excused, ..Complaint::new(key, what) });
    }
    for network in engine.networks() {
        let Some(key) = object_of(&network.labels) else { continue };
        let declared = wanted.get(&key).is_some_and(|wanted| network_name(&key, wanted) == network.name);
        let fate = ledger.fate(&network.labels, &key);
        if !declared && !matches!(fate, Fate::Left | Fate::Held | Fate::Open) {
            let Staying { any, by } = stuck(ledger, engine, network);
            let what = format!("network {} is left over", network.name);
            found.push(Complaint { excused: any, by, ..Complaint::new(&key, what) });
        }
    }
}

/// The networks that must be there: those that are declared and not external, and the default ones.
fn wanted_networks(ledger: &Ledger) -> BTreeMap<ObjectKey, Network> {
    if ledger.order.is_down() {
        return BTreeMap::new();
    }
    let declared = ledger.scope.networks().map(|(key, network)| (key.clone(), network.clone()));
    let mut wanted: BTreeMap<ObjectKey, Network> = declared.collect();
    for (key, deployment) in ledger.scope.deployments() {
        for (network, _) in attachments(key, deployment) {
            wanted.entry(network).or_insert_with(|| Network {
                metadata: skiff_api::ObjectMeta::default(),
                spec: NetworkSpec::default(),
            });
        }
    }
    wanted.retain(|_, network| !network.spec.external);
    wanted
}

/// The containers that keep a network or volume from going.
#[derive(Default)]
struct Staying {
    /// Whether there are any.
    any: bool,
    /// The objects that are held up themselves, where there are no others. Of those it is said why they stay.
    by: BTreeSet<ObjectKey>,
}

/// Those on a network that do not leave it.
fn stuck(ledger: &Ledger, engine: &SimEngine, network: &SimNetwork) -> Staying {
    let is_on = |container: &&SimContainer| {
        container.networks.values().any(|endpoint| endpoint.network_id.as_ref() == Some(&network.id))
    };
    let uses = |key: &ObjectKey, deployment: &Deployment| {
        attachments(key, deployment).iter().any(|(on, _)| docker_name(&ledger.scope, on) == network.name)
    };
    staying(ledger, engine, engine.containers().filter(is_on), uses)
}

/// Those of some containers that stay: others' and such as nobody removes now, those that use the thing as something external,
/// and those whose object is held up.
fn staying<'a>(
    ledger: &Ledger,
    engine: &SimEngine,
    containers: impl Iterator<Item = &'a SimContainer>,
    uses: impl Fn(&ObjectKey, &Deployment) -> bool,
) -> Staying {
    let guarded = ledger.guarded(engine);
    let excused = super::excused(ledger, engine);
    let (mut staying, mut for_good) = (Staying::default(), false);
    for container in containers {
        let (key, fate) = ledger.fate_of(engine, container).unzip();
        match (fate.unwrap_or(Fate::Left), key) {
            (Fate::Declared, Some(key)) if ledger.scope.deployment(&key).is_some_and(|user| uses(&key, user)) => {
                for_good = true;
            }
            (Fate::Declared, Some(key)) if excused.contains(&key) => {
                staying.by.insert(key);
            }
            (Fate::Gone, Some(key)) if guarded.contains(&key) => {
                staying.by.insert(key);
            }
            (Fate::Held, Some(key)) => {
                staying.by.insert(key);
            }
            (Fate::Left | Fate::Held | Fate::Open, _) => for_good = true,
            (Fate::Declared | Fate::Gone, _) => {}
        }
    }
    staying.any = for_good || !staying.by.is_empty();
    if for_good {
        staying.by.clear();
    }
    staying
}

pub(super) fn check_volumes(ledger: &Ledger, engine: &SimEngine, found: &mut Vec<Complaint>) {
    let declared: Vec<(&ObjectKey, &Volume)> =
        if ledger.order.is_down() { Vec::new() } else { ledger.scope.volumes().collect() };
    for (key, volume) in declared {
        if volume.spec.external || is_per_replica(ledger, key) {
            continue;
        }
        let name = volume_name(key, volume);
        match engine.volumes().find(|there| there.name == name) {
            None => found.push(Complaint::new(key, format!("there is no volume {name}"))),
            Some(there) if object_of(&there.labels).as_ref() != Some(key) => {
                let what = format!("volume {name} is somebody else's");
                found.push(Complaint { excused: object_of(&there.labels).is_none(), ..Complaint::new(key, what) });
            }
            Some(there) if user_labels(&there.labels) != volume.metadata.labels => {
                let what = format!("volume {name} is another, and is never made anew");
                found.push(Complaint { excused: true, ..Complaint::new(key, what) });
            }
            Some(_) => {}
        }
    }
    for volume in engine.volumes() {
        let Some(key) = object_of(&volume.labels) else { continue };
        if ledger.scope.volume(&key).is_some_and(|declared| declared.spec.external) {
            found.push(Complaint::new(&key, format!("volume {} is external and was made", volume.name)));
        }
        if must_go(ledger, volume, &key) {
            let has = |container: &&SimContainer| container.volume_names().any(|name| name == volume.name);
            let uses = |key: &ObjectKey, deployment: &Deployment| {
                let mounts = mounts(&ledger.scope, key, deployment, "").into_values();
                mounts.into_iter().any(|mounted| mounted == format!("volume {}", volume.name))
            };
            let Staying { any, by } = staying(ledger, engine, engine.containers().filter(has), uses);
            let what = format!("volume {} is still there", volume.name);
            found.push(Complaint { excused: any, by, ..Complaint::new(&key, what) });
        }
    }
}

/// Whether a volume was asked to go, or left a source that is sound and confirmed, with `reclaimPolicy: Delete`.
fn must_go(ledger: &Ledger, volume: &SimVolume, key: &ObjectKey) -> bool {
    let source = volume.labels.get(label::SOURCE).map(String::as_str).unwrap_or_default();
    let confirmed = ledger.order.sources.get(source).is_some_and(|state| state.confirm_prune);
    ledger.fate(&volume.labels, key) == Fate::Gone
        && match ledger.order.intent {
            Intent::Down { volumes } => volumes,
            Intent::Run => {
                let last = ledger.last(key);
                confirmed
                    && matches!(last, Some(Object::Volume(last)) if last.spec.reclaim_policy == ReclaimPolicy::Delete)
            }
        }
}

/// Whether the replicas of a deployment each have their own: such a volume comes with its replica.
fn is_per_replica(ledger: &Ledger, key: &ObjectKey) -> bool {
    ledger.scope.deployments().any(|(user, deployment)| {
        let mut named = deployment.spec.template.volumes.iter().filter_map(|source| source.volume.as_ref());
        user.namespace == key.namespace && named.any(|volume| volume.name == key.name && volume.per_replica)
    })
}

fn user_labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let users = labels.iter().filter(|(key, _)| !key.starts_with("skiff.dev/"));
    users.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Files that nothing mounts are there only for a deployment that mounts them as soon as it has a container.
pub(super) fn check_files(ledger: &Ledger, engine: &SimEngine, found: &mut Vec<Complaint>) {
    let used: BTreeSet<&str> = engine.containers().flat_map(SimContainer::file_sets).collect();
    let declared: BTreeSet<String> = ledger
        .scope
        .deployments()
        .flat_map(|(key, deployment)| mounts(&ledger.scope, key, deployment, "").into_values())
        .collect();
    let left = engine.file_sets().filter(|id| !used.contains(id) && !declared.contains(&held_in(engine, id)));
    let files = |id: &str| ObjectKey::new(Kind::ConfigMap, "files", id);
    found.extend(left.map(|id| Complaint::new(&files(id), "the files are left over".to_owned())));
}
