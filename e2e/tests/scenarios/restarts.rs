//! How often what fails is restarted, and by whom: Docker counts by itself, and does the nearest of what only `skiff run` can.

use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;
use skiff_e2e::act::{act, all, apply, end_run, look, remember, run, skiff, write};
use skiff_e2e::check::{
    Check, answers, check, eventually, every, exits, nothing_was_written, ready, says, throughout, untouched, within,
};
use skiff_e2e::{IMAGE, Service, scenario, service};

/// Long enough for Docker to make four restarts, 100 ms to 800 ms apart, on a busy host.
const DOCKER_S_PACE: Duration = Duration::from_secs(30);

fn failing(restart: &str) -> Service {
    service("web")
        .container("command: [/bin/sh, -c, exit 3]")
        .template("restartPolicy: OnFailure")
        .template(&format!("restart: {restart}"))
}

/// Docker's policy, `on-failure:4`.
fn policy(expected: &'static str) -> Check {
    every("web", expected, move |seen| {
        let policy = |field: &str| seen.inspect.pointer(&format!("/HostConfig/RestartPolicy/{field}"));
        let name = policy("Name").and_then(Value::as_str).unwrap_or_default();
        let most = policy("MaximumRetryCount").and_then(Value::as_i64).unwrap_or_default();
        expected == if most == 0 { name.to_owned() } else { format!("{name}:{most}") }
    })
}

/// It is down, and Docker has restarted it so often.
fn down_after(restarts: i64) -> Check {
    check(move |world| {
        for seen in world.containers()? {
            let count = seen.inspect.pointer("/RestartCount").and_then(Value::as_i64);
            ensure!(seen.status() == "exited" && seen.exit_code() == Some(3), "{} is {}", seen.name, seen.status());
            ensure!(count == Some(restarts), "{} was restarted {count:?} times", seen.name);
        }
        ensure!(!world.containers()?.is_empty(), "there is no container");
        Ok(())
    })
}

#[test]
fn docker_restarts_as_often_as_the_manifest_says_without_a_controller_and_then_it_stays_down() {
    const ALL: &str = "was restarted 4 times, which is all that restart.maxAttempts allows";
    scenario("Docker restarts as often as the manifest says without a controller, and then it stays down")
        .step(
            "something that fails is brought up, in vain",
            all([write("main.yaml", &failing("{ maxAttempts: 4 }").to_string()), skiff("up", &["--timeout", "60s"])]),
            [exits(1), policy("on-failure:4")],
        )
        .step("nobody but Docker is there", look(), [within(DOCKER_S_PACE, down_after(4))])
        .step("and it stays down", look(), [throughout(Duration::from_secs(3), down_after(4))])
        .step("as it is now", remember(), [])
        .step("a plan plans nothing and says why", skiff("plan", &[]), [exits(0), answers(ALL)])
        .step("`up` starts nothing either", skiff("up", &[]), [exits(1), says(ALL), untouched("web"), down_after(4)])
        .step("neither does a controller", run(), [throughout(Duration::from_secs(5), untouched("web"))])
        .step(
            "with another number it is tried again",
            write("main.yaml", &failing("{ maxAttempts: 1 }").to_string()),
            [policy("on-failure:1")].map(eventually),
        )
        .step(
            "and with one more than it had",
            write("main.yaml", &failing("{ maxAttempts: 5 }").to_string()),
            [eventually(policy("on-failure:5")), within(DOCKER_S_PACE, down_after(5))],
        );
}

#[test]
fn a_compose_file_s_on_failure_with_a_number_is_docker_s() {
    let text = format!(
        "name: default
services:
  web: {{ image: {IMAGE}, command: [/bin/sh, -c, exit 3], restart: 'on-failure:2' }}
"
    );
    scenario("a Compose file's `on-failure` with a number is Docker's")
        .step(
            "a stack that fails is brought up",
            all([write("compose.yaml", &text), skiff("up", &["--timeout", "60s"])]),
            [exits(1), policy("on-failure:2"), within(DOCKER_S_PACE, down_after(2))],
        )
        .step("a plan plans nothing", skiff("plan", &[]), [exits(0), answers("was restarted 2 times")]);
}

#[test]
fn what_docker_cannot_pace_is_left_to_the_nearest_and_that_is_said() {
    const NEEDS: &str = "restart.delay needs `skiff run`; without it Docker restarts it as OnFailure, 2 times at most";
    let web = service("web").template("restartPolicy: OnFailure").template("restart: { delay: 2s, maxAttempts: 2 }");
    let stopped = act(|world| {
        remember()(world)?;
        end_run()(world)
    });
    scenario("what Docker cannot pace is left to the nearest, and that is said")
        .step("it is brought up once", apply(&web.to_string()), [says(NEEDS), policy("on-failure:2")])
        .step("a plan plans nothing and says so", all([remember(), skiff("plan", &[])]), [exits(0), answers(NEEDS)])
        .step("again", skiff("up", &[]), [exits(0), nothing_was_written()])
        .step("a controller takes it", run(), [eventually(policy("no"))])
        .step("a plan beside it knows that", skiff("plan", &[]), [exits(0), answers("nothing to do")])
        .step("and leaves it when it ends", stopped, [policy("on-failure:2"), untouched("web"), ready("web", 1)])
        .step("there is nothing to do", skiff("plan", &[]), [exits(0), answers(NEEDS)]);
}
