//! The versions of each deployment as they were declared, by the oracle's own bookkeeping: which ran well, which may have failed for a
//! reason that the world gave, which was gone back from. Nothing of the controller's history is asked.

mod version;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use skiff_api::{Deployment, IntOrPercent, ObjectKey, PodTemplate, RestartPolicy};
use skiff_core::{Action, Plan, Step, Timestamp};
use skiff_sim::{DockerRestart, SimContainer, SimEngine};

use crate::manifests::Manifests;
use crate::nature::{Natures, Quality};
use crate::oracle::of_object;
use version::Proof;
pub(crate) use version::{Befell, Version};

/// How far apart members of a rollout group may be declared that are one change.
const ONE_CHANGE: SignedDuration = SignedDuration::from_mins(1);

/// The versions of one deployment, the declared one last.
pub(crate) struct Track {
    key: ObjectKey,
    versions: Vec<Version>,
    /// The number of the version of each container that a step of ours made.
    containers: BTreeMap<String, usize>,
    /// The load with which the declared version came.
    since: usize,
    /// When that was.
    since_at: Timestamp,
    /// When the first of those in a row came of which none was met running whole, or gone back from.
    begun_at: Timestamp,
    /// The load that the steps under way were planned with.
    planned: usize,
    /// Containers that steps of ours made since the manifest last changed, and what befell the object since.
    made: usize,
    befallen: usize,
    /// The most replicas that were asked for since then.
    most: u32,
}

/// Every deployment that is declared and loaded, and what is known of those that are not any more.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) natures: Natures,
    tracks: BTreeMap<ObjectKey, Track>,
    /// What nobody asks for now, and is still there.
    dormant: BTreeMap<ObjectKey, Track>,
    /// What was declared since the last pass: what no pass has seen was never declared, to the controller.
    unseen: Option<Manifests>,
    loads: usize,
}

impl Record {
    /// What is to run from now on.
    pub(crate) fn load(&mut self, manifests: &Manifests) {
        self.unseen = Some(manifests.clone());
    }

    /// A pass sees what is declared.
    fn see(&mut self, now: Timestamp) {
        let Some(manifests) = self.unseen.take() else { return };
        self.loads += 1;
        let mut known = std::mem::take(&mut self.tracks);
        known.append(&mut self.dormant);
        let is_declared = |(key, _): &(ObjectKey, Track)| manifests.deployment(key).is_some();
        (self.tracks, self.dormant) = known.into_iter().partition(is_declared);
        for (key, deployment) in manifests.deployments() {
            let version = Version::new(&manifests, key, deployment);
            if let Some(track) = self.tracks.get_mut(key) {
                track.declare(version, self.loads, now);
            } else {
                let version = Version { number: self.loads, ..version };
                self.tracks.insert(key.clone(), Track::new(key, version, self.loads, now));
            }
        }
    }

    pub(crate) fn tracks(&self) -> impl Iterator<Item = (&ObjectKey, &Track)> {
        self.tracks.iter()
    }

    pub(crate) fn track(&self, key: &ObjectKey) -> Option<&Track> {
        self.tracks.get(key)
    }

    pub(crate) fn track_mut(&mut self, key: &ObjectKey) -> Option<&mut Track> {
        self.tracks.get_mut(key)
    }

    /// Something happened that may keep a version from proving itself, or make it fail.
    pub(crate) fn disturbed(&mut self) {
        for track in self.tracks.values_mut() {
            track.befallen += 1;
            let declared = track.latest_mut();
            if !declared.is_settled {
                declared.befell = declared.befell.max(Befell::Something);
            }
        }
    }

    /// The image of a declared version is looked at: one that is bad all the time that it is declared does not prove itself.
    fn weigh(&mut self) {
        for track in self.tracks.values_mut() {
            let quality = self.natures.quality(track.declared());
            if !matches!(quality, Quality::Bad | Quality::Missing) {
                let declared = track.latest_mut();
                declared.proof = declared.proof.max(Proof::Possible);
            }
        }
    }

    /// An image is another one now: what is made of it may fail, or may have failed.
    pub(crate) fn turned(&mut self, image: &str) {
        for version in self.tracks.values_mut().flat_map(|track| &mut track.versions) {
            if version.deployment.spec.template.container.image == image {
                version.befell = Befell::Turn;
            }
        }
    }

