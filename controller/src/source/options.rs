//! What to load, and what it may cost.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use skiff_core::Instance;

use super::{GivenSource, TreeSource};
use crate::context::ContextLimits;
use crate::secret::KeyPlaces;

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct SourceOptions {
    /// Files, folders, or `-` for the standard input.
    pub paths: Vec<PathBuf>,
    /// Files or folders whose documents are merged over those of `paths`; the last one wins.
    pub overlays: Vec<PathBuf>,
    /// The source's name, where it is not that of its first path.
    pub name: Option<String>,
    /// The namespace of documents that name none; `default` unless said otherwise.
    pub default_namespace: Option<String>,
    /// The scope of the controller, which Docker's names depend on.
    pub instance: Instance,
    /// Where the key for encrypted Secrets may be.
    pub keys: KeyPlaces,
    /// Whether Secrets that no key here opens are let pass with a warning, their content unchecked.
    pub may_stay_closed: bool,
    /// How Compose files are read.
    pub compose: ComposeOptions,
    /// The commit that the paths are in, for a repository.
    pub tree: Option<Arc<TreeSource>>,
    /// Documents that are given as texts, for etcd.
    pub given: Option<Arc<GivenSource>>,
    /// What loading may cost.
    pub limits: Limits,
}

/// How Compose files are read.
#[derive(Clone, Default)]
pub struct ComposeOptions {
    /// The variables that they may use, those that begin with `COMPOSE_` among them.
    pub environment: BTreeMap<String, String>,
    /// Profiles to switch on.
    pub profiles: Vec<String>,
    /// Services that the command line names, and other objects: they are there whatever their profiles.
    pub services: Vec<String>,
    /// Files of variables instead of the project's `.env`.
    pub env_files: Vec<PathBuf>,
    /// Whether a variable that is used, not set and without a default is a problem. Else it is a warning, as in Compose.
    pub unset_is_a_problem: bool,
}

/// Leaves the values of variables out: they may be secrets.
impl fmt::Debug for ComposeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, profiles, services, env_files, unset_is_a_problem } = self;
        f.debug_struct("ComposeOptions")
            .field("environment", &environment.keys())
            .field("profiles", profiles)
            .field("services", services)
            .field("env_files", env_files)
            .field("unset_is_a_problem", unset_is_a_problem)
            .finish()
    }
}

impl SourceOptions {
    /// The namespace of documents that name none.
    pub fn namespace(&self) -> &str {
        self.default_namespace.as_deref().unwrap_or("default")
    }
}

/// What loading may cost; beyond it is a problem, never a slow or a large process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a manifest file.
    pub file_size: u64,
    /// Manifest files of one path.
    pub files: usize,
    /// Folders inside each other.
    pub depth: usize,
    /// Values of a file, aliases expanded.
    pub values: usize,
    /// What a build context may hold.
    pub context: ContextLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_size: 4 << 20, files: 10_000, depth: 32, values: 200_000, context: ContextLimits::default() }
    }
}

impl Limits {
    /// The part that the reader of YAML keeps.
    pub(super) fn yaml(&self) -> skiff_yaml::Limits {
        let text = usize::try_from(self.file_size).unwrap_or(usize::MAX);
        skiff_yaml::Limits {
            text,
            nodes: self.values,
            expanded: text.saturating_mul(4),
            ..skiff_yaml::Limits::default()
        }
    }
}
