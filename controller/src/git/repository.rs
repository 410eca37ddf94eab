//! A repository as it is kept on this host: bare, shallow, a cache that may be lost at any time.
//!
//! Layout of its folder: `repository.git`, `gitconfig`, `trees/<commit>/<name>/…`, and `lock`, which whoever works in it holds.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use skiff_remote::git::{
    Commit, CommitId, Entry, EntryKind, Export, Found, GitAddress, Obstacle, Reference, TreeLimits, entries,
};

use tokio::sync::Mutex;

use super::program::Program;
use super::turn::Turn;
use super::{Checkout, GitError, cache, configuration, export};

/// A repository, and what is followed of it.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
    address: GitAddress,
    git: Program,
    /// One at a time of this process works in the folder.
    own: Arc<Mutex<()>>,
}

/// What a fetch brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The commit.
    pub commit: Commit,
    /// Whether the one before is known not to lead to it: the branch was written anew.
    pub rewritten: bool,
}

/// The ref of what was fetched last.
const INCOMING: &str = "refs/skiff/incoming";
/// The ref of what was good last.
const GOOD: &str = "refs/skiff/good";
/// How much younger than the commit before one may call itself that follows it, in seconds: clocks differ.
const SLACK: i64 = 3600;

impl Repository {
    /// The repository of an address in a folder of ours.
    pub fn new(folder: PathBuf, address: GitAddress) -> Self {
        let git = Program::new(&folder, &address);
        Self { folder, address, git, own: Arc::default() }
    }

    /// What is followed.
    pub const fn address(&self) -> &GitAddress {
        &self.address
    }

    /// Where it is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until nothing of ours works in the folder any more, where what was under way was given up.
    pub async fn ended(&self) {
        self.git.ended().await;
    }

    /// Asks what the reference means now, and gets nothing yet.
    ///
    /// # Errors
    /// When the other side does not answer, does not let us in, or has no such reference.
    pub async fn look(&self) -> Result<Found, GitError> {
        configuration::check(&self.address)?;
        self.make()?;
        let patterns = self.address.reference.patterns();
        let listing = if patterns.is_empty() {
            Vec::new()
        } else {
            let args = ["ls-remote", "--quiet", "--", &self.address.url].map(ToOwned::to_owned);
            self.git.ask_remote(args.into_iter().chain(patterns)).await?
        };
        match self.address.reference.find(&String::from_utf8_lossy(&listing)) {
            Some(found) => Ok(found),
            None => Err(self.gone().await),
        }
    }

    /// Gets what was found: this one commit, without those before it.
    ///
    /// # Errors
    /// When it cannot be got, or is not signed as it must be.
    pub async fn fetch(&self, found: &Found, before: Option<&CommitId>) -> Result<Fetched, GitError> {
        let turn = self.turn().await?;
        self.tidy()?;
        let commit = match self.bring(found, &turn).await {
            Err(error) if self.is_broken().await => {
                tracing::warn!(url = self.address.url, %error, "what is here of the repository is broken: it is got anew");
                self.discard()?;
                self.bring(found, &turn).await?
            }
            brought => brought?,
        };
        self.verify(&commit.id).await?;
        let before = before.filter(|before| **before != commit.id && !commit.parents.contains(before));
        let rewritten = match before {
            Some(before) if matches!(self.address.reference, Reference::Head | Reference::Named(_)) => {
                self.is_rewritten(before, &commit.id, &found.name, &turn).await
            }
            Some(_) | None => false,
        };
        Ok(Fetched { commit, rewritten })
    }

    /// Writes a commit that was fetched out as files, anew where it is there already: a crash may have left it incomplete.
    ///
    /// # Errors
    /// When its tree is made to do harm, or the disk does not take it.
    pub async fn check_out(&self, commit: Commit) -> Result<Checkout, GitError> {
        let _turn = self.turn().await?;
        let written = self.write_out(commit).await;
        if written.is_err() && self.is_broken().await {
            // It is got anew when it is asked next.
            self.discard()?;
        }
        written
    }

