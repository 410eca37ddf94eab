//! The built program is aborted after its first step, after its second, and so on to its last; started again it ends where it would have.

use std::time::Duration;

use anyhow::{Result, ensure};
use skiff_api::label;
use skiff_e2e::act::{Act, act, all, call, kill_run, look, remember, run, run_on, skiff, up_with, write};
use skiff_e2e::check::{Check, check, eventually, every, exits, ready, says, untouched, within};
use skiff_e2e::{Scenario, Service, World, job, network, scenario, service, volume};

/// More steps than any of these scripts takes.
const MOST: usize = 40;
/// Ends the program after so many steps.
const ABORT: &str = "SKIFF_ABORT_AFTER_STEPS";

/// What there is, without ids, times and ordinals: which of them are free depends on what is tried again.
fn ending(world: &World) -> Result<Vec<String>> {
    let mut all: Vec<String> = world
        .containers()?
        .iter()
        .map(|seen| {
            let networks = seen.inspect.pointer("/NetworkSettings/Networks").and_then(serde_json::Value::as_object);
            let networks: Vec<&String> = networks.into_iter().flat_map(|networks| networks.keys()).collect();
            format!(
                "{} {} {:?} {} {:?} {networks:?}",
                seen.label(label::NAME),
                seen.image(),
                seen.variable("VERSION"),
                seen.status(),
                seen.exit_code()
            )
        })
        .collect();
    all.extend(world.docker.networks(&world.label())?.into_keys());
    all.extend(world.docker.volumes(&world.label())?.into_keys());
    all.sort();
    Ok(all)
}

fn ends_as(wanted: Vec<String>) -> Check {
    check(move |world| {
        let found = ending(world)?;
        ensure!(found == wanted, "{found:#?} instead of {wanted:#?}");
        Ok(())
    })
}

/// The program ends like a crash after so many steps, if it takes so many.
fn aborted_after(steps: usize, what: Act) -> Act {
    act(move |world| {
        world.env.push((ABORT.to_owned(), steps.to_string()));
        let done = what(world);
        world.env.pop();
        done
    })
}

/// All of it is taken down, with its volumes, and brought up anew.
fn anew(text: &'static str) -> Act {
    all([skiff("down", &["--volumes", "--yes"]), write("main.yaml", text), up_with(&[])])
}

/// Brings a change about with `skiff up`, once whole and then once for each of its steps with a crash after that.
fn survives(obligation: &str, from: String, to: String) {
    let (from, to): (&'static str, &'static str) = (from.leak(), to.leak());
    let change = || all([write("main.yaml", to), skiff("up", &["--timeout", "90s"])]);
    let mut scenario = scenario(obligation)
        .step("there is what it begins with", all([write("main.yaml", from), up_with(&[])]), [])
        .step("the change is brought about", change(), [exits(0)]);
    let whole = ending(scenario.world()).expect("what there is");
    for steps in 1..MOST {
        scenario = scenario.step("all is as before", anew(from), []).step(
            &format!("the program is aborted after {steps} steps"),
            aborted_after(steps, change()),
            [],
        );
        if scenario.world().last.code == 0 {
            assert!(steps > 3, "{obligation}: the change takes steps");
            return;
        }
        let again = up_with(&[]);
        scenario = scenario.step("it is called again", again, [exits(0), eventually(ends_as(whole.clone()))]);
    }
    panic!("{obligation}: it takes more than {MOST} steps");
}

fn web(version: &str, replicas: u32) -> String {
    service("web").replicas(replicas).env("VERSION", version).template("networks: [{ name: front }]").to_string()
}

fn with_front(rest: &str) -> String {
    format!("{}{rest}", network("front"))
}

#[test]
fn what_is_created_survives_a_crash_after_every_step() {
    let data = service("db")
        .container("volumeMounts: [{ name: data, mountPath: /data }]")
        .template("volumes: [{ name: data, volume: { name: data } }]");
    let all = with_front(&format!("{}{data}{}", volume("data"), web("one", 1)));
    survives("what is created survives a crash after every step", network("front"), all);
}

