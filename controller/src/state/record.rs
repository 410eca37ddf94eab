//! How the last good state stands on the disk, and in the run folder what must not stand on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skiff_api::{Kind, Object, ObjectKey};
use skiff_core::{Departed, HostFiles};
use skiff_remote::git::Commit;

use super::{Good, GoodObject};

/// The file of a source. Holds no secret.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Record {
    pub(super) source: String,
    #[serde(default)]
    roots: Vec<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<Commit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    objects: BTreeMap<ObjectKey, ObjectRecord>,
    departed: BTreeMap<ObjectKey, Departed>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObjectRecord {
    /// `None` for a secret: its manifest is among the [`Content`].
    manifest: Option<Value>,
    base: PathBuf,
    file: PathBuf,
    document: usize,
    line: u32,
    column: u32,
}

/// What is kept in memory only. No `Debug`: it holds secrets.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Content {
    secrets: BTreeMap<ObjectKey, Value>,
    files: Vec<FileRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileRecord {
    base: String,
    path: String,
    base64: String,
}

impl Record {
    pub(super) fn of(source: &str, good: &Good, departed: &BTreeMap<ObjectKey, Departed>) -> Self {
        let objects = good.objects.iter().map(|(key, object)| (key.clone(), ObjectRecord::of(key, object))).collect();
        let (roots, commit, revision) = (good.roots.clone(), good.commit.clone(), good.revision.clone());
        Self { source: source.to_owned(), roots, commit, revision, objects, departed: departed.clone() }
    }

    /// The state that was recorded. An object that this version finds invalid is left out with a warning.
    pub(super) fn into_good(
        self,
        mut content: Content,
        warnings: &mut Vec<String>,
    ) -> (Good, BTreeMap<ObjectKey, Departed>) {
        let Self { roots, commit, revision, .. } = &self;
        let mut good = Good {
            roots: roots.clone(),
            commit: commit.clone(),
            revision: revision.clone(),
            host_files: content.files(),
            ..Good::default()
        };
        for (key, record) in self.objects {
            let ObjectRecord { manifest, base, file, document, line, column } = record;
            let Some(manifest) = manifest.or_else(|| content.secrets.remove(&key)) else {
                warnings.push(format!("the last good version of {key} was kept in memory only and is lost"));
                good.lost.insert(key);
                continue;
            };
            let Ok(object) = Object::from_manifest(&manifest) else {
                warnings.push(format!("the last good version of {key} cannot be read by this version of skiff"));
                continue;
            };
            good.objects.insert(key, GoodObject { object, base, file, document, line, column });
        }
        (good, self.departed)
    }
}

impl ObjectRecord {
    fn of(key: &ObjectKey, good: &GoodObject) -> Self {
        let GoodObject { object, base, file, document, line, column } = good;
        Self {
            manifest: (key.kind != Kind::Secret).then(|| object.to_manifest()),
            base: base.clone(),
            file: file.clone(),
            document: *document,
            line: *line,
            column: *column,
        }
    }
}

impl Content {
    pub(super) fn of(good: &Good) -> Self {
        let secrets = good.objects.iter().filter(|(key, _)| key.kind == Kind::Secret);
        let files = good.host_files.iter().map(|((base, path), bytes)| FileRecord {
            base: base.clone(),
            path: path.clone(),
            base64: STANDARD.encode(bytes),
        });
        Self {
            secrets: secrets.map(|(key, good)| (key.clone(), good.object.to_manifest())).collect(),
            files: files.collect(),
        }
    }

    fn files(&mut self) -> HostFiles {
        let files = std::mem::take(&mut self.files).into_iter();
        files.filter_map(|file| Some(((file.base, file.path), STANDARD.decode(file.base64).ok()?.into()))).collect()
    }
}
