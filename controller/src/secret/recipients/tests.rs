//! Which recipients count for a file.

use super::super::keys::generate;
use super::*;

fn public() -> String {
    generate(jiff::Timestamp::UNIX_EPOCH).public
}

#[test]
fn the_nearest_file_upwards_counts() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (inner, outer) = (folder.path().join("a/b"), folder.path().to_owned());
    fs::create_dir_all(&inner)?;
    assert!(matches!(Recipients::found_from(&inner), Err(RecipientsError::Nobody)));
    let (above, beside) = (public(), public());
    fs::write(outer.join(FILE), format!("# operations\n{above}\n\n"))?;
    assert_eq!(Recipients::found_from(&inner)?.names(), [above]);
    fs::write(inner.join(FILE), &beside)?;
    assert_eq!(Recipients::found_from(&inner)?.names(), [beside]);
    Ok(())
}

#[test]
fn order_and_repetition_say_nothing() -> Result<(), RecipientsError> {
    let (a, b) = (public(), public());
    let one = Recipients::named(&[a.clone(), b.clone()], &[])?;
    let other = Recipients::named(&[b.clone(), a.clone(), b], &[])?;
    assert_eq!((one.names(), one.fingerprint()), (other.names(), other.fingerprint()));
    assert_ne!(one.fingerprint(), Recipients::named(&[a], &[])?.fingerprint());
    Ok(())
}

#[test]
fn what_is_no_public_key_is_refused_with_the_remedy_and_a_private_one_is_not_shown() {
    let refused = |word: &str| Recipients::named(&[word.to_owned()], &[]).expect_err("it is none");
    assert!(refused("ssh-ed25519 AAAA").help().contains("keys of ssh are not read"));
    assert!(refused("age1xyz").help().contains("58 more letters"));
    let private = generate(jiff::Timestamp::UNIX_EPOCH).file;
    let private = private.lines().last().unwrap_or_default();
    let error = refused(private);
    assert_eq!(error.to_string(), "`AGE-SECRET-KEY-…` is no public key of age");
    assert!(error.help().contains("which nobody else may have"));
    assert!(matches!(Recipients::named(&[], &[]), Err(RecipientsError::Nobody)));
}
