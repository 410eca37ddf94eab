//! One encrypted value: who opens it, and that it opens nowhere else.

use super::super::keys::generate;
use super::*;

fn person() -> (Identities, String) {
    let key = generate(jiff::Timestamp::UNIX_EPOCH);
    (Identities::parse(&key.file).expect("a key file"), key.public)
}

fn to(names: &[&String]) -> Recipients {
    let names: Vec<String> = names.iter().map(|&name| name.clone()).collect();
    Recipients::named(&names, &[]).expect("public keys")
}

const PLACE: Place<'_> = Place { name: "db", field: "stringData", key: "password" };

#[test]
fn a_value_opens_for_each_recipient_and_for_nobody_else() {
    let ((anna, to_anna), (ben, to_ben), (carl, _)) = (person(), person(), person());
    let recipients = to(&[&to_anna, &to_ben]);
    for text in ["hunter2", "", "two\nlines\n", "ü ☃"] {
        let written = Sealed::seal(text, PLACE, &recipients).expect("it is encrypted").to_string();
        assert!(Sealed::is_meant(&written) && (text.is_empty() || !written.contains(text)), "{written}");
        let read = Sealed::parse(&written).expect("it is read back");
        assert!(read.is_to(&recipients) && !read.is_to(&to(&[&to_anna])));
        assert_eq!([&anna, &ben].map(|keys| read.open(PLACE, keys)), [Ok(text.to_owned()), Ok(text.to_owned())]);
        assert_eq!(read.open(PLACE, &carl), Err(Unopened::OtherKeys));
    }
}

#[test]
fn what_is_encrypted_is_an_age_file() {
    let (_, public) = person();
    let sealed = Sealed::seal("x", PLACE, &to(&[&public])).expect("it is encrypted");
    assert!(sealed.data.starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn a_value_opens_in_its_own_place_only() {
    let (anna, public) = person();
    let sealed = Sealed::seal("hunter2", PLACE, &to(&[&public])).expect("it is encrypted");
    for place in [Place { name: "web", ..PLACE }, Place { field: "data", ..PLACE }, Place { key: "user", ..PLACE }] {
        let moved = sealed.open(place, &anna);
        assert_eq!(moved, Err(Unopened::Moved("`stringData.password` of secret db".to_owned())), "{place}");
    }
}

#[test]
fn whatever_is_changed_in_it_is_noticed() {
    let (anna, public) = person();
    let sealed = Sealed::seal("hunter2", PLACE, &to(&[&public])).expect("it is encrypted");
    for at in 0..sealed.data.len() {
        let mut changed = sealed.clone();
        if let Some(byte) = changed.data.get_mut(at) {
            *byte ^= 1;
        }
        assert!(changed.open(PLACE, &anna).is_err(), "byte {at} was changed");
        let mut short = sealed.clone();
        short.data.truncate(at);
        assert!(matches!(short.open(PLACE, &anna), Err(Unopened::Damaged(_))), "it was cut off at {at}");
    }
}

#[test]
fn what_is_only_like_an_encrypted_value_is_damaged() {
    for text in [
        "ENC[age,",
        "ENC[age,]",
        "ENC[age,to:x]",
        "ENC[age,data:eA==,to:x]",
        "ENC[age,to:x,data:%]",
        "ENC[age,to:x,data:eA==",
    ] {
        assert!(Sealed::is_meant(text) && matches!(Sealed::parse(text), Err(Unopened::Damaged(_))), "{text}");
    }
    assert!(!Sealed::is_meant("ENC[AES256_GCM,data:x]") && !Sealed::is_meant("hunter2"));
}
