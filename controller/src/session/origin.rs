//! Where each source of a command comes from, and how it is read: from the disk, or out of a repository.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skiff_remote::git::{Commit, CommitId, Found, GitAddress};
use tokio_util::sync::CancellationToken;

use super::Access;
use super::etcd::EtcdOrigin;
use super::private::warn_of_open;
use crate::cli::CliError;
use crate::git::{Checkout, Fetched, GitError, Repository};
use crate::source::{self, Loaded, Part, PartsError, Problem, SourceOptions, TreeSource, parts, reason};
use crate::state::{Folders, State};

/// Where a source comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// Files and folders.
    Disk(Box<SourceOptions>),
    /// A repository.
    Git(Box<GitOrigin>),
    /// Documents in etcd.
    Etcd(Box<EtcdOrigin>),
}

/// A repository, and how what is in it is read.
#[derive(Debug)]
pub(super) struct GitOrigin {
    /// The repository.
    pub(super) repository: Repository,
    /// The source's name.
    pub(super) name: String,
    options: SourceOptions,
    named: bool,
    mounts: PathBuf,
    /// Gone with the value, where nothing may be left behind.
    _scratch: Option<Scratch>,
}

impl From<PartsError> for CliError {
    fn from(PartsError { message, help }: PartsError) -> Self {
        Self::refused(message, help)
    }
}

impl From<GitError> for CliError {
    fn from(GitError { message, help, obstacle: _ }: GitError) -> Self {
        Self::refused(message, help)
    }
}

/// The origins of what a command names. Whoever only looks leaves nothing behind.
///
/// # Errors
/// When an address makes no sense, or there is no room for a repository.
pub(super) fn origins(options: &SourceOptions, folders: &Folders, access: Access) -> Result<Vec<Origin>, CliError> {
    parts(options)?.into_iter().map(|part| Origin::of(part, folders, access)).collect()
}

/// Reads all that a command names. Whoever only looks leaves nothing behind; nobody leaves anything at work that is cancelled.
///
/// # Errors
/// When a repository does not give what was asked of it, or it is cancelled. Never for what manifests say.
pub async fn read_all(
    options: &SourceOptions,
    folders: &Folders,
    access: Access,
    cancel: &CancellationToken,
) -> Result<Vec<Loaded>, CliError> {
    warn_of_open(options);
    let origins = origins(options, folders, access)?;
    if let Some(read) = cancel.run_until_cancelled(read_each(&origins)).await {
        return read;
    }
    for origin in &origins {
        if let Origin::Git(git) = origin {
            git.repository.ended().await;
        }
    }
    Err(CliError::refused("a signal ended it before everything was read", "nothing was changed"))
}

async fn read_each(origins: &[Origin]) -> Result<Vec<Loaded>, CliError> {
    let mut loads = Vec::new();
    for origin in origins {
        loads.push(match origin {
            Origin::Disk(options) => read(SourceOptions::clone(options)).await?,
            Origin::Git(git) => git.read_now().await?,
            Origin::Etcd(etcd) => etcd.read_now().await?,
        });
    }
    Ok(loads)
}

/// Reads manifests on a thread of their own: a disk may be slow, and whatever else goes on goes on.
pub(super) async fn read(options: SourceOptions) -> Result<Loaded, CliError> {
    let loaded = tokio::task::spawn_blocking(move || source::load(&options)).await;
    loaded.map_err(|error| CliError::failed("cannot read the manifests", error))
}

impl Origin {
    fn of(part: Part, folders: &Folders, access: Access) -> Result<Self, CliError> {
        let name = part.name();
        match part {
            Part::Disk(options) => Ok(Self::Disk(Box::new(options))),
            Part::Etcd(address, options) => Ok(Self::Etcd(Box::new(EtcdOrigin::new(name, *address, options)))),
            Part::Git(address, options) => {
                Ok(Self::Git(Box::new(GitOrigin::new(name, *address, options, folders, access)?)))
            }
        }
    }
}

impl GitOrigin {
    fn new(
        name: String,
        address: GitAddress,
        options: SourceOptions,
        folders: &Folders,
        access: Access,
    ) -> Result<Self, CliError> {
        let kept = folders.state.join("git").join(&name);
        let mounts = kept.join("mounts");
        let scratch = match access {
            Access::Act => None,
            Access::Read => Some(
                Scratch::new().map_err(|error| CliError::failed("cannot make a folder for the repository", error))?,
            ),
        };
        let folder = scratch.as_ref().map_or(kept, |scratch| scratch.0.clone());
        let named = options.name.is_some() || address.name.is_some();
        Ok(Self { repository: Repository::new(folder, address), name, options, named, mounts, _scratch: scratch })
    }

    /// Asks, fetches and reads.
    pub(super) async fn read_now(&self) -> Result<Loaded, CliError> {
        let found = self.repository.look().await?;
        let Fetched { commit, .. } = self.repository.fetch(&found, None).await?;
        self.read_found(&found, commit).await
    }

