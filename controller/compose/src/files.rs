//! The files of a load: read once each through the caller's reader, numbered as spans know them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skiff_yaml::FileId;

use crate::paths;
use crate::{Problem, ReadError, Reader};

/// A file that was read, with its text; it may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub text: Arc<str>,
}

/// Shows the path only: the text may hold secrets.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What was read, and through what.
pub(crate) struct Files<'a> {
    reader: &'a dyn Reader,
    first: u32,
    texts: Vec<Text>,
    /// Everything that was asked for, so that one load sees one state of each file.
    read: BTreeMap<PathBuf, Result<Arc<[u8]>, ReadError>>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(reader: &'a dyn Reader, first: u32) -> Self {
        Self { reader, first, texts: Vec::new(), read: BTreeMap::new() }
    }

    /// Whether there is something to read.
    pub(crate) fn has(&mut self, path: &Path) -> bool {
        *self.read(path) != Err(ReadError::Missing)
    }

    /// The text of a file and its number.
    pub(crate) fn text(&mut self, path: &Path) -> Result<(FileId, Arc<str>), Box<Problem>> {
        let path = paths::tidy(path);
        let bytes = self.bytes(&path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            let problem = Problem::new(format!("{} is no text", path.display()));
            Box::new(problem.in_file(&path).help("save it as UTF-8"))
        })?;
        let known = self.texts.iter().position(|known| known.path == path);
        let index = known.unwrap_or_else(|| {
            self.texts.push(Text { path: path.clone(), text: text.into() });
            self.texts.len() - 1
        });
        let number = FileId(self.first.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)));
        Ok((number, self.texts.get(index).map(|known| Arc::clone(&known.text)).unwrap_or_default()))
    }

    /// The content of a file that is no YAML.
    pub(crate) fn bytes(&mut self, path: &Path) -> Result<Arc<[u8]>, Box<Problem>> {
        let path = paths::tidy(path);
        self.read(&path).clone().map_err(|error| {
            let message = match error {
                ReadError::Missing => format!("there is no file {}", path.display()),
                ReadError::Failed(why) => format!("{} cannot be read: {why}", path.display()),
            };
            Box::new(Problem::new(message).in_file(&path))
        })
    }

    fn read(&mut self, path: &Path) -> &Result<Arc<[u8]>, ReadError> {
        let path = paths::tidy(path);
        let reader = self.reader;
        // What nothing is in is no device to be read: people name it for no variables at all.
        let is_nothing = |path: &Path| path == Path::new("/dev/null");
        self.read.entry(path).or_insert_with_key(|path| match path {
            path if is_nothing(path) => Ok(Arc::default()),
            path => reader.read(path).map(Into::into),
        })
    }

    /// The texts by their numbers, and every path that was asked for.
    pub(crate) fn finish(self) -> (Vec<Text>, BTreeSet<PathBuf>) {
        (self.texts, self.read.into_keys().collect())
    }
}
