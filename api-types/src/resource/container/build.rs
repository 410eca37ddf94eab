//! An image that is built on the host.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// An image that the engine builds, by what it is built from: a changed file of the context is another image, and rolls out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Build {
    /// The folder that the Dockerfile sees, relative to the manifest's file. What its .dockerignore names is not sent.
    pub context: String,
    /// The Dockerfile, relative to the context. `Dockerfile` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dockerfile: Option<String>,
    /// Values for the `ARG`s of the Dockerfile. They can be read in the image's history: no place for secrets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub args: BTreeMap<String, String>,
    /// The stage of the Dockerfile that is built, the last one unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target: Option<String>,
}

impl Build {
    /// The Dockerfile's path in the context.
    pub fn dockerfile(&self) -> &str {
        self.dockerfile.as_deref().unwrap_or("Dockerfile")
    }
}
