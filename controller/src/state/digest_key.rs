//! The key for digests of secrets: 32 random bytes, made once.
//!
//! A new key makes the old digests *unknown*, never *changed*, so that losing it restarts nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use skiff_core::DigestKey;

use super::{StateError, describe, file};

const FILE: &str = "digest-key";

/// The key, and why it could not be kept, if it could not. Where nothing may be written a new key lasts for this process.
pub(super) fn load(
    state: &Path,
    writable: bool,
    warnings: &mut Vec<String>,
) -> Result<(DigestKey, Option<String>), StateError> {
    let path = state.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) => return Ok((DigestKey::new(bytes), None)),
            Err(_) => warnings.push(file::set_aside(&path, "is no key of 32 bytes", writable)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(StateError::Io { path, source }),
    }
    let bytes = random().map_err(|source| StateError::Io { path: RANDOM.into(), source })?;
    let kept = if writable { file::write_bytes(&path, &bytes) } else { Ok(()) };
    Ok((DigestKey::new(bytes), kept.err().map(|error| describe(&error))))
}

const RANDOM: &str = "/dev/urandom";

fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    File::open(RANDOM)?.read_exact(&mut bytes)?;
    Ok(bytes)
}
