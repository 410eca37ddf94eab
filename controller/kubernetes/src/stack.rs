//! What the objects are to each other, found out once: pods and who shares one, ports, networks, volumes and their users, names.
//!
//! Everything that writes an object of Kubernetes only looks here.

mod content;
mod form;
mod index;
mod networks;
mod nfs;
mod peers;
mod ports;
mod services;
mod volumes;
mod workload;

use std::collections::BTreeMap;

use skiff_api::ObjectKey;

pub(crate) use content::ContentRef;
pub(crate) use form::Form;
pub(crate) use networks::{Membership, Reach};
pub(crate) use nfs::Nfs;
pub(crate) use ports::{Origin, Port, http_probed, resolve};
pub(crate) use services::has_own;
pub(crate) use volumes::{Claim, Storage};
pub(crate) use workload::{Run, Workload};

use crate::{Input, Options};

/// All that is exported, and how it hangs together.
pub(crate) struct Stack<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) options: &'a Options,
    pub(crate) workloads: BTreeMap<ObjectKey, Workload<'a>>,
    pub(crate) storage: BTreeMap<ObjectKey, Storage<'a>>,
    content: BTreeMap<ObjectKey, ContentRef>,
    networks: networks::Networks,
    has_several_namespaces: bool,
    index: index::Index,
}

impl<'a> Stack<'a> {
    /// Finds out.
    pub(crate) fn new(input: &'a Input<'a>, options: &'a Options) -> Self {
        let mut stack = Self {
            input,
            options,
            workloads: BTreeMap::new(),
            storage: BTreeMap::new(),
            content: BTreeMap::new(),
            networks: networks::Networks::default(),
            has_several_namespaces: false,
            index: index::Index::default(),
        };
        let mut namespaces = input.objects.keys().map(|key| stack.namespace(&key.namespace)).collect::<Vec<_>>();
        namespaces.dedup();
        stack.has_several_namespaces = namespaces.len() > 1;
        stack.content = content::plan(&stack);
        stack.workloads = stack.find_workloads();
        stack.index = index::Index::of(&stack);
        stack.storage = volumes::plan(&stack);
        form::settle(&mut stack);
        stack.networks = networks::Networks::of(&stack);
        ports::find(&mut stack);
        services::name(&mut stack);
        stack
    }

    /// The namespace in the cluster of what is in one of Skiff's.
    pub(crate) fn namespace(&self, namespace: &str) -> String {
        self.options.namespace.clone().unwrap_or_else(|| namespace.to_owned())
    }

    /// The file of something in a namespace.
    pub(crate) fn file(&self, namespace: &str, name: &str, is_run: bool) -> String {
        let name = if is_run { format!("{name}-job") } else { name.to_owned() };
        if self.has_several_namespaces { format!("{namespace}/{name}") } else { name }
    }

    /// The workload of a dependency.
    pub(crate) fn workload(&self, namespace: &str, name: &str) -> Option<&Workload<'a>> {
        let mut kinds = [skiff_api::Kind::Deployment, skiff_api::Kind::Job].into_iter();
        kinds.find_map(|kind| self.workloads.get(&ObjectKey::new(kind, namespace, name)))
    }

    /// The workload whose pods another one runs in: itself, unless it shares a network.
    pub(crate) fn pod_of(&self, workload: &'_ Workload<'a>) -> &Workload<'a> {
        let mut key = workload.key;
        // Validation has refused cycles; the bound keeps a mistake from going on for ever.
        for _ in 0..self.workloads.len() {
            match self.workloads.get(key).and_then(|it| it.host.as_ref()) {
                Some(host) => key = host,
                None => break,
            }
        }
        self.workloads.get(key).expect("the host of a workload is one")
    }

    /// The `ConfigMap` or `Secret` that is meant by a name in a namespace.
    pub(crate) fn content(&self, kind: skiff_api::Kind, namespace: &str, name: &str) -> ContentRef {
        let key = ObjectKey::new(kind, namespace, name);
        self.content.get(&key).cloned().unwrap_or_else(|| ContentRef::unknown(name))
    }

    /// Which pods a workload's reach, and which networks these are.
    pub(crate) fn membership(&self, workload: &Workload<'_>) -> &Membership {
        self.networks.membership(workload.key)
    }

    /// Whether another pod is on a network of a workload's, or may be.
    pub(crate) fn has_neighbours(&self, workload: &Workload<'_>) -> bool {
        let mut reaches = self.membership(workload).labels.iter().filter_map(|label| self.reaches().get(label));
        let several = workload.most_replicas() > 1;
        reaches.any(|reach| several || reach.is_known_outside || reach.members.len() > 1)
    }

    /// Whether the network that an external one means is among what is exported.
    pub(crate) fn is_made_here(&self, external: &skiff_api::Network) -> bool {
        self.networks.made_here(external).is_some()
    }

    /// All networks.
    pub(crate) fn reaches(&self) -> &BTreeMap<String, Reach> {
        self.networks.all()
    }
}
