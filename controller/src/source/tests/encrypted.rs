//! Encrypted Secrets: opened in memory when they are loaded, and what becomes of those that stay closed.

use std::path::PathBuf;

use skiff_core::{History, Instance, MountSource};

use super::*;
use crate::secret::keys::{generate, write_new};
use crate::secret::{KeyPlaces, Keyring, Recipients, document};
use crate::session::{TargetOptions, target};
use crate::state::{Folders, State};

/// A folder of manifests, and a key outside of it.
struct Vault {
    folder: Folder,
    key: tempfile::TempDir,
    public: String,
}

const PLAIN: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData:\n  password: hunter2\n  user: anna\n";

impl Vault {
    fn new() -> Self {
        let (folder, key) = (Folder::new(&[]), tempfile::tempdir().expect("a folder"));
        let new = generate(skiff_core::Timestamp::UNIX_EPOCH);
        write_new(&key.path().join("age.key"), &new.file).expect("a key file");
        let vault = Self { folder, key, public: new.public };
        vault.folder.write("db.yaml", vault.encrypted(PLAIN));
        vault
    }

    fn places(&self) -> KeyPlaces {
        KeyPlaces { named: None, usual: vec![PathBuf::from("/none/age.key"), self.key.path().join("age.key")] }
    }

    fn encrypted(&self, text: &str) -> String {
        let to = Recipients::named(std::slice::from_ref(&self.public), &[]).expect("a public key");
        document::encrypt(text, &to, &Keyring::at(&self.places())).expect("it is encrypted").text
    }

    fn load_with(&self, keys: KeyPlaces, may_stay_closed: bool) -> Loaded {
        let options = SourceOptions { keys, may_stay_closed, ..self.folder.options() };
        load_with(&options, &mut empty())
    }

    fn load(&self) -> Loaded {
        self.load_with(self.places(), false)
    }

    /// The problems of a load after the file was changed, each with its line and column.
    fn problems_of(&self, text: &str) -> Vec<String> {
        self.folder.write("db.yaml", text);
        shown(&self.load())
    }
}

fn shown(loaded: &Loaded) -> Vec<String> {
    let place = |problem: &Problem| problem.span.map(|span| span.start.to_string()).unwrap_or_default();
    loaded.problems.iter().map(|problem| format!("{} {}", place(problem), problem.message)).collect()
}

fn db() -> ObjectKey {
    ObjectKey::new(Kind::Secret, "default", "db")
}

fn nobodys() -> KeyPlaces {
    KeyPlaces { named: None, usual: vec![PathBuf::from("/none/age.key")] }
}

#[test]
fn an_encrypted_secret_is_what_it_is_in_plain_text() {
    let (vault, plain) = (Vault::new(), Folder::new(&[("db.yaml", PLAIN)]));
    let (encrypted, plain) = (vault.load(), plain.load());
    assert!(encrypted.problems.is_empty(), "{:?}", encrypted.problems);
    let object = |loaded: &Loaded| loaded.objects.get(&db()).map(|declared| declared.object.clone());
    assert_eq!(object(&encrypted), object(&plain));
    assert!(encrypted.texts.iter().all(|text| !text.text.contains("hunter2")));
}

#[test]
fn an_encrypted_overlay_is_laid_over_an_encrypted_base() {
    let vault = Vault::new();
    let over =
        vault.encrypted("apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { password: other }\n");
    vault.folder.write("base/db.yaml", vault.encrypted(PLAIN));
    vault.folder.write("overlays/prod/db.yaml", over);
    let options = SourceOptions {
        paths: vec![vault.folder.path().join("base")],
        overlays: vec![vault.folder.path().join("overlays/prod")],
        keys: vault.places(),
        ..vault.folder.options()
    };
    let loaded = load_with(&options, &mut empty());
    let Some(Object::Secret(secret)) = loaded.objects.get(&db()).map(|declared| &declared.object) else {
        panic!("{:?}", loaded.problems)
    };
    let values: Vec<&str> = secret.string_data.values().map(String::as_str).collect();
    assert_eq!(values, ["other", "anna"]);
}

