//! `Deployment`: replicas of one long-running container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image_update::ImageUpdate;
use super::template::{Dependency, PodTemplate};
use crate::{Condition, IntOrPercent, ObjectMeta, is_default};

/// A replicated, long-running container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: DeploymentSpec,
    /// What was seen. Ignored in manifests.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: Option<DeploymentStatus>,
}

/// What is wanted of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentSpec {
    /// How many containers run. 1 unless said otherwise; 0 keeps the object and runs nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replicas: Option<u32>,
    /// What must be there before the first replica of a revision starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub depends_on: Vec<Dependency>,
    /// How long a new replica must stay Ready before the rollout goes on, in seconds. 10 where nothing can be probed, else 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_ready_seconds: Option<u32>,
    /// How long a rollout may make no progress before it has failed, in seconds. 600 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub progress_deadline_seconds: Option<u32>,
    /// How many old revisions are remembered. 10 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub revision_history_limit: Option<u32>,
    /// Whether a rollout is held where it stands.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paused: bool,
    /// How replicas are replaced.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strategy: Strategy,
    /// Whether the container's image follows its tag in the registry. It stays as it is unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub image_update: Option<ImageUpdate>,
    /// The container, its networks and its volumes. A change in here replaces the replicas, unless Docker can make it in place.
    pub template: PodTemplate,
}

impl DeploymentSpec {
    /// The number of replicas, with the default.
    pub fn replicas(&self) -> u32 {
        self.replicas.unwrap_or(1)
    }
}

/// How replicas are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Strategy {
    /// Replace replicas a few at a time, or all at once. `RollingUpdate` unless said otherwise.
    #[serde(rename = "type")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: StrategyType,
    /// How many at a time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rolling_update: Option<RollingUpdate>,
    /// How many at a time on the way back from a revision that failed. As `rollingUpdate` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rollback: Option<RollingUpdate>,
    /// What happens when the new revision fails. `Rollback` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_failure: OnFailure,
}

/// Whether replicas are replaced a few at a time or all at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StrategyType {
    /// A few at a time, so that the others keep serving.
    #[default]
    RollingUpdate,
    /// All old ones go before the first new one starts.
    Recreate,
}

/// How many replicas may be extra or missing during a rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollingUpdate {
    /// How many may be extra, a number or a percentage rounded up. 1 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_surge: Option<IntOrPercent>,
    /// How many may be missing, a number or a percentage rounded down. 0 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_unavailable: Option<IntOrPercent>,
}

/// What happens when a new revision fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnFailure {
    /// Back to the last revision that was stable.
    #[default]
    Rollback,
    /// The rollout stops where it is.
    Pause,
}

/// What was seen of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentStatus {
    /// The generation of the manifest that was last acted on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub observed_generation: Option<u64>,
    /// How many replicas there are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replicas: u32,
    /// How many of them are Ready.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ready_replicas: u32,
    /// How many of them are of the current revision.
    #[serde(default, skip_serializing_if = "is_default")]
    pub updated_replicas: u32,
    /// The state in several aspects.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditions: Vec<Condition>,
}
