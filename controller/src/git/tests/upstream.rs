//! A repository that somebody else pushes to.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use skiff_remote::Remote;
use tempfile::TempDir;

use super::super::Repository;

/// A working tree, which is asked as the other side.
pub(super) struct Upstream(TempDir);

impl Upstream {
    pub(super) fn new() -> Self {
        let upstream = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(upstream.work()).expect("a folder");
        upstream.git(&["init", "--quiet", "--initial-branch=main"]);
        upstream
    }

    /// One whose objects have longer names.
    pub(super) fn of_sha256() -> Self {
        let upstream = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(upstream.work()).expect("a folder");
        upstream.git(&["init", "--quiet", "--initial-branch=main", "--object-format=sha256"]);
        upstream
    }

    pub(super) fn work(&self) -> PathBuf {
        self.0.path().join("shop")
    }

    /// A fresh repository on our side, with settings of its address.
    pub(super) fn repository(&self, settings: &str) -> Repository {
        let folder = tempfile::Builder::new().tempdir_in(self.0.path()).expect("a folder").keep();
        self.repository_in(&folder, settings)
    }

    /// The repository on our side that is in a folder.
    pub(super) fn repository_in(&self, folder: &Path, settings: &str) -> Repository {
        let text = format!("git+file://{}?{settings}", self.work().display());
        let Some(Ok(Remote::Git(address))) = Remote::parse(&text) else { panic!("no address: {text}") };
        Repository::new(folder.to_owned(), address)
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        self.git_with(args, &[])
    }

    pub(super) fn git_with(&self, args: &[&str], input: &[u8]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.work()).args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]).args(args);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git");
        child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Commits files; returns the commit's id.
    pub(super) fn commit(&self, files: &[(&str, &str)], subject: &str) -> String {
        for (path, text) in files {
            let path = self.work().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", subject]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits the same files again, by a clock that is three hours late.
    pub(super) fn commit_in_the_past(&self, subjects: &[&str]) {
        let seconds: i64 = self.git(&["log", "-1", "--format=%ct"]).parse().expect("a number");
        for subject in subjects {
            let late = format!("GIT_COMMITTER_DATE=@{} +0000", seconds - 3 * 3600);
            let commit =
                format!("env '{late}' git -c user.name=Ann -c user.email=a@b commit -q --allow-empty -m {subject}");
            let script = Command::new("sh").current_dir(self.work()).args(["-c", &commit]).status().expect("a shell");
            assert!(script.success(), "{commit}");
        }
    }

    /// Commits the same files again and again.
    pub(super) fn commit_many(&self, count: usize) {
        let tree = self.git(&["rev-parse", "HEAD^{tree}"]);
        let mut head = self.git(&["rev-parse", "HEAD"]);
        for number in 1..=count {
            head = self.git(&["commit-tree", &tree, "-p", &head, "-m", &format!("Number {number}")]);
        }
        self.git(&["update-ref", "refs/heads/main", &head]);
    }

    /// Goes back to a commit, as whoever is about to push by force.
    pub(super) fn reset(&self, commit: &str) {
        self.git(&["reset", "--quiet", "--hard", commit]);
    }

    /// Commits a tree that no working tree would have.
    pub(super) fn commit_tree(&self, tree: &str) {
        let commit = self.git(&["commit-tree", tree, "-m", "Crafted"]);
        self.git(&["update-ref", "refs/heads/main", &commit]);
    }

    /// Writes an object, whatever git thinks of it.
    pub(super) fn object(&self, kind: &str, content: &[u8]) -> String {
        self.git_with(&["hash-object", "--literally", "-w", "-t", kind, "--stdin"], content)
    }

    /// Two keys, one of which is trusted.
    pub(super) fn make_signers(&self) -> PathBuf {
        for name in ["trusted", "stranger"] {
            let path = self.0.path().join(name);
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
            assert!(made.expect("ssh-keygen").success());
        }
        let key = fs::read_to_string(self.0.path().join("trusted.pub")).expect("a key");
        let signers = self.0.path().join("signers");
        fs::write(&signers, format!("ann@example.com {key}")).expect("a file");
        signers
    }

    pub(super) fn commit_signed(&self, by: &str) {
        let key = format!("user.signingKey={}", self.0.path().join(by).display());
        let subject = format!("By {by}");
        self.git(&["-c", "gpg.format=ssh", "-c", &key, "commit", "--quiet", "--allow-empty", "-S", "-m", &subject]);
    }

    pub(super) fn vanish(&self) {
        fs::remove_dir_all(self.work()).expect("it was there");
    }

    /// How many commits our side has.
    pub(super) fn count(&self, folder: &Path) -> usize {
        let folder = folder.join("repository.git").display().to_string();
        let listing = self.git(&["--git-dir", &folder, "cat-file", "--batch-all-objects", "--batch-check"]);
        listing.lines().filter(|line| line.contains(" commit ")).count()
    }
}
