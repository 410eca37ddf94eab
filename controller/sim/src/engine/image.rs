//! Images: what the engine has or builds, what registries have, and tags that move.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{ImageName, PullPolicy};
use skiff_core::{
    BuildImage, EngineError, FromImage, Images, ObservedImage, Outcome, PullImage, RemoveImage, TagFound,
};

use super::SimEngine;
use super::answers::{Answers, Passes};
use super::container::Program;

/// What a registry does when it is asked for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pull {
    /// It gives it.
    #[default]
    Works,
    /// It does not.
    Fails,
}

/// An image that the engine has or can have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimImage {
    /// Its id; also the digest by which its registry knows it.
    pub id: String,
    /// Whether the engine has it.
    pub local: bool,
    /// What its registry does; of what is built, whether that works.
    pub pull: Pull,
    /// Whether it was built here, so that no registry knows it.
    pub is_built: bool,
    /// How its process behaves.
    pub program: Program,
    /// Whether its program is not there, so that no container of it can be started.
    pub is_broken: bool,
    /// When Docker's health checks of its containers pass.
    pub checks: Passes,
    /// The code with which its process ends when it is told to stop: 137 where it ignores the signal.
    pub stop_code: i64,
    /// How its containers answer probes and hooks.
    pub answers: Answers,
    /// The paths at which it asks for volumes.
    pub volumes: BTreeSet<String>,
}

/// The images of the engine and of the registries.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    /// What a reference means on the engine, or would mean once it was pulled.
    named: BTreeMap<String, SimImage>,
    /// What a registry means by a reference, where its tag has been moved since it was pulled.
    moved: BTreeMap<String, SimImage>,
    /// What registries know by digest.
    published: BTreeMap<String, SimImage>,
    /// What the engine has under no tag, by its name with the digest.
    untagged: BTreeMap<String, SimImage>,
}

impl SimEngine {
    /// Makes an image known, or changes what is known of it.
    pub fn put_image(&mut self, reference: impl Into<String>, image: SimImage) {
        let reference = reference.into();
        self.images.published.insert(digest_of(&reference, &image.id), image.clone());
        self.images.named.insert(reference, image);
    }

    /// An image by its reference.
    pub fn image(&self, reference: &str) -> Option<&SimImage> {
        self.images.named.get(reference)
    }

    /// A registry moves a tag to another image; the engine has what it had.
    pub fn move_tag(&mut self, reference: &str, image: SimImage) {
        self.images.published.insert(digest_of(reference, &image.id), image.clone());
        self.images.moved.insert(reference.to_owned(), image);
    }

    /// `docker pull`.
    pub fn pull_by_hand(&mut self, reference: &str) -> bool {
        self.pull(&PullImage { image: reference.to_owned(), platform: None, policy: PullPolicy::Always }).is_ok()
    }

    /// An image is removed from the engine, and its registry gives it or not.
    pub fn set_image(&mut self, reference: &str, local: bool, pull: Pull) -> bool {
        let found = self.images.named.get_mut(reference);
        found.is_some_and(|image| {
            (image.local, image.pull) = (local, pull);
            let digest = digest_of(reference, &image.id);
            self.images.untagged.remove(&digest);
            self.images.published.insert(digest, image.clone());
            true
        })
    }

