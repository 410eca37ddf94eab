//! What a change on the disk wakes, however an editor makes it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// A folder that is watched, on a real clock: the kernel's events come from outside.
struct Watched {
    folder: tempfile::TempDir,
    ticks: mpsc::Receiver<()>,
    cancel: CancellationToken,
    /// Kept, for a sender that is dropped is not waited for.
    beside: watch::Sender<Beside>,
}

impl Watched {
    async fn new(prepare: impl FnOnce(&Path)) -> Self {
        Self::with(prepare, |root| (vec![root.join("source")], BTreeSet::new())).await
    }

    async fn with(prepare: impl FnOnce(&Path), what: impl FnOnce(&Path) -> (Vec<PathBuf>, BTreeSet<PathBuf>)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        prepare(folder.path());
        let (roots, files) = what(folder.path());
        let (beside, receiver) = watch::channel(Beside { files, ..Beside::default() });
        let options = WatchOptions {
            quiet: Duration::from_millis(20),
            rescan: Duration::from_secs(3600),
            ..WatchOptions::new(roots)
        };
        let (watcher, ticks) = watcher(options, receiver);
        let cancel = CancellationToken::new();
        tokio::spawn(watcher.run(cancel.clone()));
        let mut watched = Self { folder, ticks, cancel, beside };
        watched.tick().await;
        watched
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("a file");
    }

    async fn tick(&mut self) {
        let tick = tokio::time::timeout(Duration::from_secs(10), self.ticks.recv()).await;
        tick.expect("a tick within ten seconds").expect("a watcher that runs");
    }

