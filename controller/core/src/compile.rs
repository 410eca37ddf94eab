//! Compiles valid objects into what planning compares: names resolved, hashes and digests computed once.
//!
//! Total: a reference that leads nowhere is left out, as validation has complained about it before.

mod init;
mod job;
mod layout;
mod network;
mod pieces;
mod requirement;
mod rollout;
mod traced;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use skiff_api::{Instance, Kind, Object, ObjectKey, SetComplaint, validate_set};

use crate::content::{Archive, ContentStore, DigestKey};
use crate::desired::{Departed, Desired, Intent, Needed, SourceState};
use crate::history::History;
use crate::trace::Traces;

/// An object and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredObject {
    /// The object, valid, its namespace filled in.
    pub object: Object,
    /// The named source that declares it.
    pub source: String,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// The folder of the manifest, absolute, from which relative host paths start.
    pub base: String,
}

/// The content of small host files that are treated as content, by folder of the manifest and path as written.
pub type HostFiles = BTreeMap<(String, String), Arc<[u8]>>;

/// Everything that compiling needs.
#[derive(Clone, Copy, Debug)]
pub struct CompileInput<'a> {
    /// Whose labels count.
    pub instance: &'a Instance,
    /// What the objects are for.
    pub intent: Intent,
    /// Whether whoever works towards it stays, and restarts what the engine cannot restart as a manifest says.
    pub stays: bool,
    /// The objects by key.
    pub objects: &'a BTreeMap<ObjectKey, DeclaredObject>,
    /// The sources that are loaded.
    pub sources: &'a BTreeMap<String, SourceState>,
    /// Small host files that are treated as content.
    pub host_files: &'a HostFiles,
    /// The key for digests of secrets.
    pub digest_key: &'a DigestKey,
    /// What is remembered of objects that are declared no more.
    pub departed: &'a BTreeMap<ObjectKey, Departed>,
    /// Objects that sources which are not loaded declare.
    pub claimed: &'a BTreeSet<ObjectKey>,
    /// The objects that sources which are not loaded declared when they were last good: those that are loaded may name them.
    pub beside: &'a BTreeMap<ObjectKey, DeclaredObject>,
    /// What is remembered of each object: the revisions to go back to.
    pub history: &'a History,
    /// What containers tell of revisions of which nothing is remembered.
    pub traces: &'a Traces,
    /// The content of these revisions.
    pub archive: &'a Archive,
}

impl CompileInput<'_> {
    /// An object of the loaded sources, or of those beside them.
    fn find(&self, key: &ObjectKey) -> Option<&DeclaredObject> {
        self.objects.get(key).or_else(|| self.beside.get(key))
    }
}

