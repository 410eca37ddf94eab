//! `ConfigMap`s and `Secret`s, under names of their content.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use skiff_api::ObjectKey;

use super::{Sink, meta};
use crate::report::Verdict;
use crate::stack::Stack;
use crate::{Emitted, Part};

/// Writes a `ConfigMap`.
pub(super) fn config(stack: &Stack<'_>, key: &ObjectKey, config: &skiff_api::ConfigMap, sink: &mut Sink<'_>) {
    let reference = stack.content(key.kind, &key.namespace, &key.name);
    let namespace = stack.namespace(&key.namespace);
    let skiff_api::ConfigMap { metadata, data, binary_data, immutable } = config;
    let mut scope = sink.ledger.scope(key, format!("ConfigMap/{}", reference.name));
    let (labels, notes) = meta::taken_over(metadata, stack, &mut scope);
    for (keys, field) in [(data, "data"), (binary_data, "binaryData")] {
        for key in keys.keys() {
            scope.exact(&true, &format!("{field}/{}", meta::pointer(key)), field);
        }
    }
    if *immutable && !reference.is_immutable {
        let why = "its files change under running containers, so that it can change";
        scope.near(immutable, "immutable", "immutable", why, "leave `updatePolicy: InPlace` out");
    } else {
        scope.exact(immutable, "immutable", "immutable");
    }
    let object = ConfigMap {
        immutable: reference.is_immutable.then_some(true),
        ..config_map(&reference.name, &namespace, meta::common(&key.namespace), &config.content())
    };
    let object = with_words(object, labels, notes);
    let file = stack.file(&namespace, "configmaps", false);
    sink.put(&file, Part::Base, &object);
}

fn with_words(mut object: ConfigMap, labels: meta::Words, notes: meta::Words) -> ConfigMap {
    object.metadata.labels.get_or_insert_default().extend(labels);
    object.metadata.annotations = meta::filled(notes);
    object
}

/// A `ConfigMap` of files: those that are texts of which every reader of YAML takes each character as texts.
fn config_map<T: AsRef<[u8]>>(
    name: &str,
    namespace: &str,
    labels: meta::Words,
    content: &BTreeMap<String, T>,
) -> ConfigMap {
    let (mut data, mut binary_data) = (BTreeMap::new(), BTreeMap::new());
    for (key, bytes) in content {
        match std::str::from_utf8(bytes.as_ref()) {
            Ok(text) if !text.contains(is_refused) => drop(data.insert(key.clone(), text.to_owned())),
            Ok(_) | Err(_) => drop(binary_data.insert(key.clone(), ByteString(bytes.as_ref().to_vec()))),
        }
    }
    ConfigMap {
        metadata: meta::named(name, namespace, labels),
        data: (!data.is_empty()).then_some(data),
        binary_data: (!binary_data.is_empty()).then_some(binary_data),
        immutable: None,
    }
}

/// What kustomize writes without an escape, even where it has read one, and then refuses to read: DEL, the controls behind it, and
/// what is no character.
fn is_refused(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// A `ConfigMap` that is made for a workload, named by what it holds.
pub(super) fn generated_config<T: AsRef<[u8]>>(
    file: &str,
    name: &str,
    namespace: &str,
    labels: meta::Words,
    content: &BTreeMap<String, T>,
) -> Emitted {
    let object = ConfigMap { immutable: Some(true), ..config_map(name, namespace, labels, content) };
    Emitted::new(file, Part::Base, &object)
}

/// A `Secret` that is made for a workload, named by what it holds.
pub(super) fn generated_secret<T: AsRef<[u8]>>(
    file: &str,
    name: &str,
    namespace: &str,
    labels: meta::Words,
    content: &BTreeMap<String, T>,
) -> Emitted {
    let data = content.iter().map(|(key, bytes)| (key.clone(), ByteString(bytes.as_ref().to_vec()))).collect();
    let object = Secret {
        metadata: meta::named(name, namespace, labels),
        data: Some(data),
        immutable: Some(true),
        type_: Some(OPAQUE.to_owned()),
        string_data: None,
    };
    Emitted::new(file, Part::Base, &object)
}

const OPAQUE: &str = "Opaque";

/// Writes a `Secret`.
pub(super) fn secret(stack: &Stack<'_>, key: &ObjectKey, secret: &skiff_api::Secret, sink: &mut Sink<'_>) {
    let reference = stack.content(key.kind, &key.namespace, &key.name);
    let namespace = stack.namespace(&key.namespace);
    let skiff_api::Secret { metadata, kind, data, string_data, immutable } = secret;
    let mut scope = sink.ledger.scope(key, format!("Secret/{}", reference.name));
    let (labels, notes) = meta::taken_over(metadata, stack, &mut scope);
    scope.exact(kind, "type", "type");
    for (keys, field) in [(data, "data"), (string_data, "stringData")] {
        for key in keys.keys() {
            scope.exact(&true, &format!("{field}/{}", meta::pointer(key)), "data");
        }
    }
    if *immutable && !reference.is_immutable {
        let why = "its files change under running containers, so that it can change";
        scope.near(immutable, "immutable", "immutable", why, "leave `updatePolicy: InPlace` out");
    } else {
        scope.exact(immutable, "immutable", "immutable");
    }
    let why = "the values stand in the export in base64, which hides nothing";
    scope.says(Verdict::Approximated, "", "data", why, "keep the export out of git, or seal its Secrets first");
    let type_ = Some(kind.clone().unwrap_or_else(|| OPAQUE.to_owned()));
    let data = secret.content().into_iter().map(|(key, bytes)| (key, ByteString(bytes))).collect();
    let mut metadata = meta::named(&reference.name, &namespace, meta::common(&key.namespace));
    metadata.labels.get_or_insert_default().extend(labels);
    metadata.annotations = meta::filled(notes);
    let immutable = reference.is_immutable.then_some(true);
    let object = Secret { metadata, data: Some(data), immutable, type_, string_data: None };
    let file = stack.file(&namespace, "secrets", false);
    sink.put(&file, Part::Base, &object);
}
