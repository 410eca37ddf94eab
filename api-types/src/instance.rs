//! An instance scopes everything that one controller makes, so that several share an engine without seeing each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a controller's scope on an engine, `default` unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instance(String);

impl Instance {
    /// The name as it stands in labels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the instance that needs no prefix on Docker's names.
    pub fn is_default(&self) -> bool {
        self.0 == "default"
    }

    /// A Docker name in this instance: other instances than the default put their name in front.
    pub fn docker_name(&self, name: &str) -> String {
        let (scope, hyphen) = self.scope();
        [scope, hyphen, name].concat()
    }

    /// What stands before a Docker name in this instance, and what parts it from the name.
    pub(crate) fn scope(&self) -> (&str, &str) {
        if self.is_default() { ("", "") } else { (&self.0, "-") }
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An instance name that could not stand in a Docker name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an instance name: use lower-case letters, digits and inner hyphens, at most 40 of them")]
pub struct InstanceError(String);

impl FromStr for Instance {
    type Err = InstanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = !text.is_empty()
            && text.len() <= 40
            && text.chars().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if fits { Ok(Self(text.to_owned())) } else { Err(InstanceError(text.to_owned())) }
    }
}

impl TryFrom<String> for Instance {
    type Error = InstanceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Instance> for String {
    fn from(instance: Instance) -> Self {
        instance.0
    }
}
