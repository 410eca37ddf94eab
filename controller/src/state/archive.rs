//! How the content of kept revisions stands on the disk: configs beside the history, secrets in the run folder, which is memory.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use skiff_api::{Kind, ObjectKey};
use skiff_core::Archive;

/// A file of it. No `Debug`: it may hold secrets.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ArchiveRecord(Vec<Entry>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    object: ObjectKey,
    digest: String,
    content: BTreeMap<String, String>,
}

impl ArchiveRecord {
    /// The part of an archive that is secret, or the other one.
    pub(super) fn of(archive: &Archive, secret: bool) -> Self {
        let entries = archive.iter().filter(|(object, ..)| (object.kind == Kind::Secret) == secret);
        let entry = |(object, digest, content): (&ObjectKey, &str, &BTreeMap<_, std::sync::Arc<[u8]>>)| Entry {
            object: object.clone(),
            digest: digest.to_owned(),
            content: content.iter().map(|(key, bytes): (&String, _)| (key.clone(), STANDARD.encode(bytes))).collect(),
        };
        Self(entries.map(entry).collect())
    }

    /// Puts what was recorded into an archive.
    pub(super) fn restore(self, archive: &mut Archive) {
        for Entry { object, digest, content } in self.0 {
            let decoded = content.into_iter().filter_map(|(key, text)| Some((key, STANDARD.decode(text).ok()?.into())));
            archive.insert(object, digest, decoded.collect());
        }
    }
}
