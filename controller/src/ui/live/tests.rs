//! What a terminal shows while `up` works, on a clock that is an argument.

use anstream::adapter::strip_str;
use skiff_api::Kind;
use unicode_width::UnicodeWidthStr;

use super::*;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

fn event(name: &str, what: &str, state: State) -> ObjectEvent {
    ObjectEvent { object: key(name), what: what.to_owned(), state, progress: None }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn objects() -> frame::Objects {
    let mut objects = frame::Objects::default();
    objects.take(event("db", "starting shop-db-1", State::Working), at(0));
    objects.take(event("db", "Ready", State::Ready), at(3));
    objects.take(event("api", "waiting for db to be Ready", State::Waiting), at(0));
    objects
        .take(ObjectEvent { progress: Some((34, 100)), ..event("web", "pulling nginx:1.27", State::Working) }, at(1));
    objects.take(
        event("job", "image shop/job:9: not found in the registry, which says more than fits", State::Failed),
        at(2),
    );
    objects
}

fn plain(lines: Vec<String>) -> String {
    strip_str(&lines.join("\n")).to_string()
}

#[test]
fn an_object_is_one_line_that_fits() {
    let lines = objects().frame(at(4), 70, 20);
    insta::assert_snapshot!(plain(lines), @r"
    · deployment/shop/api  waiting for db to be Ready          4.0 s
    ✓ deployment/shop/db   Ready                               3.0 s
    ✗ deployment/shop/job  image shop/job:9: not found in t…   0.0 s
    ⠋ deployment/shop/web  pulling nginx:1.27 34 %             3.0 s
    ");
}

#[test]
fn a_name_that_leaves_no_room_is_cut() {
    let mut objects = objects();
    objects.take(event("a-name-that-is-longer-than-the-terminal-is-wide", "pulling nginx", State::Working), at(4));
    for width in [30, 40, 60] {
        let text = plain(objects.frame(at(4), width, 20));
        assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
    }
}

#[test]
fn on_a_low_terminal_what_is_ready_makes_room() {
    let lines = objects().frame(at(4), 70, 3);
    insta::assert_snapshot!(plain(lines), @r"
    ✓ 1 of 4 ready
    ✗ deployment/shop/job  image shop/job:9: not found in t…   0.0 s
      and 2 more
    ");
}

#[test]
fn elsewhere_each_thing_that_happens_is_a_line() {
    let mut objects = frame::Objects::default();
    let pulling = |done| ObjectEvent { progress: Some((done, 9)), ..event("web", "pulling nginx", State::Working) };
    let lines = [objects.take(pulling(1), at(1)), objects.take(pulling(2), at(2))];
    assert!(lines[0].is_some() && lines[1].is_none());
    let line = objects.take(event("web", "no such image", State::Failed), at(75)).expect("it is new");
    assert_eq!(strip_str(&line).to_string(), "[1 min 15 s] deployment/shop/web: failed: no such image");
}

#[test]
fn what_is_not_removed_is_named_with_the_reason_and_the_remedy() {
    let (why, remedy) = ("2 of 2 objects of source shop would be removed".to_owned(), Some("confirm it".to_owned()));
    let two = Kept { objects: vec![key("api"), key("db")], why: why.clone(), is_needed: false, remedy };
    let one = Kept { objects: vec![key("api")], why, is_needed: false, remedy: None };
    insta::assert_snapshot!(strip_str(&[kept(&two), kept(&one)].join("\n")).to_string(), @r"
    2 objects have left the manifests and still run
      2 of 2 objects of source shop would be removed
        help: confirm it
      deployment/shop/api
      deployment/shop/db

    1 object has left the manifests and still runs
      2 of 2 objects of source shop would be removed
      deployment/shop/api
    ");
}

#[test]
fn the_summary_names_what_is_not_ready_with_its_remedy() {
    let unready = Unready {
        object: key("job"),
        why: "exited with 1".to_owned(),
        remedy: Some("skiff logs job".to_owned()),
        at: Some("job.yaml:3".to_owned()),
    };
    let texts = [summary("ready", 12, &[], at(10)), summary("ready", 2, &[unready], at(65))];
    insta::assert_snapshot!(strip_str(&texts.join("\n")).to_string(), @r"
    12 objects ready in 10.0 s

    1 of 2 objects not ready after 1 min 05 s
      deployment/shop/job: exited with 1
        declared at job.yaml:3
        help: skiff logs job
    ");
}