    async fn write_out(&self, commit: Commit) -> Result<Checkout, GitError> {
        let listing = self.git.ask(["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit.id.as_str()]).await?;
        let (git, home) = (self.git.blocking(), self.tree_home(&commit.id));
        let parts: Vec<String> = std::iter::once(&self.address.path).chain(&self.address.overlays).cloned().collect();
        let tree = home.join(self.name());
        let made = tokio::task::spawn_blocking(move || {
            let entries = entries(&listing);
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let export = Export::of(&entries, &parts, &TreeLimits::default()).map_err(GitError::tree)?;
            let left_out = write_out(git, &export, &home, &tree)
                .map_err(|error| GitError::here(format_args!("{} cannot be written", home.display()), &error))?;
            let odd = export.odd.into_iter().chain(left_out).collect();
            Ok(Checkout { commit, tree, odd, ids: ids(entries) })
        });
        made.await.unwrap_or_else(|_| Err(GitError::tree("the commit could not be written out".to_owned())))
    }

    /// The commit that was good last, if the repository still has it: what a start without the other side begins with. The state directory
    /// remembers it before the repository does: a controller that was killed in between goes back to no older one.
    pub async fn good(&self, remembered: Option<&CommitId>) -> Option<Commit> {
        configuration::check(&self.address).ok()?;
        self.make().ok()?;
        let commit = match remembered {
            Some(id) => self.commit(id.as_str()).await.ok(),
            None => None,
        };
        let commit = match commit {
            Some(commit) => commit,
            None => self.commit(GOOD).await.ok()?,
        };
        // Who is trusted may have changed since.
        self.verify(&commit.id).await.ok()?;
        Some(commit)
    }

    /// Remembers that a commit is good, and tidies up.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub async fn keep(&self, commit: &CommitId) -> Result<(), GitError> {
        let _turn = self.turn().await?;
        self.git.ask(["update-ref", GOOD, commit.as_str()]).await?;
        // Here and not after a fetch, for nobody waits here. That it grows is no failure of the commit.
        self.git.ask(["gc", "--auto", "--quiet"]).await.ok();
        Ok(())
    }

    /// Removes the trees of commits that nothing needs any more. Those that are younger stay: one that was just written out may not
    /// have been taken up yet.
    pub fn sweep(&self, needed: &BTreeSet<PathBuf>, younger: Duration) {
        for tree in older_than(younger, &self.folder.join(TREES)) {
            if !needed.iter().any(|path| path.starts_with(&tree)) {
                fs::remove_dir_all(&tree).ok();
            }
        }
    }

    /// Gets what was found, where it is not here yet.
    async fn bring(&self, found: &Found, turn: &Turn) -> Result<Commit, GitError> {
        self.suit(found.id.object_format())?;
        let is_here =
            matches!(self.address.reference, Reference::Commit(_)) && self.commit(found.id.as_str()).await.is_ok();
        if is_here {
            self.git.ask(["update-ref", INCOMING, found.id.as_str()]).await?;
        } else {
            self.get(&found.name, "--depth=1", turn).await?;
        }
        self.commit(INCOMING).await
    }

    async fn get(&self, name: &str, depth: &str, turn: &Turn) -> Result<(), GitError> {
        let refspec = format!("+{name}:{INCOMING}");
        let url = self.address.url.as_str();
        let how = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", depth, "--", url, &refspec];
        self.git.fetch(how, turn).await.map(drop)
    }

    /// Clears away what a call left behind that was cut off, so that it is neither in the way nor counts as what a fetch brings.
    fn tidy(&self) -> Result<(), GitError> {
        cache::tidy(&self.git.repository);
        if cache::size(&self.git.repository) > cache::LARGEST / 2 { self.discard() } else { self.make() }
    }

    /// Begins with an empty repository: it is a cache.
    fn discard(&self) -> Result<(), GitError> {
        self.clear()?;
        self.make()
    }

    fn clear(&self) -> Result<(), GitError> {
        let repository = &self.git.repository;
        match fs::remove_dir_all(repository) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(GitError::here(format_args!("{} cannot be removed", repository.display()), &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Whether git itself finds that something is missing. Where it does not answer, nothing is known.
    async fn is_broken(&self) -> bool {
        let verdict = self.git.judge(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"]).await;
        verdict.is_ok_and(|code| code.is_some_and(|code| code != 0))
    }

    async fn commit(&self, name: &str) -> Result<Commit, GitError> {
        let id = self
            .git
            .ask(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")])
            .await?;
        let id: CommitId = String::from_utf8_lossy(&id).trim().parse().map_err(GitError::tree)?;
        let text = self.git.ask(["cat-file", "commit", id.as_str()]).await?;
        Ok(Commit::parse(id, &String::from_utf8_lossy(&text)))
    }

    /// Whether the commit before is known not to lead to this one: it is not among all that is not older than either of them. Where the
    /// other side does not tell, nothing is said.
    async fn is_rewritten(&self, before: &CommitId, now: &CommitId, name: &str, turn: &Turn) -> bool {
        let (Some(then), Some(since)) = (self.moment(before).await, self.moment(now).await) else { return false };
        // A clock may have been wrong: what leads to the older one of the two must be here for either to be looked for.
        let oldest = then.min(since) - SLACK;
        if self.get(name, &format!("--shallow-since={oldest}"), turn).await.is_err() {
            return false;
        }
        // Any other code says that it could not be found out.
        self.git.judge(["merge-base", "--is-ancestor", before.as_str(), now.as_str()]).await == Ok(Some(1))
    }

    /// When a commit that is here was made, in seconds since 1970.
    async fn moment(&self, commit: &CommitId) -> Option<i64> {
        let told = self.git.ask(["log", "-1", "--no-show-signature", "--format=%ct", commit.as_str()]).await.ok()?;
        String::from_utf8_lossy(&told).trim().parse().ok()
    }

    async fn verify(&self, commit: &CommitId) -> Result<(), GitError> {
        let Some(signers) = &self.address.allowed_signers else { return Ok(()) };
        self.git.ask(["verify-commit", commit.as_str()]).await.map(drop).map_err(|_| {
            let message = format!("commit {} is not signed by a key of {}", commit.short(), signers.display());
            GitError::new(
                Obstacle::Denied,
                message,
                "sign it (`git commit -S`, with `gpg.format ssh`), or add the key to that file if it is to be trusted",
            )
        })
    }

    /// A repository has objects of one format, and takes those of no other: what is here is begun anew where the other side has another one.
    fn suit(&self, format: &str) -> Result<(), GitError> {
        let repository = &self.git.repository;
        // Git writes it down where it is not the usual one, which is SHA-1.
        let written = fs::read_to_string(repository.join("config")).unwrap_or_default().to_lowercase();
        let here = if written.contains("objectformat = sha256") { "sha256" } else { "sha1" };
        if here == format {
            return Ok(());
        }
        self.clear()?;
        self.make_of(format)
    }

    /// Makes the folder and the repository where they are missing.
    fn make(&self) -> Result<(), GitError> {
        self.make_of("sha1")
    }

    fn make_of(&self, format: &str) -> Result<(), GitError> {
        let failed = |error| GitError::here(format_args!("{} cannot be made", self.folder.display()), &error);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        configuration::write(&self.folder, &self.address)?;
        let repository = &self.git.repository;
        if repository.join("HEAD").exists() {
            return Ok(());
        }
        let mut init = self.git.blocking();
        init.args(["init", "--quiet", "--bare", "--template="])
            .arg(format!("--object-format={format}"))
            .arg(repository);
        let made = init.output().map_err(|error| super::program::not_started(&error))?;
        if made.status.success() {
            Ok(())
        } else {
            Err(GitError::told(&String::from_utf8_lossy(&made.stderr), &self.address))
        }
    }

    /// One at a time works in the folder.
    async fn turn(&self) -> Result<Turn, GitError> {
        Turn::wait(&self.folder, &self.own).await
    }

    /// Why what is followed was not found.
    async fn gone(&self) -> GitError {
        let (url, reference) = (&self.address.url, &self.address.reference);
        let stays = "what was in force of it stays in force";
        let (message, help) = match reference {
            Reference::Head => match self.branches().await.as_slice() {
                [] => (format!("{url} has no commit yet"), format!("push a branch to it; {stays}")),
                [first, ..] => (
                    format!("HEAD of {url} leads to a branch that is not there; `{first}` is"),
                    format!("name the branch, `?ref={first}`, or have HEAD lead to it on the other side; {stays}"),
                ),
            },
            Reference::Named(name) if reference.is_short_commit() => (
                format!("{url} has no branch or tag `{name}`"),
                format!("a commit is named by all its digits, which `git rev-parse {name}` tells; {stays}"),
            ),
            Reference::Named(_) | Reference::Commit(_) => (
                format!("{url} has no branch or tag `{reference}`"),
                format!("push it, or name another one by `?ref=`; {stays}"),
            ),
        };
        GitError::new(Obstacle::Missing, message, help)
    }

    /// The branches of the other side; none where it does not answer.
    async fn branches(&self) -> Vec<String> {
        let args = ["ls-remote", "--quiet", "--", &self.address.url, "refs/heads/*"].map(ToOwned::to_owned);
        let listing = self.git.ask_remote(args).await.unwrap_or_default();
        let names = String::from_utf8_lossy(&listing);
        names.lines().filter_map(|line| line.split_once("\trefs/heads/")).map(|(_, name)| name.to_owned()).collect()
    }

    fn name(&self) -> String {
        let name = self.address.repository().trim_start_matches('.');
        if name.is_empty() { "repository".to_owned() } else { name.to_owned() }
    }

    fn tree_home(&self, commit: &CommitId) -> PathBuf {
        self.folder.join(TREES).join(commit.as_str())
    }
}

const TREES: &str = "trees";

/// What a folder holds that was not made lately.
pub fn older_than(age: Duration, folder: &Path) -> Vec<PathBuf> {
    let is_old = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|meta| meta.modified());
        modified.is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|passed| passed >= age))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().filter(is_old).map(|entry| entry.path()).collect()
}

/// Writes into a folder beside and moves it in place, so that a tree is there whole or not at all.
fn write_out(
    git: std::process::Command,
    export: &Export,
    home: &Path,
    tree: &Path,
) -> io::Result<Vec<skiff_remote::git::Oddity>> {
    let draft = home.with_extension("new");
    for stale in [&draft, &home.to_owned()] {
        match fs::remove_dir_all(stale) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    let name = tree.file_name().unwrap_or_default();
    fs::create_dir_all(draft.join(name))?;
    let odd = export::write(git, export, &draft.join(name))?;
    fs::rename(&draft, home)?;
    Ok(odd)
}

/// The id of each file and folder by its path.
fn ids(entries: Vec<Entry>) -> std::collections::BTreeMap<String, String> {
    let named = entries.into_iter().filter(|entry| matches!(entry.kind, EntryKind::File { .. } | EntryKind::Folder));
    named.filter_map(|entry| Some((String::from_utf8(entry.path).ok()?, entry.id))).collect()
}
