//! What is exported: valid objects, where each of their fields stands, and what the edge read from the disk for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use skiff_api::{Bytes, Cpu, Object, ObjectKey};

/// A place in a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, as a person would name it.
    pub file: String,
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Where the fields of objects stand.
pub trait Places {
    /// The place of the field that a JSON pointer names, or of the nearest one above it.
    fn place(&self, object: &ObjectKey, pointer: &str) -> Place;
}

/// What a path of the host holds, as far as that may be content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostContent {
    /// A file of at most [`LARGEST_CONTENT`] bytes.
    File(Arc<[u8]>),
    /// A folder whose files together have at most as many bytes, by their path below it.
    Folder(BTreeMap<String, Arc<[u8]>>),
    /// A file, or a folder, that is too large, or that could not be read.
    Large {
        /// Whether it is a folder.
        folder: bool,
    },
    /// A socket, a device or a pipe.
    Special,
}

/// The most that a `ConfigMap` or a `Secret` holds, a little less than etcd's limit of 1 MiB for the whole object.
pub const LARGEST_CONTENT: usize = 1_000_000;

/// What a workload used when it was looked at: of its replicas the one that used most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU, on average since the replica was started.
    pub cpu: Cpu,
    /// Memory, at that moment.
    pub memory: Bytes,
}

impl Usage {
    /// The larger of each.
    #[must_use]
    pub fn max_with(self, other: Self) -> Self {
        Self { cpu: self.cpu.max(other.cpu), memory: self.memory.max(other.memory) }
    }
}

/// What another reader has already said of a source, such as that of Compose files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub place: Place,
    /// What, `services.web.init`.
    pub key: String,
    /// Whether it has become nothing at all.
    pub lost: bool,
    /// What was made of it.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// What is exported.
pub struct Input<'a> {
    /// The objects, valid by themselves and together.
    pub objects: &'a BTreeMap<ObjectKey, Object>,
    /// The folder of each object's manifest, where relative paths start.
    pub bases: &'a BTreeMap<ObjectKey, String>,
    /// Where fields stand.
    pub places: &'a dyn Places,
    /// What relative host paths hold, by the folder that they start from and the path as it is written.
    pub host: &'a BTreeMap<(String, String), HostContent>,
    /// What running workloads use, where somebody looked.
    pub usage: Option<&'a BTreeMap<ObjectKey, Usage>>,
    /// What has been said of the source before.
    pub remarks: &'a [Remark],
}
