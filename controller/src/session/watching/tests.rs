//! When a prune is confirmed, and what is gone.

use skiff_api::Kind;
use skiff_core::{Departed, ObservedContainer, Owner};

use super::*;
use crate::source::Beside;
use crate::state::Good;
use crate::testing::labels_of;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

/// A target that two objects have left, and a pass that worked towards it.
fn after_departure() -> (Arc<Target>, Snapshot) {
    let mut target = Target::default();
    for name in ["api", "web"] {
        target.desired.departed.insert(key(name), Departed::default());
    }
    let target = Arc::new(target);
    (Arc::clone(&target), Snapshot { pass: 1, target, ..Snapshot::default() })
}

fn disk() -> SlotKind {
    SlotKind::Disk { options: Box::default(), beside: watch::channel(Beside::default()).0 }
}

/// A task over an empty state directory, and what it aims at.
fn task(folder: &std::path::Path) -> (SourceTask, watch::Receiver<Arc<Target>>) {
    let folders = crate::state::Folders { state: folder.join("state"), run: folder.join("run") };
    let (targets, aim) = watch::channel(Arc::<Target>::default());
    let (kind, raw) = (disk(), Loaded { source: "shop".to_owned(), ..Loaded::default() });
    let task = SourceTask {
        slots: vec![Slot::new(kind, raw, &Good::default())],
        target_options: TargetOptions { confirm_prune: true, ..TargetOptions::default() },
        instance: Instance::default(),
        state: State::open(folders).expect("a state"),
        targets,
        snapshots: watch::channel(Arc::<Snapshot>::default()).1,
        notes: Notes::channel().0,
        faults: Faults::new(),
        facts: None,
        mandate: Mandate::for_good(),
        mounts: Vec::new(),
    };
    (task, aim)
}

#[tokio::test]
async fn a_prune_is_confirmed_for_the_first_load_and_for_no_later_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut task, aim) = task(folder.path());
    let mut confirmed = Vec::new();
    for _ in 0..3 {
        task.take(None).await;
        confirmed.extend(aim.borrow().desired.sources.get("shop").map(|source| source.confirm_prune));
    }
    assert_eq!(confirmed, [true, false, false]);
}

#[tokio::test]
async fn what_says_the_same_again_is_not_taken_anew_and_ends_what_was_confirmed_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut task, mut aim) = task(folder.path());
    let raw = |fingerprint: &str| Loaded {
        source: "shop".to_owned(),
        revision: Some("7".to_owned()),
        fingerprint: fingerprint.to_owned(),
        ..Loaded::default()
    };
    task.slots = vec![Slot::new(SlotKind::Etcd, raw("a"), &Good::default())];
    task.take(None).await;
    assert!(task.target_options.confirm_prune, "it is not known yet whether that is the newest");
    aim.mark_unchanged();
    let read = |loaded| Change { slot: 0, what: What::Read(Box::new(loaded), false), tell: Vec::new() };
    task.change(read(raw("a"))).await;
    assert!(!aim.has_changed().expect("it is there"), "that is what it aims at already");
    task.change(read(raw("b"))).await;
    assert!(aim.has_changed().expect("it is there"));
    let confirmed = aim.borrow().desired.sources.get("shop").map(|source| source.confirm_prune);
    assert_eq!(confirmed, Some(false), "it was confirmed for what was said before");
}

#[test]
fn what_has_left_and_of_which_nothing_is_left_is_gone() {
    let (target, mut snapshot) = after_departure();
    assert_eq!(gone(&target, &snapshot), BTreeSet::from([key("api"), key("web")]));
    let owner = Owner::Ours(Box::new(labels_of(key("web"))));
    let container = ObservedContainer { owner, ..ObservedContainer::default() };
    snapshot.observed.containers.push(container);
    assert_eq!(gone(&target, &snapshot), BTreeSet::from([key("api")]));
}

#[test]
fn what_is_in_flight_or_was_judged_by_an_older_target_is_not_gone() {
    let (target, mut snapshot) = after_departure();
    snapshot.observed.in_flight.insert(key("web"));
    assert_eq!(gone(&target, &snapshot), BTreeSet::from([key("api")]));
    snapshot.target = Arc::default();
    assert_eq!(gone(&target, &snapshot), BTreeSet::new());
}
