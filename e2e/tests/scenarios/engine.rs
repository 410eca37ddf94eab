//! The engine fails: its end, its kill, its freeze and a full disk are survived, on an engine of the scenario's own.

use std::time::Duration;

use anyhow::ensure;
use rustix::process::Signal;
use skiff_e2e::act::{Act, all, apply, docker, look, remember, run_with, skiff, up, write};
use skiff_e2e::check::{Check, check, eventually, exits, ready, replaced, says, throughout, untouched, within};
use skiff_e2e::{PrivateEngine, Scenario, service};

/// The engine has no bridge, so the containers have no network.
fn manifest(replicas: u32) -> String {
    service("web").replicas(replicas).template("networkMode: none").to_string()
}

fn on_private_engine(obligation: &str, scenario: impl FnOnce(Scenario, PrivateEngine)) {
    // Only root can start an engine; whoever else runs the tests has the others.
    if PrivateEngine::is_possible() {
        let engine = PrivateEngine::start().expect("a private engine");
        scenario(Scenario::on(obligation, engine.docker()), engine);
    }
}

#[test]
fn a_full_disk_changes_nothing_that_runs() {
    if !PrivateEngine::is_possible() {
        return;
    }
    let engine = PrivateEngine::start_on_a_small_disk().expect("a private engine");
    let changed = service("web").env("LEVEL", "debug").template("networkMode: none").to_string();
    let scenario = Scenario::on("a full disk changes nothing that runs", engine.docker())
        .step("a replica runs", apply(&manifest(1)), [ready("web", 1)])
        .step("as it is now", remember(), []);
    engine.fill_disk().expect("a full disk");
    let scenario = scenario.step("its manifest changes", write("main.yaml", &changed), []).step(
        "up says why nothing is done",
        skiff("up", &["--timeout", "8s"]),
        [exits(1), says("disk"), untouched("web")],
    );
    engine.free_disk().expect("room again");
    let scenario = scenario.step("with room again", up(), [ready("web", 1), replaced("web")]);
    drop(scenario);
    drop(engine);
}

fn two_run() -> Act {
    all([write("main.yaml", &manifest(2)), run_with(&["--tick", "2s"])])
}

fn still_there() -> Check {
    check(|world| {
        let running = world.running()?;
        ensure!(running.is_alive(), "skiff run has ended:\n{}", running.log());
        Ok(())
    })
}

#[test]
fn run_survives_a_restart_of_the_engine() {
    on_private_engine("run survives a restart of the engine", |scenario, mut engine| {
        let scenario = scenario.step("two replicas run", two_run(), [within(Duration::from_secs(60), ready("web", 2))]);
        engine.end(Signal::TERM).expect("it ends");
        let scenario =
            scenario.step("the engine has gone", look(), [throughout(Duration::from_secs(3), still_there())]);
        engine.begin().expect("it starts");
        let scenario = scenario
            .step("the engine is back", look(), [within(Duration::from_secs(60), ready("web", 2)), still_there()])
            .step(
                "run still works",
                write("main.yaml", &manifest(3)),
                [within(Duration::from_secs(60), ready("web", 3))],
            );
        drop(scenario);
        drop(engine);
    });
}

#[test]
fn run_survives_that_the_engine_is_killed() {
    on_private_engine("run survives that the engine is killed", |scenario, mut engine| {
        let scenario = scenario.step("two replicas run", two_run(), [within(Duration::from_secs(60), ready("web", 2))]);
        engine.end(Signal::KILL).expect("it ends");
        let scenario =
            scenario.step("the engine has gone", look(), [throughout(Duration::from_secs(2), still_there())]);
        engine.begin().expect("it starts");
        let scenario = scenario
            .step("the engine is back", look(), [within(Duration::from_secs(60), ready("web", 2)), still_there()])
            .step("one is removed", docker(&["rm", "-f"], "web"), [within(Duration::from_secs(60), ready("web", 2))]);
        drop(scenario);
        drop(engine);
    });
}

#[test]
fn run_survives_a_frozen_engine() {
    on_private_engine("run survives a frozen engine", |scenario, engine| {
        let scenario = scenario.step("two replicas run", two_run(), [within(Duration::from_secs(60), ready("web", 2))]);
        engine.signal(Signal::STOP).expect("it freezes");
        let scenario = scenario.step(
            "an edit while it is frozen",
            write("main.yaml", &manifest(3)),
            [throughout(Duration::from_secs(5), still_there())],
        );
        engine.signal(Signal::CONT).expect("it thaws");
        let scenario = scenario.step(
            "the edit is made so",
            look(),
            [within(Duration::from_secs(90), ready("web", 3)), eventually(still_there())],
        );
        drop(scenario);
        drop(engine);
    });
}
