//! Which pods reach which: a label for each network, on every pod that is on it.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Kind, Network, Object, ObjectKey, naming};

use super::{Stack, Workload};
use crate::names::short_digest;

/// A network, and where its pods are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The network, as reports name it.
    pub(crate) object: Option<ObjectKey>,
    /// What it is called within its namespace.
    pub(crate) name: String,
    /// The namespaces of its pods in the cluster.
    pub(crate) namespaces: BTreeSet<String>,
    /// Whether it leads nowhere else.
    pub(crate) internal: bool,
    /// Whether it has a name for others to find it by, who are not exported.
    pub(crate) is_known_outside: bool,
    /// The workloads on it.
    pub(crate) members: BTreeSet<ObjectKey>,
}

/// The networks of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Membership {
    /// The keys of the labels.
    pub(crate) labels: BTreeSet<String>,
    /// Whether every network leads nowhere else.
    pub(crate) is_isolated: bool,
    /// Whether it is on no network at all.
    pub(crate) is_alone: bool,
}

/// All networks by the key of their label.
#[derive(Debug, Default)]
pub(super) struct Networks {
    all: BTreeMap<String, Reach>,
    of: BTreeMap<ObjectKey, Membership>,
    /// That of what is nowhere.
    none: Membership,
    /// The networks of this export by what Docker calls them: what an external one means may be one of them.
    makers: BTreeMap<String, ObjectKey>,
}

impl Networks {
    pub(super) fn of(stack: &Stack<'_>) -> Self {
        let mut networks = Self { makers: makers(stack), ..Self::default() };
        for workload in stack.workloads.values() {
            networks.join(workload, stack);
        }
        let all = &networks.all;
        for membership in networks.of.values_mut() {
            let mut reaches = membership.labels.iter().filter_map(|label| all.get(label)).peekable();
            membership.is_isolated = reaches.peek().is_some() && reaches.all(|reach| reach.internal);
        }
        networks
    }

    pub(super) fn membership(&self, workload: &ObjectKey) -> &Membership {
        self.of.get(workload).unwrap_or(&self.none)
    }

    pub(super) const fn all(&self) -> &BTreeMap<String, Reach> {
        &self.all
    }

    /// The network of this export that an external one means.
    pub(super) fn made_here(&self, external: &Network) -> Option<&ObjectKey> {
        let Network { metadata, spec } = external;
        self.makers.get(spec.network_name.as_ref().unwrap_or(&metadata.name)).filter(|_| spec.external)
    }

    fn join(&mut self, workload: &Workload<'_>, stack: &Stack<'_>) {
        let pod = stack.pod_of(workload);
        let mode = pod.template.network_mode.as_deref();
        let mut membership = Membership::default();
        if mode.is_some() {
            // Of the host's network, or of none; what policies say does not reach the host's.
            membership.is_alone = mode == Some("none");
            self.of.insert(workload.key.clone(), membership);
            return;
        }
        let own = pod.template.networks.as_ref();
        let named = own.map_or_else(
            || vec![("default", None)],
            |list| list.iter().map(|it| (it.name.as_str(), it.namespace.as_deref())).collect(),
        );
        membership.is_alone = named.is_empty();
        for (name, namespace) in named {
            let (label, mut reach) = self.identity(stack, namespace.unwrap_or(&pod.key.namespace), name);
            membership.labels.insert(label.clone());
            reach = self.all.remove(&label).unwrap_or(reach);
            reach.namespaces.insert(pod.namespace.clone());
            reach.members.insert(pod.key.clone());
            self.all.insert(label, reach);
        }
        self.of.insert(workload.key.clone(), membership);
    }

    /// The label of a network, and what is known of it.
    fn identity(&self, stack: &Stack<'_>, namespace: &str, name: &str) -> (String, Reach) {
        let mut key = ObjectKey::new(Kind::Network, namespace, name);
        let network_of = |key: &ObjectKey| match stack.input.objects.get(key) {
            Some(Object::Network(network)) => Some(network),
            _ => None,
        };
        let mut object = network_of(&key);
        if let Some(made_here) = object.and_then(|it| self.made_here(it)) {
            (object, key) = (network_of(made_here), made_here.clone());
        }
        let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
        let external = object.filter(|network| network.spec.external);
        let identity = match external {
            // The same one of the host, whatever it is called in each namespace.
            Some(Network { spec, .. }) => format!("external.{}", spec.network_name.as_deref().unwrap_or(name)),
            None => format!("{namespace}.{name}"),
        };
        let fits = identity.len() <= 63 && crate::names::is_label_value(&identity);
        let short = if fits { identity } else { format!("network-{}", short_digest(&[identity.as_bytes()], 12)) };
        let reach = Reach {
            object: object.map(|_| key.clone()),
            name: name.to_owned(),
            internal: object.is_some_and(|network| network.spec.internal),
            is_known_outside: object
                .is_some_and(|network| network.spec.external || network.spec.network_name.is_some()),
            ..Reach::default()
        };
        (format!("network.skiff.dev/{short}"), reach)
    }
}

fn makers(stack: &Stack<'_>) -> BTreeMap<String, ObjectKey> {
    let mut makers = BTreeMap::new();
    for (key, object) in stack.input.objects {
        let Object::Network(network) = object else { continue };
        if !network.spec.external {
            makers.entry(naming::network_name(&stack.options.instance, network)).or_insert_with(|| key.clone());
        }
    }
    makers
}
