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
