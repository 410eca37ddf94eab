//! Rollouts under load: good revisions come, bad ones go back, and no request fails meanwhile.

use std::time::Duration;

use anyhow::{Result, ensure};
use skiff_e2e::act::{Act, act, all, apply, call, kill_run, look, remember, run, run_on, write};
use skiff_e2e::check::{
    Check, answers, check, eventually, every, exits, never_fewer_than, ready, replaced, says, throughout, told,
    untouched, within,
};
use skiff_e2e::load::{client, no_failed_request_of, web};
use skiff_e2e::{Scenario, Service, World, scenario, service};

fn with_client(service: &Service) -> String {
    format!("{service}{}", client())
}

fn is_of(version: &'static str) -> Check {
    every("web", version, move |seen| seen.variable("VERSION") == Some(version))
}

/// The end of a rollout, whatever it is.
fn its_end() -> Act {
    call(&["rollout", "status", "web", "--timeout", "90s"])
}

#[test]
fn a_rolling_update_of_five_replicas_drops_no_request() {
    let v1 = web("one").replicas(5);
    let v2 = web("two").replicas(5);
    scenario("a rolling update of five replicas drops no request")
        .step("five replicas run, and are asked", apply(&with_client(&v1)), [ready("web", 5)])
        .step("without a pause", look(), [eventually(no_failed_request_of(100))])
        .step("as they are now", remember(), [])
        .step("another version is declared", apply(&with_client(&v2)), [ready("web", 5), is_of("two"), replaced("web")])
        .step("no request failed", look(), [never_fewer_than("web", 5), no_failed_request_of(300)]);
}

/// `skiff get` shows a word for an object.
fn glance(name: &'static str, word: &'static str) -> Check {
    check(move |world| {
        world.call(&["get", name])?;
        ensure!(world.last.stdout.contains(word), "`{word}` is not in:\n{}", world.last.stdout);
        Ok(())
    })
}

/// Declares a version that ends as soon as it starts, beside a controller that runs: it goes back, and is not tried again.
fn goes_back(scenario: Scenario, replicas: u32) -> Scenario {
    let good = web("good").replicas(replicas);
    let bad = web("bad").replicas(replicas).container("args: [\"; exit 3\"]").container("stopSignal: SIGTERM");
    let bad = with_client(&bad).replacen("command: [sh, /script/run.sh]", "command: [/bin/false]", 1);
    let count = usize::try_from(replicas).expect("a few");
    scenario
        .step("the good version runs", run_on(&with_client(&good)), [eventually(ready("web", count))])
        .step("and is stable", its_end(), [exits(0), says("is stable")])
        .step("as it is now", remember(), [eventually(no_failed_request_of(100))])
        .step(
            "a version that ends at once is declared",
            write("main.yaml", &bad),
            [eventually(told("web", &["RevisionFailed"]))],
        )
        .step("it goes back", its_end(), [exits(1), says("it went back to 1"), ready("web", count), untouched("web")])
        .step("and says why", look(), [told("web", &["RevisionFailed", "ended", "RolledBack"])])
        .step(
            "its conditions say so",
            call(&["get", "deployment/web", "-o", "json"]),
            [
                answers("\"reason\": \"RolledBack\""),
                answers("\"reason\": \"MinimumReplicasAvailable\""),
                answers("\"updatedReplicas\": 0"),
            ],
        )
        .step("and a glance shows it", call(&["get", "web"]), [eventually(glance("web", "Ready,RevisionFailed"))])
        .step("the controller is killed, and another one begins", all([kill_run(), run()]), [])
        .step(
            "it does not try again",
            look(),
            [throughout(Duration::from_secs(4), ready("web", count)), untouched("web"), no_failed_request_of(300)],
        )
}

#[test]
fn a_broken_version_of_one_replica_drops_no_request_and_goes_back() {
    goes_back(scenario("a broken version of one replica drops no request, goes back and is not tried again"), 1);
}

#[test]
fn a_broken_version_of_three_replicas_drops_no_request_and_goes_back() {
    goes_back(scenario("a broken version of three replicas drops no request, goes back and is not tried again"), 3);
}

/// A deployment that can only be replaced stop-first and runs as long as a file of the host is there.
fn fragile(folder: &str, version: &str, port: u16) -> Service {
    service("web")
        .env("VERSION", version)
        .container("command: [sh, -c, \"test -e /host/good && exec idle\"]")
        .container(&format!("ports: [{{ containerPort: 80, hostPort: {port}, hostIP: 127.0.0.1 }}]"))
        .container("volumeMounts: [{ name: host, mountPath: /host }]")
        .template(&format!("volumes: [{{ name: host, hostPath: {{ path: {folder}, readOnly: true }} }}]"))
}

