//! The namespaces that everything goes to.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Sink, meta};
use crate::Part;
use crate::stack::Stack;

/// Every namespace but the one that is always there.
pub(super) fn namespaces(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    let wanted: BTreeSet<String> = stack.input.objects.keys().map(|key| stack.namespace(&key.namespace)).collect();
    for name in wanted.into_iter().filter(|name| name != "default") {
        let mut labels = meta::common(&name);
        if stack.options.hardened {
            for mode in ["audit", "enforce", "warn"] {
                labels.insert(format!("pod-security.kubernetes.io/{mode}"), "restricted".to_owned());
            }
        }
        let metadata = ObjectMeta { name: Some(name.clone()), labels: Some(labels), ..ObjectMeta::default() };
        let file = stack.file(&name, "namespace", false);
        sink.put(&file, Part::Base, &Namespace { metadata, ..Namespace::default() });
    }
}