    /// What a registry says of a reference: the digest of its tag, or the tags that there are.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask_registry(&self, reference: &str, digest: bool) -> Result<TagFound, String> {
        let known = self.images.moved.get(reference).or_else(|| self.images.named.get(reference));
        let known = known.filter(|image| image.pull == Pull::Works).ok_or("connection refused")?;
        if digest {
            return Ok(TagFound::Digest(known.id.clone()));
        }
        let repository = ImageName::of(reference).repository();
        let names = self.images.named.keys().chain(self.images.moved.keys()).map(|name| ImageName::of(name));
        Ok(TagFound::Tags(names.filter(|name| name.repository() == repository).filter_map(|name| name.tag).collect()))
    }

    /// What the engine has, as it lists it.
    pub(super) fn listed_images(&self) -> Images {
        let mut found: BTreeMap<&str, ObservedImage> = BTreeMap::new();
        let named = self.images.named.iter().filter(|(_, image)| image.local);
        for (reference, image) in named {
            let seen = found.entry(&image.id).or_default();
            seen.tags.push(ImageName::of(reference).tagged());
            if !image.is_built {
                seen.digests.push(digest_of(reference, &image.id));
            }
        }
        for (digest, image) in &self.images.untagged {
            found.entry(&image.id).or_default().digests.push(digest.clone());
        }
        Images::new(found.into_iter().map(|(id, seen)| ObservedImage { id: id.to_owned(), ..seen }))
    }

    /// The image that a container is to be made from.
    pub(super) fn image_to_run(&self, from: &FromImage) -> Result<SimImage, EngineError> {
        let missing = || error(&from.reference, "no such image");
        let image = self.images.local(&from.reference).ok_or_else(missing)?;
        match &from.id {
            Some(id) if *id != image.id => {
                Err(EngineError::Stale(format!("{} is another image by now", from.reference)))
            }
            Some(_) | None => Ok(image.clone()),
        }
    }

    /// Takes the names from an image, unless a container uses it.
    pub(super) fn remove_image(&mut self, removed: &RemoveImage) -> Outcome {
        let RemoveImage { id, names } = removed;
        if self.containers.values().any(|container| container.image_id == *id) {
            return Outcome::Already;
        }
        let mut outcome = Outcome::Already;
        let named = self.images.named.iter_mut().filter(|(_, image)| image.local && image.id == *id);
        for (_, image) in named.filter(|(name, _)| names.contains(&ImageName::of(name).tagged())) {
            image.local = false;
            outcome = Outcome::Done;
        }
        let before = self.images.untagged.len();
        self.images.untagged.retain(|_, image| image.id != *id);
        if self.images.untagged.len() < before { Outcome::Done } else { outcome }
    }

    /// Builds an image: whatever its context holds is in its name.
    pub(super) fn build(&mut self, build: &BuildImage) -> Result<Outcome, EngineError> {
        let BuildImage { image: reference, .. } = build;
        let fresh = || SimImage { id: format!("sha256:{reference}"), is_built: true, ..SimImage::default() };
        let image = self.images.named.entry(reference.clone()).or_insert_with(fresh);
        if image.local {
            return Ok(Outcome::Already);
        }
        if image.pull == Pull::Fails {
            let message = "step 2/2: the command ended with 1".to_owned();
            return Err(EngineError::Build { image: reference.clone(), message });
        }
        image.local = true;
        Ok(Outcome::Done)
    }

    pub(super) fn pull(&mut self, pull: &PullImage) -> Result<Outcome, EngineError> {
        let before = self.images.local(&pull.image).map(|image| image.id.clone());
        match (pull.policy, &before) {
            (PullPolicy::IfNotPresent | PullPolicy::Never, Some(_)) => return Ok(Outcome::Already),
            (PullPolicy::Never, None) => return Err(error(&pull.image, "it is not here, and is never pulled")),
            (PullPolicy::Always, _) | (PullPolicy::IfNotPresent, None) => {}
        }
        let id = self.images.fetch(&pull.image)?;
        Ok(if before == Some(id) { Outcome::Already } else { Outcome::Done })
    }
}

impl Store {
    /// What the engine has under a reference, a digest or an id.
    fn local(&self, reference: &str) -> Option<&SimImage> {
        let reference = &bare(reference);
        let named = self.named.get(reference).filter(|image| image.local);
        let all = || self.named.iter().filter(|(_, image)| image.local);
        named
            .or_else(|| self.untagged.get(reference))
            .or_else(|| all().find(|(name, image)| digest_of(name, &image.id) == *reference).map(|(_, image)| image))
            .or_else(|| {
                all().map(|(_, image)| image).chain(self.untagged.values()).find(|image| image.id == *reference)
            })
    }

    /// Has an image from its registry; returns its id.
    fn fetch(&mut self, reference: &str) -> Result<String, EngineError> {
        let reference = &bare(reference);
        let by_digest = reference.contains('@');
        let known = if by_digest { &self.published } else { &self.named };
        let known = self.moved.get(reference).or_else(|| known.get(reference));
        let known = known.ok_or_else(|| error(reference, "no such image"))?.clone();
        if known.pull == Pull::Fails {
            return Err(error(reference, "manifest unknown"));
        }
        let (id, image) = (known.id.clone(), SimImage { local: true, ..known });
        if by_digest {
            self.untagged.insert(reference.to_owned(), image);
            return Ok(id);
        }
        self.moved.remove(reference);
        let before = self.named.insert(reference.to_owned(), image);
        if let Some(before) = before.filter(|before| before.local && before.id != id) {
            self.untagged.insert(digest_of(reference, &before.id), before);
        }
        Ok(id)
    }
}

fn error(image: &str, message: &str) -> EngineError {
    EngineError::Image { image: image.to_owned(), message: message.to_owned() }
}

/// A reference as it counts: beside a digest a tag says nothing.
fn bare(reference: &str) -> String {
    let name = ImageName::of(reference);
    name.digest.as_ref().map_or_else(|| reference.to_owned(), |digest| name.at_digest(digest))
}

fn digest_of(reference: &str, id: &str) -> String {
    ImageName::of(reference).at_digest(id)
}
