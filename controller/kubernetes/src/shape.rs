//! Objects as files, in the shape that somebody wants them in.

mod commands;
mod helm;
mod kustomize;
mod plain;

use std::collections::BTreeMap;

use crate::Export;
pub use commands::quoted;

/// Texts by their paths below the folder of the export.
pub type Files = BTreeMap<String, String>;

/// What single environments export, by their names.
pub type Environments = BTreeMap<String, Export>;

/// How files are laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// One file for each workload, for `kubectl apply -f`.
    #[default]
    Plain,
    /// A base, components, and an overlay for each environment, for `kubectl apply -k`.
    Kustomize(Environments),
    /// A chart with values, for `helm install`.
    Helm,
}

/// The files of an export, its report among them.
pub fn files(export: &Export, shape: &Shape) -> Files {
    let mut files = match shape {
        Shape::Plain => plain::files(export),
        Shape::Helm => helm::files(export),
        Shape::Kustomize(environments) => kustomize::files(export, environments),
    };
    let mut report = export.report.clone();
    report.prerequisites.extend(shape.prerequisites(export));
    files.insert("REPORT.md".to_owned(), report.markdown(&shape.commands(export, ".")));
    let mut json = serde_json::to_string_pretty(&report).expect("a report is plain data");
    json.push('\n');
    files.insert("report.json".to_owned(), json);
    files
}
