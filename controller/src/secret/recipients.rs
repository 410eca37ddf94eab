//! Public keys: who can decrypt. They stand in a file, one a line, as age has it, and are found upwards from the document.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::x25519::Recipient;
use sha2::{Digest, Sha256};

/// The name of the file that is looked for beside a document and above it.
pub const FILE: &str = ".skiff-recipients";

/// Why there are no recipients.
#[derive(Debug, thiserror::Error)]
pub enum RecipientsError {
    /// Nobody is named anywhere.
    #[error("nobody is named who could decrypt it")]
    Nobody,
    /// One is no public key.
    #[error("`{word}`{place} is no public key of age")]
    Invalid {
        /// What was written; a private key is not shown.
        word: String,
        /// Where, with a space in front; empty for the command line.
        place: String,
    },
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RecipientsError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Nobody => format!(
                "write public keys, one a line, into {FILE} beside the manifests or above them, or name them with `--recipient age1…`"
            ),
            Self::Invalid { word, .. } if word.starts_with(PRIVATE) => {
                "this is a private key, which nobody else may have: name the public key, `age1…`".to_owned()
            }
            Self::Invalid { word, .. } if word.starts_with("ssh-") => {
                "keys of ssh are not read: make one with `skiff secret keygen`".to_owned()
            }
            Self::Invalid { .. } => {
                "a public key is `age1` and 58 more letters, as `skiff secret keygen` prints it".to_owned()
            }
            Self::Io { .. } => "see to it that it is a file which this user can read".to_owned(),
        }
    }
}

const PRIVATE: &str = "AGE-SECRET-KEY-";

/// Whom values are encrypted to.
#[derive(Clone)]
pub struct Recipients {
    keys: Vec<Recipient>,
    names: Vec<String>,
    fingerprint: String,
}

impl Recipients {
    /// These words, and those of these files.
    ///
    /// # Errors
    /// When one is no public key, a file cannot be read, or there is none at all.
    pub fn named(words: &[String], files: &[PathBuf]) -> Result<Self, RecipientsError> {
        let mut keys = words.iter().map(|word| key(word, String::new())).collect::<Result<Vec<_>, _>>()?;
        for file in files {
            keys.extend(of_file(file)?);
        }
        Self::of(keys)
    }

    /// Those of the nearest file, from a document's folder upwards.
    ///
    /// # Errors
    /// When there is no file, or something is wrong with it.
    pub fn found_from(folder: &Path) -> Result<Self, RecipientsError> {
        let file = folder.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file());
        Self::of(of_file(&file.ok_or(RecipientsError::Nobody)?)?)
    }

    fn of(keys: Vec<Recipient>) -> Result<Self, RecipientsError> {
        let mut named: Vec<(String, Recipient)> = keys.into_iter().map(|key| (key.to_string(), key)).collect();
        named.sort_by(|left, right| left.0.cmp(&right.0));
        named.dedup_by(|left, right| left.0 == right.0);
        let (names, keys): (Vec<String>, Vec<Recipient>) = named.into_iter().unzip();
        if keys.is_empty() {
            return Err(RecipientsError::Nobody);
        }
        let digest = Sha256::digest(names.join("\n"));
        let fingerprint = digest.iter().take(6).fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        });
        Ok(Self { keys, names, fingerprint })
    }

    /// The public keys, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The same for the same keys, in whatever order they were named.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(super) fn of_age(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        self.keys.iter().map(|key| key as &dyn age::Recipient)
    }
}

impl std::fmt::Debug for Recipients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.names).finish()
    }
}

fn of_file(path: &Path) -> Result<Vec<Recipient>, RecipientsError> {
    let text = fs::read_to_string(path).map_err(|source| RecipientsError::Io { path: path.to_owned(), source })?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(index, line)| key(line, format!(" in {}, line {},", path.display(), index + 1))).collect()
}

fn key(word: &str, place: String) -> Result<Recipient, RecipientsError> {
    let shown = if word.starts_with(PRIVATE) { format!("{PRIVATE}…") } else { word.to_owned() };
    Recipient::from_str(word.trim()).map_err(|_| RecipientsError::Invalid { word: shown, place })
}

#[cfg(test)]
mod tests;
