//! Jobs run to completion, once; schedules run on the minute.

use std::time::Duration;

use anyhow::{Context, ensure};
use skiff_api::label;
use skiff_e2e::act::{apply, docker, end_run, kill_run, look, remember, run, run_on, skiff, up, write};
use skiff_e2e::check::{
    Check, check, ended, eventually, exits, gone, logs, ready, replaced, says, throughout, untouched, within,
};
use skiff_e2e::{job, scenario, service};

/// Longer than a controller needs to look, decide and act twice.
const A_WHILE: Duration = Duration::from_secs(2);

#[test]
fn a_job_that_has_completed_is_not_run_again() {
    scenario("a job that has completed is not run again")
        .step("up waits until it has completed", apply(&job("load", "sleep 1").to_string()), [ended("load", &[0])])
        .step("as it is now", remember(), [])
        .step("up has nothing to do", up(), [untouched("load")])
        .step("a controller finds it done", run(), [throughout(A_WHILE, untouched("load"))])
        .step("and is killed", kill_run(), [])
        .step("another one finds it done as well", run(), [throughout(A_WHILE, untouched("load"))])
        .step("plan has nothing to do", skiff("plan", &[]), [exits(0)])
        .step(
            "another template runs it anew",
            write("main.yaml", &job("load", "true").to_string()),
            [eventually(replaced("load")), eventually(ended("load", &[0]))],
        );
}

#[test]
fn a_job_stays_done_when_its_containers_have_gone() {
    let load = job("load", "true").spec("ttlSecondsAfterFinished: 0");
    scenario("a job stays done when its containers have gone")
        .step(
            "it completes and its container goes",
            run_on(&load.to_string()),
            [eventually(logs("it has completed")), eventually(gone("load"))],
        )
        .step("the controller ends", end_run(), [])
        .step("another one does not run it again", run(), [throughout(A_WHILE, gone("load"))]);
}

#[test]
fn a_failing_job_backs_off_and_fails_after_its_limit() {
    let text = job("load", "exit 3").spec("backoffLimit: 1").to_string();
    scenario("a failing job backs off and fails after its limit")
        .step("it is declared", write("main.yaml", &text), [])
        .step(
            "up waits until it has failed, and names it",
            skiff("up", &["--timeout", "60s"]),
            [
                exits(1),
                says("job/default/load"),
                says("2 attempts failed, the last one exited with 3"),
                ended("load", &[3, 3]),
                check(|world| {
                    let starts: Vec<i64> =
                        world.replicas("load")?.iter().map(|seen| seconds(seen.started_at())).collect();
                    let between = starts.iter().max().context("two")? - starts.iter().min().context("two")?;
                    ensure!((9..20).contains(&between), "the second attempt came {between} s after the first");
                    Ok(())
                }),
            ],
        )
        .step("as it is now", remember(), [])
        .step("a controller does not try again", run(), [throughout(A_WHILE, untouched("load"))]);
}

#[test]
fn a_job_that_takes_too_long_is_stopped() {
    let text = job("load", "exec sleep 600").spec("activeDeadlineSeconds: 2").to_string();
    scenario("a job that takes too long is stopped").step("it is declared", write("main.yaml", &text), []).step(
        "up waits until it has failed",
        skiff("up", &["--timeout", "60s"]),
        [exits(1), says("it took longer than its activeDeadlineSeconds"), ended("load", &[137])],
    );
}

#[test]
fn a_dependent_waits_until_a_job_has_completed() {
    let text = format!("{}{}", job("load", "sleep 2"), service("api").depends_on("load", "Completed"));
    scenario("a dependent waits until a job has completed")
        .step("both are declared", apply(&text), [ready("api", 1), ended("load", &[0])])
        .step(
            "the dependent came last",
            look(),
            [check(|world| {
                let finished = world.replica("load")?.inspect.pointer("/State/FinishedAt").cloned();
                let started = world.replica("api")?.started_at().to_owned();
                let finished = finished.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
                ensure!(finished < started.as_str(), "api started at {started}, load finished at {finished}");
                Ok(())
            })],
        )
        .step("a dependent that was removed comes back without it", run(), [])
        .step("", docker(&["rm", "-f"], "api"), [eventually(ready("api", 1))]);
}

#[test]
fn a_job_that_left_the_manifests_is_pruned() {
    let text = format!("{}{}", job("load", "exec sleep 600"), service("api"));
    scenario("a job that left the manifests is pruned")
        .step("both run", run_on(&text), [eventually(ready("api", 1)), eventually(ready("load", 1))])
        .step(
            "one leaves",
            write("main.yaml", &service("api").to_string()),
            [eventually(gone("load")), ready("api", 1)],
        );
}

#[test]
fn a_schedule_runs_on_the_minute_and_once() {
    let tidy = job("tidy", "sleep 1").on("* * * * *", ", concurrencyPolicy: Forbid");
    scenario("a schedule runs on the minute, and once")
        .step("it is followed", run_on(&tidy.to_string()), [within(Duration::from_secs(75), ended("tidy", &[0]))])
        .step("in the minute that it is named after", look(), [on_its_minute()])
        .step("as it is now", remember(), [])
        .step("the controller is killed", kill_run(), [])
        .step("another one knows that it has run", run(), [throughout(A_WHILE, first_is_untouched())]);
}

fn on_its_minute() -> Check {
    check(|world| {
        let seen = world.replica("tidy")?;
        let run: i64 = seen.label(label::RUN).parse()?;
        let late = seconds(seen.started_at()) - run * 60;
        ensure!((0..10).contains(&late), "{} was started {late} s after its minute", seen.name);
        Ok(())
    })
}

fn first_is_untouched() -> Check {
    check(|world| {
        // The next minute may have come.
        let first = world.replicas("tidy")?.into_iter().min_by(|a, b| a.name.cmp(&b.name)).context("a container")?;
        let before = world.remembered.get(&first.name).context("another container")?;
        ensure!(before.id == first.id && before.started_at() == first.started_at(), "it ran again");
        Ok(())
    })
}

/// Docker's time in seconds since 1970.
fn seconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second)
}