    /// The history is lost, and with it what failed; of what there is to go back to, only what still runs can be known.
    pub(crate) fn history_lost(&mut self, engine: &SimEngine) {
        for track in self.tracks.values_mut() {
            let declared = track.latest().number;
            let running: BTreeSet<usize> =
                track.containers.iter().filter(|(id, _)| engine.container(id).is_some()).map(|(_, of)| *of).collect();
            track.befallen += 1;
            track.versions.retain(|version| version.number == declared || running.contains(&version.number));
            for version in &mut track.versions {
                // What is of another version and runs counts as having run well, whatever was known of it.
                let proof =
                    if version.number == declared { version.proof.min(Proof::Possible) } else { Proof::Possible };
                (version.proof, version.is_settled, version.was_left) = (proof, false, false);
                version.is_traced = version.number != declared;
            }
        }
    }

    /// A pass was made, and steps are planned.
    pub(crate) fn planned(&mut self, plan: &Plan, engine: &SimEngine) {
        self.see(engine.now());
        self.dormant.retain(|key, _| !of_object(engine, key).is_empty());
        self.weigh();
        for step in &plan.steps {
            if let Some(track) = self.tracks.get_mut(&step.object) {
                track.planned = self.loads;
            }
        }
    }

    /// A step of ours was performed.
    ///
    /// # Errors
    /// Where it made a container of a version that was gone back from, or one too many.
    pub(crate) fn performed(&mut self, step: &Step, engine: &SimEngine) -> Result<(), String> {
        let (Action::CreateContainer(create), Some(track)) = (&step.action, self.tracks.get_mut(&step.object)) else {
            return Ok(());
        };
        let made = of_object(engine, &step.object).into_iter().find(|container| container.name == create.name);
        match made.filter(|container| !track.containers.contains_key(&container.id)) {
            Some(container) => track.made(engine, container),
            None => Ok(()),
        }
    }
}

impl Track {
    fn new(key: &ObjectKey, version: Version, load: usize, now: Timestamp) -> Self {
        let most = version.deployment.spec.replicas();
        let containers = BTreeMap::new();
        Self {
            key: key.clone(),
            versions: vec![version],
            containers,
            since: load,
            since_at: now,
            begun_at: now,
            planned: 0,
            made: 0,
            befallen: 0,
            most,
        }
    }

    /// The manifest as it is now: another version, or the same with other numbers.
    fn declare(&mut self, version: Version, load: usize, now: Timestamp) {
        if self.declared() != &version.deployment {
            self.most = self.declared().spec.replicas().max(version.deployment.spec.replicas());
            (self.made, self.befallen) = (0, 0);
        }
        if self.latest().look == version.look {
            let Version { manifests, deployment, .. } = version;
            let latest = self.latest_mut();
            (latest.manifests, latest.deployment) = (manifests, deployment);
            return;
        }
        if self.latest().is_settled || self.latest().was_left {
            self.begun_at = now;
        }
        // One that is declared again is tried again; that it ran well once still holds.
        let earlier = self.versions.iter().position(|known| known.look == version.look);
        let version = match earlier.map(|index| self.versions.remove(index)) {
            Some(earlier) => self.again(&earlier, version),
            None => Version { number: load, ..version },
        };
        (self.since, self.since_at) = (load, now);
        (self.made, self.befallen) = (0, 0);
        self.versions.push(version);
    }

    /// One that was declared before. What runs of it still is of the image that it had then.
    fn again(&self, earlier: &Version, version: Version) -> Version {
        let still_runs = self.containers.values().any(|number| *number == earlier.number);
        let proof = if earlier.proof == Proof::Seen { Proof::Seen } else { Proof::Missing };
        let befell = if still_runs && earlier.befell == Befell::Turn { Befell::Turn } else { version.befell };
        Version { number: earlier.number, proof, befell, ..version }
    }

    /// Whether the declared version was gone back from.
    pub(crate) fn was_left(&self) -> bool {
        self.latest().was_left
    }

    /// The load with which the declared version came.
    pub(crate) const fn since(&self) -> usize {
        self.since
    }

    /// Whether it may be part of the change that another one of its group is gone back from: it is not known to have run whole, or was
    /// declared no longer than a minute before that change began.
    pub(crate) fn may_go_with(&self, other: &Self) -> bool {
        !self.latest().is_settled || self.since_at.duration_since(other.begun_at) >= -ONE_CHANGE
    }

    /// Whether one that it may go back to has certainly run well.
    pub(crate) fn has_proven_target(&self) -> bool {
        self.proven_target().is_some()
    }

    /// Whether all of its versions are within what the manifest says of how many are kept.
    pub(crate) fn keeps_all(&self) -> bool {
        let limit = self.declared().spec.revision_history_limit.unwrap_or(10);
        u32::try_from(self.versions.len()).is_ok_and(|count| count <= limit + 1)
    }

