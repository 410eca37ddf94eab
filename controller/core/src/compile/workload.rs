//! What has containers: its template with everything resolved, its networks, its dependencies, its limits; and what a deployment adds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use skiff_api::{
    Cpu, Dependency, DependencyCondition, Deployment, Kind, NetworkAttachment, Object, ObjectKey, OnFailure,
    PodTemplate, label, naming,
};

use super::init::inits;
use super::pieces::{Pieces, Versions, pieces};
use super::traced::traced;
use super::{CompileInput, DeclaredObject, content_object, departed, reference, requirement, rollout};
use crate::content::ContentStore;
use crate::course::Course;
use crate::crash::engine_restarts;
use crate::desired::{Attachment, DependsOn, InPlace, Rollout, Template, Workload};
use crate::probe::gates_readiness;
use crate::template;

const DEFAULT_GRACE_SECONDS: u32 = 30;
const DEFAULT_PROGRESS_DEADLINE_SECONDS: u32 = 600;
const DEFAULT_REVISION_HISTORY_LIMIT: u32 = 10;
/// How long a replica that nothing can probe must run before it counts.
const DEFAULT_MIN_READY_SECONDS: u32 = 10;

/// An object with containers, where it stands, and what it may refer to.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) input: &'a CompileInput<'a>,
    content: &'a ContentStore,
    versions: &'a Versions,
    pub(super) key: &'a ObjectKey,
    declared: &'a DeclaredObject,
}

impl<'a> Origin<'a> {
    /// With the content that is declared now.
    pub(super) fn declared(
        input: &'a CompileInput<'a>,
        content: &'a ContentStore,
        key: &'a ObjectKey,
        declared: &'a DeclaredObject,
    ) -> Self {
        static NO_VERSIONS: Versions = Versions::new();
        Self { input, content, versions: &NO_VERSIONS, key, declared }
    }
}

/// The workload as declared, with its earlier revisions as they would be now.
pub(super) fn with_revisions(
    input: &CompileInput<'_>,
    content: &mut ContentStore,
    key: &ObjectKey,
    declared: &DeclaredObject,
    object: &Deployment,
) -> Workload {
    let mut compiled = deployment(&Origin::declared(input, content, key, declared), object);
    let remembered = input.history.objects.get(key).map_or(&[][..], |known| known.revisions.as_slice());
    for revision in remembered.iter().filter(|revision| revision.identity != compiled.template.identity) {
        let versions = versions_of(input, content, key, &revision.content);
        let mut then = object.clone();
        then.spec.template = revision.pod.clone();
        let base = DeclaredObject { base: revision.base.clone(), ..declared.clone() };
        let origin = Origin { input, content, versions: &versions, key, declared: &base };
        let mut earlier = deployment(&origin, &then);
        note_lost(&mut earlier, &versions, &revision.content);
        compiled.earlier.insert(revision.number, Arc::new(earlier));
    }
    if remembered.is_empty() {
        let told = input.traces.get(key).into_iter().flatten();
        for trace in told.filter(|trace| trace.template_hash != compiled.template.hash) {
            let versions = versions_of(input, content, key, &trace.content);
            let origin = Origin { input, content, versions: &versions, key, declared };
            let Some(mut earlier) = traced(&origin, object, trace) else { continue };
            note_lost(&mut earlier, &versions, &trace.content);
            compiled.earlier.insert(trace.revision, Arc::new(earlier));
        }
    }
    compiled
}

/// Puts the content that a revision used into the store, under names of its own, and returns these.
fn versions_of(
    input: &CompileInput<'_>,
    content: &mut ContentStore,
    key: &ObjectKey,
    used: &BTreeMap<String, String>,
) -> Versions {
    let mut versions = Versions::new();
    for (label, digest) in used {
        let Some(object) = content_object(key, label) else { continue };
        let Some(kept) = input.archive.get(&object, digest) else { continue };
        let kept_as = ObjectKey { name: format!("{}@{digest}", object.name), ..object.clone() };
        content.insert_object(kept_as.clone());
        for (name, bytes) in kept {
            content.insert(kept_as.clone(), name.clone(), Arc::clone(bytes));
        }
        versions.insert(object, kept_as);
    }
    versions
}

