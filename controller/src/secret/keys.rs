//! Private keys: where they are, and what keeps them private.
//!
//! A key file is as `age-keygen` writes it: keys `AGE-SECRET-KEY-1…`, one a line, and comments. Several keys may stand in it, so
//! that what is encrypted to an older one still opens. One that others can read is refused.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;

/// Where the key file may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPlaces {
    /// Where it was said to be. It must be there.
    pub named: Option<PathBuf>,
    /// Where it is looked for otherwise; the first that exists counts.
    pub usual: Vec<PathBuf>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no file.
    #[error("there is no key file {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Others can read it.
    #[error("the key file {} can be read by others (mode {mode:04o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line is no key.
    #[error("line {line} of the key file {} is no key", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It holds none.
    #[error("the key file {} holds no key", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("the key file {} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl KeyError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Missing { path } => {
                format!("copy the key there, or make one: `skiff secret keygen --out {}`", path.display())
            }
            Self::Open { path, .. } => format!("close it: `chmod 600 {}`", path.display()),
            Self::Line { .. } | Self::Empty { .. } => {
                "a key is a line `AGE-SECRET-KEY-1…`, as `skiff secret keygen` and `age-keygen` write it".to_owned()
            }
            Self::Io { .. } => "see to it that it is a file which this user can read".to_owned(),
        }
    }
}

impl KeyPlaces {
    /// The usual places of a user: the own configuration, then the host's. Not the state directory, whose loss must cost nothing.
    pub fn usual(config_home: Option<OsString>, home: Option<OsString>) -> Vec<PathBuf> {
        let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
        let own = absolute(config_home).or_else(|| Some(absolute(home)?.join(".config")));
        let own = own.map(|folder| folder.join("skiff"));
        own.into_iter().chain([PathBuf::from("/etc/skiff")]).map(|folder| folder.join("age.key")).collect()
    }

    /// Every file that could become the key file, for whoever watches.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        let usual = if self.named.is_some() { &[] } else { self.usual.as_slice() };
        self.named.iter().chain(usual)
    }

    /// Reads the keys; `None` where there is no file and none was named.
    ///
    /// # Errors
    /// When a file is there, or was named, and cannot be used.
    pub fn read(&self) -> Result<Option<Identities>, KeyError> {
        let found = match &self.named {
            Some(path) => Some(path),
            None => self.usual.iter().find(|path| path.exists()),
        };
        found.map(|path| Identities::read(path)).transpose()
    }
}

/// Private keys.
pub struct Identities(Vec<Identity>);

/// Shows the public keys only.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.public()).finish()
    }
}

impl Identities {
    /// Reads a key file.
    ///
    /// # Errors
    /// When it is missing, open to others, or holds something else than keys.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source: io::Error| {
            let path = path.to_owned();
            if source.kind() == io::ErrorKind::NotFound {
                KeyError::Missing { path }
            } else {
                KeyError::Io { path, source }
            }
        };
        let mut file = File::open(path).map_err(failed)?;
        // Looked at once it is open: nothing can be put in its place in between.
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.by_ref().take(LARGEST).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text).map_err(|line| match line {
            Some(line) => KeyError::Line { path: path.to_owned(), line },
            None => KeyError::Empty { path: path.to_owned() },
        })
    }

    /// The keys of a text; else the line that is none, or nothing where there are no keys.
    pub(super) fn parse(text: &str) -> Result<Self, Option<usize>> {
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let keys = lines.map(|(index, line)| Identity::from_str(line).map_err(|_| Some(index + 1)));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(None) } else { Ok(Self(keys)) }
    }

    /// The public keys, `age1…`.
    pub fn public(&self) -> Vec<String> {
        self.0.iter().map(|key| key.to_public().to_string()).collect()
    }

    pub(super) fn of_age(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|key| key as &dyn age::Identity)
    }
}

/// A key file beyond this is none.
const LARGEST: u64 = 1 << 20;

/// A new key.
pub struct NewKey {
    /// The text of its file. It holds the private key.
    pub file: String,
    /// The public key, `age1…`.
    pub public: String,
}

/// Makes a key.
pub fn generate(now: jiff::Timestamp) -> NewKey {
    let key = Identity::generate();
    let public = key.to_public().to_string();
    let created = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let private = key.to_string();
    let file = format!("# created: {created}\n# public key: {public}\n{}\n", private.expose_secret());
    NewKey { file, public }
}

/// Writes a new private file, and the folder that it is in; one that is there is left alone.
///
/// # Errors
/// When it is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
