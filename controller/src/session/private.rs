//! Files of secrets that an address or a flag names: one that others can read is told once, with what to do.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::source::{Part, SourceOptions, parts};

/// Warns of every file of a secret that others can read, among those that sources name. An SSH key is refused, and so is a key of age.
pub(crate) fn warn_of_open(options: &SourceOptions) {
    for part in parts(options).into_iter().flatten() {
        let files = match &part {
            Part::Git(address, _) => vec![address.token_file.as_deref()],
            Part::Etcd(address, _) => {
                let key = address.certificate.as_ref().map(|(_, key)| key.as_path());
                vec![address.password_file.as_deref(), key]
            }
            Part::Disk(_) => Vec::new(),
        };
        for file in files.into_iter().flatten() {
            warn_if_open(file);
        }
    }
}

/// Warns of a file of a secret that others can read. What is not there is told by whoever reads it.
pub(crate) fn warn_if_open(file: &Path) {
    if let Some(mode) = open_to_others(file) {
        let (file, help) = (file.display(), format!("close it: `chmod 600 {}`", file.display()));
        tracing::warn!(help, "{file} holds a secret, and can be read by others (mode {mode:04o})");
    }
}

/// The permissions of a file, where others may read it.
fn open_to_others(file: &Path) -> Option<u32> {
    let mode = std::fs::metadata(file).ok()?.mode() & 0o7777;
    (mode & 0o044 != 0).then_some(mode)
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_others_can_read_is_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        write(&file, "secret").expect("a file");
        for (mode, open) in [(0o600, false), (0o400, false), (0o711, false), (0o640, true), (0o604, true)] {
            set_permissions(&file, Permissions::from_mode(mode)).expect("a mode");
            assert_eq!(open_to_others(&file), open.then_some(mode), "{mode:o}");
        }
        assert_eq!(open_to_others(&folder.path().join("nothing")), None);
    }
}