/// Notes what an earlier revision used that nobody has kept, and that is another today.
fn note_lost(earlier: &mut Workload, versions: &Versions, used: &BTreeMap<String, String>) {
    for (label, digest) in used.iter().filter(|(label, digest)| earlier.template.content.get(*label) != Some(*digest)) {
        let Some(object) = content_object(&earlier.key, label) else { continue };
        if !versions.contains_key(&object) {
            earlier.lost.insert(object, digest.clone());
        }
    }
}

pub(super) fn deployment(origin: &Origin<'_>, object: &Deployment) -> Workload {
    let spec = &object.spec;
    let compiled = workload(origin, &spec.template, &spec.depends_on);
    let check = spec.template.container.health_check.as_ref();
    let probed = check.is_some_and(|check| check.test.first().is_none_or(|word| word != "NONE"))
        || gates_readiness(&spec.template.container);
    Workload {
        replicas: spec.replicas(),
        min_ready_seconds: spec.min_ready_seconds.unwrap_or(if probed { 0 } else { DEFAULT_MIN_READY_SECONDS }),
        rollout: rollout::rollout(spec, origin.key, &compiled.template, &compiled.networks),
        progress_deadline_seconds: spec.progress_deadline_seconds.unwrap_or(DEFAULT_PROGRESS_DEADLINE_SECONDS),
        on_failure: spec.strategy.on_failure,
        group: object.metadata.labels.get(label::ROLLOUT_GROUP).cloned(),
        image_update: spec.image_update.clone(),
        revision_history_limit: spec.revision_history_limit.unwrap_or(DEFAULT_REVISION_HISTORY_LIMIT),
        ..compiled
    }
}

/// What every object with containers has: one of them, nothing that is asked of a rollout.
pub(super) fn workload(origin: &Origin<'_>, pod: &PodTemplate, depends_on: &[Dependency]) -> Workload {
    let Origin { input, key, declared, .. } = *origin;
    let networks = attachments(input, key, pod);
    let depends_on = dependencies(input, key, pod, depends_on);
    let template = template(origin, pod, &networks);
    Workload {
        key: key.clone(),
        source: declared.source.clone(),
        source_revision: declared.source_revision.clone(),
        replicas: 1,
        departed: departed(declared, depends_on.iter().map(|dependency| dependency.object.clone()).collect()),
        depends_on,
        min_ready_seconds: 0,
        rollout: Rollout::default(),
        restart_policy: pod.restart_policy.unwrap_or_default(),
        grace_seconds: pod.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS),
        progress_deadline_seconds: 0,
        on_failure: OnFailure::default(),
        group: None,
        image_update: None,
        pinned_from: None,
        revision_history_limit: 0,
        earlier: BTreeMap::new(),
        lost: BTreeMap::new(),
        course: Course::Declared,
        restart_before: None,
        restart: pod.restart.clone(),
        base: declared.base.clone(),
        requires: requirement::requirements(pod),
        inits: inits(origin, pod, &template, &networks),
        in_place: template.in_place.clone(),
        template: Arc::new(template),
        networks,
    }
}

pub(super) fn template(origin: &Origin<'_>, pod: &PodTemplate, networks: &[Attachment]) -> Template {
    let Origin { input, content, versions, key, declared } = *origin;
    let Pieces { env, mounts, content, uses } = pieces(input, content, versions, key, declared, pod);
    let canonical = template::canonical(pod, networks.first(), &volume_names(input, key, pod)).to_string();
    Template {
        hash: template::hash(&canonical),
        identity: template::identity(&canonical, &content),
        canonical,
        content,
        uses,
        pod: pod.clone(),
        env,
        mounts,
        in_place: in_place(pod, input.stays),
        base: declared.base.clone(),
    }
}

/// The networks that the containers are on, the namespace's default one where none is named.
fn attachments(input: &CompileInput<'_>, key: &ObjectKey, pod: &PodTemplate) -> Vec<Attachment> {
    if pod.network_mode.is_some() {
        return Vec::new();
    }
    let default = [NetworkAttachment { name: "default".to_owned(), ..NetworkAttachment::default() }];
    let named = pod.networks.as_deref().unwrap_or(&default);
    named.iter().map(|attachment| resolve_attachment(input, key, attachment)).collect()
}

