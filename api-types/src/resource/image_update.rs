//! Whether an image follows its tag in the registry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Duration, is_default};

/// How often a registry is asked unless said otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(300);

/// How the image of a container follows what its registry has under its tag. A moved image is a new revision, and rolls out like one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageUpdate {
    /// What is followed.
    pub policy: ImageUpdatePolicy,
    /// How often the registry is asked. 5m unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub interval: Option<Duration>,
}

/// What of an image is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ImageUpdatePolicy {
    /// Whatever the tag means in the registry.
    Digest,
    /// The newest tag of the same form and the same major version (below 1.0 the same minor version): from `1.2.3` to `1.4.0`, from
    /// `v1.2-alpine` to `v1.9-alpine`.
    Semver,
}

impl ImageUpdate {
    /// How often the registry is asked, with the default.
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(DEFAULT_INTERVAL)
    }
}
