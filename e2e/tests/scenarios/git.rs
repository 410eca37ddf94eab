//! Manifests in a repository: a commit is all it takes, and nothing that goes wrong on the way hurts what runs.

use std::cell::RefCell;
use std::fs::File;
use std::rc::Rc;

use anyhow::{Context, ensure};
use skiff_e2e::act::{Act, act, all, call, end_run, kill_process_of, kill_run, look, remember};
use skiff_e2e::check::{
    Check, answers, check, eventually, every, exits, gone, logs, nothing_was_written, ready, replaced, says,
    throughout, untouched,
};
use skiff_e2e::{Forge, scenario, service};

mod beside;
mod preview;
mod remotes;
mod several;
mod trees;
mod webhook;

/// Often enough that no test waits for it.
const OFTEN: &str = "interval=1s";

fn forge() -> Rc<Forge> {
    Rc::new(Forge::new().expect("a repository"))
}

fn push(forge: &Rc<Forge>, files: &[(&str, &str)], subject: &str) -> Act {
    let (forge, subject) = (Rc::clone(forge), subject.to_owned());
    let files: Vec<(String, String)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    act(move |_| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        forge.push(&files, &subject).map(drop)
    })
}

fn git(forge: &Rc<Forge>, args: &'static [&'static str]) -> Act {
    let forge = Rc::clone(forge);
    act(move |_| forge.git(args).map(drop))
}

/// Starts `skiff run` on some sources.
fn follow(sources: &[&str]) -> Act {
    let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
    act(move |world| {
        let line: Vec<&str> = ["run"].into_iter().chain(sources.iter().map(String::as_str)).collect();
        world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
        Ok(())
    })
}

/// The containers of an object were made by the newest commit of the working copy.
fn of_newest_commit(forge: &Rc<Forge>, name: &'static str) -> Check {
    let forge = Rc::clone(forge);
    check(move |world| {
        let id = forge.git(&["rev-parse", "HEAD"])?;
        let seen = world.replicas(name)?;
        ensure!(!seen.is_empty(), "{name} has no container");
        ensure!(
            seen.iter().all(|seen| seen.label("skiff.dev/source-revision") == id),
            "not all containers are of commit {id}"
        );
        Ok(())
    })
}

#[test]
fn a_commit_changes_the_host_and_its_revert_changes_it_back() {
    let forge = forge();
    let web = |replicas| service("web").replicas(replicas).to_string();
    scenario("a commit changes the host, and its revert changes it back")
        .step(
            "one replica is pushed and runs",
            all([
                push(&forge, &[("web.yaml", &web(1))], "Add web"),
                follow(&[&forge.address(OFTEN).expect("an address")]),
            ]),
            [eventually(ready("web", 1)), of_newest_commit(&forge, "web")],
        )
        .step(
            "another image is pushed",
            push(
                &forge,
                &[("web.yaml", &service("web").image(skiff_e2e::OTHER_IMAGE).to_string())],
                "Use the other image",
            ),
            [eventually(of_newest_commit(&forge, "web")), eventually(ready("web", 1))],
        )
        .step(
            "the history shows commits",
            call(&["rollout", "history", "web"]),
            [answers("Add web (Ann)"), answers("Use the other image (Ann)")],
        )
        .step("and so does what is in force", call(&["get"]), [answers("Use the other image")])
        .step(
            "it is reverted",
            all([git(&forge, &["revert", "--no-edit", "HEAD"]), git(&forge, &["push", "--quiet", "origin", "HEAD"])]),
            [eventually(every("web", "is of the first image", |seen| seen.image() == skiff_e2e::IMAGE))],
        )
        .step(
            "what happened is told",
            call(&["events"]),
            [answers("Add web (Ann) is in force"), answers("Revert \"Use the other image\"")],
        );
}

