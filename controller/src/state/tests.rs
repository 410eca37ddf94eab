//! The state directory: what is written comes back, what is damaged is set aside.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use skiff_api::{Kind, parse_object};
use skiff_core::{Instance, ProbeVerdict, ProbeVerdicts, Readiness, Timestamp};

use super::*;
use crate::lock::LockHeld;

struct Place {
    state: tempfile::TempDir,
    run: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let run = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
        Self { state: tempfile::tempdir().expect("a folder"), run }
    }

    fn folders(&self) -> Folders {
        Folders { state: self.state.path().join("default"), run: self.run.path().join("default") }
    }

    fn open(&self) -> State {
        State::open(self.folders()).expect("a state")
    }

    fn source_file(&self) -> PathBuf {
        self.folders().state.join("sources/shop.json")
    }
}

fn good(manifests: &[serde_json::Value]) -> Good {
    let objects = manifests.iter().map(|manifest| {
        let object = parse_object(manifest).expect("a valid manifest");
        let good = GoodObject {
            base: PathBuf::from("/srv/shop"),
            file: PathBuf::from("/srv/shop/a.yaml"),
            document: 0,
            line: 1,
            column: 1,
            object,
        };
        (good.object.key(), good)
    });
    Good { objects: objects.collect(), ..Good::default() }
}

fn deployment(name: &str) -> serde_json::Value {
    json!({
        "apiVersion": "skiff.dev/v1", "kind": "Deployment",
        "metadata": { "name": name, "namespace": "shop", "annotations": { "skiff.dev/prune": "false" } },
        "spec": { "dependsOn": [ { "name": "db" } ], "template": { "container": { "image": "api:1" } } },
    })
}

fn secret() -> serde_json::Value {
    json!({
        "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db", "namespace": "shop" },
        "stringData": { "password": "hunter2" },
    })
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

#[test]
fn the_last_good_state_survives_a_restart() {
    let place = Place::new();
    let mut kept = good(&[deployment("api"), secret()]);
    kept.host_files.insert(("/srv/shop".to_owned(), "./nginx.conf".to_owned()), b"\x00\xff"[..].into());
    place.open().save("shop", kept.clone());
    let state = place.open();
    assert_eq!(state.good("shop"), kept);
    assert_eq!(state.warnings(), [""; 0]);
    assert_eq!(state.degraded(), None);
}

#[test]
fn a_secret_never_reaches_the_disk_and_is_known_as_lost_after_a_reboot() {
    let place = Place::new();
    place.open().save("shop", good(&[deployment("api"), secret()]));
    let text = std::fs::read_to_string(place.source_file()).expect("a file");
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    std::fs::remove_dir_all(place.folders().run).expect("a reboot");
    let state = place.open();
    let lost = state.good("shop").lost;
    assert_eq!(lost.iter().map(ToString::to_string).collect::<Vec<_>>(), ["secret/shop/db"]);
    assert!(state.good("shop").objects.contains_key(&key("api")));
}

#[test]
fn a_run_folder_on_a_disk_gets_no_secrets() {
    let place = Place::new();
    let disk = Path::new(env!("CARGO_MANIFEST_DIR"));
    if folders::is_memory(disk) {
        return;
    }
    let run = tempfile::tempdir_in(disk).expect("a folder on a disk");
    let folders = Folders { run: run.path().join("default"), ..place.folders() };
    let mut state = State::open(folders.clone()).expect("a state");
    state.save("shop", good(&[secret()]));
    assert!(std::fs::read_dir(&folders.run).expect("a folder").next().is_none());
    assert_eq!(state.warnings().len(), 1);
}

#[test]
fn files_and_folders_are_for_nobody_else() {
    let place = Place::new();
    place.open().save("shop", good(&[secret()]));
    let mode = |path: PathBuf| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let Folders { state, run } = place.folders();
    assert_eq!([mode(state.clone()), mode(run.clone()), mode(state.join("sources"))], [0o700; 3]);
    let files = [state.join("digest-key"), place.source_file(), run.join("content-shop.json")];
    assert_eq!(files.map(mode), [0o600; 3]);
}

