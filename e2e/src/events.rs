//! What has happened to a scenario's things since a moment. Docker tells only the last few hundred events of all that go on, so that they
//! are followed from that moment on; what it still knows besides is what has not arrived yet.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::docker::Docker;

/// The events of a label, from a moment on.
#[derive(Debug)]
pub struct Events {
    docker: Docker,
    label: String,
    /// The moment, in seconds of the engine's clock.
    since: String,
    /// Where they are written as they come.
    file: PathBuf,
    following: Child,
}

impl Events {
    /// Begins to follow them.
    ///
    /// # Errors
    /// When the docker command cannot be started.
    pub fn follow(docker: &Docker, label: String, since: String, file: PathBuf) -> Result<Self> {
        let filter = format!("label={label}");
        let following = docker
            .command()
            .args(["events", "--since", &since, "--filter", &filter, "--format", "{{json .}}"])
            .stdout(File::create(&file)?)
            .stderr(Stdio::null())
            .spawn()
            .context("docker events")?;
        Ok(Self { docker: docker.clone(), label, since, file, following })
    }

    /// All that has happened until now, in its order.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub fn until(&self, now: &str) -> Result<Vec<Value>> {
        let told = self.docker.events(&self.since, now, &self.label)?;
        let followed = fs::read_to_string(&self.file)?;
        // A line that is still being written is among what is told.
        let followed = followed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let all: BTreeMap<_, Value> = followed.chain(told).map(|event| (place(&event), event)).collect();
        Ok(all.into_values().collect())
    }
}

/// When an event was, and which of those of that moment.
fn place(event: &Value) -> (i64, String, String) {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (event.get("timeNano").and_then(Value::as_i64).unwrap_or_default(), text("/Actor/ID"), text("/Action"))
}

impl Drop for Events {
    fn drop(&mut self) {
        self.following.kill().ok();
        self.following.wait().ok();
    }
}
