//! Finds what a person names: an object, or one of its containers.

use std::collections::BTreeSet;

use skiff_api::{Kind, ObjectKey, suggest};

use super::{Body, Replica, View};

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The object.
    pub view: &'a View,
    /// One container of it, where one was named.
    pub replica: Option<&'a Replica>,
}

/// Why a name means nothing, or too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is nothing of that name.
    #[error("there is no `{name}`{}", in_namespace(.namespace.as_deref()))]
    Nothing {
        /// The name.
        name: String,
        /// Where it was looked for.
        namespace: Option<String>,
        /// A name that is much like it.
        nearest: Option<String>,
    },
    /// There are several.
    #[error("`{name}` is not one thing: there are {}", .candidates.join(", "))]
    Several {
        /// The name.
        name: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
}

fn in_namespace(namespace: Option<&str>) -> String {
    namespace.map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default()
}

impl FindError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Nothing { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::Nothing { nearest: None, .. } => "`skiff get all -A` shows what there is".to_owned(),
            Self::Several { .. } => "write one of them, or name the namespace with -n".to_owned(),
        }
    }
}

/// Finds `api`, `deployment/api`, `deployment/shop/api`, or a container: `api-2`, `shop-api-2`, the beginning of an id.
///
/// # Errors
/// When nothing is meant, or several things could be.
pub fn find<'a>(views: &'a [View], name: &str, namespace: Option<&str>) -> Result<Found<'a>, FindError> {
    let visible: Vec<_> = views.iter().filter(|view| namespace.is_none_or(|it| it == view.object.namespace)).collect();
    let objects = visible.iter().filter(|view| names_object(&view.object, name));
    let mut found: Vec<_> = objects.map(|view| Found { view, replica: None }).collect();
    // A deployment may have a volume's name; whoever names no kind means what runs.
    if found.len() > 1 && found.iter().any(|found| found.view.object.kind.is_workload()) {
        found.retain(|found| found.view.object.kind.is_workload());
    }
    if found.is_empty() {
        found = visible.iter().flat_map(|view| containers(view, name)).collect();
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(FindError::Nothing {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            nearest: nearest(&visible, name),
        }),
        several => {
            let candidates: BTreeSet<_> = several.iter().map(Found::name).collect();
            Err(FindError::Several { name: name.to_owned(), candidates: candidates.into_iter().collect() })
        }
    }
}

fn names_object(key: &ObjectKey, name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let is_kind = |word: &str| word.parse::<Kind>().is_ok_and(|kind| kind == key.kind);
    match parts.as_slice() {
        [name] => key.name == *name,
        [kind, name] => key.name == *name && (is_kind(kind) || key.namespace == *kind),
        [kind, namespace, name] => key.name == *name && key.namespace == *namespace && is_kind(kind),
        _ => false,
    }
}

fn containers<'a>(view: &'a View, name: &str) -> Vec<Found<'a>> {
    let Body::Workload(workload) = &view.body else { return Vec::new() };
    let is_named = |replica: &&Replica| {
        replica.name == name
            || replica.short_name(&view.object) == name
            || (name.len() >= 6 && replica.id.starts_with(name))
    };
    let all = workload.replicas.iter().chain(&workload.others);
    all.filter(is_named).map(|replica| Found { view, replica: Some(replica) }).collect()
}

fn nearest(views: &[&View], name: &str) -> Option<String> {
    suggest::nearest(name, views.iter().map(|view| view.object.name.as_str())).map(str::to_owned)
}

impl<'a> Found<'a> {
    fn name(&self) -> String {
        self.replica.map_or_else(|| self.view.object.to_string(), |replica| replica.name.clone())
    }

    /// The containers that are meant: the one that was named, or all replicas.
    pub fn replicas(&self) -> Vec<&'a Replica> {
        match (&self.view.body, self.replica) {
            (_, Some(replica)) => vec![replica],
            (Body::Workload(workload), None) => workload.replicas.iter().collect(),
            (Body::Network(_) | Body::Volume(_) | Body::Declared, None) => Vec::new(),
        }
    }
}
