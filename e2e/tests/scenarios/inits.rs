//! Init containers: what must have been done before a replica starts for the first time.

use anyhow::ensure;
use skiff_e2e::act::{Act, act, apply, call, docker, look, remember, run_on, skiff, write};
use skiff_e2e::check::{Check, check, eventually, exits, ready, replaced, says, untouched};
use skiff_e2e::{Service, job, scenario, service};

const MOUNT: &str = "volumeMounts: [{ name: notes, mountPath: /notes }]";
const VOLUME: &str = "volumes: [{ name: notes, volume: { name: notes } }]";

/// A service that keeps what happens before it starts in a volume, and notes that it has started.
fn prepared(inits: &[(&str, &str)]) -> Service {
    let init = |(name, script): &(&str, &str)| format!("{{ name: {name}, command: [/bin/sh, -c, '{script}'] }}");
    let inits: Vec<String> = inits.iter().map(init).collect();
    service("web")
        .template(&format!("initContainers: [{}]", inits.join(", ")))
        .template(VOLUME)
        .container(MOUNT)
        .container("command: [/bin/sh, -c, 'echo served >>/notes/all; exec idle']")
}

fn with_notes(manifest: &Service) -> String {
    format!("{manifest}{}{}", service("reader").container(MOUNT).template(VOLUME), skiff_e2e::volume("notes"))
}

fn noted(text: &'static str) -> Check {
    check(move |world| {
        let reader = world.replica("reader")?;
        let notes = world.docker.exec(&reader.id, &["cat", "/notes/all"])?;
        let words: Vec<&str> = notes.split_whitespace().collect();
        ensure!(words.join(" ") == text, "{words:?} instead of {text:?}");
        Ok(())
    })
}

/// Runs a command in the container of an object.
fn exec(name: &'static str, command: &'static [&'static str]) -> Act {
    act(move |world| {
        let seen = world.replica(name)?;
        world.docker.exec(&seen.id, command).map(drop)
    })
}

#[test]
fn a_replica_starts_behind_its_init_containers_and_restarts_without_them() {
    let web = prepared(&[("migrate", "sleep 1; echo migrated >>/notes/all"), ("warm-up", "echo warm >>/notes/all")]);
    let next = web.clone().env("LEVEL", "debug");
    scenario("a replica starts behind its init containers and restarts without them")
        .step("it comes up", apply(&with_notes(&web)), [ready("web", 1), noted("migrated warm served")])
        .step("as it is now", remember(), [])
        .step("nothing is left to do", skiff("plan", &[]), [exits(0), untouched("web")])
        .step(
            "Docker starts it again",
            docker(&["restart", "-t", "1"], "web"),
            [eventually(noted("migrated warm served served"))],
        )
        .step(
            "another revision has its own",
            apply(&with_notes(&next)),
            [replaced("web"), noted("migrated warm served served migrated warm served")],
        );
}

#[test]
fn one_that_fails_keeps_the_replica_from_starting_until_it_succeeds() {
    let web = prepared(&[("migrate", "test -e /notes/well")]);
    scenario("one that fails keeps the replica from starting until it succeeds")
        .step("it is declared", run_on(&with_notes(&web)), [eventually(ready("reader", 1))])
        .step("get says why", look(), [eventually(plan_says("web-1.migrate exited with 1"))])
        .step(
            "what it needs comes",
            exec("reader", &["touch", "/notes/well"]),
            [eventually(ready("web", 1)), noted("served")],
        );
}

/// A remembered container of an object still runs.
fn remembered_runs(name: &'static str) -> Check {
    check(move |world| {
        let runs = |seen: &skiff_e2e::Seen| {
            seen.status() == "running" && world.remembered.values().any(|before| before.id == seen.id)
        };
        ensure!(world.replicas(name)?.iter().any(runs), "none of the old ones of {name} runs");
        Ok(())
    })
}

fn plan_says(text: &'static str) -> Check {
    check(move |world| {
        let manifests = world.manifests().display().to_string();
        world.call(&["plan", &manifests])?;
        ensure!(world.last.stdout.contains(text), "{}", world.last.stdout);
        Ok(())
    })
}

#[test]
fn the_old_replica_serves_while_a_new_one_is_prepared() {
    // A single one that writes to a volume would go first.
    let plain = service("web").container(MOUNT).template(VOLUME).replicas(2);
    let web = prepared(&[("migrate", "while ! test -e /notes/go; do sleep 0.2; done")]).replicas(2);
    scenario("the old replica serves while a new one is prepared")
        .step("it runs", run_on(&with_notes(&plain)), [eventually(ready("web", 2))])
        .step("as it is now", remember(), [])
        .step(
            "a migration comes first now",
            write("main.yaml", &with_notes(&web)),
            [eventually(plan_says("waiting for init container migrate")), remembered_runs("web")],
        )
        .step(
            "it ends",
            exec("reader", &["touch", "/notes/go"]),
            [eventually(replaced("web")), eventually(ready("web", 2))],
        );
}

#[test]
fn one_that_fails_fails_an_attempt_of_a_job() {
    let init = "template: { initContainers: [{ name: fetch, command: [/bin/sh, -c, 'exit 3'] }],";
    let text = job("load", "true").spec("backoffLimit: 1").to_string().replace("template: {", init);
    scenario("one that fails fails an attempt of a job")
        .step("it is declared", write("main.yaml", &text), [])
        .step(
            "up waits until the job has failed",
            skiff("up", &["--timeout", "60s"]),
            [exits(1), says("2 attempts failed, the last one exited with 3")],
        )
        .step(
            "events say of what",
            call(&["events", "load"]),
            [says("did not begin: an init container exited with 3")],
        );
}
