//! File sets: whole or absent, with the modes and owners that were asked for.

use std::os::unix::fs::MetadataExt;

use skiff_api::{Kind, ObjectKey};

use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

fn set(id: &str, secret: bool, paths: &[&str]) -> FileSet {
    let entry =
        |path: &&str| FileEntry { path: (*path).to_owned(), key: "key".to_owned(), mode: 0o440, uid: None, gid: None };
    FileSet {
        id: id.to_owned(),
        version: None,
        object: ObjectKey::new(Kind::ConfigMap, "shop", "api"),
        secret,
        files: paths.iter().map(entry).collect(),
    }
}

fn content() -> ContentStore {
    let mut content = ContentStore::default();
    content.insert(ObjectKey::new(Kind::ConfigMap, "shop", "api"), "key".to_owned(), b"value".as_slice());
    content
}

fn store(folder: &Path) -> FileStore {
    FileStore { config_root: folder.join("files"), secret_root: folder.join("secrets") }
}

#[test]
fn a_set_is_written_once_with_its_modes_and_can_be_removed() -> Tested {
    let folder = tempfile::tempdir()?;
    let (store, set) = (store(folder.path()), set("a-1", false, &["x", "sub/y"]));
    assert_eq!(store.list(), Ok(BTreeMap::new()));
    assert_eq!(store.write(&set, &content()), Ok(Outcome::Done));
    assert_eq!(store.write(&set, &content()), Ok(Outcome::Already));
    let file = store.folder(&set).join("sub/y");
    assert_eq!((fs::read(&file)?.as_slice(), fs::metadata(&file)?.mode() & 0o7777), (b"value".as_slice(), 0o440));
    assert_eq!(store.list(), Ok(BTreeMap::from([("a-1".to_owned(), None)])));
    assert_eq!(store.set_of(&file), Some("a-1".to_owned()));
    assert_eq!(store.set_of(Path::new("/etc/passwd")), None);
    assert_eq!((store.remove("a-1"), store.remove("a-1")), (Ok(Outcome::Done), Ok(Outcome::Already)));
    assert_eq!(store.list(), Ok(BTreeMap::new()));
    Ok(())
}

#[test]
fn a_missing_key_leaves_nothing_behind_and_is_named() -> Tested {
    let folder = tempfile::tempdir()?;
    let (store, mut set) = (store(folder.path()), set("a-1", false, &["x", "y"]));
    if let Some(last) = set.files.last_mut() {
        "gone".clone_into(&mut last.key);
    }
    let error = store.write(&set, &content()).expect_err("the key is missing");
    assert!(error.to_string().contains("configmap/shop/api has no key `gone`"), "{error}");
    assert_eq!(fs::read_dir(&store.config_root)?.count(), 0);
    Ok(())
}

#[test]
fn paths_that_leave_the_set_are_refused() -> Tested {
    let folder = tempfile::tempdir()?;
    let store = store(folder.path());
    for path in ["../x", "/x", "a/../../x", "", "."] {
        let refused = store.write(&set("a", false, &[path]), &content());
        assert!(matches!(refused, Err(EngineError::Invalid(_))), "{path}: {refused:?}");
    }
    assert!(store.remove("../files").is_err());
    Ok(())
}

#[test]
fn secrets_are_written_to_memory_in_a_folder_of_their_own() -> Tested {
    let folder = tempfile::tempdir_in("/dev/shm")?;
    let (store, set) = (store(folder.path()), set("s-1", true, &["x"]));
    assert_eq!(store.write(&set, &content()), Ok(Outcome::Done));
    assert_eq!(fs::metadata(&store.secret_root)?.mode() & 0o7777, 0o700);
    Ok(())
}

#[test]
fn secrets_are_not_written_to_a_disk() -> Tested {
    // The crate's own folder is on a disk wherever the tests run from a checkout.
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR"))?;
    let refused = store(folder.path()).write(&set("s-1", true, &["x"]), &content());
    let error = refused.expect_err("it is on a disk");
    assert!(error.to_string().contains("mount -t tmpfs"), "{error}");
    Ok(())
}
