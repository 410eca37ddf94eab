//! How a mount turns the keys of a `ConfigMap` or Secret into files.

use skiff_api::{KeyToPath, UpdatePolicy};

use crate::action::FileEntry;
use crate::content::digest;

/// How a mount lays out the keys of an object.
pub(super) struct Layout<'a> {
    pub(super) items: &'a [KeyToPath],
    pub(super) default_mode: Option<u32>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) update: UpdatePolicy,
}

impl Layout<'_> {
    /// The files of those keys that there are.
    pub(super) fn files(&self, keys: &[&String]) -> Vec<FileEntry> {
        let entry = |key: &str, path: &str, mode: Option<u32>| FileEntry {
            path: path.to_owned(),
            key: key.to_owned(),
            mode: mode.or(self.default_mode).unwrap_or(0o644),
            uid: self.uid,
            gid: self.gid,
        };
        let mut files: Vec<FileEntry> = if self.items.is_empty() {
            keys.iter().map(|key| entry(key, key, None)).collect()
        } else {
            let present = self.items.iter().filter(|item| keys.contains(&&item.key));
            present.map(|item| entry(&item.key, &item.path, item.mode)).collect()
        };
        files.sort();
        files
    }

    /// What the mount asks for, whatever the keys hold. It names a folder that containers of many versions of Skiff mount.
    pub(super) fn digest(&self) -> String {
        let Self { items, default_mode, uid, gid, update: _ } = self;
        let number = |number: &Option<u32>| number.map_or_else(String::new, |number| number.to_string());
        let mut parts = vec!["in place".to_owned(), number(default_mode), number(uid), number(gid)];
        parts.extend(items.iter().flat_map(|item| [item.key.clone(), item.path.clone(), number(&item.mode)]));
        digest(&parts.iter().map(String::as_bytes).collect::<Vec<_>>())
    }
}