    /// Reads the manifests of a commit as what was asked for, and says where that could be another one.
    ///
    /// # Errors
    /// When its files cannot be written out.
    pub(super) async fn read_found(&self, found: &Found, commit: Commit) -> Result<Loaded, CliError> {
        let mut loaded = self.read(commit).await?;
        if let Some(twin) = &found.twin {
            let GitAddress { url, reference, .. } = self.repository.address();
            let message = format!("`{reference}` is a branch and a tag of {url}: the branch is followed");
            let help = format!("name the one that is meant: `?ref={}` or `?ref={twin}`", found.name);
            let problem = Problem::of_source(reason::AMBIGUOUS_REF, message);
            loaded.warnings.push(Problem { help: Some(help), ..problem });
        }
        Ok(loaded)
    }

    /// Reads the manifests of a commit that is here.
    ///
    /// # Errors
    /// When its files cannot be written out.
    pub(super) async fn read(&self, commit: Commit) -> Result<Loaded, CliError> {
        let checkout = self.repository.check_out(commit).await?;
        read(self.options_in(checkout)).await
    }

    /// The source with nothing in it: what could be said of it before anything came.
    pub(super) fn empty(&self) -> Loaded {
        Loaded {
            source: self.name.clone(),
            named: self.named,
            roots: vec![self.repository.address().root()],
            ..Loaded::default()
        }
    }

    fn options_in(&self, checkout: Checkout) -> SourceOptions {
        let address = self.repository.address();
        let within = |path: &String| if path.is_empty() { checkout.tree.clone() } else { checkout.tree.join(path) };
        SourceOptions {
            paths: vec![within(&address.path)],
            overlays: address.overlays.iter().map(within).collect(),
            tree: Some(Arc::new(TreeSource {
                name: self.name.clone(),
                named: self.named,
                root: address.root(),
                mounts: self.mounts.clone(),
                checkout,
            })),
            ..self.options.clone()
        }
    }

    /// Whether a commit is here already and was good.
    pub(super) async fn good(&self, remembered: Option<&CommitId>) -> Option<Commit> {
        self.repository.good(remembered).await
    }

    /// The folder of copies that containers mount.
    pub(super) fn mounts(&self) -> &Path {
        &self.mounts
    }

    /// Remembers a good commit.
    pub(super) async fn keep(&self, commit: &CommitId) {
        if let Err(error) = self.repository.keep(commit).await {
            tracing::warn!(source = self.name, %error, "a good commit cannot be remembered: it is fetched again after a restart");
        }
    }
}

/// A folder that is gone with the value.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let now = jiff::Timestamp::now().as_nanosecond();
        let path = std::env::temp_dir().join(format!("skiff-{}-{count}-{now}", std::process::id()));
        // It must not be there, nor be readable to others.
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Makes the copies that containers mount of what loads have.
///
/// # Errors
/// When the disk does not take them.
pub async fn make_mounts(loads: &[Loaded]) -> Result<(), CliError> {
    make_missing(loads.iter().flat_map(|loaded| loaded.mounts.clone()).collect()).await.map(drop)
}

/// Makes those of some copies that are missing, each from where its second path says; says which.
///
/// # Errors
/// When the disk does not take them.
pub(super) async fn make_missing(mounts: Vec<(PathBuf, PathBuf)>) -> Result<Vec<PathBuf>, CliError> {
    let copy = move || {
        let missing = mounts.into_iter().filter(|(to, _)| !to.exists());
        missing.map(|(to, from)| crate::git::copy_whole(&from, &to).map(|()| to)).collect::<std::io::Result<Vec<_>>>()
    };
    let made = tokio::task::spawn_blocking(copy);
    let made = made.await.map_err(|error| CliError::failed("cannot copy what containers mount", error))?;
    made.map_err(|error| {
        CliError::failed("cannot copy what containers mount", error).with_help("is there room in the state directory?")
    })
}

/// Reads what is here: files, and the commits that were good last. Asks nobody, for a host that is just starting.
///
/// # Errors
/// When a repository has nothing here yet.
pub async fn read_here(options: &SourceOptions, state: &State) -> Result<Vec<Loaded>, CliError> {
    let mut loads = Vec::new();
    for origin in origins(options, state.folders(), Access::Act)? {
        loads.push(match &origin {
            Origin::Disk(options) => read(SourceOptions::clone(options)).await?,
            Origin::Git(git) => {
                let help = "`skiff run` or `skiff up` fetches it once";
                let none =
                    || CliError::refused(format!("no good commit of {} is here", git.repository.address()), help);
                let known = state.good(&git.name).commit;
                let good = git.good(known.as_ref().map(|commit| &commit.id)).await;
                git.read(good.ok_or_else(none)?).await?
            }
            // What was good last is remembered by name.
            Origin::Etcd(etcd) => etcd.away("it is not asked before Docker starts"),
        });
    }
    Ok(loads)
}

/// The names of the sources that addresses mean: what they declare need not be asked for, and may be gone already.
///
/// # Errors
/// When an address makes no sense.
pub fn named_by_address(options: &SourceOptions) -> Result<Vec<String>, CliError> {
    let parts = parts(options)?;
    Ok(parts.iter().filter(|part| matches!(part, Part::Git(..) | Part::Etcd(..))).map(Part::name).collect())
}