fn resolve_attachment(input: &CompileInput<'_>, key: &ObjectKey, attachment: &NetworkAttachment) -> Attachment {
    let network_key = reference(Kind::Network, key, attachment.namespace.as_deref(), &attachment.name);
    let network = match input.find(&network_key).map(|declared| &declared.object) {
        Some(Object::Network(network)) => super::network::docker_name(input, network),
        _ if attachment.name == "default" => naming::default_network_name(input.instance, &network_key.namespace),
        _ => input.instance.docker_name(&format!("{}-{}", network_key.namespace, network_key.name)),
    };
    let aliases = attachment.aliases.iter().cloned().chain([key.name.clone()]);
    let mut driver_opts = attachment.driver_opts.clone();
    if let Some(name) = &attachment.interface_name {
        driver_opts.insert("com.docker.network.endpoint.ifname".to_owned(), name.clone());
    }
    Attachment {
        network,
        aliases: aliases.collect::<BTreeSet<_>>(),
        ipv4_address: attachment.ipv4_address.clone(),
        ipv6_address: attachment.ipv6_address.clone(),
        link_local_ips: attachment.link_local_ips.clone(),
        mac_address: attachment.mac_address.clone(),
        driver_opts,
        gateway_priority: attachment.gateway_priority,
    }
}

/// What must be there first: what the manifest names, and whose network, processes, memory or mounts it shares.
fn dependencies(
    input: &CompileInput<'_>,
    key: &ObjectKey,
    pod: &PodTemplate,
    depends_on: &[Dependency],
) -> Vec<DependsOn> {
    let mut found = BTreeMap::new();
    for dependency in depends_on {
        let candidates = [Kind::Deployment, Kind::Job, Kind::CronJob]
            .map(|kind| reference(kind, key, dependency.namespace.as_deref(), &dependency.name));
        if let Some(target) = candidates.into_iter().find(|target| input.find(target).is_some()) {
            found.insert(target, dependency.condition);
        }
    }
    for joined in pod.joined() {
        found.entry(reference(Kind::Deployment, key, None, joined.deployment)).or_insert(DependencyCondition::Started);
    }
    found.into_iter().map(|(object, condition)| DependsOn { object, condition }).collect()
}

/// Docker's names of the volumes by their names in the template.
fn volume_names(input: &CompileInput<'_>, key: &ObjectKey, pod: &PodTemplate) -> Map<String, Value> {
    let named = pod.volumes.iter().filter_map(|source| Some((&source.name, source.volume.as_ref()?)));
    named
        .map(|(name, volume)| {
            let docker_name = super::pieces::volume_name(input, key, volume);
            // What else the mount says of the volume needs a new container as well.
            let form = serde_json::json!({
                "name": docker_name,
                "perReplica": volume.per_replica.then_some(true),
                "readOnly": volume.read_only.then_some(true),
                "noCopy": volume.no_copy.then_some(true),
            });
            (name.clone(), form)
        })
        .collect()
}

fn in_place(pod: &PodTemplate, stays: bool) -> InPlace {
    let container = &pod.container;
    let (limits, requests) = (&container.resources.limits, &container.resources.requests);
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    InPlace {
        nano_cpus: limits.cpu.map(|cpu| signed(cpu.nanos())),
        cpu_shares: container.cpu_shares.filter(|shares| *shares != 0).or_else(|| requests.cpu.map(cpu_shares)),
        cpuset_cpus: container.cpuset_cpus.clone(),
        cpuset_mems: container.cpuset_mems.clone(),
        memory: limits.memory.map(|memory| signed(memory.get())),
        memory_reservation: requests.memory.map(|memory| signed(memory.get())),
        memory_swap: container.memory_swap.map(skiff_api::MemorySwap::docker),
        pids_limit: container.pids_limit.filter(|limit| *limit > 0),
        restart_policy: Some(engine_restarts(pod, stays)),
    }
}

/// A request as a weight among those who want the same core, as Kubernetes makes one of it: 1024 for a whole one, within Linux' bounds.
fn cpu_shares(cpu: Cpu) -> i64 {
    const CORE: u64 = 1_000_000_000;
    let shares = cpu.nanos().saturating_mul(1024) / CORE;
    i64::try_from(shares).unwrap_or(i64::MAX).clamp(2, 262_144)
}