#[test]
fn a_commit_with_a_mistake_changes_nothing_and_the_next_good_one_heals() {
    let forge = forge();
    let web = service("web").to_string();
    scenario("a commit with a mistake changes nothing, and the next good one heals")
        .step(
            "a good commit runs",
            all([push(&forge, &[("web.yaml", &web)], "Good"), follow(&[&forge.address(OFTEN).expect("an address")])]),
            [eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "a commit adds one object and breaks another",
            push(
                &forge,
                &[("web.yaml", &web.replace("replicas", "replicaz")), ("db.yaml", &service("db").to_string())],
                "Broken",
            ),
            [eventually(logs("Broken (Ann) is not applied")), gone("db"), untouched("web")],
        )
        .step(
            "the mistake is shown with its line",
            call(&["get"]),
            [says(":web.yaml:"), says("unknown field `replicaz`")],
        )
        .step(
            "sync says so too",
            call(&["sync"]),
            [exits(1), says("Broken (Ann) is not applied, because of mistakes in it"), says("Good (Ann) is in force")],
        )
        .step(
            "a commit mends it",
            push(&forge, &[("web.yaml", &web)], "Mended"),
            [eventually(ready("db", 1)), untouched("web")],
        )
        .step("and sync is content", call(&["sync", "shop"]), [exits(0), answers("Mended (Ann) is in force")]);
}

#[test]
fn a_repository_that_is_away_harms_nothing_not_even_after_a_crash() {
    let forge = forge();
    let address = forge.address(OFTEN).expect("an address");
    let away = Rc::clone(&forge);
    let back = Rc::clone(&forge);
    let files = [("web.yaml", service("web").to_string()), ("db.yaml", service("db").to_string())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    scenario("a repository that is away harms nothing, not even after a crash")
        .step(
            "two services run",
            all([push(&forge, &files, "Both"), follow(&[&address])]),
            [eventually(ready("web", 1)), eventually(ready("db", 1))],
        )
        .step("as they are now", remember(), [])
        .step(
            "the repository is taken away",
            act(move |_| away.take_away()),
            [eventually(logs("does not appear to be a git repository")), untouched("web"), untouched("db")],
        )
        .step(
            "the controller is killed and started again",
            all([kill_run(), follow(&[&address])]),
            [eventually(logs("manifests loaded"))],
        )
        .step(
            "what runs is left alone, and a lost container comes back",
            act(|world| {
                let web = world.replica("web")?;
                let removed = world.docker.command().args(["rm", "-f", &web.id]).output()?;
                ensure!(removed.status.success(), "docker rm");
                Ok(())
            }),
            [eventually(ready("web", 1)), untouched("db")],
        )
        .step("it says why nothing new comes", call(&["get"]), [says("is the path right?")])
        .step(
            "it comes back with a new commit",
            act(move |_| {
                back.bring_back("shop")?;
                back.push(&[("db.yaml", &service("db").replicas(2).to_string())], "Two").map(drop)
            }),
            [eventually(ready("db", 2))],
        );
}

#[test]
fn a_forced_push_is_followed_and_told_and_a_branch_that_vanishes_keeps_what_runs() {
    let forge = forge();
    let address = forge.address(&format!("ref=main&{OFTEN}")).expect("an address");
    let web = |replicas| service("web").replicas(replicas).to_string();
    scenario("a forced push is followed and told, and a branch that vanishes keeps what runs")
        .step(
            "the first commit runs",
            all([push(&forge, &[("web.yaml", &web(1))], "First"), follow(&[&address])]),
            [eventually(ready("web", 1))],
        )
        .step(
            "the branch is written anew",
            all([
                git(&forge, &["checkout", "--quiet", "--orphan", "anew"]),
                push_nothing(&forge, &web(2)),
                git(&forge, &["push", "--quiet", "--force", "origin", "HEAD:main"]),
            ]),
            [eventually(ready("web", 2)), eventually(logs("the branch was written anew"))],
        )
        .step("as it is now", remember(), [])
        .step(
            "the branch is removed",
            all([
                git(&forge, &["push", "--quiet", "origin", "HEAD:other"]),
                git_bare(&forge, &["update-ref", "-d", "refs/heads/main"]),
            ]),
            [eventually(logs("has no branch or tag `main`")), untouched("web")],
        )
        .step("it comes back", git(&forge, &["push", "--quiet", "origin", "HEAD:main"]), [untouched("web")])
        .step("and is followed again", all([push_to_main(&forge, &web(1), "Back")]), [eventually(ready("web", 1))]);
}

#[test]
fn a_folder_in_which_a_frozen_process_works_stops_nobody_who_starts() {
    let forge = forge();
    let address = forge.address(OFTEN).expect("an address");
    let held: Rc<RefCell<Option<File>>> = Rc::default();
    let (hold, release) = (Rc::clone(&held), held);
    scenario("a folder in which a frozen process works stops nobody who starts")
        .step(
            "a commit runs",
            all([push(&forge, &[("web.yaml", &service("web").to_string())], "Web"), follow(&[&address])]),
            [eventually(ready("web", 1))],
        )
        .step(
            "somebody has the folder of the repository, and does not end, while its container is lost",
            all([
                end_run(),
                act(move |world| {
                    let lock = File::options()
                        .write(true)
                        .open(world.folder().join("state").join(&world.instance).join("git/shop/lock"))?;
                    lock.lock()?;
                    hold.replace(Some(lock));
                    let web = world.replica("web")?;
                    let removed = world.docker.command().args(["rm", "-f", &web.id]).output()?;
                    ensure!(removed.status.success(), "docker rm");
                    Ok(())
                }),
                follow(&[&address]),
            ]),
            [eventually(ready("web", 1)), eventually(logs("and does not end"))],
        )
        .step(
            "it is named, and no mistake",
            call(&["get"]),
            [says("source shop cannot be followed now"), says("process ")],
        )
        .step("it ends when it is asked to", end_run(), [ready("web", 1)])
        .step(
            "once the folder is free, commits are followed",
            all([
                act(move |_| {
                    drop(release.take());
                    Ok(())
                }),
                follow(&[&address]),
                push(&forge, &[("web.yaml", &service("web").replicas(2).to_string())], "Two"),
            ]),
            [eventually(ready("web", 2))],
        );
}

fn push_nothing(forge: &Rc<Forge>, web: &str) -> Act {
    let (forge, web) = (Rc::clone(forge), web.to_owned());
    act(move |_| forge.commit(&[("web.yaml", &web)], "Anew").map(drop))
}

fn push_to_main(forge: &Rc<Forge>, web: &str, subject: &'static str) -> Act {
    let (forge, web) = (Rc::clone(forge), web.to_owned());
    act(move |_| {
        forge.commit(&[("web.yaml", &web)], subject)?;
        forge.git(&["push", "--quiet", "origin", "HEAD:main"]).map(drop)
    })
}

fn git_bare(forge: &Rc<Forge>, args: &'static [&'static str]) -> Act {
    let forge = Rc::clone(forge);
    act(move |_| {
        let bare = forge.bare()?.display().to_string();
        let args: Vec<&str> = ["--git-dir", &bare].into_iter().chain(args.iter().copied()).collect();
        forge.git(&args).map(drop)
    })
}
