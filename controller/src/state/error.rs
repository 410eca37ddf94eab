//! Why the state directory cannot be used, and what to do about it.

use std::path::PathBuf;

use super::file;

/// Why the state directory cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A newer version wrote a file.
    #[error(
        "{} was written by a newer version of skiff (format {version}, this one reads {}): use that version, or move \
         the file away, which forgets the last good state and nothing else", path.display(), file::VERSION
    )]
    Future {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u64,
    },
    /// A folder belongs to somebody else, or is no folder.
    #[error("{} {reason}", path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: &'static str,
    },
    /// Something cannot be read or written.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl StateError {
    /// What to do about it, where its words do not say it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            // Their words say it.
            Self::Future { .. } | Self::Unsafe { .. } => None,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("run skiff as root or as the user that owns it, or name another folder with `--state-dir`")
            }
            Self::Io { .. } => Some("put right what stands in its way, or name another folder with `--state-dir`"),
        }
    }
}
