//! Takes over a stack that Docker Compose started: what of it is whose, told by Compose's own labels and names.
//!
//! Labels of what exists cannot be changed, so that what is ours by adoption is recorded: containers and networks by their full id, volumes
//! by name and the moment that they were made. Nothing else of others is ever touched. A container that is as we would make it is recorded
//! with the template that is declared, and kept until its next change; any other is outdated from the first look on, so that it is
//! replaced as a rollout replaces. Networks and volumes stay as they are.

mod compare;
mod record;
mod same;

use std::collections::BTreeMap;

use jiff::Timestamp;
use skiff_api::{Component, Kind, ObjectKey, OwnerLabels};

use crate::action::{ContainerSpec, Namespaces};
use crate::desired::{Desired, MountSource, Workload};
use crate::history::{History, ObjectHistory};
use crate::image::FromImage;
use crate::reason::Change;

pub use compare::{Compared, differences};
pub use record::{Adopted, AdoptedContainer, AdoptedVolume, Stack, StackContainer, StackNetwork, StackVolume};

/// Stands for the template of a container that somebody else made.
pub(crate) const ADOPTED: &str = "adopted";

/// Docker Compose's labels of the project and the service of a container.
const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";

/// A container of a stack that is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'s> {
    /// The container.
    pub container: &'s StackContainer,
    /// What it would be made from, had we made it.
    pub spec: ContainerSpec,
}

/// How a container of a stack compares with what we would make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What differs; nothing where it is kept.
    pub changes: Vec<Change>,
    /// The id of its image.
    pub image_id: String,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
}

/// Comparisons by the container's id. One that nobody compared is not kept.
pub type Comparisons = BTreeMap<String, Comparison>;

/// What is taken over, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// What is recorded.
    pub adopted: Adopted,
    /// What would be taken over, in words: `container shop-web-1 as deployment/shop/web`.
    pub taken: Vec<String>,
    /// What is left alone, and why.
    pub left: Vec<String>,
    /// Volumes that would be new and empty, beside ones of the stack that are left: their data is meant, and missed.
    pub missed: Vec<String>,
}

/// The Compose projects that what is declared belongs to, by the labels of its containers.
pub fn projects(desired: &Desired) -> Vec<String> {
    let mut projects: Vec<String> =
        desired.with_containers().filter_map(|workload| Some(label(workload, PROJECT)?.to_owned())).collect();
    projects.sort();
    projects.dedup();
    projects
}

/// The containers of a stack that are taken over, each with what it would be made from.
pub fn claims<'s>(stack: &'s Stack, desired: &Desired) -> Vec<Claim<'s>> {
    let claim = |container: &'s StackContainer| {
        let workload = workload_of(container, desired).ok()?;
        Some(Claim { container, spec: spec(desired, workload, container.number) })
    };
    stack.containers.iter().filter_map(claim).collect()
}

/// Decides what of a stack is whose, and which containers are kept.
pub fn adopt(stack: &Stack, desired: &Desired, history: &History, compared: &Comparisons) -> Adoption {
    let mut adoption = Adoption::default();
    for container in &stack.containers {
        match workload_of(container, desired) {
            Ok(workload) => take(container, workload, desired, history, compared.get(&container.id), &mut adoption),
            Err(why) => adoption.left.push(format!("container {}: {why}", container.name)),
        }
    }
    for network in &stack.networks {
        network_of(network, desired, &mut adoption);
    }
    for volume in &stack.volumes {
        volume_of(volume, desired, &mut adoption);
    }
    if adoption.adopted.volumes.len() < stack.volumes.len() {
        let declared = desired.volumes.values().filter(|declared| !declared.spec.external);
        let names = declared.map(|declared| &declared.name);
        adoption.missed = names.filter(|name| !adoption.adopted.volumes.contains_key(*name)).cloned().collect();
    }
    adoption
}

fn label<'w>(workload: &'w Workload, name: &str) -> Option<&'w str> {
    workload.template.pod.metadata.labels.get(name).map(String::as_str)
}

/// What a container is of, or why it is left alone.
fn workload_of<'d>(container: &StackContainer, desired: &'d Desired) -> Result<&'d Workload, String> {
    let StackContainer { project, service, .. } = container;
    let is_of = |workload: &Workload| project.is_none() || label(workload, PROJECT) == project.as_deref();
    let is_it = |workload: &&Workload| is_of(workload) && label(workload, SERVICE) == Some(service);
    let workload = desired.with_containers().find(is_it).ok_or_else(|| format!("no service {service} is declared"))?;
    if workload.key.kind == Kind::CronJob {
        return Err(format!("{} has runs of its own", workload.key));
    }
    Ok(workload)
}