    /// The newest one that it may go back to and that has certainly run well.
    pub(crate) fn proven_target(&self) -> Option<&Version> {
        self.targets().find(|version| version.proof == Proof::Seen)
    }

    pub(crate) fn latest(&self) -> &Version {
        self.versions.last().expect("a track begins with a version")
    }

    pub(crate) fn latest_mut(&mut self) -> &mut Version {
        self.versions.last_mut().expect("a track begins with a version")
    }

    pub(crate) fn declared(&self) -> &Deployment {
        &self.latest().deployment
    }

    /// The versions that the declared one may go back to, the newest first: every one that may have proved itself, down to the newest
    /// that has.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &Version> {
        let mut found = false;
        let earlier = self.versions.iter().rev().skip(1);
        let until_proven = earlier.take_while(move |version| {
            let goes_on = !found;
            found |= version.proof == Proof::Seen;
            goes_on
        });
        until_proven.filter(|version| version.proof != Proof::Missing)
    }

    /// The versions that replicas may be brought to now.
    pub(crate) fn in_play(&self) -> impl Iterator<Item = &Deployment> {
        std::iter::once(self.declared()).chain(self.targets().map(|version| &version.deployment))
    }

    /// The containers of it, as far as steps of ours made them.
    pub(crate) fn containers<'a>(&'a self, engine: &'a SimEngine) -> impl Iterator<Item = &'a SimContainer> {
        self.containers.keys().filter_map(|id| engine.container(id))
    }

    fn version_of(&self, container: &SimContainer) -> Option<&Version> {
        let number = self.containers.get(&container.id)?;
        self.versions.iter().find(|version| version.number == *number)
    }

    /// The template that a container was made from; of one that was made by somebody else the declared one.
    pub(crate) fn template_of(&self, container: &SimContainer) -> &PodTemplate {
        &self.version_of(container).unwrap_or(self.latest()).deployment.spec.template
    }

    /// What the version that a container is of says of its restarts.
    pub(crate) fn policy_of(&self, container: &SimContainer) -> RestartPolicy {
        self.template_of(container).restart_policy.unwrap_or_default()
    }

    /// What the engine says of the restarts of a container, where its version was forgotten with the history: then nobody knows whether
    /// somebody changed that by hand. `no` may be Skiff's doing as well, and says nothing.
    pub(crate) fn policy_by_engine(&self, container: &SimContainer) -> Option<RestartPolicy> {
        let said = match container.restart {
            DockerRestart::Always => RestartPolicy::Always,
            DockerRestart::OnFailure(_) => RestartPolicy::OnFailure,
            DockerRestart::No | DockerRestart::UnlessStopped => return None,
        };
        self.version_of(container).is_none_or(|version| version.is_traced).then_some(said)
    }

    /// Whether a container is of the version that replicas are brought to now.
    pub(crate) fn is_new(&self, container: &SimContainer) -> bool {
        let latest = self.latest();
        self.version_of(container).is_some_and(|version| (version.number == latest.number) != latest.was_left)
    }

    /// A step of ours made a container.
    fn made(&mut self, engine: &SimEngine, container: &SimContainer) -> Result<(), String> {
        self.containers.retain(|id, _| engine.container(id).is_some());
        let version = self.versions.iter().rev().find(|version| version.is_of(&self.key, engine, container));
        let number = version.map_or(0, |version| version.number);
        self.containers.insert(container.id.clone(), number);
        // What was planned before the manifest changed says nothing of this one.
        if self.planned < self.since {
            return Ok(());
        }
        self.made += 1;
        let is_of_declared = self.latest().number == number;
        if self.latest().was_left && is_of_declared {
            return Err(format!("{}: {} is of a version that was gone back from", self.key, container.name));
        }
        self.latest_mut().was_left |= !is_of_declared;
        let most = self.most_made();
        if self.made > most {
            return Err(format!("{}: {} containers made for one manifest, and {most} are enough", self.key, self.made));
        }
        Ok(())
    }

    /// Once all forward and once all back, and once more for whatever befell it.
    fn most_made(&self) -> usize {
        let surge = self.declared().spec.strategy.rolling_update.as_ref().and_then(|numbers| numbers.max_surge);
        let surge = surge.unwrap_or(IntOrPercent::Int(1)).of_rounded_up(self.most);
        usize::try_from(2 * (self.most + surge)).unwrap_or(usize::MAX) + self.befallen
    }
}
