//! Volumes and file sets.

use std::collections::BTreeMap;

use skiff_api::OwnerLabels;
use skiff_core::{ContentStore, CreateVolume, EngineError, FileSet, Outcome};

use super::SimEngine;

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimNetwork {
    /// The id.
    pub id: String,
    /// The order of its creation.
    pub serial: u64,
    /// The name, which need not be unique.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What it was made from.
    pub spec: skiff_api::NetworkSpec,
    /// When it was made.
    pub created_at: jiff::Timestamp,
}

/// The files of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SimFiles {
    pub(super) version: Option<String>,
    /// What they hold, by path.
    pub(super) held: BTreeMap<String, Vec<u8>>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimVolume {
    /// The name.
    pub name: String,
    /// Which data it holds: a volume of the same name made later holds other data.
    pub data: u64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether the engine gave it its name, and then what was asked for.
    pub nameless: Option<Asked>,
}

/// What asked for a volume without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The manifest, for what is empty with each container.
    Empty,
    /// The manifest, for data.
    Manifest,
    /// The image.
    Image,
}

impl SimEngine {
    pub(super) fn create_volume(&mut self, create: &CreateVolume) -> Result<Outcome, EngineError> {
        if let Some(volume) = self.volumes.get(&create.name) {
            // Docker answers with the volume that there is; the adapter looks whose it is.
            let taken = || EngineError::NameTaken { name: create.name.clone(), by: create.name.clone() };
            let holder = readable(&volume.labels).ok_or_else(taken)?;
            if (&holder.instance, &holder.object) != (&create.owner.instance, &create.owner.object) {
                return Err(taken());
            }
            if holder.template_hash != create.owner.template_hash {
                return Err(EngineError::Stale(format!("volume {} has other settings by now", create.name)));
            }
            return Ok(Outcome::Already);
        }
        self.insert_volume(&create.name, all_labels(&create.labels, &create.owner));
        Ok(Outcome::Done)
    }

    pub(super) fn insert_volume(&mut self, name: &str, labels: BTreeMap<String, String>) {
        self.serial += 1;
        let volume = SimVolume { name: name.to_owned(), data: self.serial, labels, nameless: None };
        self.volumes.insert(name.to_owned(), volume);
    }

    /// Makes a volume and gives it a name, or takes the one that it is told of, which it makes where it has gone.
    pub(super) fn nameless_volume(
        &mut self,
        told: Option<&String>,
        labels: &BTreeMap<String, String>,
        asked: Asked,
    ) -> String {
        if let Some(there) = told.filter(|name| self.volumes.contains_key(*name)) {
            return there.clone();
        }
        let name = told.cloned().unwrap_or_else(|| self.new_id());
        self.insert_volume(&name, labels.clone());
        if let Some(volume) = self.volumes.get_mut(&name) {
            volume.nameless = Some(asked);
        }
        name
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<Outcome, EngineError> {
        let mut users = self.containers.values().filter(|container| container.volume_names().any(|used| used == name));
        if let Some(user) = users.next() {
            return Err(EngineError::Failed(format!("remove {name}: volume is in use - [{}]", user.id)));
        }
        Ok(if self.volumes.remove(name).is_some() { Outcome::Done } else { Outcome::Already })
    }

    pub(super) fn write_files(&mut self, files: &FileSet, content: &ContentStore) -> Result<Outcome, EngineError> {
        if self.files.get(&files.id).is_some_and(|there| there.version == files.version) {
            return Ok(Outcome::Already);
        }
        let mut held = BTreeMap::new();
        for file in &files.files {
            let bytes = content
                .get(&files.object, &file.key)
                .ok_or_else(|| EngineError::Invalid(format!("{} has no key {}", files.object, file.key)))?;
            held.insert(file.path.clone(), bytes.to_vec());
        }
        if files.secret {
            self.secret_files.insert(files.id.clone());
        }
        self.files.insert(files.id.clone(), SimFiles { version: files.version.clone(), held });
        Ok(Outcome::Done)
    }
}

/// The user's labels and ours.
pub(super) fn all_labels(users: &BTreeMap<String, String>, owner: &OwnerLabels) -> BTreeMap<String, String> {
    users.clone().into_iter().chain(owner.to_map()).collect()
}

/// Our labels, where there are some that can be read.
pub(super) fn readable(labels: &BTreeMap<String, String>) -> Option<OwnerLabels> {
    OwnerLabels::parse(labels)?.ok()
}
