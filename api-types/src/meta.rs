//! What every object carries: its metadata, and the conditions of its status.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// Annotations that Skiff reads.
pub mod annotation {
    /// `"false"` protects an object from being pruned when it leaves its source.
    pub const PRUNE: &str = "skiff.dev/prune";
    /// What a workload becomes in Kubernetes, where it is not to be chosen: `Deployment`, `StatefulSet`, `DaemonSet` or `Job`.
    pub const EXPORT_AS: &str = "skiff.dev/export-as";
    /// By what a deployment is scaled in Kubernetes, `min=2 max=10 cpu=70%`; see [`crate::ExportAutoscale`].
    pub const EXPORT_AUTOSCALE: &str = "skiff.dev/export-autoscale";
    /// The folder from which relative paths of the host and build contexts start, as the way from the document's file: `../shop`. That file's
    /// folder where it is not said. What the paths say stays as it is written, and so does every container.
    pub const PATHS_RELATIVE_TO: &str = "skiff.dev/paths-relative-to";
    /// When `skiff restart` last asked for new containers, RFC 3339.
    pub const RESTARTED_AT: &str = "skiff.dev/restarted-at";
}

/// The metadata of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectMeta {
    /// The name, unique within kind and namespace. It becomes part of Docker names and is the DNS name on the object's networks.
    pub name: String,
    /// The project. It prefixes Docker names and owns a default network. `default` unless said otherwise (`-n`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespace: Option<String>,
    /// Words to select objects by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    /// Notes for people and tools. `skiff.dev/prune: "false"` protects the object from pruning; `skiff.dev/paths-relative-to: ../shop` has
    /// relative paths start in that folder, seen from the one of the document.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
}

impl ObjectMeta {
    /// The namespace, `default` where none was filled in.
    pub fn namespace_or_default(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be told.
    Unknown,
}

/// One aspect of an object's state, as in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// The aspect, `Available`, `Progressing`, `Degraded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One `PascalCase` word for programs.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// When the status last changed, RFC 3339.
    #[serde(default, skip_serializing_if = "is_default")]
    pub last_transition_time: Option<String>,
}