#[test]
fn a_way_back_that_is_broken_too_ends_there() {
    let port = skiff_e2e::free_port().expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("good"), "").expect("a file");
    let at = folder.path().display().to_string();
    let file = folder.path().join("good");
    scenario("a way back that is broken too ends there")
        .step("the first version runs", run_on(&fragile(&at, "one", port).to_string()), [eventually(ready("web", 1))])
        .step("and is stable", its_end(), [exits(0), says("is stable")])
        .step("what both need goes", act(move |_| Ok(std::fs::remove_file(file)?)), [])
        .step(
            "another version is declared, which fails as the first one will",
            write("main.yaml", &fragile(&at, "two", port).to_string()),
            [within(Duration::from_secs(60), told("web", &["RevisionFailed", "RollbackFailed"]))],
        )
        .step("as it is now", remember(), [])
        .step("nothing is replaced any more", look(), [throughout(Duration::from_secs(8), same_containers("web"))])
        .step("and the rollout says so", its_end(), [exits(1), says("going back to 1 failed")]);
}

fn same_containers(name: &'static str) -> Check {
    check(move |world| {
        let ids = world.replicas(name)?.into_iter().map(|seen| seen.id);
        let kept = ids.filter(|id| world.remembered.values().any(|before| before.id == *id)).count();
        let before = world.remembered.len();
        ensure!(kept == before, "{kept} of {before} containers are the same");
        Ok(())
    })
}

/// How many of the remembered containers of `web` are still there, untouched.
fn untouched_count(world: &World) -> Result<usize> {
    let same = |now: &skiff_e2e::Seen| {
        world.remembered.get(&now.name).is_some_and(|then| then.id == now.id && then.started_at() == now.started_at())
    };
    Ok(world.replicas("web")?.iter().filter(|now| same(now)).count())
}

fn begun(version: &'static str) -> Check {
    check(move |world| {
        let begun =
            world.replicas("web")?.iter().any(|seen| seen.variable("VERSION") == Some(version) && seen.is_ready());
        ensure!(begun, "no replica of {version} is there");
        Ok(())
    })
}

fn slow(version: &str) -> String {
    let web = service("web").replicas(4).env("VERSION", version).to_string();
    format!("{}{}", web.replace("minReadySeconds: 0", "minReadySeconds: 1"), service("other"))
}

#[test]
fn a_version_that_is_declared_in_the_middle_supersedes_and_one_that_is_taken_back_leaves_the_rest_alone() {
    scenario("what is declared in the middle of a rollout supersedes it, and what is taken back leaves the rest alone")
        .step("four replicas run", run_on(&slow("one")), [eventually(ready("web", 4)), eventually(ready("other", 1))])
        .step("as they are now", remember(), [])
        .step("another version begins", write("main.yaml", &slow("two")), [eventually(begun("two"))])
        .step(
            "it is taken back",
            write("main.yaml", &slow("one")),
            [
                eventually(all_of("one", 4)),
                check(|world| {
                    let kept = untouched_count(world)?;
                    ensure!(kept >= 2, "only {kept} of four were left alone");
                    Ok(())
                }),
                untouched("other"),
                never_fewer_than("web", 4),
            ],
        )
        // Docker keeps its last 256 events, of all scenarios together: what is counted by them is counted from here.
        .step("as they are by now", remember(), [])
        .step("another version begins again", write("main.yaml", &slow("three")), [eventually(begun("three"))])
        .step(
            "and yet another one in the middle of it",
            write("main.yaml", &slow("four")),
            [eventually(all_of("four", 4)), untouched("other"), never_fewer_than("web", 4)],
        );
}

fn all_of(version: &'static str, count: usize) -> Check {
    let (mut ready, mut is_of) = (ready("web", count), is_of(version));
    check(move |world| ready(world).and_then(|()| is_of(world)))
}

/// Leaves a history that nobody can read.
fn damage() -> Act {
    act(|world| {
        let history = world.folder().join("state").join(&world.instance).join("history.json");
        ensure!(history.is_file(), "there is no history");
        Ok(std::fs::write(history, "{ \"version\": 1, \"obj")?)
    })
}

#[test]
fn a_damaged_history_is_set_aside_and_nothing_restarts() {
    scenario("a damaged history is set aside, and nothing restarts")
        .step("two replicas run", run_on(&service("web").replicas(2).to_string()), [eventually(ready("web", 2))])
        .step("and are stable", its_end(), [exits(0)])
        .step("as they are now", remember(), [])
        .step(
            "the history is damaged",
            all([kill_run(), damage(), run()]),
            [eventually(skiff_e2e::check::logs("set aside"))],
        )
        .step("they are stable again", its_end(), [exits(0), says("is stable"), untouched("web")])
        .step("and have a history", call(&["rollout", "history", "web"]), [exits(0), answers("stable")]);
}

#[test]
fn what_runs_well_is_gone_back_to_though_its_history_is_damaged() {
    let watched = |service: Service| service.to_string().replace("minReadySeconds: 0", "minReadySeconds: 5");
    let good = watched(service("web").replicas(2));
    let bad = watched(service("web").replicas(2).container("command: [/bin/false]"));
    scenario("what runs well is gone back to though its history is damaged")
        .step("two replicas run", run_on(&good), [eventually(ready("web", 2))])
        .step("and are stable", its_end(), [exits(0)])
        .step("as they are now", remember(), [])
        .step(
            "the history is damaged, and a version is declared that ends at once",
            all([kill_run(), damage(), write("main.yaml", &bad), run()]),
            [eventually(told("web", &["RevisionFailed"]))],
        )
        .step("it goes back", its_end(), [exits(1), says("it went back to 1"), ready("web", 2), untouched("web")]);
}
