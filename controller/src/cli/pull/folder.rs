//! Documents as files of a folder: what was pulled is known by its receipt, and no other file is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skiff_remote::etcd::{EtcdAddress, object_of};

use crate::cli::CliError;
use crate::etcd::Documents;

/// What came of a pull into a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pulled {
    /// Files that were written.
    pub(super) written: usize,
    /// Files of an earlier pull that were removed, for their documents have gone.
    pub(super) removed: usize,
    /// Such files that somebody has changed since: they stay.
    pub(super) left: Vec<String>,
}

/// What was pulled into a folder: a digest of each file, by the prefix that it is from.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Receipts {
    pulled: BTreeMap<String, Files>,
    /// What pulls that have begun were about to write, beside what was pulled before: one that broke off has written some of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    begun: BTreeMap<String, Begun>,
}

/// A digest of each file, by its name.
type Files = BTreeMap<String, String>;

/// Digests of what may be in each file, by its name.
type Begun = BTreeMap<String, BTreeSet<String>>;

/// Its file, which no reader of manifests takes for one.
const RECEIPT: &str = ".skiff-pull";
/// What a file is called while it is written, which no reader takes for a manifest either.
const DRAFT: &str = ".skiff-pull-draft";

/// A file for each object, named by it; keys that name no object are nobody's. Files that an earlier pull of the same address wrote and that
/// have gone since are removed; no other file ever is. What is about to be written is noted first: whatever breaks off, the next pull knows
/// its own.
///
/// # Errors
/// When a file is somebody's own, or one cannot be written.
pub(super) fn write(documents: &Documents, address: &EtcdAddress, folder: &Path) -> Result<Pulled, CliError> {
    std::fs::create_dir_all(folder).map_err(|error| not_written(folder, error))?;
    // Without them, or with some that cannot be read, nothing is known to be ours.
    let receipts = std::fs::read_to_string(folder.join(RECEIPT)).ok();
    let mut receipts = receipts.and_then(|text| serde_json::from_str::<Receipts>(&text).ok()).unwrap_or_default();
    let prefix = &address.prefix;
    let begun = receipts.begun.entry(prefix.clone()).or_default();
    for (name, digest) in receipts.pulled.get(prefix).into_iter().flatten() {
        begun.entry(name.clone()).or_default().insert(digest.clone());
    }
    refuse_what_is_not_ours(documents, address, folder, begun)?;
    let texts: BTreeMap<String, &str> = files_of(documents, prefix).collect();
    let files: Files = texts.iter().map(|(name, text)| (name.clone(), digest(text.as_bytes()))).collect();
    for (name, digest) in &files {
        begun.entry(name.clone()).or_default().insert(digest.clone());
    }
    receipts.save(folder)?;
    for (name, text) in &texts {
        put(folder, name, text)?;
    }
    let before = receipts.begun.remove(prefix).unwrap_or_default();
    receipts.pulled.remove(prefix);
    let mut pulled = Pulled { written: files.len(), ..Pulled::default() };
    // A file that another prefix brought as well stays for that one.
    let is_needed =
        |name: &String| files.contains_key(name) || receipts.pulled.values().any(|it| it.contains_key(name));
    for (name, known) in before.into_iter().filter(|(name, _)| !is_needed(name) && is_file_name(name)) {
        pulled.remove(folder, name, &known)?;
    }
    receipts.pulled.insert(prefix.clone(), files);
    receipts.save(folder)?;
    Ok(pulled)
}

impl Pulled {
    /// Removes a file whose document has gone, unless somebody has changed it.
    fn remove(&mut self, folder: &Path, name: String, known: &BTreeSet<String>) -> Result<(), CliError> {
        let path = folder.join(&name);
        match std::fs::read(&path) {
            Ok(bytes) if known.contains(&digest(&bytes)) => {
                std::fs::remove_file(&path)
                    .map_err(|error| CliError::failed(format!("cannot remove {}", path.display()), error))?;
                self.removed += 1;
            }
            Ok(_) => self.left.push(name),
            // It has been removed by hand.
            Err(_) => {}
        }
        Ok(())
    }
}

impl Receipts {
    fn save(&self, folder: &Path) -> Result<(), CliError> {
        put(folder, RECEIPT, &serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

/// Puts a file there whole, in place of what has its name: a link is not followed.
fn put(folder: &Path, name: &str, text: &str) -> Result<(), CliError> {
    let path = folder.join(name);
    let draft = folder.join(DRAFT);
    let written = write_draft(&draft, text).and_then(|()| std::fs::rename(&draft, &path));
    if written.is_err() {
        std::fs::remove_file(&draft).ok();
    }
    written.map_err(|error| not_written(&path, error))
}

/// One that is left from before goes, whatever it is.
fn write_draft(draft: &Path, text: &str) -> std::io::Result<()> {
    match std::fs::remove_file(draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::fs::File::create_new(draft)?.write_all(text.as_bytes())
}

fn not_written(path: &Path, error: std::io::Error) -> CliError {
    CliError::failed(format!("cannot write {}", path.display()), error)
}

/// Refuses to write over files that no pull of this address wrote, or that somebody has changed since. A link is somebody's.
fn refuse_what_is_not_ours(
    documents: &Documents,
    address: &EtcdAddress,
    folder: &Path,
    ours: &Begun,
) -> Result<(), CliError> {
    let is_lost = |name: &str, text: &str| {
        let path = folder.join(name);
        let there = std::fs::read(&path).ok();
        let is_ours = |there: &[u8]| ours.get(name).is_some_and(|known| known.contains(&digest(there)));
        path.is_symlink() || there.is_some_and(|there| there != text.as_bytes() && !is_ours(&there))
    };
    let lost: Vec<String> = files_of(documents, &address.prefix)
        .filter(|(name, text)| is_lost(name, text))
        .map(|(name, _)| folder.join(name).display().to_string())
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let message = format!("{} would be written over, and holds what was not pulled from {address}", lost.join(", "));
    Err(CliError::refused(message, "move it away, or name another folder: nothing was written"))
}

/// A name of a file is one: a receipt may have been written by anybody.
fn is_file_name(name: &str) -> bool {
    !name.contains('/') && Path::new(name).extension().is_some_and(|extension| extension == "yaml")
}

fn digest(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(bytes))
}

/// The files of the documents that are objects.
fn files_of<'d>(documents: &'d Documents, prefix: &str) -> impl Iterator<Item = (String, &'d str)> {
    documents.texts.iter().filter_map(move |(key, text)| {
        let object = object_of(prefix, key)?;
        // A name of an object is one of DNS; what is none never becomes a path.
        let is_name = skiff_api::validate::is_dns_label;
        let fits = is_name(&object.namespace) && is_name(&object.name);
        let name = format!("{}.{}.{}.yaml", object.namespace, object.name, object.kind.lower());
        fits.then_some((name, text.as_str()))
    })
}

#[cfg(test)]
mod tests;
