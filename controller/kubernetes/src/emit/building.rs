//! A pod while it is put together: what its containers ask of it, and what is made for it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PodSecurityContext, PodSpec, Volume};
use skiff_api::{Kind, Object, ObjectKey};

use super::meta::Words;
use crate::Emitted;
use crate::ledger::Scope;
use crate::names::{label, suffixed};
use crate::stack::{Stack, Workload};

/// A pod while it is put together.
#[derive(Default)]
pub(super) struct Building<'a> {
    stack: Option<&'a Stack<'a>>,
    /// The file of whatever is made for it.
    pub(super) file: String,
    pub(super) spec: PodSpec,
    pub(super) security: PodSecurityContext,
    pub(super) volumes: Vec<Volume>,
    pub(super) claims: Vec<PersistentVolumeClaim>,
    /// Objects that are made for it.
    pub(super) extras: Vec<Emitted>,
    /// Whether it mounts disks.
    pub(super) has_claims: bool,
    /// The jobs that it waits for.
    pub(super) awaited_jobs: BTreeSet<String>,
    /// Claims of one node that other pods use as well.
    pub(super) disks: BTreeSet<String>,
    pub(super) group: Option<u32>,
    pub(super) labels: Words,
    pub(super) annotations: Words,
    names: BTreeSet<String>,
}

impl<'a> Building<'a> {
    pub(super) fn new(stack: &'a Stack<'a>, file: String) -> Self {
        Self { stack: Some(stack), file, ..Self::default() }
    }

    /// The name of a content object in the cluster; what is not exported must be there.
    pub(super) fn refer(
        &self,
        workload: &Workload<'_>,
        kind: Kind,
        name: &str,
        optional: bool,
        scope: &mut Scope<'_, '_>,
    ) -> String {
        let Some(stack) = self.stack else { return name.to_owned() };
        let reference = stack.content(kind, &workload.key.namespace, name);
        if !reference.is_known && !optional {
            let for_what = format!("{} uses it", workload.target());
            scope.ledger().requires(kind.as_str(), &reference.name, &workload.namespace, for_what);
        }
        reference.name
    }

    /// Whether an object has keys that are no names of variables.
    pub(super) fn has_unusable_keys(&self, workload: &Workload<'_>, source: &skiff_api::EnvFromSource) -> bool {
        let named = |kind, name: &str| ObjectKey::new(kind, workload.key.namespace.as_str(), name);
        let config = source.config_map_ref.as_ref().map(|it| named(Kind::ConfigMap, &it.name));
        let secret = source.secret_ref.as_ref().map(|it| named(Kind::Secret, &it.name));
        let Some(object) = config.or(secret).and_then(|key| self.stack?.input.objects.get(&key)) else { return false };
        let keys: Vec<String> = match object {
            Object::ConfigMap(it) => it.content().into_keys().collect(),
            Object::Secret(it) => it.content().into_keys().collect(),
            Object::Network(_) | Object::Volume(_) | Object::Deployment(_) | Object::Job(_) | Object::CronJob(_) => {
                Vec::new()
            }
        };
        let is_name = |key: &String| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        !keys.iter().all(is_name)
    }

    /// A name for a volume that no other of the pod has.
    pub(super) fn volume_name(&mut self, workload: &Workload<'_>, name: &str) -> String {
        let own = label(&format!("{}-{name}", workload.key.name), 63);
        let mut wanted = label(name, 63);
        let mut count = 1_u32;
        while !self.names.insert(wanted.clone()) {
            wanted = if count == 1 { own.clone() } else { suffixed(&own, &count.to_string()) };
            count += 1;
        }
        wanted
    }

    /// That a name is that of a template of claims, which the pod's other volumes must leave to it.
    pub(super) fn reserve(&mut self, template: &str) {
        self.names.insert(template.to_owned());
    }

    /// That the pod must be on the node of the others that use a claim.
    pub(super) fn stays_with(&mut self, claim: &str) {
        self.disks.insert(claim.to_owned());
    }

    /// That files must be readable for a group.
    pub(super) fn wants_group(&mut self, group: Option<u32>) {
        self.group = self.group.or(group.filter(|group| *group != 0));
    }
}
