//! Repositories that a scenario pushes to: bare ones on the disk, served as a file, over HTTP(S) by git's own program, over SSH by a
//! server on loopback.

mod hook;
mod https;
mod ssh;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

pub use hook::Webhook;
pub use https::GitServer;
pub use ssh::SshServer;

/// A bare repository, and a working copy that somebody pushes from.
#[derive(Debug)]
pub struct Forge {
    folder: TempDir,
}

impl Forge {
    /// An empty repository called `shop`, whose branch is `main`.
    pub fn new() -> Result<Self> {
        Self::named("shop")
    }

    /// An empty repository of this name.
    pub fn named(name: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("skiff-forge-").tempdir()?;
        let forge = Self { folder };
        let bare = forge.path().join(format!("{name}.git"));
        run(Command::new("git").args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(&bare))?;
        run(Command::new("git").args(["clone", "--quiet"]).arg(&bare).arg(forge.work()))?;
        forge.git(&["checkout", "--quiet", "-b", "main"])?;
        forge.git(&["config", "user.name", "Ann"])?;
        forge.git(&["config", "user.email", "ann@example.com"])?;
        Ok(forge)
    }

    /// The folder that the repository is in: what a server serves.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The working copy.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The bare repository.
    pub fn bare(&self) -> Result<PathBuf> {
        let entries = fs::read_dir(self.path())?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut bare = entries.filter(|path| path.extension().is_some_and(|extension| extension == "git"));
        bare.next().context("no bare repository")
    }

    /// The address of the repository as a file, with settings.
    pub fn address(&self, settings: &str) -> Result<String> {
        Ok(format!("git+file://{}?{settings}", self.bare()?.display()))
    }

    /// Runs git in the working copy.
    pub fn git(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        command.current_dir(self.work()).args(args);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        run(&mut command)
    }

    /// Writes files, commits and pushes them; a text of nothing removes the file. Returns the commit's id.
    pub fn push(&self, files: &[(&str, &str)], subject: &str) -> Result<String> {
        let id = self.commit(files, subject)?;
        self.git(&["push", "--quiet", "origin", "HEAD"])?;
        Ok(id)
    }

    /// As [`Self::push`], without the push.
    pub fn commit(&self, files: &[(&str, &str)], subject: &str) -> Result<String> {
        for (path, text) in files {
            let path = self.work().join(path);
            if text.is_empty() {
                fs::remove_file(&path)?;
                continue;
            }
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, text)?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "-m", subject])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Takes the repository away, as a host that cannot be reached.
    pub fn take_away(&self) -> Result<()> {
        let bare = self.bare()?;
        Ok(fs::rename(&bare, bare.with_extension("away"))?)
    }

    /// Brings it back.
    pub fn bring_back(&self, name: &str) -> Result<()> {
        let away = self.path().join(format!("{name}.away"));
        Ok(fs::rename(&away, away.with_extension("git"))?)
    }
}

/// Runs a command to its end; returns what it says.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {words}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
