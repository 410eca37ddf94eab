//! Variables: literal, from a key of a ConfigMap or Secret, or all keys of one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// One variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value. Empty unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: Option<String>,
    /// Where its value comes from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value_from: Option<EnvVarSource>,
    /// Whether a variable of the image is taken away.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unset: bool,
}

/// Where a variable's value comes from; exactly one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvVarSource {
    /// A key of a ConfigMap.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config_map_key_ref: Option<KeySelector>,
    /// A key of a Secret. The value is then visible in `docker inspect`; a file is safer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret_key_ref: Option<KeySelector>,
}

/// A key of a ConfigMap or Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeySelector {
    /// The object's name.
    pub name: String,
    /// The key.
    pub key: String,
    /// Whether it may be missing; the variable is then left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}

/// Variables from all keys of an object; exactly one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvFromSource {
    /// What is put before each name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub prefix: Option<String>,
    /// A ConfigMap.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config_map_ref: Option<SourceRef>,
    /// A Secret. The values are then visible in `docker inspect`; files are safer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret_ref: Option<SourceRef>,
}

/// A ConfigMap or Secret by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceRef {
    /// The object's name.
    pub name: String,
    /// Whether it may be missing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}
