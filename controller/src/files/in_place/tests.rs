//! Sets that change under a reader, who never sees half of one.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use skiff_api::{Kind, ObjectKey};
use skiff_core::{FileEntry, Outcome};

use super::super::FileStore;
use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

struct Host {
    store: FileStore,
    folder: tempfile::TempDir,
}

impl Host {
    fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir_in("/dev/shm")?;
        let root = folder.path().join("files");
        Ok(Self { store: FileStore { config_root: root.clone(), secret_root: root }, folder })
    }

    /// Writes a version, the paths with what they hold; between change and removal something happens.
    fn write_and(&self, version: &str, files: &[(&str, &str)], pause: impl FnOnce()) -> Result<Outcome, EngineError> {
        let object = ObjectKey::new(Kind::ConfigMap, "shop", "api");
        let mut content = ContentStore::default();
        let entry =
            |path: &str| FileEntry { path: path.to_owned(), key: path.to_owned(), mode: 0o440, uid: None, gid: None };
        let set = FileSet {
            id: "conf".to_owned(),
            version: Some(version.to_owned()),
            object: object.clone(),
            secret: false,
            files: files.iter().map(|(path, _)| entry(path)).collect(),
        };
        for (path, text) in files {
            content.insert(object.clone(), (*path).to_owned(), text.as_bytes());
        }
        if self.set().is_dir() && self.version().as_deref() != Some(version) {
            return replace(&self.set(), version, &set, &content, pause).map(|()| Outcome::Done);
        }
        self.store.write(&set, &content)
    }

    fn write(&self, version: &str, files: &[(&str, &str)]) -> Result<Outcome, EngineError> {
        self.write_and(version, files, || {})
    }

    fn set(&self) -> PathBuf {
        self.folder.path().join("files/conf")
    }

    fn version(&self) -> Option<String> {
        self.store.list().ok()?.remove("conf").flatten()
    }

    /// What there is beside the layout of the version that counts.
    fn names(&self) -> io::Result<BTreeSet<String>> {
        Ok(entries(&self.set())?.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn files_change_come_and_go_in_the_folder_that_stays() -> Tested {
    let host = Host::new()?;
    assert_eq!(host.write("1", &[("a", "one"), ("sub/x", "one"), ("sub/y", "one")]), Ok(Outcome::Done));
    assert_eq!(host.write("1", &[("a", "one"), ("sub/x", "one"), ("sub/y", "one")]), Ok(Outcome::Already));
    let (inode, mode) = (fs::metadata(host.set())?.ino(), fs::metadata(host.set().join("sub/y"))?.mode() & 0o7777);
    assert_eq!((mode, host.version().as_deref()), (0o440, Some("1")));
    assert_eq!(host.write("2", &[("a", "two"), ("b", "two")]), Ok(Outcome::Done));
    assert_eq!(fs::metadata(host.set())?.ino(), inode, "a mount holds on to the folder");
    assert_eq!(
        (fs::read_to_string(host.set().join("a"))?, fs::read_to_string(host.set().join("b"))?),
        ("two".into(), "two".into())
    );
    assert_eq!(host.names()?, names(&["..data", "..2", "a", "b"]));
    assert_eq!(host.version().as_deref(), Some("2"));
    Ok(())
}

#[test]
fn whoever_reads_meanwhile_has_one_version_whole() -> Tested {
    let host = Host::new()?;
    let text = |letter: &str| letter.repeat(100_000);
    host.write("0", &[("a", &text("x")), ("b", &text("x"))])?;
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| -> io::Result<()> {
            while !done.load(Ordering::Relaxed) {
                let held = fs::read(host.set().join("a"))?;
                let whole = held.len() == 100_000 && held.iter().all(|byte| Some(byte) == held.first());
                assert!(whole, "a file was read half-written");
                reads.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        for round in 1..40 {
            let text = text(if round % 2 == 0 { "x" } else { "y" });
            // Whoever was on its way has arrived when it reads for the second time; a reader that failed reads no more.
            let arrived = || {
                let now = reads.load(Ordering::Relaxed);
                while reads.load(Ordering::Relaxed) < now + 2 && !reader.is_finished() {
                    std::thread::yield_now();
                }
            };
            host.write_and(&round.to_string(), &[("a", &text), ("b", &text)], arrived).expect("it is written");
        }
        done.store(true, Ordering::Relaxed);
        let read = reader.join().expect("no read was half-written");
        assert!(read.is_ok(), "a file was missing for a moment: {read:?}");
    });
    Ok(())
}

#[test]
fn what_was_interrupted_is_seen_and_done_again() -> Tested {
    let host = Host::new()?;
    let (old, new) = ([("a", "one"), ("gone", "one")], [("a", "two"), ("b", "two")]);
    host.write("1", &old)?;
    // Before the new version counts: half of it is there.
    fs::create_dir(host.set().join("..2"))?;
    fs::write(host.set().join("..2/a"), "tw")?;
    symlink("..2", host.set().join(NEXT))?;
    assert_eq!(host.version().as_deref(), Some(""));
    assert_eq!(host.write("2", &new), Ok(Outcome::Done));
    assert_eq!((fs::read_to_string(host.set().join("a"))?, host.version().as_deref()), ("two".into(), Some("2")));
    // After it counts: the old one and its links are still there, a new link is not.
    fs::create_dir(host.set().join("..1"))?;
    symlink("..data/gone", host.set().join("gone"))?;
    fs::remove_file(host.set().join("b"))?;
    assert_eq!(host.version().as_deref(), Some(""));
    assert_eq!(host.write("2", &new), Ok(Outcome::Done));
    assert_eq!((host.names()?, host.version().as_deref()), (names(&["..data", "..2", "a", "b"]), Some("2")));
    Ok(())
}

#[test]
fn names_of_the_layout_itself_are_refused() -> Tested {
    let host = Host::new()?;
    let refused = host.write("1", &[("..data", "x")]);
    assert!(matches!(&refused, Err(EngineError::Invalid(why)) if why.contains("begins with `..`")), "{refused:?}");
    assert_eq!(host.version(), None);
    Ok(())
}
