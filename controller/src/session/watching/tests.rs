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

/// What a source says, with a digest.
fn said(source: &str, fingerprint: &str) -> Loaded {
    let (source, fingerprint) = (source.to_owned(), fingerprint.to_owned());
    Loaded { source, revision: Some("7".to_owned()), fingerprint, ..Loaded::default() }
}

/// It was read, and says that.
fn read(slot: usize, loaded: Loaded) -> Change {
    Change { slot, what: What::Read(Box::new(loaded), false), tell: Vec::new() }
}

/// Whether a prune of a source is confirmed now.
fn is_confirmed(aim: &watch::Receiver<Arc<Target>>, source: &str) -> Option<bool> {
    aim.borrow().desired.sources.get(source).map(|source| source.confirm_prune)
}

/// A task over an empty state directory, and what it aims at.
fn task(folder: &std::path::Path) -> (SourceTask, watch::Receiver<Arc<Target>>) {
    let folders = crate::state::Folders { state: folder.join("state"), run: folder.join("run") };
    let (targets, aim) = watch::channel(Arc::<Target>::default());
    let mut slot = Slot::new(disk(), said("shop", "a"), &Good::default());
    slot.spoke();
    let task = SourceTask {
        slots: vec![slot],
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
async fn a_prune_is_confirmed_for_what_was_said_first_and_for_nothing_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut task, aim) = task(folder.path());
    task.take(None).await;
    assert_eq!(is_confirmed(&aim, "shop"), Some(true));
    task.take(None).await;
    assert_eq!(is_confirmed(&aim, "shop"), Some(true), "it says the same, whatever others have said meanwhile");
    for later in ["b", "a"] {
        task.change(read(0, said("shop", later))).await;
        assert_eq!(is_confirmed(&aim, "shop"), Some(false), "{later}");
    }
}

#[tokio::test]
async fn a_source_that_is_away_keeps_no_prune_of_another_one_confirmed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut task, aim) = task(folder.path());
    task.slots.push(Slot::new(SlotKind::Etcd, said("away", ""), &Good::default()));
    task.take(None).await;
    let both = |aim: &_| (is_confirmed(aim, "shop"), is_confirmed(aim, "away"));
    assert_eq!(both(&aim), (Some(true), Some(true)));
    task.change(read(0, said("shop", "b"))).await;
    assert_eq!(both(&aim), (Some(false), Some(true)), "what has said nothing yet is still to be confirmed");
    task.change(read(1, said("away", "x"))).await;
    assert_eq!(both(&aim), (Some(false), Some(true)));
    task.change(read(1, said("away", "y"))).await;
    assert_eq!(both(&aim), (Some(false), Some(false)));
}

#[tokio::test]
async fn what_says_the_same_again_is_not_taken_anew_and_is_what_was_confirmed_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut task, mut aim) = task(folder.path());
    task.slots = vec![Slot::new(SlotKind::Etcd, said("shop", "a"), &Good::default())];
    task.take(None).await;
    assert_eq!(is_confirmed(&aim, "shop"), Some(true), "it is not known yet whether that is the newest");
    aim.mark_unchanged();
    task.change(read(0, said("shop", "a"))).await;
    assert!(!aim.has_changed().expect("it is there"), "that is what it aims at already");
    task.change(read(0, said("shop", "b"))).await;
    assert_eq!(is_confirmed(&aim, "shop"), Some(false), "it was confirmed for what was said before");
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
