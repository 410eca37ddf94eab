//! etcd on loopback: Debian's program, which `make setup` puts beside the build; one member, with or without TLS, or a cluster of three.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::check::poll;
use crate::gate::Gate;
use crate::port::free_port;
use crate::registry::tool;

/// A member under way; it ends with the value.
#[derive(Debug)]
pub struct Etcd {
    child: Option<Child>,
    client: u16,
    peer: u16,
    tls: bool,
    folder: TempDir,
    name: String,
    /// All members with their addresses, as each of them is told.
    members: String,
}

impl Etcd {
    /// Starts one.
    pub fn start() -> Result<Self> {
        Self::begin(false)
    }

    /// Starts one that speaks TLS, and only with who has its certificate.
    pub fn start_private() -> Result<Self> {
        Self::begin(true)
    }

    fn begin(tls: bool) -> Result<Self> {
        let mut etcd = Self::new("default", tls)?;
        etcd.members = format!("default={}", etcd.peer_url());
        if tls {
            etcd.make_certificate()?;
        }
        etcd.run()?;
        Ok(etcd)
    }

    /// Starts a cluster of three.
    pub fn start_cluster() -> Result<Vec<Self>> {
        let mut members =
            ["one", "two", "three"].map(|name| Self::new(name, false)).into_iter().collect::<Result<Vec<_>>>()?;
        let all: Vec<String> = members.iter().map(|member| format!("{}={}", member.name, member.peer_url())).collect();
        for member in &mut members {
            member.members = all.join(",");
            member.spawn()?;
        }
        members.iter().try_for_each(Self::answers)?;
        Ok(members)
    }

    fn new(name: &str, tls: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("skiff-etcd-").tempdir()?;
        let (client, peer, name) = (free_port()?, free_port()?, name.to_owned());
        Ok(Self { child: None, client, peer, tls, folder, name, members: String::new() })
    }

    fn peer_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.peer)
    }

    /// Starts the member, on what it had.
    pub fn run(&mut self) -> Result<()> {
        self.spawn()?;
        self.answers()
    }

    fn answers(&self) -> Result<()> {
        poll(Duration::from_secs(20), || self.ctl(&["get", "/"]).map(drop))
    }

    fn spawn(&mut self) -> Result<()> {
        let scheme = if self.tls { "https" } else { "http" };
        let (client, peer) = (format!("{scheme}://127.0.0.1:{}", self.client), self.peer_url());
        let log = File::options().create(true).append(true).open(self.file("log"))?;
        let mut command = Command::new(tool("etcd")?);
        command.arg("--data-dir").arg(self.file("data")).args(["--unsafe-no-fsync", "--name", &self.name]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &self.members]);
        if self.tls {
            command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(self.certificate());
            command.arg("--cert-file").arg(self.certificate()).arg("--key-file").arg(self.key());
        }
        self.child = Some(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("etcd")?);
        Ok(())
    }

    /// Whether the member leads its cluster.
    pub fn leads(&self) -> Result<bool> {
        let status: serde_json::Value = serde_json::from_str(&self.ctl(&["endpoint", "status", "-w", "json"])?)?;
        let id = |pointer: &str| status.pointer(pointer).cloned().context("a member's id");
        Ok(id("/0/Status/leader")? == id("/0/Status/header/member_id")?)
    }

    /// A gate before it, that lets so many calls of each connection through.
    pub fn gate(&self, calls: usize) -> Result<Gate> {
        Gate::before(self.client, calls)
    }

    /// Forgets all that is older than now.
    pub fn compact(&self) -> Result<()> {
        let status: serde_json::Value = serde_json::from_str(&self.ctl(&["endpoint", "status", "-w", "json"])?)?;
        let revision = status.pointer("/0/Status/header/revision").context("a revision")?;
        self.ctl(&["compact", "--physical", &revision.to_string()]).map(drop)
    }

    /// The member's host and port.
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.client)
    }

    /// The address of a prefix, with settings.
    pub fn address(&self, prefix: &str, settings: &str) -> String {
        format!("etcd://127.0.0.1:{}{prefix}?{settings}", self.client)
    }

    /// The certificate of both sides.
    pub fn certificate(&self) -> PathBuf {
        self.file("cert.pem")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.file("key.pem")
    }

    /// Calls `etcdctl`.
    pub fn ctl(&self, args: &[&str]) -> Result<String> {
        let scheme = if self.tls { "https" } else { "http" };
        let mut command = Command::new(tool("etcdctl")?);
        command.env("ETCDCTL_API", "3").args(["--command-timeout", "2s", "--dial-timeout", "2s"]);
        command.arg("--endpoints").arg(format!("{scheme}://127.0.0.1:{}", self.client));
        if self.tls {
            command
                .arg("--cacert")
                .arg(self.certificate())
                .arg("--cert")
                .arg(self.certificate())
                .arg("--key")
                .arg(self.key());
        }
        let output = command.args(args).output().context("etcdctl")?;
        ensure!(output.status.success(), "etcdctl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Kills the member; [`Self::run`] starts it again.
    pub fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Whether it was not killed.
    pub const fn is_alive(&self) -> bool {
        self.child.is_some()
    }

    /// Freezes the member.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let child = self.child.as_ref().context("it does not run")?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a pid")?;
        Ok(kill_process(pid, signal)?)
    }

    fn make_certificate(&self) -> Result<()> {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args([
                "-subj",
                "/CN=skiff",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ])
            .arg("-keyout")
            .arg(self.key())
            .arg("-out")
            .arg(self.certificate())
            .stderr(Stdio::null())
            .status()?;
        ensure!(made.success(), "openssl makes no certificate");
        Ok(())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The folder of its files.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill().ok();
    }
}
