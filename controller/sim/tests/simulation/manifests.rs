//! What is declared: objects, and the source that each stands in.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Deployment, Kind, Network, Object, ObjectKey, Volume, annotation};

/// The source of namespace `shop`.
pub(crate) const SHOP: &str = "shop-manifests";
/// The source of namespace `blog`, and of what has moved into it.
pub(crate) const BLOG: &str = "blog-manifests";
/// Both.
pub(crate) const SOURCES: [&str; 2] = [SHOP, BLOG];
/// The deployment and the volume of `shop` that move from one source to the other. Nothing refers to them, and they refer to
/// nothing.
pub(crate) const ROAMERS: [&str; 2] = ["roamer", "nomad"];

/// What is declared, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifests {
    pub(crate) objects: BTreeMap<ObjectKey, Object>,
    /// Whether what roams stands in the source of the other namespace.
    pub(crate) roamed: bool,
}

impl Manifests {
    pub(crate) fn insert(&mut self, object: Object) {
        self.objects.insert(object.key(), object);
    }

    /// The source that an object stands in, or would.
    pub(crate) fn source(&self, key: &ObjectKey) -> &'static str {
        let roams = ROAMERS.contains(&key.name.as_str()) && self.roamed;
        if roams || key.namespace == "blog" { BLOG } else { SHOP }
    }

    pub(crate) fn deployments(&self) -> impl Iterator<Item = (&ObjectKey, &Deployment)> {
        self.objects.iter().filter_map(|(key, object)| {
            let Object::Deployment(deployment) = object else { return None };
            Some((key, deployment))
        })
    }

    pub(crate) fn networks(&self) -> impl Iterator<Item = (&ObjectKey, &Network)> {
        self.objects.iter().filter_map(|(key, object)| {
            let Object::Network(network) = object else { return None };
            Some((key, network))
        })
    }

    pub(crate) fn volumes(&self) -> impl Iterator<Item = (&ObjectKey, &Volume)> {
        self.objects.iter().filter_map(|(key, object)| {
            let Object::Volume(volume) = object else { return None };
            Some((key, volume))
        })
    }

    pub(crate) fn deployment(&self, key: &ObjectKey) -> Option<&Deployment> {
        let Object::Deployment(deployment) = self.objects.get(key)? else { return None };
        Some(deployment)
    }

    pub(crate) fn deployment_mut(&mut self, key: &ObjectKey) -> Option<&mut Deployment> {
        let Object::Deployment(deployment) = self.objects.get_mut(key)? else { return None };
        Some(deployment)
    }

    pub(crate) fn network(&self, key: &ObjectKey) -> Option<&Network> {
        let Object::Network(network) = self.objects.get(key)? else { return None };
        Some(network)
    }

    pub(crate) fn volume(&self, key: &ObjectKey) -> Option<&Volume> {
        let Object::Volume(volume) = self.objects.get(key)? else { return None };
        Some(volume)
    }

    /// The names of the objects of a kind in a namespace, without those that roam.
    pub(crate) fn names(&self, kind: Kind, namespace: &str) -> Vec<String> {
        let of_kind = self.objects.keys().filter(|key| key.kind == kind && key.namespace == namespace);
        let names = of_kind.map(|key| key.name.clone());
        names.filter(|name| !ROAMERS.contains(&name.as_str())).collect()
    }

    /// The objects that a deployment refers to.
    pub(crate) fn references(&self, key: &ObjectKey) -> BTreeSet<ObjectKey> {
        let Some(deployment) = self.deployment(key) else { return BTreeSet::new() };
        let template = &deployment.spec.template;
        let of = |kind, name: &str| ObjectKey::new(kind, &key.namespace, name);
        let mut found = BTreeSet::from([of(Kind::ConfigMap, "settings"), of(Kind::Secret, "keys")]);
        found.extend(template.networks.iter().flatten().map(|network| of(Kind::Network, &network.name)));
        found
            .extend(template.volumes.iter().filter_map(|source| Some(of(Kind::Volume, &source.volume.as_ref()?.name))));
        found
    }

    /// Whether a deployment and everything that it refers to is the same in both.
    pub(crate) fn agree_on(&self, other: &Self, key: &ObjectKey) -> bool {
        let all = self.references(key).into_iter().chain([key.clone()]);
        all.into_iter().all(|key| self.objects.get(&key) == other.objects.get(&key))
    }
}

/// Whether `skiff.dev/prune: "false"` protects an object.
pub(crate) fn is_protected(object: &Object) -> bool {
    object.metadata().annotations.get(annotation::PRUNE).is_some_and(|value| value == "false")
}

/// Docker's name of a network.
pub(crate) fn network_name(key: &ObjectKey, network: &Network) -> String {
    network.spec.network_name.clone().unwrap_or_else(|| format!("{}-{}", key.namespace, key.name))
}

/// Docker's name of a volume, without an ordinal.
pub(crate) fn volume_name(key: &ObjectKey, volume: &Volume) -> String {
    volume.spec.volume_name.clone().unwrap_or_else(|| format!("{}-{}", key.namespace, key.name))
}
