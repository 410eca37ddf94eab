//! `Volume`: data that outlives containers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ObjectMeta, is_default};

/// A named volume, or one that exists already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What is wanted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: VolumeSpec,
}

/// What is wanted of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeSpec {
    /// Docker's name of the volume, where it must not be `<namespace>-<name>`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volume_name: Option<String>,
    /// Whether the volume exists already and is neither made nor removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external: bool,
    /// The driver. `local` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Options of the driver: for `local`, those of mount(8): `type`, `o`, `device`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver_opts: BTreeMap<String, String>,
    /// What becomes of the data when the volume leaves its source. `Retain` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reclaim_policy: ReclaimPolicy,
}

/// What becomes of a volume's data when the volume leaves its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReclaimPolicy {
    /// It stays.
    #[default]
    Retain,
    /// It is removed with the object.
    Delete,
}
