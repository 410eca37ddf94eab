//! What is so for as long as an engine runs: its id, its version, where it keeps images, how it logs.
//!
//! Docker starts three programs to answer that, which takes longer than to list a hundred containers. So a process asks once, and
//! what was answered is kept for the next process, for as long as nothing shows that the engine was started anew. Losing the file
//! costs a question.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use skiff_core::EngineError;
use tokio::sync::OnceCell;

use super::client::Client;
use super::info;

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// The engine's own id.
    pub(super) id: String,
    /// Its version.
    pub(super) version: String,
    /// The folder of images and containers.
    pub(super) root: String,
    /// Where output goes unless a manifest says otherwise.
    pub(super) log_driver: String,
}

/// Where the facts are kept from one process to the next.
#[derive(Clone, Debug)]
pub struct FactsFile {
    /// The file; its folder is private.
    pub path: PathBuf,
    /// Whether it may be written.
    pub writable: bool,
}

/// The facts of one engine, asked by whoever needs them first.
#[derive(Clone, Debug)]
pub(super) struct Known {
    facts: Arc<OnceCell<Facts>>,
    file: Option<FactsFile>,
}

impl Known {
    pub(super) fn new(file: Option<FactsFile>) -> Self {
        Self { facts: Arc::default(), file }
    }

    /// The facts.
    pub(super) async fn facts(&self, client: &Client) -> Result<&Facts, EngineError> {
        self.facts.get_or_try_init(|| self.find(client)).await
    }

    async fn find(&self, client: &Client) -> Result<Facts, EngineError> {
        let life = client.endpoint().socket().and_then(|socket| Life::at(socket, client.daemon_api()).ok());
        let (Some(file), Some(life)) = (&self.file, life) else { return info::facts(client).await };
        if let Some(facts) = file.read(&life) {
            return Ok(facts);
        }
        let facts = info::facts(client).await?;
        // What cannot be kept is asked again.
        file.write(Kept { life, facts: facts.clone() }).ok();
        Ok(facts)
    }
}

/// One life of an engine, as far as it shows from outside: another one makes its socket anew or, where systemd holds that, its pid file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Life {
    api: (u32, u32),
    socket: Stamp,
    pid_file: Option<Stamp>,
}

/// A file as it was made or changed: device, inode, seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

const PID_FILE: &str = "/var/run/docker.pid";

impl Life {
    fn at(socket: &Path, api: (u32, u32)) -> io::Result<Self> {
        let stamp = |meta: Metadata| (meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec());
        Ok(Self { api, socket: stamp(fs::metadata(socket)?), pid_file: fs::metadata(PID_FILE).ok().map(stamp) })
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    life: Life,
    facts: Facts,
}

impl FactsFile {
    /// What was kept of this life of the engine; nothing where the file is not ours.
    fn read(&self, life: &Life) -> Option<Facts> {
        let owner = fs::symlink_metadata(&self.path).ok()?.uid();
        let bytes = (owner == rustix::process::geteuid().as_raw()).then(|| fs::read(&self.path).ok())??;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.life == *life).then_some(kept.facts)
    }

    /// Written beside its place and renamed: whoever reads sees all of it or none.
    fn write(&self, kept: Kept) -> io::Result<()> {
        if !self.writable {
            return Ok(());
        }
        let draft = self.path.with_extension(format!("tmp-{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        fs::rename(&draft, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let [id, version, root, log_driver] = ["ABCD", "20.10.24", "/var/lib/docker", "json-file"].map(str::to_owned);
        Facts { id, version, root, log_driver }
    }

    #[test]
    fn the_facts_of_one_life_are_not_those_of_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let (socket, path) = (folder.path().join("docker.sock"), folder.path().join("engine.json"));
        let file = FactsFile { path, writable: true };
        fs::write(&socket, "").expect("a file in place of a socket");
        let life = Life::at(&socket, (1, 41)).expect("it is there");
        assert_eq!(file.read(&life), None);
        file.write(Kept { life: life.clone(), facts: facts() }).expect("written");
        assert_eq!(file.read(&life), Some(facts()));
        // The engine ends, and the next one makes its socket anew; it may be a newer one, or have made only its pid file anew.
        fs::rename(&socket, folder.path().join("old")).expect("renamed");
        fs::write(&socket, "").expect("a file in place of a socket");
        assert_eq!(file.read(&Life::at(&socket, (1, 41)).expect("it is there")), None);
        assert_eq!(file.read(&Life { api: (1, 42), ..life.clone() }), None);
        assert_eq!(file.read(&Life { pid_file: Some((1, 2, 3, 4)), ..life }), None);
    }

    #[test]
    fn a_command_that_only_reads_leaves_nothing_behind_and_a_torn_file_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("engine.json");
        let life = Life { api: (1, 41), socket: (0, 0, 0, 0), pid_file: None };
        let file = FactsFile { path: path.clone(), writable: false };
        file.write(Kept { life: life.clone(), facts: facts() }).expect("nothing to do");
        assert!(!path.exists());
        fs::write(&path, r#"{"life":{"api":[1,41],"#).expect("written");
        assert_eq!(file.read(&life), None);
    }
}
