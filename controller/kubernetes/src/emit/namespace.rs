//! The namespaces that everything goes to.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Sink, meta};
use crate::Part;
use crate::stack::Stack;

/// What says which pods a namespace takes.
const LEVELS: [&str; 3] =
    ["pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn"];

/// Every namespace but the one that is always there.
pub(super) fn namespaces(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    let wanted: BTreeSet<String> = stack.input.objects.keys().map(|key| stack.namespace(&key.namespace)).collect();
    if stack.options.hardened && wanted.contains("default") {
        let levels = LEVELS.map(|label| format!("{label}=restricted")).join(" ");
        let why = format!(
            "it is there before this, and takes any pod: `kubectl label --overwrite namespace default {levels}`"
        );
        sink.ledger.requires("Namespace", "default", "", why);
    }
    for name in wanted.into_iter().filter(|name| name != "default") {
        let mut labels = meta::common(&name);
        if stack.options.hardened {
            labels.extend(LEVELS.map(|label| (label.to_owned(), "restricted".to_owned())));
        }
        let metadata = ObjectMeta { name: Some(name.clone()), labels: Some(labels), ..ObjectMeta::default() };
        let file = stack.file(&name, "namespace", false);
        sink.put(&file, Part::Base, &Namespace { metadata, ..Namespace::default() });
    }
}
