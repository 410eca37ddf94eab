//! Files with Secrets, encrypted and decrypted in their place.

use proptest::prelude::*;

use super::super::KeyPlaces;
use super::super::keys::{generate, write_new};
use super::*;

/// A key in a file, and those whom it is for.
struct Person {
    places: KeyPlaces,
    public: String,
    _folder: tempfile::TempDir,
}

impl Person {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, path) = (generate(jiff::Timestamp::UNIX_EPOCH), folder.path().join("age.key"));
        write_new(&path, &key.file).expect("the key is written");
        Self { places: KeyPlaces { named: Some(path), usual: Vec::new() }, public: key.public, _folder: folder }
    }

    fn recipients(&self) -> Recipients {
        Recipients::named(std::slice::from_ref(&self.public), &[]).expect("a public key")
    }

    fn encrypt(&self, text: &str) -> Result<Changed, String> {
        encrypt(text, &self.recipients(), &Keyring::at(&self.places)).map_err(|problems| shown(&problems))
    }

    fn decrypt(&self, text: &str) -> Result<String, String> {
        let changed = decrypt(text, &Keyring::at(&self.places));
        changed.map(|changed| changed.text).map_err(|problems| shown(&problems))
    }
}

fn shown(problems: &[Problem]) -> String {
    let line = |problem: &Problem| format!("{}: {}", problem.span.start, problem.message);
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The text with `…` for what is encrypted.
fn outline(text: &str) -> String {
    let mut parts = text.split("ENC[age,");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + "…" + part.split_once(']').unwrap_or_default().1)
}

const FILE: &str = r#"# Of the shop.
apiVersion: skiff.dev/v1
kind: Secret
metadata: { name: db } # the database
stringData:
  # rotated every quarter
  password: hunter2 # not the old one
  "quoted": "two \"words\""
  empty: ""
  cert: |
    -----BEGIN-----

    abc
    -----END-----
  folded: > # with a comment
    one
    two

  last: 'it''s'
data: { raw: aGVsbG8=, "other": "d29ybGQ=" }
---
kind: ConfigMap
data: { a: plain, b: "kept" }
"#;

#[test]
fn keys_order_and_comments_stay_and_only_values_change() {
    let anna = Person::new();
    let changed = anna.encrypt(FILE).expect("it is encrypted");
    assert_eq!((changed.changed, changed.kept), (8, 0));
    insta::assert_snapshot!(outline(&changed.text), @r#"
    # Of the shop.
    apiVersion: skiff.dev/v1
    kind: Secret
    metadata: { name: db } # the database
    stringData:
      # rotated every quarter
      password: … # not the old one
      "quoted": …
      empty: …
      cert: …
      folded: … # with a comment

      last: …
    data: { raw: "…", "other": "…" }
    ---
    kind: ConfigMap
    data: { a: plain, b: "kept" }
    "#);
    let back = anna.decrypt(&changed.text).expect("it is decrypted");
    insta::assert_snapshot!(back, @r#"
    # Of the shop.
    apiVersion: skiff.dev/v1
    kind: Secret
    metadata: { name: db } # the database
    stringData:
      # rotated every quarter
      password: hunter2 # not the old one
      "quoted": "two \"words\""
      empty: ""
      cert: |
        -----BEGIN-----

        abc
        -----END-----
      folded: "one two\n" # with a comment

      last: "it's"
    data: { raw: "aGVsbG8=", "other": "d29ybGQ=" }
    ---
    kind: ConfigMap
    data: { a: plain, b: "kept" }
    "#);
}

#[test]
fn what_is_encrypted_already_stays_and_one_new_value_is_one_changed_line() {
    let anna = Person::new();
    let once = anna.encrypt(FILE).expect("it is encrypted").text;
    let twice = anna.encrypt(&once).expect("it is encrypted");
    assert_eq!((twice.text.as_str(), twice.changed, twice.kept), (once.as_str(), 0, 8));
    let start = once.find("password: ").map_or(0, |at| at + 10);
    let end = once.find(" # not the old one").unwrap_or(start);
    let edited = [once.get(..start).unwrap_or_default(), "hunter3", once.get(end..).unwrap_or_default()].concat();
    let again = anna.encrypt(&edited).expect("it is encrypted");
    let differ = again.text.lines().zip(once.lines()).filter(|(now, before)| now != before).count();
    assert_eq!((again.changed, differ), (1, 1));
}

#[test]
fn other_recipients_need_the_key_and_get_everything() {
    let (anna, ben) = (Person::new(), Person::new());
    let once = anna.encrypt(FILE).expect("it is encrypted").text;
    let both = Recipients::named(&[anna.public.clone(), ben.public.clone()], &[]).expect("public keys");
    let without = encrypt(&once, &both, &Keyring::at(&ben.places)).map_err(|problems| shown(&problems));
    assert!(without.is_err_and(|why| why.starts_with("7:13: the value of `password` is encrypted to other keys")));
    let again = encrypt(&once, &both, &Keyring::at(&anna.places)).expect("it is encrypted");
    assert_eq!(again.changed, 8);
    assert_eq!(ben.decrypt(&again.text), anna.decrypt(&once));
}

#[test]
fn json_and_lists_are_read_as_well() {
    let anna = Person::new();
    let json = r#"{"kind":"SecretList","items":[{"kind":"Secret","metadata":{"name":"a"},"stringData":{"x":"1","y":null}},
        {"kind":"Secret","metadata":{"name":"b"},"data":{"z":"eA=="}}]}"#;
    let changed = anna.encrypt(json).expect("it is encrypted");
    assert_eq!(changed.changed, 2);
    assert!(serde_json::from_str::<serde_json::Value>(&changed.text).is_ok(), "{}", changed.text);
    assert_eq!(anna.decrypt(&changed.text).as_deref(), Ok(json));
}

