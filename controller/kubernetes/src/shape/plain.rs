//! One file for each workload, and one for what several share, in a folder that holds nothing else: `kubectl apply -f` reads all of it,
//! in the order of the names, and goes into no folder below it.

use serde_json::Value;

use super::Files;
use crate::{Export, yaml};

pub(super) fn files(export: &Export) -> Files {
    let mut by_file: std::collections::BTreeMap<&str, Vec<&Value>> = std::collections::BTreeMap::new();
    for object in &export.objects {
        let file = if object.text("/kind") == "Namespace" { NAMESPACES } else { &object.file };
        by_file.entry(file).or_default().push(&object.value);
    }
    // No namespace has a dot in its name, so that no two files get one name.
    let path = |file: &str| format!("{FOLDER}/{}.yaml", file.replace('/', "."));
    by_file.into_iter().map(|(file, values)| (path(file), yaml::documents(values))).collect()
}

/// Where the objects are, beside the report.
const FOLDER: &str = "manifests";

/// What must be there before everything else.
const NAMESPACES: &str = "0-namespaces";