/// Compiles the objects, and gathers the content that their containers use.
pub fn compile(input: &CompileInput<'_>) -> (Desired, ContentStore) {
    let mut content = gather_content(input.objects.iter().chain(input.beside));
    let mut desired = declared(input, &mut content);
    if !input.beside.is_empty() {
        let (none_loaded, none_left, none_claimed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let beside = CompileInput {
            objects: input.beside,
            beside: input.objects,
            sources: &none_loaded,
            departed: &none_left,
            claimed: &none_claimed,
            ..*input
        };
        desired.beside = Some(Arc::new(declared(&beside, &mut content)));
        desired.needed = needs(input.beside, input.instance);
        // What stays is not held back.
        let goes = |key: &ObjectKey| input.intent != Intent::Run || !input.objects.contains_key(key);
        desired.needed.retain(|key, _| goes(key));
    }
    (desired, content)
}

/// What objects name that none of them is, and who names it: other sources have it, and must keep it.
pub fn needs(objects: &BTreeMap<ObjectKey, DeclaredObject>, instance: &Instance) -> BTreeMap<ObjectKey, Needed> {
    let all = objects.iter().map(|(key, declared)| (key.clone(), declared.object.clone())).collect();
    let mut needs = BTreeMap::new();
    for SetComplaint { object: by, complaint, .. } in validate_set(&all, instance) {
        let Some(source) = objects.get(&by).map(|declared| &declared.source) else { continue };
        for wanted in complaint.wanted().filter(|wanted| !objects.contains_key(wanted)) {
            needs.entry(wanted).or_insert_with(|| Needed { by: by.clone(), source: source.clone() });
        }
    }
    needs
}

fn declared(input: &CompileInput<'_>, content: &mut ContentStore) -> Desired {
    let mut desired = Desired {
        instance: input.instance.clone(),
        intent: input.intent,
        sources: input.sources.clone(),
        departed: input.departed.clone(),
        claimed: input.claimed.clone(),
        ..Desired::default()
    };
    for (key, declared) in input.objects {
        match &declared.object {
            Object::Network(object) => {
                desired.networks.insert(key.clone(), network::network(input, declared, object));
            }
            Object::Volume(object) => {
                desired.volumes.insert(key.clone(), network::volume(input, declared, object));
            }
            Object::Deployment(object) => {
                let compiled = workload::with_revisions(input, content, key, declared, object);
                desired.workloads.insert(key.clone(), Arc::new(compiled));
            }
            Object::Job(object) => {
                let origin = workload::Origin::declared(input, content, key, declared);
                desired.jobs.insert(key.clone(), Arc::new(job::job(&origin, &object.spec)));
            }
            Object::CronJob(object) => {
                let origin = workload::Origin::declared(input, content, key, declared);
                desired.crons.insert(key.clone(), Arc::new(job::cron(&origin, &object.spec)));
            }
            Object::ConfigMap(_) | Object::Secret(_) => {}
        }
    }
    network::add_default_networks(input, &mut desired);
    network::mark_volumes_per_replica(&mut desired);
    note_digests(&desired, content);
    desired
}

/// Notes what containers may have been given of the content, so that it is known whose values are all known.
fn note_digests(desired: &Desired, content: &mut ContentStore) {
    let earlier = desired.workloads.values().flat_map(|workload| workload.earlier.values().map(Arc::as_ref));
    for workload in desired.with_containers().chain(earlier) {
        let inits = workload.inits.iter().map(|init| &init.template);
        for used in std::iter::once(&workload.template).chain(inits).flat_map(|template| &template.uses) {
            content.note_digest(used.digest.clone());
        }
    }
}

/// What must be kept of the content of ConfigMaps and Secrets: what remembered revisions used, and what the declared ones use.
pub fn archived(desired: &Desired, content: &ContentStore, history: &History, kept: &Archive) -> Archive {
    let mut archive = Archive::default();
    for (key, known) in &history.objects {
        for (label, digest) in known.revisions.iter().flat_map(|revision| &revision.content) {
            let object = content_object(key, label);
            if let Some((object, content)) =
                object.and_then(|object| Some((object.clone(), kept.get(&object, digest)?)))
            {
                archive.insert(object, digest.clone(), content.clone());
            }
        }
    }
    let declared = desired.workloads.values();
    for workload in declared.flat_map(|workload| std::iter::once(workload).chain(workload.earlier.values())) {
        for used in &workload.template.uses {
            let of = |key: &String| Some((key.clone(), Arc::clone(content.get(&used.kept_as, key)?)));
            archive.insert(used.object.clone(), used.digest.clone(), used.keys.iter().filter_map(of).collect());
        }
    }
    archive
}

/// What is remembered of an object once it is declared no more.
fn departed(declared: &DeclaredObject, depends_on: Vec<ObjectKey>) -> Departed {
    Departed::of(&declared.object, depends_on)
}

fn gather_content<'o>(objects: impl Iterator<Item = (&'o ObjectKey, &'o DeclaredObject)>) -> ContentStore {
    let mut content = ContentStore::default();
    for (key, declared) in objects {
        let (texts, bytes, over) = match &declared.object {
            Object::ConfigMap(object) => (&object.data, &object.binary_data, false),
            Object::Secret(object) => (&object.string_data, &object.data, true),
            Object::Network(_) | Object::Volume(_) | Object::Deployment(_) | Object::Job(_) | Object::CronJob(_) => {
                continue;
            }
        };
        content.insert_object(key.clone());
        let decoded = bytes.iter().filter_map(|(name, text)| Some((name, decode(text)?)));
        let plain = texts.iter().map(|(name, text)| (name, text.as_bytes().to_vec()));
        // `stringData` wins over `data` in a Secret; a ConfigMap's two maps share no key.
        let ordered: Vec<_> = if over { decoded.chain(plain).collect() } else { plain.chain(decoded).collect() };
        for (name, bytes) in ordered {
            content.insert(key.clone(), name.clone(), bytes);
        }
    }
    content
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

/// The name of an object among a template's digests.
pub(crate) fn content_label(object: &ObjectKey) -> String {
    format!("{}/{}", object.kind.lower(), object.name)
}

/// The object that a name among a template's digests means, `configmap/api`; `None` for a file of the host.
fn content_object(from: &ObjectKey, label: &str) -> Option<ObjectKey> {
    [Kind::ConfigMap, Kind::Secret].into_iter().find_map(|kind| {
        let name = label.strip_prefix(kind.lower())?.strip_prefix('/')?;
        Some(reference(kind, from, None, name))
    })
}

/// The key of an object that another refers to by name, in its own namespace unless another is named.
fn reference(kind: Kind, from: &ObjectKey, namespace: Option<&str>, name: &str) -> ObjectKey {
    ObjectKey::new(kind, namespace.unwrap_or(&from.namespace), name)
}
