//! An SSH server on loopback that lets one key in: OpenSSH's own, which `make setup` installs and never starts.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::check::poll;
use crate::port::free_port;

/// A server under way; it ends with the value.
#[derive(Debug)]
pub struct SshServer {
    child: Child,
    port: u16,
    folder: TempDir,
}

const PROGRAM: &str = "/usr/sbin/sshd";

impl SshServer {
    /// Starts one that knows the key [`Self::key`].
    pub fn start() -> Result<Self> {
        ensure!(Path::new(PROGRAM).exists(), "{PROGRAM} is missing: `make setup` installs it");
        let folder = tempfile::Builder::new().prefix("skiff-sshd-").tempdir()?;
        for name in ["host", "user", "stranger"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.path().join(name))
                .status()?;
            ensure!(made.success(), "ssh-keygen");
        }
        let port = free_port()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (host, user) = (path("host"), path("user.pub"));
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {host}\nAuthorizedKeysFile {user}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
        );
        fs::write(path("config"), config)?;
        fs::write(path("known_hosts"), format!("[127.0.0.1]:{port} {}", fs::read_to_string(path("host.pub"))?))?;
        // A server that root starts locks itself in there; a service would have made it.
        fs::create_dir_all("/run/sshd").ok();
        let log = File::create(path("log"))?;
        let child = Command::new(PROGRAM)
            .args(["-D", "-e", "-f", &path("config")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("sshd")?;
        let server = Self { child, port, folder };
        poll(Duration::from_secs(10), || Ok(TcpStream::connect(("127.0.0.1", port)).map(drop)?))
            .with_context(|| fs::read_to_string(server.file("log")).unwrap_or_default())?;
        Ok(server)
    }

    /// The address of a repository on this host.
    pub fn address(&self, repository: &Path, settings: &str) -> Result<String> {
        let user = Command::new("id").arg("-un").output()?;
        let user = String::from_utf8_lossy(&user.stdout).trim().to_owned();
        Ok(format!("git+ssh://{user}@127.0.0.1:{}{}?{settings}", self.port, repository.display()))
    }

    /// The key that the server knows.
    pub fn key(&self) -> PathBuf {
        self.file("user")
    }

    /// A key that it does not know.
    pub fn strange_key(&self) -> PathBuf {
        self.file("stranger")
    }

    /// The server's own key, as a client must know it.
    pub fn known_hosts(&self) -> PathBuf {
        self.file("known_hosts")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