#[test]
fn a_damaged_file_is_set_aside_and_counts_as_absent() {
    let whole = {
        let place = Place::new();
        place.open().save("shop", good(&[deployment("api")]));
        std::fs::read(place.source_file()).expect("a file")
    };
    let half = whole.get(..whole.len() / 2).expect("half of it").to_vec();
    let mut flipped = whole.clone();
    *flipped.iter_mut().rev().nth(40).expect("a byte") ^= 1;
    for damaged in [Vec::new(), b"hello".to_vec(), b"{\"version\":0,\"sha256\":\"\"}\n{}\n".to_vec(), half, flipped] {
        let place = Place::new();
        drop(place.open());
        std::fs::write(place.source_file(), &damaged).expect("a damaged file");
        let state = place.open();
        assert_eq!(state.good("shop"), Good::default());
        let [warning] = state.warnings() else { panic!("{:?}", state.warnings()) };
        assert!(warning.contains("shop.json.damaged-1"), "{warning}");
        let aside = place.source_file().with_file_name("shop.json.damaged-1");
        assert_eq!(std::fs::read(aside).expect("the file that was set aside"), damaged);
        assert_eq!(place.open().warnings(), [""; 0]);
    }
}

#[test]
fn a_file_from_the_future_is_refused_and_left_alone() {
    let place = Place::new();
    drop(place.open());
    std::fs::write(place.source_file(), "{\"version\":9}\nanything").expect("a file");
    let error = State::open(place.folders()).expect_err("a file from the future");
    assert!(error.to_string().contains("newer version"), "{error}");
    assert!(place.source_file().exists());
}

#[test]
fn what_cannot_be_written_is_kept_in_memory_and_the_old_file_stays_whole() {
    let place = Place::new();
    let mut state = place.open();
    state.save("shop", good(&[deployment("api")]));
    let old = std::fs::read(place.source_file()).expect("a file");
    // A folder in the place of the temporary file: nothing can be written, whoever runs this.
    let obstacle = place.source_file().with_file_name(format!("shop.json.tmp-{}", std::process::id()));
    std::fs::create_dir(&obstacle).expect("an obstacle");
    state.save("shop", good(&[deployment("web")]));
    assert!(state.degraded().is_some_and(|why| why.contains("shop.json")), "{:?}", state.degraded());
    assert!(state.good("shop").objects.contains_key(&key("web")));
    assert_eq!(std::fs::read(place.source_file()).expect("a file"), old);
    std::fs::remove_dir(obstacle).expect("an obstacle");
    state.save("shop", good(&[deployment("web")]));
    assert_eq!(state.degraded(), None);
    assert!(place.open().good("shop").objects.contains_key(&key("web")));
}

#[test]
fn looking_changes_nothing_on_the_disk() {
    let place = Place::new();
    let mut state = State::read_only(place.folders()).expect("a state");
    state.save("shop", good(&[deployment("api")]));
    assert!(!place.folders().state.exists() && !place.folders().run.exists());
    drop(place.open());
    std::fs::write(place.source_file(), "damaged").expect("a damaged file");
    let state = State::read_only(place.folders()).expect("a state");
    assert_eq!(state.warnings().len(), 1);
    assert!(place.source_file().exists());
}

#[test]
fn departed_objects_are_remembered_until_they_are_forgotten() {
    let place = Place::new();
    place.open().save("shop", good(&[deployment("api"), deployment("web")]));
    let mut state = place.open();
    state.save("shop", good(&[deployment("web")]));
    let mut state_again = place.open();
    let departed = state_again.departed("shop");
    let source = Some("shop".to_owned());
    let present = Departed { depends_on: vec![key("db")], protected: true, source, ..Departed::default() };
    let left = Departed { beside: Some(1), ..present.clone() };
    assert_eq!(departed, BTreeMap::from([(key("api"), left), (key("web"), present)]));
    state_again.forget("shop", &BTreeSet::from([key("api")]));
    assert_eq!(place.open().departed("shop").into_keys().collect::<Vec<_>>(), [key("web")]);
}

