//! How what was written is applied: the commands, in their order.

use super::{Shape, kustomize};
use crate::names::label;
use crate::{Emitted, Export, Prerequisite};

/// How the labels begin that say what pods a namespace takes.
const LEVELS: &str = "pod-security.kubernetes.io/";

/// The most characters of a release's name.
const LONGEST_RELEASE: usize = 53;

/// What a chart is called where its objects are in several namespaces.
pub(super) const STACK: &str = "stack";

impl Shape {
    /// The commands that apply what was written into a folder.
    pub fn commands(&self, export: &Export, folder: &str) -> Vec<String> {
        match self {
            Self::Plain => vec![format!("kubectl apply -f {}", quoted(&format!("{folder}/manifests")))],
            Self::Kustomize(_) => vec![kustomize(folder, kustomize::DEFAULT)],
            Self::Helm => helm(export, folder),
        }
    }

    /// What must be there before for the shape's sake: the namespace that a chart goes to is none of its objects.
    pub(super) fn prerequisites(&self, export: &Export) -> Option<Prerequisite> {
        let namespace = export.namespace().filter(|_| *self == Self::Helm)?;
        let why = format!("what pods it takes is said by no chart: `{}`", labelled(export, namespace)?);
        let (kind, name) = ("Namespace".to_owned(), namespace.to_owned());
        Some(Prerequisite { kind, name, namespace: String::new(), why })
    }
}

/// The command that applies an overlay.
pub(super) fn kustomize(folder: &str, overlay: &str) -> String {
    format!("kubectl apply -k {}", quoted(&format!("{folder}/overlays/{overlay}")))
}

fn helm(export: &Export, folder: &str) -> Vec<String> {
    let chart = quoted(folder);
    let Some(namespace) = export.namespace() else { return vec![format!("helm install {STACK} {chart}")] };
    // Before the pods: those that are there already are not asked.
    let labelled = labelled(export, namespace).map(|label| [format!("kubectl create namespace {namespace}"), label]);
    let release = label(namespace, LONGEST_RELEASE);
    let install = format!("helm install {release} {chart} -n {namespace} --create-namespace");
    labelled.into_iter().flatten().chain([install]).collect()
}

/// The command that gives a namespace the labels that a plain export gives it.
fn labelled(export: &Export, namespace: &str) -> Option<String> {
    let is_it = |it: &&Emitted| it.text("/kind") == "Namespace" && it.text("/metadata/name") == namespace;
    let labels = export.objects.iter().find(is_it)?.value.pointer("/metadata/labels")?.as_object()?;
    let levels = labels.iter().filter(|(key, _)| key.starts_with(LEVELS));
    let levels: Vec<String> =
        levels.map(|(key, level)| format!("{key}={}", level.as_str().unwrap_or_default())).collect();
    (!levels.is_empty()).then(|| format!("kubectl label --overwrite namespace {namespace} {}", levels.join(" ")))
}

/// A path as a shell reads it.
pub fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || "-_./+:@%,".contains(c));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted("./k8s"), "./k8s");
        assert_eq!(quoted("my k8s"), "'my k8s'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
