//! Hooks: after each start, before each stop, and what a failure of one means.

use std::time::Duration;

use anyhow::ensure;
use skiff_e2e::act::{Act, act, apply, call, end_run, kill_process_of, look, remember, run, run_on, skiff, write};
use skiff_e2e::check::{Check, check, eventually, exits, gone, logs, ready, replaced, says, throughout, untouched};
use skiff_e2e::{Service, scenario, service};

/// A service that keeps what its hooks do in a volume, which outlives it.
fn hooked(post_start: &str, pre_stop: &str) -> Service {
    let exec = |script: &str| format!("{{ exec: {{ command: [/bin/sh, -c, '{script}'] }} }}");
    service("web")
        .container(&format!("lifecycle: {{ postStart: {}, preStop: {} }}", exec(post_start), exec(pre_stop)))
        .container("volumeMounts: [{ name: notes, mountPath: /notes }]")
        .template("volumes: [{ name: notes, volume: { name: notes } }]")
}

fn with_notes(manifest: &dyn std::fmt::Display) -> String {
    format!("{manifest}{}{}", service("reader").container(MOUNT).template(VOLUME), skiff_e2e::volume("notes"))
}

const MOUNT: &str = "volumeMounts: [{ name: notes, mountPath: /notes }]";
const VOLUME: &str = "volumes: [{ name: notes, volume: { name: notes } }]";

/// What the hooks have noted, read by another service.
fn noted(text: &'static str) -> Check {
    check(move |world| {
        let reader = world.replica("reader")?;
        let notes = world.docker.exec(&reader.id, &["cat", "/notes/all"])?;
        let words: Vec<&str> = notes.split_whitespace().collect();
        ensure!(words.join(" ") == text, "{words:?} instead of {text:?}");
        Ok(())
    })
}

fn up_again() -> Act {
    skiff("up", &[])
}

#[test]
fn hooks_run_after_the_start_and_before_the_stop_when_a_replica_is_replaced_and_scaled_away() {
    let web = hooked("echo started >>/notes/all", "echo drains >>/notes/all; sleep 1; echo drained >>/notes/all");
    let next = web.clone().env("LEVEL", "debug");
    scenario("hooks run after the start and before the stop when a replica is replaced and scaled away")
        .step("it starts", run_on(&with_notes(&web)), [eventually(ready("web", 1)), eventually(noted("started"))])
        .step("as it is now", remember(), [])
        .step("another controller does not run the hook again", end_run(), [])
        .step("it looks for a while", run(), [throughout(Duration::from_secs(2), noted("started")), untouched("web")])
        .step(
            "it is replaced",
            write("main.yaml", &with_notes(&next)),
            [
                eventually(replaced("web")),
                eventually(noted("started drains drained started")),
                eventually(ready("web", 1)),
            ],
        )
        .step(
            "it is scaled away",
            write("main.yaml", &with_notes(&next.replicas(0))),
            [eventually(gone("web")), noted("started drains drained started drains drained")],
        );
}

#[test]
fn a_start_by_docker_gets_its_hook_as_well() {
    let web = hooked("echo started >>/notes/all", "true");
    scenario("a start by Docker gets its hook as well")
        .step("it starts", run_on(&with_notes(&web)), [eventually(noted("started"))])
        .step("its process is killed", kill_process_of("web"), [eventually(noted("started started"))])
        .step("it is Ready again", look(), [eventually(ready("web", 1))]);
}

#[test]
fn a_replica_whose_post_start_fails_is_not_ready_and_is_restarted_behind_a_back_off() {
    let web = hooked("echo started >>/notes/all; test -e /notes/well", "true");
    scenario("a replica whose postStart fails is not Ready and is restarted behind a back-off")
        .step("it starts", run_on(&with_notes(&web)), [eventually(started_again())])
        .step("the log says why", look(), [logs("unhealthy: postStart: exit code 1")])
        .step("so does the plan", skiff("plan", &[]), [says("postStart")])
        .step("and waits as the controller does", look(), [eventually(waits_in_the_plan())])
        .step("what it waits for comes", docker_exec("reader", &["touch", "/notes/well"]), [eventually(settled())]);
}

/// A plan beside the controller knows the back-off of the replica.
fn waits_in_the_plan() -> Check {
    check(|world| {
        let manifests = world.manifests().display().to_string();
        world.call(&["plan", &manifests])?;
        let told = world.last.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(told.contains("back-off until"), "no back-off:\n{told}");
        Ok(())
    })
}

/// More than one start has been noted.
fn started_again() -> Check {
    check(|world| {
        let reader = world.replica("reader")?;
        let notes = world.docker.exec(&reader.id, &["cat", "/notes/all"])?;
        ensure!(notes.split_whitespace().count() > 1, "only {notes:?}");
        Ok(())
    })
}

/// Runs a command in the container of an object.
fn docker_exec(name: &'static str, command: &'static [&'static str]) -> Act {
    act(move |world| {
        let seen = world.replica(name)?;
        world.docker.exec(&seen.id, command).map(drop)
    })
}

/// Nothing is left to do.
fn settled() -> Check {
    check(|world| {
        let manifests = world.manifests().display().to_string();
        world.call(&["plan", &manifests])?;
        ensure!(world.last.code == 0, "{}", world.last.stdout);
        Ok(())
    })
}

#[test]
fn up_waits_for_the_hook_and_down_drains() {
    let web = hooked("sleep 2; echo started >>/notes/all", "echo drained >>/notes/all");
    scenario("up waits for the hook and down drains")
        .step("up ends when the hook has", apply(&with_notes(&web)), [exits(0), noted("started")])
        .step("nothing is left to do", up_again(), [exits(0), noted("started")])
        .step("the service leaves its source", write("main.yaml", &with_notes(&"")), [])
        .step("it is drained", up_again(), [exits(0), gone("web"), noted("started drained")]);
}

#[test]
fn a_drain_that_hangs_is_cut_when_the_grace_period_is_over() {
    let web = hooked("true", "echo drains >>/notes/all; sleep 600");
    scenario("a drain that hangs is cut when the grace period is over")
        .step("it starts", apply(&with_notes(&web)), [ready("web", 1)])
        .step("it is scaled away", apply(&with_notes(&web.replicas(0))), [exits(0), gone("web"), noted("drains")]);
}

#[test]
fn a_restart_by_hand_drains_and_the_start_has_its_hook() {
    let web = hooked("echo started >>/notes/all", "echo drained >>/notes/all");
    scenario("a restart by hand drains, and the start has its hook")
        .step("it comes up", apply(&with_notes(&web)), [ready("web", 1), noted("started")])
        .step(
            "it is restarted",
            call(&["restart", "web"]),
            [exits(0), ready("web", 1), noted("started drained started")],
        )
        .step("nothing is left to do", skiff("plan", &[]), [exits(0)])
        .step("nor is it done", up_again(), [exits(0), noted("started drained started")]);
}
