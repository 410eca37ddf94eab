//! One controller an engine and instance; a second learns who holds the lock.

use super::*;

fn instance() -> Instance {
    Instance::default()
}

#[test]
fn a_second_controller_is_refused_and_told_who_holds_the_lock() {
    let dir = tempfile::tempdir().expect("a folder");
    let lock = acquire(dir.path(), "AB:CD", &instance(), "skiff run ./shop").expect("a free lock");
    let refused = acquire(dir.path(), "AB:CD", &instance(), "skiff up").expect_err("a lock that is held");
    let LockError::Held(held) = &refused else { panic!("{refused}") };
    assert_eq!((held.pid, held.command.as_str()), (std::process::id(), "skiff run ./shop"));
    assert!(refused.to_string().contains("skiff run ./shop"), "{refused}");
    assert_eq!(Lock::holder(dir.path(), "AB:CD", &instance()).as_ref(), Some(held));
    drop(lock);
    assert_eq!(Lock::holder(dir.path(), "AB:CD", &instance()), None);
    acquire(dir.path(), "AB:CD", &instance(), "skiff up").expect("a lock that was released");
}

#[test]
fn engines_have_locks_of_their_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let _one = acquire(dir.path(), "one", &instance(), "skiff run").expect("a free lock");
    acquire(dir.path(), "two", &instance(), "skiff run").expect("the lock of another engine");
}

#[test]
fn a_lock_file_that_nobody_has_locked_is_no_obstacle() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("lock-one"), r#"{"pid":1,"command":"skiff run"#).expect("a file");
    assert_eq!(Lock::holder(dir.path(), "one", &instance()), None);
    acquire(dir.path(), "one", &instance(), "skiff run").expect("a free lock");
}

#[test]
fn a_holder_that_says_nothing_yet_still_holds() {
    let dir = tempfile::tempdir().expect("a folder");
    let gate = File::create(dir.path().join("lock-one.gate")).expect("a file");
    gate.lock().expect("a lock");
    let refused = acquire(dir.path(), "one", &instance(), "skiff up").expect_err("a lock that is held");
    assert!(matches!(refused, LockError::Held(_)), "{refused}");
}

#[test]
fn whoever_asks_for_the_holder_refuses_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(acquire(dir.path(), "one", &instance(), "skiff up").expect("a free lock"));
    let asking = File::open(dir.path().join("lock-one")).expect("a file");
    asking.lock_shared().expect("a lock");
    let (waits, got) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| waits.send(acquire(dir.path(), "one", &instance(), "skiff run").is_ok()));
        assert!(got.try_recv().is_err(), "it is looked at still");
        asking.unlock().expect("a lock");
        assert_eq!(got.recv(), Ok(true));
    });
}

#[test]
fn a_symbolic_link_is_not_followed() {
    for link in ["lock-one", "lock-one.gate"] {
        let dir = tempfile::tempdir().expect("a folder");
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "precious").expect("a file");
        std::os::unix::fs::symlink(&victim, dir.path().join(link)).expect("a link");
        acquire(dir.path(), "one", &instance(), "skiff up").expect_err("a link");
        assert_eq!(std::fs::read_to_string(victim).expect("a file"), "precious");
    }
}

const NONE: [i64; 0] = [];

fn elected(lease: i64) -> Elected {
    Elected { election: "/p-leader/default/one".to_owned(), lease }
}

#[test]
fn any_number_of_controllers_stand_by_and_nobody_else_acts_beside_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let one = Candidate::stand(dir.path(), "one", &instance()).expect("nobody is there");
    let other = Candidate::stand(dir.path(), "one", &instance()).expect("another one");
    let refused = acquire(dir.path(), "one", &instance(), "skiff up").expect_err("they stand by");
    assert!(matches!(refused, LockError::StandsBy { .. }), "{refused}");
    let leading = one.lead("skiff run", elected(7)).expect("it leads");
    let refused = acquire(dir.path(), "one", &instance(), "skiff up").expect_err("one leads");
    assert!(matches!(&refused, LockError::Held(held) if held.pid == std::process::id()), "{refused}");
    drop((leading, one));
    assert!(Lock::has_candidates(dir.path(), "one"));
    acquire(dir.path(), "one", &instance(), "skiff up").expect_err("the other one stands by still");
    drop(other);
    assert!(!Lock::has_candidates(dir.path(), "one"));
    let _up = acquire(dir.path(), "one", &instance(), "skiff up").expect("nobody is left");
    let refused = Candidate::stand(dir.path(), "one", &instance()).expect_err("one acts without an election");
    assert!(matches!(refused, LockError::Held(_)), "{refused}");
}

