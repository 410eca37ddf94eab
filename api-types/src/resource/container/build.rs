//! An image that is built on the host.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resources::Ulimit;
use super::settings::HostEntry;
use crate::{Bytes, is_default};

/// An image that the engine builds, by what it is built from: a changed file of the context is another image, and rolls out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Build {
    /// The folder that the Dockerfile sees, relative to the manifest's file. What its .dockerignore names is not sent.
    pub context: String,
    /// The Dockerfile, relative to the context. `Dockerfile` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dockerfile: Option<String>,
    /// The text of the Dockerfile, in the place of a file. It may copy from the context as any other.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dockerfile_inline: Option<String>,
    /// Values for the `ARG`s of the Dockerfile. They can be read in the image's history: no place for secrets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub args: BTreeMap<String, String>,
    /// The stage of the Dockerfile that is built, the last one unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target: Option<String>,
    /// The network of its `RUN` steps: `default`, `none`, `host`, or one that the engine has. `none` builds from the context alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network: Option<String>,
    /// Lines of /etc/hosts for its `RUN` steps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extra_hosts: Vec<HostEntry>,
    /// The size of /dev/shm for its `RUN` steps. 64Mi unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shm_size: Option<Bytes>,
    /// Limits of the processes of its `RUN` steps by name, `nofile`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Labels of the image, beside those of its Dockerfile.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    /// Images of the engine whose layers alone may be used again, in the place of all that it has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cache_from: Vec<String>,
    /// Makes every layer anew whenever the image is built. What is built already is not built again for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_cache: bool,
    /// Asks the registry for the base whenever the image is built. What is built already is not built again for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pull: bool,
    /// Further names that the image gets when it is built, with tag.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tags: Vec<String>,
}

impl Build {
    /// The Dockerfile's path in the context.
    pub fn dockerfile(&self) -> &str {
        self.dockerfile.as_deref().unwrap_or("Dockerfile")
    }
}
