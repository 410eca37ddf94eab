//! Docker has one name space each for containers, networks and volumes: what would be called the same is refused.
//!
//! Hyphens join namespace, name and ordinal, so that `a-b` + `c` and `a` + `b-c` collide.

use std::collections::{BTreeMap, BTreeSet};

use super::{Objects, Workload, complain};
use crate::complaint::At;
use crate::{Instance, Kind, Object, ObjectKey, Related, SetComplaint, naming};

/// Who wants a name, and where it says so.
struct Claim<'a> {
    object: &'a ObjectKey,
    pointer: String,
    /// Whether it is only used, and somebody else makes it.
    external: bool,
}

type Claims<'a> = BTreeMap<String, Vec<Claim<'a>>>;

pub(super) fn check(objects: &Objects, workloads: &[Workload<'_>], instance: &Instance, out: &mut Vec<SetComplaint>) {
    containers(workloads, instance, out);
    networks(objects, workloads, instance, out);
    volumes(objects, workloads, instance, out);
}

fn containers(workloads: &[Workload<'_>], instance: &Instance, out: &mut Vec<SetComplaint>) {
    let mut stems: Claims<'_> = Claims::new();
    let mut fixed: Claims<'_> = Claims::new();
    for workload in workloads {
        let at = workload.at.key("template");
        let (claims, pointer) = match workload.template.container_name {
            Some(_) => (&mut fixed, at.key("containerName").pointer()),
            None => (&mut stems, name_pointer()),
        };
        let name = naming::container_name(instance, workload.key, workload.template, 1);
        let claim = Claim { object: workload.key, pointer, external: false };
        claims.entry(name).or_default().push(claim);
    }
    collisions("container", &fixed, out);
    collisions("container", &stems, out);
    for (name, claims) in &fixed {
        let first = numbered(name).and_then(|stem| stems.get(&format!("{stem}-1"))).and_then(|others| others.first());
        if let Some(first) = first {
            out.extend(claims.iter().map(|claim| collision("container", name, claim, first)));
        }
    }
}

/// What stands before a replica's ordinal.
fn numbered(name: &str) -> Option<&str> {
    let (stem, ordinal) = name.rsplit_once('-')?;
    let is_ordinal = !ordinal.starts_with('0') && ordinal.parse::<u32>().is_ok();
    is_ordinal.then_some(stem)
}

fn networks(objects: &Objects, workloads: &[Workload<'_>], instance: &Instance, out: &mut Vec<SetComplaint>) {
    let mut claims: Claims<'_> = Claims::new();
    for (key, object) in objects {
        let Object::Network(network) = object else { continue };
        let fixed = network.spec.network_name.is_some();
        let pointer = if fixed { super::SPEC.key("networkName").pointer() } else { name_pointer() };
        let claim = Claim { object: key, pointer, external: network.spec.external };
        claims.entry(naming::network_name(instance, network)).or_default().push(claim);
    }
    let mut seen = BTreeSet::new();
    for workload in workloads.iter().filter(|workload| uses_default(workload)) {
        let namespace = workload.key.namespace.as_str();
        let configured = objects.contains_key(&ObjectKey::new(Kind::Network, namespace, "default"));
        if !configured && seen.insert(namespace) {
            let claim = Claim { object: workload.key, pointer: "/metadata/namespace".to_owned(), external: false };
            claims.entry(naming::default_network_name(instance, namespace)).or_default().push(claim);
        }
    }
    collisions("network", &claims, out);
}

/// Whether the workload is on its namespace's default network.
fn uses_default(workload: &Workload<'_>) -> bool {
    let template = workload.template;
    match &template.networks {
        Some(networks) => networks.iter().any(|network| network.name == "default" && network.namespace.is_none()),
        None => template.network_mode.is_none(),
    }
}

fn volumes(objects: &Objects, workloads: &[Workload<'_>], instance: &Instance, out: &mut Vec<SetComplaint>) {
    let mut claims: Claims<'_> = Claims::new();
    for (key, object) in objects {
        let Object::Volume(volume) = object else { continue };
        let fixed = volume.spec.volume_name.is_some();
        let pointer = if fixed { super::SPEC.key("volumeName").pointer() } else { name_pointer() };
        let claim = Claim { object: key, pointer, external: volume.spec.external };
        claims.entry(naming::volume_name(instance, volume, None)).or_default().push(claim);
    }
    collisions("volume", &claims, out);
    for key in per_replica(workloads) {
        let Some(Object::Volume(volume)) = objects.get(&key) else { continue };
        let name = naming::volume_name(instance, volume, None);
        let numbered =
            claims.range(format!("{name}-")..).take_while(|(other, _)| other.starts_with(&format!("{name}-")));
        for (other, claim) in
            numbered.filter(|(other, _)| numbered_is(other, &name)).flat_map(|(o, c)| c.iter().map(move |c| (o, c)))
        {
            let first = Claim { object: &key, pointer: name_pointer(), external: false };
            out.push(collision("volume", other, claim, &first));
        }
    }
}

fn numbered_is(name: &str, stem: &str) -> bool {
    numbered(name) == Some(stem)
}

/// The volumes of which each ordinal has its own.
fn per_replica(workloads: &[Workload<'_>]) -> BTreeSet<ObjectKey> {
    let of_workload = |workload: &Workload<'_>| -> Vec<ObjectKey> {
        let named = workload.template.volumes.iter().filter_map(|source| source.volume.as_ref());
        let key = |volume: &crate::NamedVolume| {
            let namespace = volume.namespace.as_ref().unwrap_or(&workload.key.namespace);
            ObjectKey::new(Kind::Volume, namespace, &volume.name)
        };
        named.filter(|volume| volume.per_replica).map(key).collect()
    };
    workloads.iter().flat_map(of_workload).collect()
}

fn name_pointer() -> String {
    At::ROOT.key("metadata").key("name").pointer()
}

/// A complaint for each that would make it but the first. What is only used may be used by many, and made by one of them.
fn collisions(what: &str, claims: &Claims<'_>, out: &mut Vec<SetComplaint>) {
    for (name, claims) in claims {
        let mut making = claims.iter().filter(|claim| !claim.external);
        let Some(first) = making.next() else { continue };
        out.extend(making.map(|other| collision(what, name, other, first)));
    }
}

fn collision(what: &str, name: &str, claim: &Claim<'_>, first: &Claim<'_>) -> SetComplaint {
    let complaint = crate::Complaint {
        pointer: claim.pointer.clone(),
        at_key: false,
        message: format!("its {what} would be called `{name}`, as that of {}", first.object),
        help: Some("rename one of them".to_owned()),
        wanting: Vec::new(),
    };
    let message = format!("`{name}` is its {what} too");
    complain(
        claim.object,
        complaint,
        vec![Related { object: first.object.clone(), pointer: first.pointer.clone(), message }],
    )
}
