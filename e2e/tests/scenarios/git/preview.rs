//! What is said before anything begins: a branch as a plan, addresses that are none, commits that nobody known has signed.

use std::time::Duration;

use super::*;

#[test]
fn a_branch_is_previewed_against_the_host_and_nothing_changes() {
    let forge = forge();
    let feature = forge.address("ref=feature").expect("an address");
    let nowhere = forge.address("ref=nowhere").expect("an address");
    scenario("a branch is previewed against the host, and nothing changes")
        .step(
            "main is applied once",
            all([
                push(&forge, &[("web.yaml", &service("web").to_string())], "Main"),
                call(&["up", &forge.address("").expect("an address"), "--timeout", "60s"]),
            ]),
            [exits(0), ready("web", 1), of_newest_commit(&forge, "web")],
        )
        .step(
            "a branch wants another image and one more",
            all([
                git(&forge, &["checkout", "--quiet", "-b", "feature"]),
                push(
                    &forge,
                    &[
                        ("web.yaml", &service("web").image(skiff_e2e::OTHER_IMAGE).to_string()),
                        ("db.yaml", &service("db").to_string()),
                    ],
                    "Feature",
                ),
                remember(),
                call(&["plan", &feature]),
            ]),
            [
                exits(2),
                answers("skiff-test/busybox:1 → "),
                answers("deployment/default/db"),
                untouched("web"),
                nothing_was_written(),
            ],
        )
        .step(
            "a branch that is not there says so",
            call(&["plan", &nowhere]),
            [exits(1), says("has no branch or tag `nowhere`")],
        )
        .step(
            "it goes without being asked for",
            call(&["down", &forge.address("").expect("an address")]),
            [exits(0), gone("web")],
        );
}

#[test]
fn what_is_no_source_is_said_before_anything_begins() {
    let secret = "git+https://ann:hunter2@example.com/shop.git";
    scenario("what is no source is said before anything begins")
        .step(
            "a password in the address",
            call(&["run", secret]),
            [
                exits(1),
                says("holds no user and password"),
                check(|world| {
                    ensure!(!world.last.stderr.contains("hunter2"), "the password is shown");
                    Ok(())
                }),
            ],
        )
        .step(
            "an address that is not git's",
            call(&["plan", "https://example.com/shop.git"]),
            [exits(1), says("write `git+https://example.com/shop.git`")],
        )
        .step("sync without a controller", call(&["sync"]), [exits(1), says("no controller runs for this instance")])
        .step("nothing was done", look(), [nothing_was_written_but_state()]);
}

/// Starts a command on a host that takes the call and never answers, and ends it by SIGTERM once it has begun.
fn start_and_end(command: &'static str) -> Act {
    act(|world| {
        let hangs = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = format!("git+http://{}/shop.git", hangs.local_addr()?);
        let temporary = world.folder().join("temporary");
        std::fs::create_dir_all(&temporary)?;
        let env = [("TMPDIR".to_owned(), temporary.display().to_string())];
        let mut started = world.skiff.start(&[command, &address], &env, &world.folder().join("plan.log"))?;
        // It has called: its git runs.
        let _call = hangs.accept()?;
        started.signal(rustix::process::Signal::TERM)?;
        let ended = started.wait(Duration::from_secs(20))?;
        ensure!(ended.code() == Some(1), "it ends by itself: {ended}\n{}", started.log());
        ensure!(started.log().contains("a signal ended it before everything was read"), "{}", started.log());
        Ok(())
    })
}

/// No process of it runs, and nothing of it is in the folder for what is temporary.
fn nothing_is_left() -> Check {
    check(|world| {
        let temporary = world.folder().join("temporary");
        let left: Vec<_> = std::fs::read_dir(&temporary)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        ensure!(left.is_empty(), "{left:?} are left");
        let ours = temporary.display().to_string();
        let environments =
            std::fs::read_dir("/proc")?.filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok());
        let running = environments.filter(|environment| String::from_utf8_lossy(environment).contains(&ours)).count();
        ensure!(running == 0, "{running} processes of it run still");
        Ok(())
    })
}

#[test]
fn what_is_ended_while_it_waits_for_a_repository_leaves_nothing_behind() {
    scenario("what is ended while it waits for a repository leaves nothing behind")
        .step("a preview is ended", start_and_end("plan"), [nothing_is_left()])
        .step("an up is ended", start_and_end("up"), [nothing_is_left()]);
}

fn nothing_was_written_but_state() -> Check {
    check(|world| {
        ensure!(world.containers()?.is_empty(), "containers");
        Ok(())
    })
}

#[test]
fn only_signed_commits_are_applied_where_signers_are_named() {
    let forge = forge();
    let path = |name: &str| forge.path().join(name).display().to_string();
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path("key")]).status();
    assert!(made.expect("ssh-keygen").success());
    let key = std::fs::read_to_string(path("key.pub")).expect("a key");
    std::fs::write(path("signers"), format!("ann@example.com {key}")).expect("a file");
    for (name, value) in [("gpg.format", "ssh"), ("user.signingKey", &path("key")), ("commit.gpgSign", "true")] {
        forge.git(&["config", name, value]).expect("a setting");
    }
    let address = forge.address(&format!("allowed-signers={}&{OFTEN}", path("signers"))).expect("an address");
    let web = |replicas| service("web").replicas(replicas).to_string();
    scenario("only signed commits are applied where signers are named")
        .step(
            "a signed commit runs",
            all([push(&forge, &[("web.yaml", &web(1))], "Signed"), follow(&[&address])]),
            [eventually(ready("web", 1))],
        )
        .step(
            "a commit without a signature",
            all([
                git(&forge, &["config", "commit.gpgSign", "false"]),
                push(&forge, &[("web.yaml", &web(2))], "Unsigned"),
            ]),
            [eventually(logs("is not signed by a key of")), ready("web", 1)],
        )
        .step(
            "it is signed after all",
            all([
                git(&forge, &["config", "commit.gpgSign", "true"]),
                git(&forge, &["commit", "--quiet", "--amend", "--no-edit"]),
                git(&forge, &["push", "--quiet", "--force", "origin", "HEAD"]),
            ]),
            [eventually(ready("web", 2))],
        )
        .step("end", end_run(), []);
}
