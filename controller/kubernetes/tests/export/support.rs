//! What the tests share: manifests as input, and what is looked for in what comes out.

pub(crate) mod decode;
pub(crate) mod folder;
pub(crate) mod references;
mod route;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use skiff_api::{Object, ObjectKey, parse_object};
use skiff_kubernetes::{Export, HostContent, Input, Options, Place, Places, Remark, Usage, export};
use skiff_yaml::{FileId, Limits, Positions, Profile, parse};

/// Where fields stand, from the positions of documents.
#[derive(Default)]
struct Lines(BTreeMap<ObjectKey, Positions>);

impl Places for Lines {
    fn place(&self, object: &ObjectKey, pointer: &str) -> Place {
        let line = self.0.get(object).map_or(0, |positions| {
            let place = positions.nearest(pointer);
            place.key.unwrap_or(place.value).start.line
        });
        Place { file: "stack.yaml".to_owned(), line }
    }
}

/// A stack of manifests.
#[derive(Default)]
pub(crate) struct Stack {
    objects: BTreeMap<ObjectKey, Object>,
    bases: BTreeMap<ObjectKey, String>,
    lines: Lines,
    pub(crate) host: BTreeMap<(String, String), HostContent>,
    pub(crate) usage: Option<BTreeMap<ObjectKey, Usage>>,
    pub(crate) remarks: Vec<Remark>,
}

impl Stack {
    /// The objects of a text; the folder of its file is `/project`.
    pub(crate) fn of(text: &str) -> Self {
        let mut stack = Self::default();
        let parsed = parse(text, FileId(0), Profile::Kubernetes, &Limits::default());
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        for document in parsed.documents {
            let object = parse_object(&document.root.to_json()).unwrap_or_else(|wrong| panic!("{wrong:?}"));
            let key = stack.add(object);
            stack.lines.0.insert(key, document.root.positions());
        }
        stack
    }

    /// Objects that are there already.
    pub(crate) fn of_objects(objects: impl IntoIterator<Item = Object>) -> Self {
        let mut stack = Self::default();
        objects.into_iter().for_each(|object| drop(stack.add(object)));
        stack
    }

    /// Its objects, where nothing of the host belongs to them.
    pub(crate) fn into_objects(self) -> impl Iterator<Item = Object> {
        assert!(self.host.is_empty(), "paths of the host are those of one folder");
        self.objects.into_values()
    }

    fn add(&mut self, mut object: Object) -> ObjectKey {
        let namespace = object.key().namespace;
        object.metadata_mut().namespace = Some(namespace);
        let key = object.key();
        self.bases.insert(key.clone(), "/project".to_owned());
        self.objects.insert(key.clone(), object);
        key
    }

    /// The same stack from another folder.
    pub(crate) fn moved_to(mut self, folder: &str) -> Self {
        self.bases.values_mut().for_each(|base| folder.clone_into(base));
        self
    }

    /// A path of the host with what it holds.
    pub(crate) fn with_host(mut self, path: &str, content: HostContent) -> Self {
        self.host.insert(("/project".to_owned(), path.to_owned()), content);
        self
    }

    /// A file of the host with its bytes.
    pub(crate) fn with_file(self, path: &str, bytes: &[u8]) -> Self {
        self.with_host(path, HostContent::File(Arc::from(bytes)))
    }

    /// What it becomes by default.
    pub(crate) fn export(&self) -> Export {
        self.export_with(&Options::default())
    }

    /// What it becomes.
    pub(crate) fn export_with(&self, options: &Options) -> Export {
        let input = Input {
            objects: &self.objects,
            bases: &self.bases,
            places: &self.lines,
            host: &self.host,
            usage: self.usage.as_ref(),
            remarks: &self.remarks,
        };
        export(&input, options)
    }
}

/// The object of a kind and a name.
pub(crate) fn object<'e>(export: &'e Export, name: &str) -> &'e Value {
    let found = export.objects.iter().find(|object| object.name() == name);
    let names: Vec<String> = export.objects.iter().map(skiff_kubernetes::Emitted::name).collect();
    &found.unwrap_or_else(|| panic!("there is no {name} among {names:?}")).value
}

/// A part of the object of a kind and a name, by its JSON pointer; null where there is none.
pub(crate) fn at(export: &Export, name: &str, pointer: &str) -> Value {
    object(export, name).pointer(pointer).cloned().unwrap_or_default()
}

/// The names of all objects, `Kind/name`.
pub(crate) fn names(export: &Export) -> Vec<String> {
    export.objects.iter().map(skiff_kubernetes::Emitted::name).collect()
}