#[test]
fn what_is_replaced_survives_a_crash_after_every_step() {
    survives(
        "what is replaced survives a crash after every step",
        with_front(&web("one", 2)),
        with_front(&web("two", 2)),
    );
}

#[test]
fn what_is_handed_on_survives_a_crash_after_every_step() {
    // Only what holds the data of the first is healthy.
    let db = |version: &str| {
        let begin = "test $VERSION = two || echo kept > /data/word; exec sleep 1000000";
        service("db")
            .env("VERSION", version)
            .container(&format!("command: [/bin/sh, -c, '{begin}']"))
            .container("volumeMounts: [{ name: data, mountPath: /data }]")
            .template("volumes: [{ name: data, anonymous: {} }]")
            .healthy_when("/data/word")
            .to_string()
    };
    survives("what is handed on survives a crash after every step", db("one"), db("two"));
}

#[test]
fn what_is_scaled_survives_a_crash_after_every_step() {
    let two = |web_count, other_count| {
        with_front(&format!("{}{}", web("one", web_count), service("other").replicas(other_count)))
    };
    survives("what is scaled survives a crash after every step", two(1, 3), two(3, 1));
}

#[test]
fn what_is_pruned_survives_a_crash_after_every_step() {
    let all = format!("{}{}", with_front(&web("one", 2)), service("other"));
    survives("what is pruned survives a crash after every step", all, service("other").to_string());
}

#[test]
fn a_job_survives_a_crash_after_every_step() {
    let load = format!("{}{}", service("other"), job("load", "exit 0").spec("completions: 2"));
    survives("a job survives a crash after every step", service("other").to_string(), load);
}

/// A revision has failed, and what ran before it is what runs.
fn went_back(revision: usize) -> Check {
    let (mut both, mut good) =
        (ready("web", 2), every("web", "a good version", |seen| seen.variable("VERSION") == Some("good")));
    check(move |world| {
        world.call(&["rollout", "status", "web", "--no-wait"])?;
        ensure!(world.last.stderr.contains(&format!("revision {revision} failed")), "{}", world.last.stderr);
        both(world).and_then(|()| good(world))
    })
}

/// The controller has ended like a crash, or has gone back to the end.
fn crashed_or_back(revision: usize) -> Check {
    let mut is_back = went_back(revision);
    check(move |world| if world.running()?.is_alive() { is_back(world) } else { Ok(()) })
}

#[test]
fn what_is_rolled_back_survives_a_crash_after_every_step() {
    let patient = |web: Service| web.to_string().replace("minReadySeconds: 0", "minReadySeconds: 2");
    let web = |version: &str| service("web").replicas(2).env("VERSION", version);
    let bad = |number: usize| patient(web(&format!("bad-{number}")).container("command: [/bin/false]"));
    let good = patient(web("good"));
    let mut scenario: Scenario = scenario("what is rolled back survives a crash after every step")
        .step("a good version runs", run_on(&good), [eventually(ready("web", 2))])
        .step("and is stable", call(&["rollout", "status", "web"]), [exits(0), says("is stable")])
        .step("as it is now", remember(), []);
    for steps in 1..MOST {
        let revision = steps + 1;
        scenario = scenario.step("another controller begins", all([kill_run(), aborted_after(steps, run())]), []).step(
            &format!("a bad version is declared, and it is aborted after {steps} steps"),
            write("main.yaml", &bad(steps)),
            [within(Duration::from_secs(60), crashed_or_back(revision))],
        );
        if scenario.world().running().is_ok_and(skiff_e2e::Running::is_alive) {
            assert!(steps > 3, "a rollback takes steps");
            return;
        }
        scenario = scenario
            .step("it is started again", run(), [within(Duration::from_secs(60), went_back(revision))])
            .step("what was good is left alone", look(), [eventually(ready("web", 2)), untouched("web")]);
    }
    panic!("a rollback takes more than {MOST} steps");
}