#[test]
fn everything_that_stands_in_the_way_is_said_with_its_place() {
    let anna = Person::new();
    let text = "kind: Secret\nmetadata: { name: db }\nstringData:\n  port: 5432\n  a: &a x\n  b: *a\n  c: ENC[age,to:x,data:%]\ndata: { d: plain text }\n---\nkind: Secret\nstringData: { a: b }\n";
    insta::assert_snapshot!(anna.encrypt(text).map(drop).expect_err("it is refused"), @r"
    4:3: the value of `port` must be a string, found an integer
    6:3: the value of `b` comes through an alias
    7:6: the value of `c` cannot be decrypted: it is damaged: its data is no base64
    8:12: the value of `d` is not base64
    10:1: a Secret without `metadata.name`
    ");
}

#[test]
fn a_value_that_others_share_through_an_anchor_is_not_encrypted_under_them() {
    let anna = Person::new();
    let text = "kind: Secret\nmetadata: { name: db }\nstringData:\n  a: &a x\nmore: *a\n";
    let why = anna.encrypt(text).map(drop).expect_err("it is refused");
    assert!(why.contains("cannot be changed without changing something else"), "{why}");
}

#[test]
fn a_moved_value_is_not_decrypted() {
    let anna = Person::new();
    let once =
        anna.encrypt("kind: Secret\nmetadata: { name: db }\nstringData: { admin: a }\n").expect("it is encrypted").text;
    let why = anna.decrypt(&once.replace("admin:", "guest:")).expect_err("it is refused");
    assert_eq!(
        why,
        "3:22: the value of `guest` was encrypted for `stringData.admin` of secret db and opens nowhere else"
    );
}

/// A scalar in one of the ways to write it.
fn written(text: &str, style: u8) -> String {
    match style {
        0 => format!(" {}", serde_json::Value::from(text)),
        1 if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "\n ".contains(c)) => {
            format!(" |2-\n{}", text.split('\n').map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"))
        }
        _ => format!(" '{}'", text.replace('\'', "''").replace('\n', "\n\n    ")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_value_is_and_however_it_is_written_it_comes_back(
        values in prop::collection::vec(("[a-z]{1,8}", "[ -~\n\u{e4}\u{2603}]{0,40}", 0..3_u8), 1..4),
    ) {
        let anna = Person::new();
        let line = |(index, (key, text, style)): (usize, &(String, String, u8))| {
            format!("  {key}{index}:{}", written(text, *style))
        };
        let lines = values.iter().enumerate().map(line).collect::<Vec<_>>().join("\n");
        let text = format!("# first\nkind: Secret\nmetadata: {{ name: db }}\nstringData:\n{lines}\n# last\n");
        // What is no YAML at all is not the question here.
        prop_assume!(parse(&text).is_ok_and(|found| slots(&found).1.is_empty()));
        let before = as_json(&parse(&text).expect("it was read"));
        let sealed = anna.encrypt(&text).expect("it is encrypted").text;
        prop_assert!(sealed.starts_with("# first\n") && sealed.ends_with("# last\n"));
        prop_assert_ne!(as_json(&parse(&sealed).expect("it is read")), before.clone());
        let opened = anna.decrypt(&sealed).expect("it is decrypted");
        prop_assert_eq!(as_json(&parse(&opened).expect("it is read")), before);
    }
}
