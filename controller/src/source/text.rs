//! The texts that were read, by the number that spans know their file by.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use skiff_yaml::FileId;

/// A file's path and text.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The file; `-` is the standard input.
    pub path: PathBuf,
    /// What it held. It may hold secrets.
    pub text: Arc<str>,
}

/// Shows the path only: the text may hold secrets.
impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceText").field("path", &self.path).finish_non_exhaustive()
    }
}

/// All texts of a load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<SourceText>);

impl Texts {
    /// The text of a file.
    pub fn get(&self, file: FileId) -> Option<&SourceText> {
        self.0.get(usize::try_from(file.0).unwrap_or(usize::MAX))
    }

    /// All of them, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &SourceText> {
        self.0.iter()
    }

    pub(crate) fn add(&mut self, text: SourceText) -> FileId {
        let id = self.next();
        self.0.push(text);
        id
    }

    /// The number of the next text.
    pub(super) fn next(&self) -> FileId {
        // There are never more files than the walk's limit.
        FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn path(&self, file: FileId) -> PathBuf {
        self.get(file).map(|text| text.path.clone()).unwrap_or_default()
    }
}
