//! Key files: made, read, and never shown.

use std::os::unix::fs::PermissionsExt;

use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

fn key_file(folder: &Path, text: &str, mode: u32) -> io::Result<PathBuf> {
    let path = folder.join("age.key");
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    Ok(path)
}

#[test]
fn a_new_key_is_for_nobody_else_and_is_read_back() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("new/age.key");
    let key = generate(jiff::Timestamp::UNIX_EPOCH);
    write_new(&path, &key.file)?;
    assert_eq!(fs::metadata(&path)?.mode() & 0o7777, 0o600);
    assert_eq!(Identities::read(&path)?.public(), std::slice::from_ref(&key.public));
    assert!(key.file.starts_with("# created: 1970-01-01T00:00:00Z\n# public key: age1"), "{}", key.public);
    let again = write_new(&path, "other").map_err(|error| error.kind());
    assert_eq!(again, Err(io::ErrorKind::AlreadyExists));
    assert_eq!(Identities::read(&path)?.public(), [key.public]);
    Ok(())
}

#[test]
fn several_keys_with_comments_are_read_and_none_is_shown() -> Tested {
    let folder = tempfile::tempdir()?;
    let (old, new) = (generate(jiff::Timestamp::UNIX_EPOCH), generate(jiff::Timestamp::UNIX_EPOCH));
    let path = key_file(folder.path(), &format!("{}\n\n{}", old.file, new.file), 0o400)?;
    let keys = Identities::read(&path)?;
    assert_eq!(keys.public(), [old.public, new.public]);
    assert!(!format!("{keys:?}").contains("SECRET"));
    Ok(())
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_the_remedy() -> Tested {
    let folder = tempfile::tempdir()?;
    for mode in [0o640, 0o604, 0o660, 0o601] {
        let path = key_file(folder.path(), &generate(jiff::Timestamp::UNIX_EPOCH).file, mode)?;
        let refused = Identities::read(&path).expect_err("others can read it");
        assert!(refused.to_string().ends_with(&format!("can be read by others (mode {mode:04o})")), "{refused}");
        assert_eq!(refused.help(), format!("close it: `chmod 600 {}`", path.display()));
    }
    Ok(())
}

#[test]
fn what_is_no_key_is_named_by_its_line_and_never_shown() -> Tested {
    let folder = tempfile::tempdir()?;
    let read = |text: &str| -> Result<String, Box<dyn std::error::Error>> {
        let path = key_file(folder.path(), text, 0o600)?;
        Ok(Identities::read(&path)
            .expect_err("it is no key file")
            .to_string()
            .replace(&path.display().to_string(), "FILE"))
    };
    assert_eq!(read("# a comment\nAGE-SECRET-KEY-1XYZ\n")?, "line 2 of the key file FILE is no key");
    assert_eq!(read("# a comment\n\n")?, "the key file FILE holds no key");
    let missing = Identities::read(&folder.path().join("none")).expect_err("it is not there");
    assert!(missing.help().contains("skiff secret keygen --out"), "{missing}");
    Ok(())
}

#[test]
fn the_own_configuration_comes_before_the_hosts_and_a_named_file_before_both() {
    let home = Some(OsString::from("/home/anna"));
    let usual = |config: Option<&str>, home: Option<OsString>| KeyPlaces::usual(config.map(OsString::from), home);
    assert_eq!(
        usual(None, home.clone()),
        ["/home/anna/.config/skiff/age.key", "/etc/skiff/age.key"].map(PathBuf::from)
    );
    assert_eq!(usual(Some("/cfg"), home), ["/cfg/skiff/age.key", "/etc/skiff/age.key"].map(PathBuf::from));
    assert_eq!(usual(Some("relative"), None), [PathBuf::from("/etc/skiff/age.key")]);
    let named = KeyPlaces { named: Some("/none/age.key".into()), usual: vec!["/etc/passwd".into()] };
    assert!(matches!(named.read(), Err(KeyError::Missing { .. })), "what was named must be there");
    assert!(matches!(KeyPlaces { named: None, usual: vec!["/none/age.key".into()] }.read(), Ok(None)));
}