#[test]
fn what_is_encrypted_anew_with_the_same_content_is_the_same_to_the_planner() {
    let vault = Vault::new();
    let user = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { container: { image: app, \
                volumeMounts: [{ name: s, mountPath: /s }] }, volumes: [{ name: s, secret: { secretName: db } }] } }\n";
    vault.folder.write("web.yaml", user);
    let (state, run) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir_in("/dev/shm").expect("a folder"));
    let folders = Folders { state: state.path().join("default"), run: run.path().join("default") };
    let state = State::open(folders).expect("a state");
    let compiled = |vault: &Vault| {
        let (loaded, instance, options) = (vault.load(), Instance::default(), TargetOptions::default());
        let aimed =
            target(std::slice::from_ref(&loaded), &state, &History::default(), &instance, &options).expect("a target");
        let desired = aimed.desired;
        let template = &desired.workloads.get(&key("web")).expect("it is declared").template;
        let ids: Vec<String> = template
            .mounts
            .iter()
            .filter_map(
                |mount| if let MountSource::Files(files) = &mount.source { Some(files.id.clone()) } else { None },
            )
            .collect();
        (template.content.clone(), ids, loaded.fingerprint)
    };
    let (content, ids, fingerprint) = compiled(&vault);
    vault.folder.write("db.yaml", vault.encrypted(PLAIN));
    let (content_now, ids_now, fingerprint_now) = compiled(&vault);
    assert_ne!(fingerprint, fingerprint_now, "the text is another one");
    assert_eq!((content, ids), (content_now, ids_now));
}

#[test]
fn without_a_key_the_last_good_version_stays_and_the_key_is_waited_for() {
    let vault = Vault::new();
    let good = vault.load().good();
    let loaded = vault.load_with(nobodys(), false);
    assert_eq!(shown(&loaded), ["5:13 the value of `password` is encrypted, and there is no key here"]);
    assert!(loaded.beside.files.contains(Path::new("/none/age.key")), "{:?}", loaded.beside);
    let help = loaded.problems.first().and_then(|problem| problem.help.clone()).unwrap_or_default();
    assert!(help.contains("/none/age.key") && help.contains("--age-key-file"), "{help}");
    let kept = merge_last_good(loaded, &good, &Instance::default());
    let kept = kept.objects.get(&db()).expect("it is kept");
    assert!(kept.last_good);
    assert_eq!(good.objects.get(&db()).map(|good| &good.object), Some(&kept.object));
}

#[test]
fn whatever_keeps_a_value_closed_is_said_with_its_place() {
    let vault = Vault::new();
    let text = vault.encrypted(PLAIN);
    let other = Vault::new();
    assert_eq!(
        vault.problems_of(&other.encrypted(PLAIN)),
        ["5:13 the value of `password` is encrypted to other keys than the one that is here"]
    );
    assert_eq!(
        vault.problems_of(&text.replace("user:", "admin:")),
        ["6:10 the value of `admin` was encrypted for `stringData.user` of secret db and opens nowhere else"]
    );
    assert_eq!(
        vault.problems_of(&text.replace(",data:", ",data:A")),
        [
            "5:13 the value of `password` cannot be decrypted: it is damaged: its data is no base64",
            "6:9 the value of `user` cannot be decrypted: it is damaged: its data is no base64",
        ]
    );
    let mut open = fs::metadata(vault.key.path().join("age.key")).expect("the key file").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o644);
    fs::set_permissions(vault.key.path().join("age.key"), open).expect("it is opened");
    let problems = vault.problems_of(&text);
    assert!(
        problems.first().is_some_and(|problem| problem.ends_with("can be read by others (mode 0644)")),
        "{problems:?}"
    );
    assert_eq!(problems.len(), 1);
}

#[test]
fn where_it_is_let_pass_what_no_key_opens_is_a_warning_and_what_is_damaged_is_not() {
    let vault = Vault::new();
    let loaded = vault.load_with(nobodys(), true);
    assert!(loaded.problems.is_empty() && loaded.objects.contains_key(&db()), "{:?}", loaded.problems);
    let warnings: Vec<&str> = loaded.warnings.iter().map(|warning| warning.message.as_str()).collect();
    let said = "the content of secret/default/db was not checked: the value of `password` is encrypted, and there is no key here";
    assert_eq!(warnings, [said]);
    vault.folder.write("db.yaml", vault.encrypted(PLAIN).replace(",data:", ",data:A"));
    assert_eq!(vault.load_with(nobodys(), true).problems.len(), 2);
}
