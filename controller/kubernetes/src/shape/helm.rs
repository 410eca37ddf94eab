//! A chart: the objects with what people change taken out into values, and a schema of these.
//!
//! Templates hold no more than `.Values`, `.Release`, `if`, `with` and `toJson`, and a digest where a job has its name, so that anybody
//! can read them. With the values that come with it a chart gives exactly what a plain export does.

mod jobs;
mod keys;
mod schema;
mod values;
mod words;

use serde_json::{Value, json};

use super::Files;
use crate::{Export, Part, yaml};

use jobs::Jobs;
use values::Values;

pub(super) fn files(export: &Export) -> Files {
    let mut values = Values::new(export);
    let jobs = Jobs::of(export, &mut values);
    let mut texts: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for object in &export.objects {
        // Helm makes the namespace itself where it is asked to.
        if values.namespace.is_some() && object.text("/kind") == "Namespace" {
            continue;
        }
        let text = values.template(object, &jobs);
        texts.entry(&object.file).or_default().push(within(object.part, &text));
    }
    let name = values.name.clone();
    let mut files: Files =
        texts.into_iter().map(|(file, texts)| (format!("templates/{file}.yaml"), texts.join("---\n"))).collect();
    let chart = json!({
        "apiVersion": "v2", "name": name, "description": format!("{name}, exported by skiff"), "type": "application",
        "version": "0.1.0",
    });
    let values = values.finish();
    let mut schema = serde_json::to_string_pretty(&schema::of(&values)).expect("a schema is plain data");
    schema.push('\n');
    files.insert("Chart.yaml".to_owned(), yaml::document(&chart));
    files.insert("values.yaml".to_owned(), yaml::document(&values));
    files.insert("values.schema.json".to_owned(), schema);
    files
}

/// What not every cluster has can be switched off.
fn within(part: Part, text: &str) -> String {
    let switch = match part {
        Part::Base => return text.to_owned(),
        Part::Ingress => "ingress",
        Part::Gateway => "gateway",
        Part::NetworkPolicy => "networkPolicy",
    };
    format!("{{{{- if .Values.{switch}.enabled }}}}\n{text}{{{{- end }}}}\n")
}

/// A part of a value that is to be changed, where it is there.
fn at<'v>(value: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    value.pointer_mut(pointer)
}
