//! Runs that somebody asks for: of a job or a schedule, and by hand.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use skiff_e2e::act::{Act, act, all, apply, call, kill_run, look, remember, run, run_on};
use skiff_e2e::check::{Check, check, ended, eventually, exits, gone, ready, replaced, says, throughout, untouched};
use skiff_e2e::{World, job, scenario, service};

#[test]
fn a_job_that_has_completed_runs_again_when_it_is_asked_for() {
    scenario("a job that has completed runs again when it is asked for")
        .step("it has completed", apply(&job("load", "true").to_string()), [ended("load", &[0])])
        .step("as it is now", remember(), [])
        .step(
            "without a controller the command does it",
            call(&["run-now", "load"]),
            [exits(0), replaced("load"), ended("load", &[0])],
        )
        .step("what is not known is refused", call(&["run-now", "laod"]), [exits(1), says("did you mean `load`?")]);
}

#[test]
fn a_run_that_fails_ends_the_command_with_1() {
    let tidy = job("tidy", "exit 3").spec("backoffLimit: 0").on("0 0 1 1 *", "");
    scenario("a run that fails ends the command with 1")
        .step("a schedule is known", apply(&tidy.to_string()), [gone("tidy")])
        .step(
            "its run fails",
            call(&["run-now", "cronjob/tidy"]),
            [exits(1), says("exited with 3"), ended("tidy", &[3])],
        );
}

#[test]
fn beside_a_controller_the_controller_does_it() {
    let tidy = job("tidy", "sleep 1").on("0 0 1 1 *", "");
    scenario("beside a controller the controller does it")
        .step("a schedule is followed", run_on(&format!("{tidy}{}", service("web"))), [eventually(ready("web", 1))])
        .step("a run is asked for", call(&["run-now", "tidy"]), [exits(0), says("has completed"), ended("tidy", &[0])])
        .step(
            "two are, without waiting",
            act(|world| {
                world.call(&["run-now", "tidy", "--no-wait"])?;
                world.call(&["run-now", "tidy", "--no-wait"])
            }),
            [exits(0), eventually(ended("tidy", &[0, 0, 0]))],
        )
        .step(
            "the limit of the history holds for them too",
            call(&["run-now", "tidy"]),
            [exits(0), eventually(ended("tidy", &[0, 0, 0]))],
        );
}

#[test]
fn what_is_suspended_by_hand_stays_so_until_it_is_resumed() {
    let long = job("load", "sleep 60");
    scenario("what is suspended by hand stays so until it is resumed")
        .step(
            "a job runs beside a deployment",
            run_on(&format!("{long}{}", service("web"))),
            [eventually(ready("load", 1)), eventually(ready("web", 1))],
        )
        .step(
            "it is suspended",
            call(&["suspend", "job/load"]),
            [exits(0), says("suspended by hand: what runs of it is stopped"), eventually(stopped("load"))],
        )
        .step("that is shown", call(&["get", "job/load"]), [says("Suspended")])
        .step(
            "another controller begins",
            all([kill_run(), run()]),
            [throughout(Duration::from_secs(3), stopped("load"))],
        )
        .step("it is resumed", call(&["resume", "load"]), [exits(0), says("it goes on from now")])
        .step("and runs again", look(), [eventually(runs("load"))])
        .step("once", call(&["resume", "load"]), [exits(1), says("is not suspended")])
        .step(
            "a deployment is not suspended",
            call(&["suspend", "web"]),
            [exits(1), says("only jobs and schedules can"), says("skiff rollout pause web")],
        );
}

fn running(world: &World, name: &str) -> Result<usize> {
    Ok(world.replicas(name)?.iter().filter(|seen| seen.status() == "running").count())
}

fn stopped(name: &'static str) -> Check {
    check(move |world| {
        ensure!(running(world, name)? == 0, "{name} runs");
        Ok(())
    })
}

fn runs(name: &'static str) -> Check {
    check(move |world| {
        ensure!(running(world, name)? == 1, "{name} does not run");
        Ok(())
    })
}

