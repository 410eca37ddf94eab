//! What `ConfigMap`s and `Secret`s are called: by their content, so that a change of it is another object and rolls its users out.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Kind, Object, ObjectKey, UpdatePolicy};

use super::Stack;
use super::workload::parts;
use crate::names::{short_digest, suffixed};

/// How a `ConfigMap` or `Secret` is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRef {
    /// Its name in the cluster.
    pub(crate) name: String,
    /// Whether the name is of its content, which then never changes.
    pub(crate) is_immutable: bool,
    /// Whether it is exported; else it must be there.
    pub(crate) is_known: bool,
}

impl ContentRef {
    /// What is not among the objects.
    pub(super) fn unknown(name: &str) -> Self {
        Self { name: name.to_owned(), is_immutable: false, is_known: false }
    }
}

/// The names of all content.
pub(super) fn plan(stack: &Stack<'_>) -> BTreeMap<ObjectKey, ContentRef> {
    let in_place = in_place(stack);
    let mut planned = BTreeMap::new();
    for (key, object) in stack.input.objects {
        let content = match object {
            Object::ConfigMap(config) => config.content(),
            Object::Secret(secret) => secret.content(),
            Object::Network(_) | Object::Volume(_) | Object::Deployment(_) | Object::Job(_) | Object::CronJob(_) => {
                continue;
            }
        };
        let is_immutable = !in_place.contains(key);
        let name = if is_immutable { suffixed(&key.name, &digest(&content)) } else { key.name.clone() };
        planned.insert(key.clone(), ContentRef { name, is_immutable, is_known: true });
    }
    planned
}

/// A digest of content by key.
pub(crate) fn digest<T: AsRef<[u8]>>(content: &BTreeMap<String, T>) -> String {
    let parts: Vec<&[u8]> = content.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_ref()]).collect();
    short_digest(&parts, 10)
}

/// Content whose files are to change under running containers.
fn in_place(stack: &Stack<'_>) -> BTreeSet<ObjectKey> {
    let mut found = BTreeSet::new();
    for (key, object) in stack.input.objects {
        let volumes = parts(object).into_iter().flat_map(|(_, _, template)| &template.volumes);
        for volume in volumes {
            let config = volume.config_map.as_ref().filter(|it| it.update_policy == UpdatePolicy::InPlace);
            let secret = volume.secret.as_ref().filter(|it| it.update_policy == UpdatePolicy::InPlace);
            let namespace = key.namespace.as_str();
            found.extend(config.map(|it| ObjectKey::new(Kind::ConfigMap, namespace, it.name.as_str())));
            found.extend(secret.map(|it| ObjectKey::new(Kind::Secret, namespace, it.secret_name.as_str())));
        }
    }
    found
}
