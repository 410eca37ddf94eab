//! What an object is called: its kind, its namespace and its name.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of objects that a manifest can declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// A bridge network, or one that exists already.
    Network,
    /// A named volume, or one that exists already.
    Volume,
    /// Files and environment that may be read by anybody.
    ConfigMap,
    /// Files and environment that may not.
    Secret,
    /// A replicated, long-running container.
    Deployment,
    /// A container that runs to completion.
    Job,
    /// A job on a schedule.
    CronJob,
}

impl Kind {
    /// Every kind, in the order in which they are created.
    pub const ALL: [Self; 7] =
        [Self::Network, Self::Volume, Self::ConfigMap, Self::Secret, Self::Deployment, Self::Job, Self::CronJob];

    /// The name as manifests write it, `CronJob`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Volume => "Volume",
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::Deployment => "Deployment",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }

    /// The name as commands and labels write it, `cronjob`.
    pub const fn lower(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Volume => "volume",
            Self::ConfigMap => "configmap",
            Self::Secret => "secret",
            Self::Deployment => "deployment",
            Self::Job => "job",
            Self::CronJob => "cronjob",
        }
    }

    /// The kind's plural, as in the name of its custom resource definition.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Network => "networks",
            Self::Volume => "volumes",
            Self::ConfigMap => "configmaps",
            Self::Secret => "secrets",
            Self::Deployment => "deployments",
            Self::Job => "jobs",
            Self::CronJob => "cronjobs",
        }
    }

    /// The short names that a person types, as in kubectl.
    pub const fn short_names(self) -> &'static [&'static str] {
        match self {
            Self::Network => &["net"],
            Self::Volume => &["vol"],
            Self::ConfigMap => &["cm"],
            Self::Secret => &["sec"],
            Self::Deployment => &["deploy"],
            Self::Job => &[],
            Self::CronJob => &["cj"],
        }
    }

    /// Whether Kubernetes has the kind in its core group, so that `apiVersion: v1` is accepted too.
    pub const fn has_core_twin(self) -> bool {
        matches!(self, Self::ConfigMap | Self::Secret)
    }

    /// Whether objects of this kind run containers.
    pub const fn is_workload(self) -> bool {
        matches!(self, Self::Deployment | Self::Job | Self::CronJob)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind, or a key that is not `kind/namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ObjectKeyError {
    /// What was read.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}

const KINDS: &str = "a kind: they are network, volume, configmap, secret, deployment, job and cronjob";

impl FromStr for Kind {
    type Err = ObjectKeyError;

    /// Reads a kind as people write it: any case, singular, plural or short.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|kind| kind.lower() == word || kind.plural() == word || kind.short_names().contains(&word.as_str()))
            .ok_or_else(|| ObjectKeyError { text: text.to_owned(), expected: KINDS })
    }
}

/// The identity of an object within an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// What it is.
    pub kind: Kind,
    /// The project that it belongs to.
    pub namespace: String,
    /// Its name within the namespace and kind.
    pub name: String,
}

impl ObjectKey {
    /// The key of an object.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

/// `deployment/shop/api`: how keys stand in plans, logs and JSON.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.lower(), self.namespace, self.name)
    }
}

impl FromStr for ObjectKey {
    type Err = ObjectKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ObjectKeyError { text: text.to_owned(), expected: "an object's key (kind/namespace/name)" };
        let mut parts = text.splitn(3, '/');
        let (Some(kind), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(error());
        };
        if namespace.is_empty() || name.is_empty() {
            return Err(error());
        }
        Ok(Self::new(kind.parse().map_err(|_| error())?, namespace, name))
    }
}

impl Serialize for ObjectKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_kind_is_told_all_that_are() {
        let error = "deploiment".parse::<Kind>().expect_err("no kind").to_string();
        let named = Kind::ALL.map(|kind| error.contains(kind.lower()));
        assert_eq!(named, [true; Kind::ALL.len()], "{error}");
    }
}
