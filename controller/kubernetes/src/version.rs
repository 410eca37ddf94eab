//! Versions of Kubernetes, and what a cluster of one can do.

use std::fmt;
use std::str::FromStr;

/// A minor version of Kubernetes 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion(u8);

impl KubernetesVersion {
    /// The first version that is exported to.
    pub const OLDEST: Self = Self(30);
    /// The last version that is exported to.
    pub const NEWEST: Self = Self(35);

    /// The first version whose kubectl waits for what is not there yet.
    pub(crate) const WAITS_FOR_CREATION: Self = Self(31);

    /// Every version that is exported to.
    pub fn all() -> impl Iterator<Item = Self> {
        (Self::OLDEST.0..=Self::NEWEST.0).map(Self)
    }

    /// Whether a cluster of this version has a field.
    pub(crate) fn has(self, feature: Feature) -> bool {
        self >= feature.since()
    }
}

impl Default for KubernetesVersion {
    /// A version that managed clusters have had for a while.
    fn default() -> Self {
        Self(33)
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for KubernetesVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("write a version from {} to {}", Self::OLDEST, Self::NEWEST);
        let minor = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.").ok_or_else(error)?;
        let version = Self(minor.parse().map_err(|_| error())?);
        (Self::OLDEST..=Self::NEWEST).contains(&version).then_some(version).ok_or_else(error)
    }
}

/// What not every version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// Volumes with the files of an image.
    ImageVolume,
    /// A folder of an image volume.
    ImageVolumeSubPath,
    /// `lifecycle.stopSignal`.
    StopSignal,
    /// `sleep.seconds: 0`.
    SleepOfNoTime,
}

impl Feature {
    /// The first version whose schema has it; a feature gate may still keep it off.
    pub(crate) const fn since(self) -> KubernetesVersion {
        KubernetesVersion(match self {
            Self::ImageVolume => 31,
            Self::ImageVolumeSubPath | Self::StopSignal | Self::SleepOfNoTime => 33,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_people_write_it_and_others_are_refused() {
        let read = ["1.30", "v1.35", "1.29", "1.36", "33", "1.x"].map(|text| text.parse::<KubernetesVersion>().ok());
        let expected = [Some(KubernetesVersion(30)), Some(KubernetesVersion(35)), None, None, None, None];
        assert_eq!(read, expected);
    }
}
