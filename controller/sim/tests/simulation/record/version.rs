//! One version of a deployment: what it was declared as, and what is known of how it ran.

use skiff_api::{Deployment, ObjectKey, label};
use skiff_sim::{SimContainer, SimEngine};

use crate::manifests::Manifests;
use crate::oracle::{Look, wanted_look};

/// Whether a version is good to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    /// It never ran.
    Missing,
    /// It may have run whole for a while without having been met at it.
    Possible,
    /// It ran whole at a quiet point.
    Seen,
}

/// What befell a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Befell {
    Nothing,
    /// It may have failed through no fault of its own.
    Something,
    /// Its image became another one, while some of it may have been made: either may be what counts.
    Turn,
}

/// One version of a deployment: what it was declared as, with the content that it used.
#[derive(Clone)]
pub(crate) struct Version {
    /// Its number, in the order in which versions were first declared.
    pub(super) number: usize,
    pub(crate) manifests: Manifests,
    pub(crate) deployment: Deployment,
    pub(super) look: Look,
    pub(super) proof: Proof,
    /// It ran whole since it was last declared: it does not fail any more.
    pub(crate) is_settled: bool,
    /// What befell it while it was new.
    pub(crate) befell: Befell,
    /// Its replicas were seen to go back to another.
    pub(super) was_left: bool,
    /// It is known by its containers alone, as the history was lost.
    pub(super) is_traced: bool,
}

impl Version {
    pub(super) fn new(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment) -> Self {
        Self {
            number: 0,
            manifests: manifests.clone(),
            deployment: deployment.clone(),
            look: wanted_look(manifests, key, deployment, ""),
            proof: Proof::Missing,
            is_settled: false,
            befell: Befell::Nothing,
            was_left: false,
            is_traced: false,
        }
    }

    /// It runs whole, and nothing happens.
    pub(crate) const fn proved(&mut self) {
        (self.proof, self.is_settled, self.befell) = (Proof::Seen, true, Befell::Nothing);
    }

    /// Whether a container was made from it.
    pub(crate) fn is_of(&self, key: &ObjectKey, engine: &SimEngine, container: &SimContainer) -> bool {
        let ordinal = container.labels.get(label::REPLICA).map_or("", String::as_str);
        wanted_look(&self.manifests, key, &self.deployment, ordinal).is_seen_on(engine, container)
    }
}
