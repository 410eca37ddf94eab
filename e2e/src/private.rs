//! A Docker Engine of the scenario's own, for the faults that a shared one cannot take: killed, frozen, disk full.
//!
//! It has its own root, containerd, socket and pid file, and stands beside the real one. It lives in a network namespace of
//! its own, because a daemon that starts without a bridge takes `docker0` away from the host.

use std::fs::{self, File};
use std::path::PathBuf;
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
    containerd: Child,
    dockerd: Option<Child>,
    folder: TempDir,
}

impl PrivateEngine {
    /// Whether this user may start one.
    pub fn is_possible() -> bool {
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
        rustix::process::geteuid().is_root() && has("dockerd") && has("containerd") && has("unshare")
    }

    /// Starts one and gives it the test image.
    pub fn start() -> Result<Self> {
        Self::start_in(tempfile::Builder::new().prefix("skiff-engine-").tempdir_in("/var/tmp")?)
    }

    /// Starts one whose images and containers are on a disk of 256 MB of its own.
    pub fn start_on_a_small_disk() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("skiff-engine-").tempdir_in("/var/tmp")?;
        let root = folder.path().join("root");
        fs::create_dir(&root)?;
        let make = "truncate -s 256M \"$1\" && mkfs.ext4 -q \"$1\" && mount -o loop \"$1\" \"$2\"";
        let made = Command::new("sh").args(["-c", make, "make"]).arg(folder.path().join("disk")).arg(&root).output()?;
        ensure!(made.status.success(), "the disk: {}", String::from_utf8_lossy(&made.stderr));
        Self::start_in(folder)
    }

    /// Fills the disk to the last byte.
    pub fn fill_disk(&self) -> Result<()> {
        let mut file = File::create(self.at("root/filling"))?;
        let full = std::io::copy(&mut std::io::repeat(0), &mut file);
        ensure!(full.is_err_and(|error| error.kind() == std::io::ErrorKind::StorageFull), "the disk has no end");
        Ok(())
    }

    /// Frees what filled the disk.
    pub fn free_disk(&self) -> Result<()> {
        Ok(fs::remove_file(self.at("root/filling"))?)
    }

    fn start_in(folder: TempDir) -> Result<Self> {
        let containerd = containerd(&folder)?;
        let mut engine = Self { containerd, dockerd: None, folder };
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
        Docker::at(self.at("docker.sock"))
    }

    /// Starts the daemon and waits until it answers.
    pub fn begin(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.at("log"))?;
        fs::write(self.at("daemon.json"), "{}")?;
        let mut command = Command::new("unshare");
        command.args(["--net", "dockerd", "--config-file"]).arg(self.at("daemon.json"));
        command.arg("--data-root").arg(self.at("root")).arg("--exec-root").arg(self.at("exec"));
        command.arg("--pidfile").arg(self.at("pid")).arg("--containerd").arg(self.at("containerd.sock"));
        command.arg("--host").arg(format!("unix://{}", self.at("docker.sock").display()));
        command.args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.dockerd = Some(command.spawn().context("dockerd")?);
        let docker = self.docker();
        poll(Duration::from_secs(60), || docker.get("/version").map(drop)).with_context(|| self.last_words())
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(self.dockerd.as_ref().context("the engine does not run")?, signal)
    }

    /// Ends the daemon with a signal and waits until it has gone.
    pub fn end(&mut self, signal: Signal) -> Result<()> {
        self.signal(signal)?;
        let mut child = self.dockerd.take().context("the engine does not run")?;
        child.wait()?;
        Ok(())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.at("log")).unwrap_or_default();
        log.lines().rev().take(3).collect::<Vec<_>>().join("\n")
    }

    /// What a killed daemon left mounted would keep the folder from being removed.
    fn unmount(&self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let here = self.folder.path().display().to_string();
        let ours = mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|path| path.starts_with(&here));
        for path in ours.collect::<Vec<_>>().into_iter().rev() {
            Command::new("umount").arg(path).output().ok();
        }
    }
}

impl Drop for PrivateEngine {
    fn drop(&mut self) {
        self.signal(Signal::CONT).ok();
        if self.dockerd.is_none() {
            self.begin().ok();
        }
        for seen in self.docker().containers(&[]).unwrap_or_default() {
            self.docker().call("DELETE", &format!("/containers/{}?force=1", seen.id)).ok();
        }
        self.end(Signal::TERM).ok();
        send(&self.containerd, Signal::TERM).ok();
        self.containerd.wait().ok();
        self.unmount();
    }
}

fn containerd(folder: &TempDir) -> Result<Child> {
    let at = |name: &str| folder.path().join(name);
    let log = File::create(at("containerd.log"))?;
    let root = at("containerd");
    fs::write(
        at("containerd.toml"),
        format!(
            "version = 2\nroot = \"{0}/root\"\nstate = \"{0}/state\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = \"{1}\"\n[debug]\naddress = \"{0}/debug.sock\"\n",
            root.display(),
            at("containerd.sock").display(),
        ),
    )?;
    let mut command = Command::new("containerd");
    command.arg("--config").arg(at("containerd.toml"));
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let child = command.spawn().context("containerd")?;
    poll(Duration::from_secs(20), || {
        ensure!(at("containerd.sock").exists(), "containerd does not listen");
        Ok(())
    })?;
    Ok(child)
}

fn send(child: &Child, signal: Signal) -> Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a pid")?;
    Ok(kill_process(pid, signal)?)
}
