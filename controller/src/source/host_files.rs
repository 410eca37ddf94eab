//! Small files of the host that are mounted read-only, and seccomp profiles: their bytes count as content, so that a change rolls their users.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use skiff_api::{HostPathVolume, Object, SecurityContext};

use super::{Declared, Loaded, read};

/// A file beyond this is mounted, and its bytes are not looked at.
const LARGEST: u64 = 1 << 20;

/// Reads the files of all objects that are not read yet.
pub(super) fn collect(loaded: &mut Loaded) {
    for declared in loaded.objects.values() {
        for path in paths(&declared.object) {
            let key = (declared.base.to_string_lossy().into_owned(), path.to_owned());
            let file = resolved(&declared.base, path);
            if !loaded.host_files.contains_key(&key)
                && let Some(bytes) = small_file(&file)
            {
                loaded.host_files.insert(key, bytes.into());
            }
            loaded.beside.files.insert(file);
        }
    }
}

/// The relative paths of files that an object mounts read-only, or has for a profile, as they are written.
pub(super) fn paths(object: &Object) -> Vec<&str> {
    let Some(template) = object.template() else { return Vec::new() };
    let candidates = template.volumes.iter().filter_map(|volume| Some((&volume.name, volume.host_path.as_ref()?)));
    let relative = candidates.filter(|(_, host)| Path::new(&host.path).is_relative());
    let read_only = relative.filter(|(name, host)| host.read_only || template.mounts_read_only(name));
    read_only.map(|(_, host)| host.path.as_str()).chain(profiles(object)).collect()
}

/// The relative paths of the seccomp profiles of an object, as they are written.
pub(super) fn profiles(object: &Object) -> impl Iterator<Item = &str> {
    let contexts = object.template().into_iter().map(|template| &template.container.security_context);
    contexts.flat_map(SecurityContext::seccomp_files).filter(|path| Path::new(path).is_relative())
}

/// Every path of the host that an object mounts.
pub(super) fn all(object: &Object) -> impl Iterator<Item = &HostPathVolume> {
    object.template().into_iter().flat_map(|template| &template.volumes).filter_map(|volume| volume.host_path.as_ref())
}

/// The keys of an object's files.
pub(super) fn keys(declared: &Declared) -> impl Iterator<Item = (String, String)> {
    let base = declared.base.to_string_lossy();
    paths(&declared.object).into_iter().map(move |path| (base.clone().into_owned(), path.to_owned()))
}

/// The path from the root, `./` taken out of it.
pub(super) fn resolved(base: &Path, path: &str) -> PathBuf {
    base.join(path).components().collect()
}

fn small_file(path: &Path) -> Option<Vec<u8>> {
    let meta = fs::metadata(path).ok()?;
    if meta.file_type().is_fifo() || !meta.is_file() || meta.len() > LARGEST {
        return None;
    }
    read::file(path, LARGEST).ok()
}
