//! A registry on loopback with a password: Debian's `docker-registry`, which `make setup` puts beside the build.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::check::poll;
use crate::docker::Docker;
use crate::port::free_port;
use crate::proxy::Proxy;
use crate::{IMAGE, OTHER_IMAGE};

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
    /// The ports by which it is asked: its own, and those of proxies before it.
    ports: Vec<u16>,
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
        let child = Command::new(tool("docker-registry")?)
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("docker-registry")?;
        poll(Duration::from_secs(20), || Ok(TcpStream::connect(("127.0.0.1", port)).map(drop)?))?;
        Ok(Self { child, port, folder, docker: docker.clone(), tags: Vec::new(), ports: vec![port] })
    }

    /// Puts the test image into the registry under a name, and forgets it on the engine. Returns the reference.
    pub fn push(&mut self, name: &str) -> Result<String> {
        self.push_image(IMAGE, name)
    }

    /// Puts an image of the engine into the registry under a name. Returns the reference. What the engine knows by it is as before.
    pub fn push_image(&mut self, image: &str, name: &str) -> Result<String> {
        let reference = format!("127.0.0.1:{}/{name}", self.port);
        let before = self.docker.image_id(&reference).ok();
        self.docker_command(&["tag", image, &reference])?;
        self.docker_command(&["push", "--quiet", &reference])?;
        match before {
            Some(before) => self.docker_command(&["tag", &before, &reference])?,
            None => self.docker_command(&["rmi", &reference])?,
        }
        self.tags.push(reference.clone());
        Ok(reference)
    }

    /// Pulls what a reference means now, as a person does.
    pub fn pull(&self, reference: &str) -> Result<()> {
        self.docker_command(&["pull", "--quiet", reference])
    }

    /// A proxy before it. What was pushed under a reference can be pulled through it by [`Registry::through`].
    pub fn proxy(&mut self) -> Result<Proxy> {
        let proxy = Proxy::before(self.port)?;
        self.ports.push(proxy.port());
        Ok(proxy)
    }

    /// A reference as it is called through a proxy.
    pub fn through(&mut self, proxy: &Proxy, reference: &str) -> String {
        let called = reference.replace(&format!(":{}/", self.port), &format!(":{}/", proxy.port()));
        self.tags.push(called.clone());
        called
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
        let entry = |port: &u16| (format!("127.0.0.1:{port}"), serde_json::json!({ "auth": auth }));
        let auths: serde_json::Map<String, serde_json::Value> = self.ports.iter().map(entry).collect();
        let config = serde_json::json!({ "auths": auths });
        fs::write(folder.join("config.json"), config.to_string())?;
        Ok(folder)
    }

    fn docker_command(&self, args: &[&str]) -> Result<()> {
        let output = self.docker.command().env("DOCKER_CONFIG", self.credentials()?).args(args).output()?;
        ensure!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

impl Registry {
    /// Takes the names away that a push has left on an image.
    fn forget_digests(&self, image: &str) {
        let digests = self.docker.image_digests(image).unwrap_or_default();
        let is_own = |digest: &&String| self.ports.iter().any(|port| digest.starts_with(&format!("127.0.0.1:{port}/")));
        for digest in digests.iter().filter(is_own) {
            self.docker_command(&["rmi", digest]).ok();
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for tag in std::mem::take(&mut self.tags) {
            self.docker_command(&["rmi", &tag]).ok();
        }
        self.forget_digests(IMAGE);
        self.forget_digests(OTHER_IMAGE);
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

/// A program that `make setup` puts beside the build.
pub(crate) fn tool(name: &str) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("tools").join(name);
    ensure!(program.is_file(), "{} is missing: run `make setup`", program.display());
    Ok(program)
}

pub(crate) fn base64(text: &str) -> String {
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
