//! Files of the host as a `ConfigMap`, or as a `Secret` where their names say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Emitted;
use crate::emit::{content, meta};
use crate::names::{short_digest, suffixed};
use crate::stack::Workload;

/// Content of the host as an object.
pub(super) struct Generated {
    /// The bytes by key.
    content: BTreeMap<String, Arc<[u8]>>,
    /// The path of each key, where that is not the key.
    pub(super) paths: BTreeMap<String, String>,
    /// The file that is meant, where it is one.
    pub(super) single: Option<String>,
    pub(super) is_secret: bool,
    /// The files whose paths Kubernetes does not take.
    pub(super) refused: Vec<String>,
}

impl Generated {
    pub(super) fn of(files: BTreeMap<String, Arc<[u8]>>, is_single: bool) -> Self {
        let mut single = files.keys().next().filter(|_| is_single).cloned();
        let is_secret = files.keys().any(|path| is_secret(path));
        let (mut content, mut paths, mut refused) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for (path, bytes) in files {
            let key = key(&path, &content);
            content.insert(key.clone(), bytes);
            // Kubernetes takes no path that begins so: what is mounted by itself may have any other.
            let is_refused = path.starts_with("..");
            match (is_refused, is_single) {
                (false, _) => drop(paths.insert(key, path)),
                (true, true) => {
                    single = Some(key.clone());
                    paths.insert(key.clone(), key);
                }
                (true, false) => {
                    content.remove(&key);
                    refused.push(path);
                }
            }
        }
        if paths.iter().all(|(key, path)| key == path) {
            paths.clear();
        }
        Self { content, paths, single, is_secret, refused }
    }

    /// Whether one of the files is to be run: a script that names its interpreter, or a binary of Linux.
    pub(super) fn has_programs(&self) -> bool {
        self.content.values().any(|bytes| bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF"))
    }

    pub(super) fn object(&self, workload: &Workload<'_>, volume: &str, file: &str) -> Emitted {
        let parts: Vec<&[u8]> = self.content.iter().flat_map(|(key, bytes)| [key.as_bytes(), bytes]).collect();
        let name = suffixed(&format!("{}-{volume}", workload.key.name), &short_digest(&parts, 10));
        let make = if self.is_secret { content::generated_secret } else { content::generated_config };
        make(file, &name, &workload.namespace, meta::labels(workload), &self.content)
    }
}

/// Whether a file is for nobody's eyes, by its name.
fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = [".key", ".pem", ".p12", ".pfx", ".jks"].iter().any(|ending| name.ends_with(ending));
    ends || ["secret", "password", "passwd", "credential", "htpasswd", "id_rsa"].iter().any(|word| name.contains(word))
}

/// A key for a path: Kubernetes takes letters, digits, `-`, `_` and `.`.
fn key<T>(path: &str, taken: &BTreeMap<String, T>) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let plain: String = path.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let is_free = |key: &str| !taken.contains_key(key) && key.len() <= 200 && !key.starts_with("..") && key != ".";
    if is_free(&plain) { plain } else { format!("file-{}", short_digest(&[path.as_bytes()], 12)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_a_folder_gets_a_key_of_its_own() {
        let files = ["a/b.conf", "a_b.conf", "ü.conf"].map(|path| (path.to_owned(), Arc::from(path.as_bytes())));
        let generated = Generated::of(files.into(), false);
        assert_eq!(generated.paths.values().collect::<Vec<_>>().len(), 3);
        let read: BTreeMap<&String, &[u8]> = generated
            .paths
            .iter()
            .filter_map(|(key, path)| Some((path, generated.content.get(key)?.as_ref())))
            .collect();
        assert!(read.iter().all(|(path, bytes)| path.as_bytes() == *bytes), "{read:?}");
    }
}
