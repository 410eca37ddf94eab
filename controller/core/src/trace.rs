//! What containers tell of the templates that they were made from, for when nobody remembers these: there is a revision to go back to
//! although the history is lost.

use std::collections::BTreeMap;

use skiff_api::{Component, ObjectKey};

use crate::history::History;
use crate::observed::Observed;

/// What a container tells of the template that it was made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// The number of the revision.
    pub revision: u64,
    /// The hash of the template.
    pub template_hash: String,
    /// Its canonical form.
    pub template: String,
    /// Digests of the content that it used, by object.
    pub content: BTreeMap<String, String>,
}

/// What the containers of each object tell, every template once.
pub type Traces = BTreeMap<ObjectKey, Vec<Trace>>;

/// What containers tell; nothing where anything is remembered, as that says more.
pub fn traces(history: &History, observed: &Observed) -> Traces {
    let mut found = Traces::new();
    if !history.objects.is_empty() {
        return found;
    }
    let labels = observed.containers.iter().filter_map(|container| container.owner.labels());
    for labels in labels.filter(|labels| labels.component == Component::Main && labels.revision > 0) {
        // A large template is in no label.
        let Some(template) = labels.template.clone() else { continue };
        // What is no map of texts was not written by this.
        let content = labels.content.as_deref().map_or(Ok(BTreeMap::new()), serde_json::from_str);
        let Ok(content) = content else { continue };
        let trace = Trace { revision: labels.revision, template_hash: labels.template_hash.clone(), template, content };
        found.entry(labels.object.clone()).or_default().push(trace);
    }
    for traces in found.values_mut() {
        traces.sort();
        traces.dedup();
    }
    found
}
