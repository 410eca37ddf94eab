//! `ConfigMap` and `Secret`: files and environment, for anybody's eyes and for nobody's.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ObjectMeta, is_default};

/// Files and environment that may be read by anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMap {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// Texts by key; a key is a file's name or a variable's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub data: BTreeMap<String, String>,
    /// Bytes by key, in base64.
    #[serde(default, skip_serializing_if = "is_default")]
    pub binary_data: BTreeMap<String, String>,
    /// Whether a change of the data is refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub immutable: bool,
}

/// Files and environment that may not be read by anybody: never in a label, a plan or a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What the secret is for, `Opaque` or one of Kubernetes' types. Not interpreted.
    #[serde(rename = "type")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: Option<String>,
    /// Bytes by key, in base64.
    #[serde(default, skip_serializing_if = "is_default")]
    pub data: BTreeMap<String, String>,
    /// Texts by key. They win over `data`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub string_data: BTreeMap<String, String>,
    /// Whether a change of the data is refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub immutable: bool,
}

impl ConfigMap {
    /// The content by key, decoded. What is not base64 is left out; validation has refused it.
    pub fn content(&self) -> BTreeMap<String, Vec<u8>> {
        content(&self.binary_data, &self.data)
    }
}

impl Secret {
    /// The content by key, decoded. What is not base64 is left out; validation has refused it.
    pub fn content(&self) -> BTreeMap<String, Vec<u8>> {
        content(&self.data, &self.string_data)
    }
}

fn content(bytes: &BTreeMap<String, String>, texts: &BTreeMap<String, String>) -> BTreeMap<String, Vec<u8>> {
    let decoded = bytes.iter().filter_map(|(key, value)| Some((key.clone(), decode_base64(value)?)));
    let texts = texts.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes()));
    decoded.chain(texts).collect()
}

/// Reads base64, broken into lines or not.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let joined: String = text.split_ascii_whitespace().collect();
        return STANDARD.decode(joined).ok();
    }
    STANDARD.decode(text).ok()
}

/// Shows the keys and never the values.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&String> = self.data.keys().chain(self.string_data.keys()).collect();
        f.debug_struct("Secret").field("metadata", &self.metadata).field("keys", &keys).finish_non_exhaustive()
    }
}
