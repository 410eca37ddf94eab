//! What of a commit's tree may be written to a disk.
//!
//! A tree is whatever somebody pushed: names may lead out of it, one name may stand twice, links may point anywhere. What is
//! exported are plain files, and links that stay inside; everything else is said, and a tree that only an attack looks like is refused whole.

use std::collections::BTreeSet;
use std::path::{Component, Path};

/// What a tree may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeLimits {
    /// How many files and links.
    pub entries: usize,
    /// How many bytes together.
    pub bytes: u64,
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self { entries: 50_000, bytes: 512 << 20 }
    }
}

impl TreeLimits {
    /// Whether some entries are no more than is read.
    fn check<'e>(&self, entries: impl Iterator<Item = &'e Entry>, what: &str) -> Result<(), String> {
        let (mut count, mut bytes) = (0_usize, 0_u64);
        for entry in entries {
            count += usize::from(entry.kind != EntryKind::Folder);
            bytes = bytes.saturating_add(entry.size);
        }
        if count > self.entries {
            return Err(format!("{what} has {count} files, and at most {} are read", self.entries));
        }
        if bytes > self.bytes {
            return Err(format!("{what} has {} MiB of files, and at most {} are read", bytes >> 20, self.bytes >> 20));
        }
        Ok(())
    }
}

/// An entry of a tree, as git lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The object that holds it.
    pub id: String,
    /// Its size; 0 for what has none.
    pub size: u64,
    /// Its path from the root of the tree.
    pub path: Vec<u8>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File {
        /// Whether it may be executed.
        executable: bool,
    },
    /// A link.
    Link,
    /// A folder.
    Folder,
    /// A commit of another repository.
    Submodule,
    /// Nothing that git itself makes.
    Unknown,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where, from the root of the tree.
    pub path: String,
    /// The object that holds it.
    pub id: String,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A link to make, once its target has been read and found to stay inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where, from the root of the tree.
    pub path: String,
    /// The object that holds its target.
    pub id: String,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// The files, by path.
    pub files: Vec<File>,
    /// The links, by path.
    pub links: Vec<Link>,
    /// What is left out.
    pub odd: Vec<Oddity>,
}

/// Something that is left out of what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// Where, from the root of the tree.
    pub path: String,
    /// What it is: `is a submodule`.
    pub what: &'static str,
    /// What to do.
    pub help: &'static str,
}

impl Export {
    /// What is to be written of a tree. Where all of it is more than is read, it is no more than the parts that were asked for, folders
    /// and files; an empty one is all of it.
    ///
    /// # Errors
    /// When nothing of it may be: it is too large, or made to do harm.
    pub fn of(entries: &[Entry], parts: &[&str], limits: &TreeLimits) -> Result<Self, String> {
        let is_asked_for = |entry: &&Entry| parts.iter().any(|part| is_within(&entry.path, part));
        match limits.check(entries.iter(), "the commit") {
            Ok(()) => Self::of_all(entries.iter()),
            Err(too_large) if parts.iter().any(|part| part.is_empty()) || parts.is_empty() => {
                Err(format!("{too_large}; a part of it is named by `path=`"))
            }
            Err(_) => {
                limits
                    .check(entries.iter().filter(is_asked_for), &format!("what is asked for ({})", parts.join(", ")))?;
                Self::of_all(entries.iter().filter(is_asked_for))
            }
        }
    }

    fn of_all<'e>(entries: impl Iterator<Item = &'e Entry>) -> Result<Self, String> {
        let mut export = Self::default();
        let mut files: BTreeSet<&str> = BTreeSet::new();
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        for entry in entries {
            let Ok(path) = std::str::from_utf8(&entry.path) else {
                let path = String::from_utf8_lossy(&entry.path).escape_debug().to_string();
                let help = "give it a name of UTF-8";
                export.odd.push(Oddity { path, what: "has a name that is no text", help });
                continue;
            };
            if path.split('/').any(|part| part.len() > LONGEST_NAME) {
                let path = path.escape_debug();
                return Err(format!(
                    "the commit holds a name of more than {LONGEST_NAME} bytes, which no disk takes: `{path}`"
                ));
            }
            if !stays_inside(path) {
                return Err(format!("the commit holds a path that leads out of it: `{}`", path.escape_debug()));
            }
            folders.extend(above(path));
            if entry.kind == EntryKind::Folder {
                folders.insert(path);
            } else if !files.insert(path) {
                return Err(format!("the commit holds `{}` twice", path.escape_debug()));
            }
            export.add(entry, path);
        }
        if let Some(path) = files.intersection(&folders).next() {
            return Err(format!("the commit holds `{}` as a file and as a folder", path.escape_debug()));
        }
        Ok(export)
    }

    fn add(&mut self, entry: &Entry, path: &str) {
        let (path, id) = (path.to_owned(), entry.id.clone());
        match entry.kind {
            EntryKind::File { executable } => self.files.push(File { path, id, executable }),
            EntryKind::Link => self.links.push(Link { path, id }),
            EntryKind::Folder => {}
            EntryKind::Submodule => {
                let help = "submodules are not fetched: make what is needed of it part of the repository, or name a folder without it by `path=`";
                self.odd.push(Oddity { path, what: "is a submodule", help });
            }
            EntryKind::Unknown => {
                self.odd.push(Oddity { path, what: "is neither a file nor a link", help: "take it out of the commit" });
            }
        }
    }
}

/// Whether a link stays in the tree, going by its words alone. The disk is asked as well, once all links are there: one may lead
/// over another.
pub fn leads_out(path: &str, target: &str) -> bool {
    let mut depth = path.split('/').count().saturating_sub(1);
    for part in Path::new(target).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    target.is_empty() || target.contains('\0')
}

/// Reads the answer of `git ls-tree -r -t -z -l`.
pub fn entries(listing: &[u8]) -> Vec<Entry> {
    listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()).filter_map(entry).collect()
}

/// `100644 blob 0123…    42<tab>path`.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = line.split_at_checked(tab)?;
    let mut words = std::str::from_utf8(head).ok()?.split_ascii_whitespace();
    let (mode, _, id, size) = (words.next()?, words.next()?, words.next()?, words.next().unwrap_or("-"));
    let kind = match mode {
        "100644" | "100664" => EntryKind::File { executable: false },
        "100755" => EntryKind::File { executable: true },
        "120000" => EntryKind::Link,
        "040000" => EntryKind::Folder,
        "160000" => EntryKind::Submodule,
        _ => EntryKind::Unknown,
    };
    Some(Entry { kind, id: id.to_owned(), size: size.parse().unwrap_or(0), path: path.get(1..)?.to_vec() })
}

/// Whether a path is a part of the tree, or in it.
fn is_within(path: &[u8], part: &str) -> bool {
    let rest = path.strip_prefix(part.as_bytes());
    part.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

/// The longest name of a file, in bytes: `NAME_MAX` of Linux.
const LONGEST_NAME: usize = 255;

fn stays_inside(path: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.split('/').all(is_name) && !path.contains('\0')
}

/// The folders that a path is in.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

#[cfg(test)]
mod tests;
