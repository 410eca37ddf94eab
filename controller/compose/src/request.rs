//! What to load, and through what it is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to load. The environment and all paths are the caller's: nothing here asks the process for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The files that were named, in order. Without any, `COMPOSE_FILE` says them, or they are looked for by their names in
    /// `directory` and the folders above it.
    pub files: Vec<PathBuf>,
    /// The folder that relative paths of this request start at, absolute.
    pub directory: PathBuf,
    /// The folder that relative paths of the files start at, where it is not that of the first file.
    pub project_directory: Option<PathBuf>,
    /// The project's name, before `COMPOSE_PROJECT_NAME`, the files' own `name` and the folder's.
    pub project_name: Option<String>,
    /// Profiles to switch on, besides those of `COMPOSE_PROFILES`; `*` is all.
    pub profiles: Vec<String>,
    /// Services that were asked for by name, as Compose or as objects have it: they are there whatever their profiles, which become active,
    /// and so is what they depend on. Names that no service has are passed over.
    pub services: Vec<String>,
    /// Files of variables instead of the project's `.env`, before `COMPOSE_ENV_FILES`; the last one wins.
    pub env_files: Vec<PathBuf>,
    /// The variables of the environment, those that begin with `COMPOSE_` among them.
    pub environment: BTreeMap<String, String>,
    /// Whether a variable that is used, not set and without a default is a problem. Else it is a warning, as in Compose.
    pub unset_is_a_problem: bool,
    /// The number of the first file that is read, as spans know it; the others follow.
    pub first_file: u32,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// It is not there.
    Missing,
    /// Something else, in words.
    Failed(String),
}

/// Where files come from: the disk, a commit, or a table in a test.
pub trait Reader {
    /// The content of a file.
    ///
    /// # Errors
    /// Where there is no such file, or it cannot be read.
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError>;
}

/// A table of files, for tests and for what is in memory already.
impl Reader for BTreeMap<PathBuf, Vec<u8>> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        self.get(path).cloned().ok_or(ReadError::Missing)
    }
}