    /// Ticks until the loader would see what it waits for.
    async fn tick_until(&mut self, seen: impl Fn(&Path) -> bool) {
        self.tick().await;
        while !seen(self.folder.path()) {
            self.tick().await;
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn source(root: &Path) {
    fs::create_dir(root.join("source")).expect("a folder");
    fs::write(root.join("source/a.yaml"), "1").expect("a file");
}

fn holds(path: &'static str, text: &'static str) -> impl Fn(&Path) -> bool {
    move |root| fs::read_to_string(root.join(path)).is_ok_and(|found| found == text)
}

#[tokio::test]
async fn a_write_a_rename_over_and_a_removal_each_tick() {
    let mut watched = Watched::new(source).await;
    watched.write("source/a.yaml", "2");
    watched.tick_until(holds("source/a.yaml", "2")).await;
    watched.write("source/.a.swp", "3");
    watched.tick().await;
    fs::rename(watched.path("source/.a.swp"), watched.path("source/a.yaml")).expect("a rename");
    watched.tick_until(holds("source/a.yaml", "3")).await;
    fs::remove_file(watched.path("source/a.yaml")).expect("a removal");
    watched.tick_until(|root| !root.join("source/a.yaml").exists()).await;
}

#[tokio::test]
async fn folders_that_are_made_at_once_are_watched_to_the_last() {
    let mut watched = Watched::new(source).await;
    fs::create_dir_all(watched.path("source/a/b/c")).expect("folders");
    watched.tick().await;
    watched.write("source/a/b/c/d.yaml", "1");
    watched.tick_until(holds("source/a/b/c/d.yaml", "1")).await;
    watched.write("source/a/b/c/d.yaml", "2");
    watched.tick_until(holds("source/a/b/c/d.yaml", "2")).await;
}

#[tokio::test]
async fn a_folder_may_vanish_and_come_back() {
    let mut watched = Watched::new(source).await;
    for text in ["2", "3"] {
        fs::rename(watched.path("source"), watched.path("aside")).expect("a rename");
        watched.tick_until(|root| !root.join("source").exists()).await;
        fs::rename(watched.path("aside"), watched.path("source")).expect("a rename");
        watched.tick_until(|root| root.join("source").exists()).await;
        watched.write("source/a.yaml", text);
        watched.tick().await;
    }
    fs::remove_dir_all(watched.path("source")).expect("a removal");
    watched.tick_until(|root| !root.join("source").exists()).await;
    source(watched.folder.path());
    watched.tick_until(holds("source/a.yaml", "1")).await;
    watched.write("source/a.yaml", "4");
    watched.tick_until(holds("source/a.yaml", "4")).await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_yet_is_waited_for() {
    let mut watched = Watched::with(|_| {}, |root| (vec![root.join("x/y/source")], BTreeSet::new())).await;
    fs::create_dir_all(watched.path("x/y/source")).expect("folders");
    watched.tick_until(|root| root.join("x/y/source").exists()).await;
    watched.write("x/y/source/a.yaml", "1");
    watched.tick_until(holds("x/y/source/a.yaml", "1")).await;
}

#[tokio::test]
async fn a_swap_of_links_as_kubernetes_makes_it_ticks() {
    let mut watched = Watched::new(|root| {
        for (revision, text) in [("..1", "1"), ("..2", "2")] {
            fs::create_dir_all(root.join("source").join(revision)).expect("a folder");
            fs::write(root.join("source").join(revision).join("a.yaml"), text).expect("a file");
        }
        symlink("..1", root.join("source/..data")).expect("a link");
        symlink("..data/a.yaml", root.join("source/a.yaml")).expect("a link");
    })
    .await;
    symlink("..2", watched.path("source/..new")).expect("a link");
    fs::rename(watched.path("source/..new"), watched.path("source/..data")).expect("a rename");
    watched.tick_until(holds("source/a.yaml", "2")).await;
    watched.write("source/..2/a.yaml", "3");
    watched.tick_until(holds("source/a.yaml", "3")).await;
}

#[tokio::test]
async fn what_a_link_leads_to_outside_is_watched() {
    let mut watched = Watched::new(|root| {
        source(root);
        fs::create_dir(root.join("elsewhere")).expect("a folder");
        fs::write(root.join("elsewhere/b.yaml"), "1").expect("a file");
        symlink("../elsewhere/b.yaml", root.join("source/b.yaml")).expect("a link");
    })
    .await;
    watched.write("elsewhere/b.yaml", "2");
    watched.tick_until(holds("source/b.yaml", "2")).await;
}

#[tokio::test]
async fn host_files_and_sources_of_one_file_are_watched() {
    let mut watched = Watched::with(
        |root| fs::write(root.join("a.yaml"), "1").expect("a file"),
        |root| (vec![root.join("a.yaml")], BTreeSet::from([root.join("nginx.conf")])),
    )
    .await;
    watched.write("nginx.conf", "1");
    watched.tick_until(holds("nginx.conf", "1")).await;
    watched
        .beside
        .send(Beside { files: BTreeSet::from([watched.path("other.conf")]), ..Beside::default() })
        .expect("a watcher that listens");
    watched.tick().await;
    watched.write("other.conf", "1");
    watched.tick_until(holds("other.conf", "1")).await;
    watched.write("a.yaml", "2");
    watched.tick_until(holds("a.yaml", "2")).await;
}

#[tokio::test]
async fn whatever_changes_in_a_build_context_is_noticed() {
    let mut watched = Watched::new(source).await;
    fs::create_dir(watched.path("ctx")).expect("a folder");
    let beside = Beside { folders: BTreeSet::from([watched.path("ctx")]), ..Beside::default() };
    watched.beside.send(beside).expect("a watcher that listens");
    watched.tick().await;
    watched.write("ctx/main.c", "1");
    watched.tick_until(holds("ctx/main.c", "1")).await;
}

#[tokio::test]
async fn reading_is_no_event_and_neither_are_strangers_beside_the_source() {
    let mut watched = Watched::new(source).await;
    fs::read_to_string(watched.path("source/a.yaml")).expect("a file");
    watched.write("stranger", "1");
    // Events arrive in order: were the two above any, a tick would be there before the file is.
    watched.write("source/b.yaml", "1");
    watched.tick().await;
    assert!(watched.path("source/b.yaml").exists());
    let options = WatchOptions::new(vec![watched.path("source")]);
    let interest = Interest::of(&options, &Beside::default());
    let event = |path: &str| Event::new(EventKind::Any).add_path(watched.path(path));
    assert!(!interest.concerns(&event("stranger")));
    assert!(interest.concerns(&event("source")) && interest.concerns(&event("source/b.yaml")));
    assert!(!is_change(&Event::new(EventKind::Access(AccessKind::Open(AccessMode::Any)))));
    assert!(is_change(&Event::new(EventKind::Access(AccessKind::Close(AccessMode::Write)))));
}

#[tokio::test]
async fn it_ends_when_it_is_told_to_and_when_nobody_listens() {
    let (sender, receiver) = watch::channel(Beside::default());
    let (one, ticks) = watcher(WatchOptions::new(Vec::new()), receiver.clone());
    let (two, mut more) = watcher(WatchOptions::new(Vec::new()), receiver);
    drop(ticks);
    let ends = |running| tokio::time::timeout(Duration::from_secs(10), running);
    ends(tokio::spawn(one.run(CancellationToken::new()))).await.expect("an end in time").expect("an end");
    let cancel = CancellationToken::new();
    let running = tokio::spawn(two.run(cancel.clone()));
    more.recv().await.expect("a tick");
    cancel.cancel();
    ends(running).await.expect("an end in time").expect("an end");
    drop(sender);
}
