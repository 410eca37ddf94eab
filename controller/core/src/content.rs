//! The content of ConfigMaps, Secrets and small files, and digests of it that can stand in labels.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use skiff_api::{Kind, ObjectKey};

/// A key of a ConfigMap or Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentKey {
    /// The object.
    pub object: ObjectKey,
    /// The key.
    pub key: String,
}

/// Bytes by object and key. Its values are shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContentStore {
    entries: BTreeMap<ObjectKey, BTreeMap<String, Arc<[u8]>>>,
    /// The digests of what is used of it, as containers carry them.
    digests: BTreeSet<String>,
}

/// Shows which keys there are and never what they hold.
impl fmt::Debug for ContentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(object, keys)| (object, keys.keys()))).finish()
    }
}

impl ContentStore {
    /// Stores what a key holds.
    pub fn insert(&mut self, object: ObjectKey, key: String, bytes: impl Into<Arc<[u8]>>) {
        self.entries.entry(object).or_default().insert(key, bytes.into());
    }

    /// Stores that an object exists, with or without keys.
    pub fn insert_object(&mut self, object: ObjectKey) {
        self.entries.entry(object).or_default();
    }

    /// What a key holds.
    pub fn get(&self, object: &ObjectKey, key: &str) -> Option<&Arc<[u8]>> {
        self.entries.get(object)?.get(key)
    }

    /// Notes the digest of what a template uses of an object.
    pub fn note_digest(&mut self, digest: String) {
        self.digests.insert(digest);
    }

    /// Whether some template uses content with this digest.
    pub(crate) fn has_digest(&self, digest: &str) -> bool {
        self.digests.contains(digest)
    }

    /// What all keys of all objects of a kind hold.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Arc<[u8]>> {
        self.entries.iter().filter(move |(object, _)| object.kind == kind).flat_map(|(_, keys)| keys.values())
    }

    /// The keys of an object, `None` where there is no such object.
    pub fn keys(&self, object: &ObjectKey) -> Option<impl Iterator<Item = &String>> {
        self.entries.get(object).map(BTreeMap::keys)
    }
}

/// What the keys of an object hold.
type Keys = BTreeMap<String, Arc<[u8]>>;

/// Content that kept revisions use, by object and digest: what an object holds now may be something else.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Archive {
    entries: BTreeMap<(ObjectKey, String), Keys>,
}

/// Shows which objects there are and never what they hold.
impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

impl Archive {
    /// Keeps the content of an object, by the digest of what is used of it.
    pub fn insert(&mut self, object: ObjectKey, digest: String, content: Keys) {
        self.entries.insert((object, digest), content);
    }

    /// The content of an object that had this digest.
    pub fn get(&self, object: &ObjectKey, digest: &str) -> Option<&Keys> {
        self.entries.get(&(object.clone(), digest.to_owned()))
    }

    /// All of it: object, digest, content.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &str, &Keys)> {
        self.entries.iter().map(|((object, digest), content)| (object, digest.as_str(), content))
    }
}

/// The key of this host for digests of secrets: a plain digest of a short secret could be guessed.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestKey {
    id: String,
    bytes: [u8; 32],
}

/// Shows the id only.
impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl DigestKey {
    /// A key of 32 random bytes; its id is made from it.
    pub fn new(bytes: [u8; 32]) -> Self {
        let id = hex(&Sha256::digest([b"skiff digest key id".as_slice(), &bytes].concat()), 4);
        Self { id, bytes }
    }

    /// The name of the key, which stands before each digest made with it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `<key id>:<digest>`.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(&self.bytes).map(|mut mac| {
            for part in parts {
                mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                mac.update(part);
            }
            mac.finalize().into_bytes()
        });
        // HMAC takes keys of every length; an empty digest would only mean "changed".
        format!("{}:{}", self.id, mac.map(|bytes| hex(&bytes, 12)).unwrap_or_default())
    }
}

/// Whether two digests cannot be compared, as they were made with different keys.
pub(crate) fn is_incomparable(one: &str, other: &str) -> bool {
    // What is no secret is digested without a key.
    let key_id = |digest: &str| digest.split_once(':').map(|(id, _)| id.to_owned());
    key_id(one) != key_id(other)
}

/// A digest of parts, unambiguous about where one ends.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize(), 12)
}

/// The first bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8], count: usize) -> String {
    use fmt::Write;
    bytes.iter().take(count).fold(String::with_capacity(count * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