#[test]
fn sources_claim_their_objects_until_they_are_removed() {
    let place = Place::new();
    let mut state = place.open();
    state.save("shop", good(&[deployment("api")]));
    state.save("blog", good(&[deployment("web")]));
    assert_eq!(place.open().other_claims(&["shop"]), BTreeSet::from([key("web")]));
    state.remove("blog", |_| false);
    assert_eq!(place.open().other_claims(&["shop"]), BTreeSet::new());
    assert_eq!(place.open().sources().collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn what_a_source_declares_others_have_no_more() {
    let place = Place::new();
    let mut state = place.open();
    state.save("shop", good(&[deployment("api"), deployment("web")]));
    state.save("imported", good(&[deployment("web")]));
    let state = place.open();
    assert_eq!(state.other_claims(&["imported"]), BTreeSet::from([key("api")]));
    assert_eq!(state.departed("shop").into_keys().collect::<Vec<_>>(), [key("api")]);
}

#[test]
fn the_digest_key_is_made_once_and_again_when_it_is_damaged() {
    let place = Place::new();
    let first = place.open().digest_key();
    assert_eq!(place.open().digest_key(), first);
    std::fs::write(place.folders().state.join("digest-key"), "short").expect("a file");
    let state = place.open();
    assert_ne!(state.digest_key(), first);
    assert_eq!(state.warnings().len(), 1);
}

#[test]
fn the_folders_are_those_of_the_user() {
    let instance = Instance::default();
    let of = |around: &Surroundings| {
        let Folders { state, run } = Folders::of(&instance, None, None, around);
        [state.display().to_string(), run.display().to_string()]
    };
    let user = Surroundings { uid: 7, home: Some("/home/u".into()), ..Surroundings::default() };
    let xdg = Surroundings { state_home: Some("/s".into()), runtime_dir: Some("/r".into()), ..user.clone() };
    let relative = Surroundings { state_home: Some("s".into()), ..user.clone() };
    let root = Surroundings { run_is_memory: true, ..Surroundings::default() };
    assert_eq!(of(&root), ["/var/lib/skiff/default", "/run/skiff/default"]);
    assert_eq!(of(&Surroundings::default()), ["/var/lib/skiff/default", "/dev/shm/skiff/default"]);
    assert_eq!(of(&user), ["/home/u/.local/state/skiff/default", "/dev/shm/skiff-7/default"]);
    assert_eq!(of(&relative), ["/home/u/.local/state/skiff/default", "/dev/shm/skiff-7/default"]);
    assert_eq!(of(&xdg), ["/s/skiff/default", "/r/skiff/default"]);
}

#[test]
fn a_request_is_answered_once_and_leaves_nothing() {
    let place = Place::new();
    let requests = place.open().requests();
    let request = skiff_core::Request::Pause { object: key("web") };
    let made = requests.make(&request).expect("a request");
    assert!(requests.answer(&made).expect("no answer yet").is_none());
    let waiting = requests.waiting();
    assert_eq!(waiting.iter().map(|made| &made.request).collect::<Vec<_>>(), [&request]);
    let granted = Answer::Granted { message: "paused".to_owned() };
    requests.reply(waiting.first().expect("one"), &granted).expect("an answer");
    assert!(requests.waiting().is_empty(), "it is taken up once");
    assert_eq!(requests.answer(&made).expect("an answer"), Some(granted));
    let left = std::fs::read_dir(requests.folder().expect("a folder")).expect("a folder").count();
    assert_eq!(left, 0);
}

#[test]
fn a_request_that_nobody_waits_for_any_more_is_passed_over() {
    let place = Place::new();
    let requests = place.open().requests();
    requests.make(&skiff_core::Request::Pause { object: key("web") }).expect("a request");
    for entry in std::fs::read_dir(requests.folder().expect("a folder")).expect("a folder").flatten() {
        let file = std::fs::File::options().write(true).open(entry.path()).expect("the request");
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        file.set_modified(long_ago).expect("a time");
    }
    assert!(requests.waiting().is_empty());
}

#[test]
fn a_damaged_history_is_set_aside_and_costs_history_only() {
    let place = Place::new();
    let mut history = skiff_core::History::default();
    history.objects.entry(key("web")).or_default().paused = true;
    place.open().chronicle().save(&history).expect("a history");
    assert_eq!(*place.open().history(), history);
    let path = place.folders().state.join("history.json");
    let text = std::fs::read_to_string(&path).expect("a file").replace("true", "null");
    std::fs::write(&path, text).expect("damage");
    let state = place.open();
    assert_eq!(*state.history(), skiff_core::History::default());
    assert!(
        state.warnings().iter().any(|warning| warning.contains("history.json.damaged-1")),
        "{:?}",
        state.warnings()
    );
}

#[test]
fn events_are_kept_in_order_and_a_line_that_was_cut_off_is_passed_over() {
    use std::io::Write as _;
    let place = Place::new();
    let chronicle = place.open().chronicle();
    let event =
        |message: &str| skiff_core::Event::normal(skiff_core::Timestamp::UNIX_EPOCH, &key("web"), "Started", message);
    chronicle.append(&[event("one"), event("two")]).expect("events");
    let mut file = std::fs::File::options().append(true).open(chronicle.events_path()).expect("a file");
    file.write_all(b"{\"at\":\n").expect("half a line");
    chronicle.append(&[event("three")]).expect("an event");
    let told: Vec<String> = chronicle.events().expect("events").into_iter().map(|event| event.message).collect();
    assert_eq!(told, ["one", "two", "three"]);
}

#[test]
fn a_state_directory_that_cannot_be_used_has_a_remedy() {
    let place = Place::new();
    // A file where a folder belongs.
    std::fs::write(place.state.path().join("default"), "").expect("a file");
    let error = State::open(place.folders()).expect_err("it cannot be used");
    let said = format!("{error} {}", error.help().unwrap_or_default());
    assert!(said.contains("--state-dir") || said.contains("make it a folder"), "{said}");
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let error = StateError::Io { path: PathBuf::from("/var/lib/skiff"), source: denied };
    assert!(error.help().is_some_and(|help| help.contains("as root") && help.contains("--state-dir")));
}

#[test]
fn what_is_wrong_with_manifests_can_be_read_beside_the_controller() {
    let place = Place::new();
    let state = place.open();
    assert_eq!(state.chronicle().faults(), Faults::new());
    let fault = Fault {
        reason: "InvalidSyntax".to_owned(),
        place: super::Place { file: "/srv/shop/a.yaml".to_owned(), at: Some((2, 1)) },
        message: "a tab indents this line".to_owned(),
        help: None,
        related: Vec::new(),
        object: None,
        keeps: [good(&[deployment("api")]).objects.into_keys().next().expect("an object")].into(),
    };
    let faults = Faults::from([("shop".to_owned(), vec![fault])]);
    state.chronicle().save_faults(&faults).expect("it is written");
    let beside = State::read_only(place.folders()).expect("a state").chronicle();
    assert_eq!(beside.faults(), faults);
    assert!(place.folders().run.join("faults.json").is_file(), "it goes with a reboot");
}

#[test]
fn verdicts_on_probes_count_while_whoever_wrote_them_holds_the_lock() {
    let place = Place::new();
    let chronicle = place.open().chronicle();
    let by = |pid| LockHeld {
        pid,
        command: "skiff run".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        instance: "default".to_owned(),
        elected: None,
    };
    assert_eq!(chronicle.verdicts(&by(1)), None);
    let verdict = ProbeVerdict {
        started_at: Timestamp::UNIX_EPOCH,
        started: true,
        passed_startup: false,
        passed_early: false,
        readiness: Readiness::Undecided { message: "readinessProbe: not asked yet".to_owned() },
        is_lost: false,
        failed: None,
        unproven: None,
    };
    let verdicts = ProbeVerdicts::from([("1e".to_owned(), verdict)]);
    chronicle.save_verdicts(&by(1), &verdicts).expect("it is written");
    assert_eq!(chronicle.verdicts(&by(1)), Some(verdicts));
    assert_eq!(chronicle.verdicts(&by(2)), None, "it was another's");
}
