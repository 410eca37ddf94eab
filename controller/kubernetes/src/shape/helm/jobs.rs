//! What jobs are called in a chart: as in a plain export while their values are those that came with it, and with a digest of them
//! behind that otherwise.
//!
//! Kubernetes changes the pods of no job. A `helm upgrade` with another image must make another job, or it fails; whoever waits for a
//! job names it in its own pod, so that its name changes along.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::at;
use super::values::Values;
use crate::names::hex;
use crate::{Emitted, Export};

/// How a command names a job.
const PREFIX: &str = "job/";
/// Digits of a digest; `emit/jobs.rs` leaves room for them.
const DIGITS: usize = 8;

/// What stands for the name of each job, by its namespace and that name.
#[derive(Default)]
pub(super) struct Jobs {
    names: BTreeMap<(String, String), String>,
}

impl Jobs {
    /// The expressions of all jobs, whose values are set on the way.
    pub(super) fn of(export: &Export, values: &mut Values) -> Self {
        let jobs: BTreeMap<(&str, &str), &Emitted> = export
            .objects
            .iter()
            .filter(|object| object.text("/kind") == "Job")
            .map(|object| ((object.text("/metadata/namespace"), object.text("/metadata/name")), object))
            .collect();
        let keys: BTreeMap<_, _> =
            jobs.iter().map(|(identity, job)| (*identity, values.workload(job, &mut job.value.clone()))).collect();
        let mut names = BTreeMap::new();
        for (identity, job) in &jobs {
            let mut whose = BTreeSet::new();
            collect(&jobs, job, &mut whose);
            let keys: BTreeSet<&str> = whose.iter().filter_map(|it| keys.get(it)).map(String::as_str).collect();
            let (namespace, name) = *identity;
            names.insert((namespace.to_owned(), name.to_owned()), expression(name, &keys, values));
        }
        Self { names }
    }

    /// Puts words for the names of jobs wherever an object has them.
    pub(super) fn rename(&self, object: &Emitted, value: &mut Value, values: &mut Values) {
        let namespace = object.text("/metadata/namespace");
        let mut replace = |text: &mut Value| {
            let Some(said) = text.as_str() else { return };
            let (prefix, name) = said.strip_prefix(PREFIX).map_or(("", said), |name| (PREFIX, name));
            if let Some(expression) = self.names.get(&(namespace.to_owned(), name.to_owned())) {
                *text = values.word(format!("{prefix}{expression}"));
            }
        };
        match object.text("/kind") {
            "Role" => at(value, "/rules/0/resourceNames")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .for_each(replace),
            "Job" => {
                at(value, "/metadata/name").into_iter().for_each(&mut replace);
                waits(value, "").for_each(replace);
            }
            "CronJob" => waits(value, "/spec/jobTemplate").for_each(replace),
            _ => waits(value, "").for_each(replace),
        }
    }
}

/// A job and those that it waits for.
fn collect<'e>(
    jobs: &BTreeMap<(&'e str, &'e str), &'e Emitted>,
    job: &'e Emitted,
    whose: &mut BTreeSet<(&'e str, &'e str)>,
) {
    let namespace = job.text("/metadata/namespace");
    if !whose.insert((namespace, job.text("/metadata/name"))) {
        return;
    }
    let inits = job.value.pointer("/spec/template/spec/initContainers").and_then(Value::as_array);
    let words =
        inits.into_iter().flatten().filter_map(|init| init.get("command")).filter_map(Value::as_array).flatten();
    for name in words.filter_map(Value::as_str).filter_map(|word| word.strip_prefix(PREFIX)) {
        if let Some(awaited) = jobs.get(&(namespace, name)) {
            collect(jobs, awaited, whose);
        }
    }
}

/// The words of the commands of its init containers.
fn waits<'v>(value: &'v mut Value, above: &str) -> impl Iterator<Item = &'v mut Value> {
    let inits = at(value, &format!("{above}/spec/template/spec/initContainers")).and_then(Value::as_array_mut);
    let commands = inits.into_iter().flatten().filter_map(|init| at(init, "/command"));
    commands.filter_map(Value::as_array_mut).flatten().filter(|word| {
        let text = word.as_str().unwrap_or_default();
        text.starts_with(PREFIX)
    })
}

fn expression(name: &str, keys: &BTreeSet<&str>, values: &Values) -> String {
    let texts: String = keys.iter().map(|key| go_json(values.of_workload(key))).collect();
    let digest = hex(&Sha256::digest(texts));
    let digest = digest.get(..DIGITS).unwrap_or_default();
    let all: Vec<String> = keys.iter().map(|key| format!("(toJson .Values.workloads.{key})")).collect();
    let format = "%s".repeat(keys.len());
    let now = format!("printf \"{format}\" {} | sha256sum | trunc {DIGITS}", all.join(" "));
    format!("{name}{{{{ with {now} }}}}{{{{ if ne . \"{digest}\" }}}}-{{{{ . }}}}{{{{ end }}}}{{{{ end }}}}")
}

/// A value as Go's `json.Marshal` writes it, which Helm's `toJson` is: keys in order, and some characters as web pages want them.
fn go_json(value: &Value) -> String {
    let escapes =
        [("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")];
    escapes.into_iter().fold(in_order(value).to_string(), |text, (plain, escaped)| text.replace(plain, escaped))
}

fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let ordered: BTreeMap<&String, Value> = fields.iter().map(|(key, value)| (key, in_order(value))).collect();
            Value::Object(ordered.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(in_order).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
