//! A registry on loopback with a password: Debian's `docker-registry`, which `make setup` puts beside the build.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::IMAGE;
use crate::check::poll;
use crate::docker::Docker;

/// The user that the registry knows.
const USER: &str = "skiff";
/// Every third byte of it needs the letters in which the two base64 alphabets differ.
const PASSWORD: &str = "a~~~b>>>c???";
/// The password as the registry knows it.
const HASHED: &str = "skiff:$2y$05$abcdefghijklmnopqrstuuvkDbBxUa.l0LZ58mas5.Cg1zNc/zUGW\n";

/// A registry under way; it ends with the value.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    port: u16,
    folder: TempDir,
    docker: Docker,
    tags: Vec<String>,
}

impl Registry {
    /// Starts one on a free port.
    pub fn start(docker: &Docker) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("skiff-registry-").tempdir()?;
        let port = free_port()?;
        fs::write(folder.path().join("htpasswd"), HASHED)?;
        let config = folder.path().join("config.yml");
        fs::write(&config, configuration(folder.path(), port))?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(program()?)
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("docker-registry")?;
        poll(Duration::from_secs(20), || Ok(TcpStream::connect(("127.0.0.1", port)).map(drop)?))?;
        Ok(Self { child, port, folder, docker: docker.clone(), tags: Vec::new() })
    }

    /// Puts the test image into the registry under a name, and forgets it on the engine. Returns the reference.
    pub fn push(&mut self, name: &str) -> Result<String> {
        let reference = format!("127.0.0.1:{}/{name}", self.port);
        self.docker_command(&["tag", IMAGE, &reference])?;
        self.docker_command(&["push", "--quiet", &reference])?;
        self.docker_command(&["rmi", &reference])?;
        self.tags.push(reference.clone());
        Ok(reference)
    }

    /// A folder with Docker's config file for this registry, with the right password.
    pub fn credentials(&self) -> Result<PathBuf> {
        self.config_folder("right", PASSWORD)
    }

    /// A folder with Docker's config file for this registry, with a wrong password.
    pub fn wrong_credentials(&self) -> Result<PathBuf> {
        self.config_folder("wrong", "guess")
    }

    fn config_folder(&self, name: &str, password: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder)?;
        let auth = base64(&format!("{USER}:{password}"));
        let config = serde_json::json!({ "auths": { format!("127.0.0.1:{}", self.port): { "auth": auth } } });
        fs::write(folder.join("config.json"), config.to_string())?;
        Ok(folder)
    }

    fn docker_command(&self, args: &[&str]) -> Result<()> {
        let output = self.docker.command().env("DOCKER_CONFIG", self.credentials()?).args(args).output()?;
        ensure!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for tag in std::mem::take(&mut self.tags) {
            self.docker_command(&["rmi", &tag]).ok();
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "version: 0.1\nlog: {{ level: info }}\nstorage: {{ filesystem: {{ rootdirectory: {folder}/data }} }}\n\
         http: {{ addr: \"127.0.0.1:{port}\" }}\nauth: {{ htpasswd: {{ realm: test, path: {folder}/htpasswd }} }}\n"
    )
}

fn program() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("tools/docker-registry");
    ensure!(program.is_file(), "{} is missing: run `make setup`", program.display());
    Ok(program)
}

/// A port of loopback that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for triple in text.as_bytes().chunks(3) {
        let bits = triple.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - triple.len()));
        for place in 0..4_usize {
            let letter = LETTERS.get((bits >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if place <= triple.len() { char::from(letter) } else { '=' });
        }
    }
    out
}