#[test]
fn whoever_is_elected_is_named_though_a_frozen_one_still_has_its_lock() {
    let dir = tempfile::tempdir().expect("a folder");
    let holder = || Lock::holder(dir.path(), "one", &instance()).and_then(|held| held.elected);
    let (frozen, next) =
        (Candidate::stand(dir.path(), "one", &instance()), Candidate::stand(dir.path(), "one", &instance()));
    let (frozen, next) = (frozen.expect("one"), next.expect("another"));
    let kept = frozen.lead("skiff run", elected(1)).expect("it leads");
    assert_eq!(holder(), Some(elected(1)));
    let leads = next.lead("skiff run", elected(2)).expect("it leads now");
    drop(kept);
    assert_eq!(holder(), Some(elected(2)), "what wakes takes nothing away");
    drop(leads);
    assert_eq!(holder(), None, "it was given back");
}

#[test]
fn a_leader_by_another_election_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let candidate = Candidate::stand(dir.path(), "one", &instance()).expect("nobody is there");
    let _leads = candidate.lead("skiff run", elected(10)).expect("it leads");
    let elsewhere = Elected { election: "/q-leader/default/one".to_owned(), lease: 1 };
    let refused = candidate.lead("skiff run", elsewhere).expect_err("another election is won already");
    assert!(matches!(refused, LockError::Held(_)), "{refused}");
}

#[test]
fn a_lease_is_left_behind_once_nobody_can_act_by_it_and_each_election_has_its_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let leases = |engine: &str, election: &str| {
        Candidate::stand(dir.path(), engine, &instance()).expect("nobody is there").leases(election)
    };
    let here = leases("one", "/p-leader/default/one");
    let left = || here.left_behind().iter().map(|left| left.lease).collect::<Vec<_>>();
    let acts = here.note(7).expect("a place");
    assert_eq!(left(), NONE, "its owner may act by it");
    drop(acts);
    assert_eq!(left(), [7]);
    assert_eq!(leases("one", "/q-leader/default/one").left_behind(), [], "another election");
    assert_eq!(leases("one-2", "/p-leader/default/one").left_behind(), [], "another engine");
    here.note(8).expect("a place").forget();
    here.left_behind().into_iter().for_each(LeftLease::forget);
    assert_eq!(left(), NONE, "they were given back");
    std::fs::write(dir.path().join("lock-one.lease-9"), "{").expect("a file");
    assert_eq!(left(), NONE, "half a note is no lease");
}

#[test]
fn whoever_is_elected_finds_out_that_another_one_of_the_host_goes_on_to_act_whoever_elected_that_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let stands = || Candidate::stand(dir.path(), "one", &instance()).expect("nobody is in the way");
    let (one, other, secs) = (stands(), stands(), std::time::Duration::from_secs);
    let noted = one.leases("/p-leader/default/one").note(7).expect("a place");
    let asks = |lease, since, now| other.outlasts(lease, since, now).expect("nobody goes on to act");
    assert_eq!(asks(8, None, secs(5)), None, "nobody was elected");
    noted.acts_until(secs(10)).expect("it is said");
    assert_eq!(asks(7, None, secs(5)), None, "that is its own");
    assert_eq!(asks(8, None, secs(5)), Some(secs(10)));
    assert_eq!(asks(8, Some(secs(10)), secs(9)), Some(secs(10)), "it may only not know yet that it was passed over");
    assert_eq!(asks(8, Some(secs(10)), secs(10)), None, "its time is over");
    noted.acts_until(secs(12)).expect("it is said");
    let refused = other.outlasts(8, Some(secs(10)), secs(9)).expect_err("it goes on");
    assert!(matches!(refused, LockError::Held(_)), "{refused}");
    drop(noted);
    assert_eq!(asks(8, None, secs(5)), None, "it has ended");
}
