//! A Docker Engine of the scenario's own, for the faults that a shared one cannot take: killed, frozen, disk full.
//!
//! It has its own root, containerd, socket and pid file, no bridge and no firewall rules, and stands beside the real one.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::IMAGE;
use crate::check::poll;
use crate::docker::Docker;

/// An engine under way; it ends with the value, and its containers with it.
#[derive(Debug)]
pub struct PrivateEngine {
    child: Option<Child>,
    folder: TempDir,
}

impl PrivateEngine {
    /// Whether this user may start one.
    pub fn is_possible() -> bool {
        rustix::process::geteuid().is_root() && Command::new("dockerd").arg("--version").output().is_ok()
    }

    /// Starts one and gives it the test image.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("skiff-engine-").tempdir_in("/var/tmp")?;
        let mut engine = Self { child: None, folder };
        fs::write(engine.folder.path().join("daemon.json"), "{}")?;
        engine.begin()?;
        let copy = "set -o pipefail; docker -H \"$1\" save \"$2\" | docker -H \"$3\" load --quiet";
        let real = format!("unix://{}", Docker::of_environment().socket().display());
        let here = format!("unix://{}", engine.docker().socket().display());
        let copied = Command::new("bash").args(["-c", copy, "copy", &real, IMAGE, &here]).output()?;
        ensure!(copied.status.success(), "the image: {}", String::from_utf8_lossy(&copied.stderr));
        Ok(engine)
    }

    /// Talks to it.
    pub fn docker(&self) -> Docker {
        Docker::at(self.folder.path().join("docker.sock"))
    }

    /// Starts the daemon and waits until it answers.
    pub fn begin(&mut self) -> Result<()> {
        let at = |name: &str| self.folder.path().join(name);
        let log = File::options().create(true).append(true).open(at("log"))?;
        let mut command = Command::new("dockerd");
        command.arg("--config-file").arg(at("daemon.json")).arg("--data-root").arg(at("root"));
        command.arg("--exec-root").arg(at("exec")).arg("--pidfile").arg(at("pid"));
        command.arg("--host").arg(format!("unix://{}", at("docker.sock").display()));
        command.args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn().context("dockerd")?);
        let docker = self.docker();
        poll(Duration::from_secs(60), || docker.get("/version").map(drop)).with_context(|| {
            fs::read_to_string(at("log")).unwrap_or_default().lines().rev().take(5).collect::<Vec<_>>().join("\n")
        })
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let child = self.child.as_ref().context("the engine does not run")?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a pid")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Ends the daemon with a signal and waits until it has gone.
    pub fn end(&mut self, signal: Signal) -> Result<()> {
        self.signal(signal)?;
        let mut child = self.child.take().context("the engine does not run")?;
        child.wait()?;
        Ok(())
    }

    fn end_containerd(&self) {
        let path = self.folder.path().join("exec/containerd/containerd.pid");
        let pid = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, Signal::KILL).ok();
        }
    }
}

impl Drop for PrivateEngine {
    fn drop(&mut self) {
        self.signal(Signal::CONT).ok();
        // What still runs would keep its mounts below the folder, and the folder could not be removed.
        for seen in self.docker().containers(&[]).unwrap_or_default() {
            self.docker().call("DELETE", &format!("/containers/{}?force=1", seen.id)).ok();
        }
        self.end(Signal::TERM).ok();
        self.end_containerd();
    }
}