/// Calls `skiff ARGS…` with a text as its standard input.
fn feed(args: &'static [&'static str], text: &'static str) -> Act {
    act(move |world| {
        let mut command = world.skiff.command(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("skiff")?;
        child.stdin.take().context("its input")?.write_all(text.as_bytes())?;
        let output = child.wait_with_output()?;
        world.last = skiff_e2e::Ended {
            command: args.join(" "),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        Ok(())
    })
}

fn wrote(text: &'static str) -> Check {
    check(move |world| {
        ensure!(world.last.stdout == text, "{:?} instead of {text:?}", world.last.stdout);
        Ok(())
    })
}

const SCRIPT: &str = "read line; echo $WHO $line; echo oops >&2; exit 7";

#[test]
fn a_command_is_run_once_with_our_streams_and_its_exit_code() {
    let api = service("api")
        .env("WHO", "me")
        .container("ports: [{ containerPort: 80, hostPort: 0 }]")
        .template("containerName: the-api")
        .depends_on("db", "Ready");
    let db =
        service("db").healthy_when("/tmp/ready").container("command: [/bin/sh, -c, 'touch /tmp/ready; exec idle']");
    scenario("a command is run once with our streams and its exit code")
        .step("both are known", apply(&format!("{api}{db}")), [ready("api", 1), ready("db", 1)])
        .step("as they are now", remember(), [])
        .step(
            "a command reads, writes, and ends",
            feed(&["run-once", "api", "--", "/bin/sh", "-c", SCRIPT], "hello\n"),
            [exits(7), wrote("me hello\n"), says("oops"), untouched("api"), untouched("db"), ready("api", 1)],
        )
        .step(
            "its input ends where ours does",
            feed(&["run-once", "api", "--", "cat"], "to the end"),
            [exits(0), wrote("to the end"), ready("api", 1)],
        );
}

#[test]
fn what_a_run_by_hand_depends_on_is_started_first() {
    let db =
        service("db").healthy_when("/tmp/ready").container("command: [/bin/sh, -c, 'touch /tmp/ready; exec idle']");
    let text = format!("{db}{}", service("api").depends_on("db", "Ready"));
    scenario("what a run by hand depends on is started first")
        .step("both are known", apply(&text), [ready("api", 1)])
        .step(
            "and gone",
            act(|world| world.docker.call("POST", &format!("/containers/{}/kill", first(world, "db")?)).map(drop)),
            [],
        )
        .step("a command finds it there", feed(&["run-once", "api", "--", "true"], ""), [exits(0), ready("db", 1)]);
}

fn first(world: &World, name: &str) -> Result<String> {
    Ok(world.replica(name)?.id)
}

#[test]
fn what_a_killed_client_leaves_behind_is_removed_when_it_has_ended() {
    scenario("what a killed client leaves behind is removed when it has ended")
        .step("a controller runs", run_on(&service("web").to_string()), [eventually(ready("web", 1))])
        .step(
            "a command is run once, and its client killed",
            act(|world| {
                let mut child =
                    world.skiff.command(&["run-once", "web", "--", "sleep", "600"]).stdin(Stdio::null()).spawn()?;
                skiff_e2e::check::eventually(two_containers())(world)?;
                let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a pid")?;
                kill_process(pid, Signal::KILL)?;
                child.wait()?;
                Ok(())
            }),
            [throughout(Duration::from_secs(1), two_containers())],
        )
        .step(
            "down takes it along",
            act(|world| {
                world.running = None;
                let manifests = world.manifests().display().to_string();
                world.call(&["down", &manifests, "--yes"])
            }),
            [exits(0), gone("web")],
        )
        .step("nothing is left", look(), [gone("web")]);
}

fn two_containers() -> Check {
    check(|world| {
        let running = world.replicas("web")?.iter().filter(|seen| seen.status() == "running").count();
        ensure!(running == 2, "{running} run");
        Ok(())
    })
}