/// What a replica would be made from, had we made it.
fn spec(desired: &Desired, workload: &Workload, ordinal: u32) -> ContainerSpec {
    let mut mounts = workload.template.mounts.clone();
    for mount in &mut mounts {
        if let MountSource::Volume { name, per_replica: true, .. } = &mut mount.source {
            *name = format!("{name}-{ordinal}");
        }
    }
    let pod = &workload.template.pod;
    let joined = |mode: &Option<String>| mode.as_ref().map(|mode| mode.replacen("deployment:", "container:", 1));
    ContainerSpec {
        owner: owner(desired, &workload.key, &workload.source, ordinal, &workload.template.hash, None),
        image: FromImage::whatever(&workload.template.pod.container.image),
        template: std::sync::Arc::clone(&workload.template),
        mounts,
        carried: BTreeMap::new(),
        first_network: workload.networks.first().cloned(),
        network_mode: joined(&pod.network_mode),
        namespaces: Namespaces { pid: joined(&pod.container.pid_mode), ipc: joined(&pod.container.ipc_mode) },
        volumes_from: pod.container.volumes_from.iter().map(|item| item.replacen("deployment:", "", 1)).collect(),
    }
}

fn take(
    container: &StackContainer,
    workload: &Workload,
    desired: &Desired,
    history: &History,
    compared: Option<&Comparison>,
    adoption: &mut Adoption,
) {
    let StackContainer { id, name, number, service, .. } = container;
    let (template, key) = (&workload.template, &workload.key);
    let kept = compared.filter(|compared| compared.changes.is_empty());
    let labels = match kept {
        Some(Comparison { image_id, .. }) => OwnerLabels {
            revision: revision(history, workload),
            // A map of texts always serialises.
            content: (!template.content.is_empty())
                .then(|| serde_json::to_string(&template.content).unwrap_or_default()),
            image_id: Some(image_id.clone()),
            ..owner(desired, key, &workload.source, *number, &template.hash, Some(&template.canonical))
        },
        None => owner(desired, key, &workload.source, *number, ADOPTED, None),
    };
    let becomes = match compared {
        // A name that DNS does not take is another one for the object, and Compose did not know that.
        Some(_) if kept.is_some() && *service != key.name && !workload.networks.is_empty() => {
            format!("kept as adopted; it answers to {service}, and to {} when it is replaced", key.name)
        }
        Some(_) if kept.is_some() => "kept as adopted".to_owned(),
        Some(Comparison { changes, .. }) => {
            let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
            format!("replaced: {}", changes.join("; "))
        }
        None => "replaced".to_owned(),
    };
    adoption.taken.push(format!("container {name} as {key}, {becomes}"));
    let started_at = compared.and_then(|compared| compared.started_at);
    adoption.adopted.containers.insert(id.clone(), AdoptedContainer { labels: labels.to_map(), started_at });
}

/// The number of the declared revision: as it is remembered, else the next one. A job has none.
fn revision(history: &History, workload: &Workload) -> u64 {
    if workload.key.kind != Kind::Deployment {
        return 0;
    }
    let known = history.objects.get(&workload.key);
    let declared = known.and_then(ObjectHistory::declared);
    match declared.filter(|declared| declared.identity == workload.template.identity) {
        Some(declared) => declared.number,
        None => known.and_then(|known| known.revisions.iter().map(|known| known.number).max()).unwrap_or(0) + 1,
    }
}

fn network_of(network: &StackNetwork, desired: &Desired, adoption: &mut Adoption) {
    let StackNetwork { id, name, .. } = network;
    let declared = desired.networks.iter().find(|(_, declared)| declared.name == *name && !declared.spec.external);
    let Some((key, declared)) = declared else {
        adoption.left.push(format!("network {name}: it is not declared"));
        return;
    };
    adoption.taken.push(format!("network {name} as {key}"));
    // One that is otherwise is made anew, and the plan says so.
    let (hash, canonical) = recorded(same::network(network, declared), &declared.hash, &declared.canonical);
    let labels = owner(desired, key, &declared.source, 0, hash, canonical);
    adoption.adopted.networks.insert(id.clone(), labels.to_map());
}

fn volume_of(volume: &StackVolume, desired: &Desired, adoption: &mut Adoption) {
    let StackVolume { name, created_at, .. } = volume;
    let declared = desired.volumes.iter().find(|(_, declared)| declared.name == *name && !declared.spec.external);
    let Some((key, declared)) = declared else {
        adoption.left.push(format!("volume {name}: it is not declared"));
        return;
    };
    adoption.taken.push(format!("volume {name} as {key}, with its data"));
    // One that is otherwise stays, for its data, and the plan says so.
    let (hash, canonical) = recorded(same::volume(volume, declared), &declared.hash, &declared.canonical);
    let labels = owner(desired, key, &declared.source, 0, hash, canonical);
    let volume = AdoptedVolume { created_at: created_at.clone(), labels: labels.to_map() };
    adoption.adopted.volumes.insert(name.clone(), volume);
}

/// What is recorded as the definition of what is as declared, or is not.
fn recorded<'d>(is_same: bool, hash: &'d str, canonical: &'d str) -> (&'d str, Option<&'d str>) {
    if is_same { (hash, Some(canonical)) } else { (ADOPTED, None) }
}

fn owner(
    desired: &Desired,
    key: &ObjectKey,
    source: &str,
    ordinal: u32,
    hash: &str,
    canonical: Option<&str>,
) -> OwnerLabels {
    OwnerLabels {
        instance: desired.instance.clone(),
        source: source.to_owned(),
        object: key.clone(),
        ordinal,
        component: Component::Main,
        run: None,
        revision: 0,
        source_revision: None,
        template_hash: hash.to_owned(),
        template: canonical.map(str::to_owned),
        content: None,
        image_id: None,
    }
}
