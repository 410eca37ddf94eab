//! The files of a load: read once each through the caller's reader, numbered as spans know them.

use std::path::{Path, PathBuf};

use skiff_yaml::FileId;

use crate::paths;
use crate::{Problem, ReadError, Reader};

/// A file that was read, with its text; it may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
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
}

impl<'a> Files<'a> {
    pub(crate) fn new(reader: &'a dyn Reader, first: u32) -> Self {
        Self { reader, first, texts: Vec::new() }
    }

    /// Whether there is something to read.
    pub(crate) fn has(&self, path: &Path) -> bool {
        !matches!(self.reader.read(path), Err(ReadError::Missing))
    }

    /// The text of a file and its number.
    pub(crate) fn text(&mut self, path: &Path) -> Result<(FileId, String), Box<Problem>> {
        let path = paths::tidy(path);
        let bytes = self.bytes(&path)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let problem = Problem::new(format!("{} is no text", path.display()));
            Box::new(problem.in_file(&path).help("save it as UTF-8"))
        })?;
        let known = self.texts.iter().position(|known| known.path == path);
        let index = known.unwrap_or_else(|| {
            self.texts.push(Text { path: path.clone(), text: text.clone() });
            self.texts.len() - 1
        });
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        Ok((FileId(self.first.saturating_add(number)), text))
    }

    /// The content of a file that is no YAML.
    pub(crate) fn bytes(&self, path: &Path) -> Result<Vec<u8>, Box<Problem>> {
        self.reader.read(path).map_err(|error| {
            let message = match error {
                ReadError::Missing => format!("there is no file {}", path.display()),
                ReadError::Failed(why) => format!("{} cannot be read: {why}", path.display()),
            };
            Box::new(Problem::new(message).in_file(path))
        })
    }

    pub(crate) fn into_texts(self) -> Vec<Text> {
        self.texts
    }
}
