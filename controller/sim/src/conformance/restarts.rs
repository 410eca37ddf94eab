//! What the engine starts again by itself, and what it does not.

use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use skiff_core::{ContainerDetail, ContainerState, CreateContainer, EngineRestart, InPlace};

use super::stage::same;
use super::{Entry, Hand, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("killed from the host, a container comes back under always and on-failure", killed),
    ("stopped or killed through the API, a container stays stopped under always", stopped),
    ("the engine waits twice as long before each restart", waits),
    (
        "on-failure:2 restarts twice, counts anew after a start by hand, and takes a higher limit for the next ones",
        counted,
    ),
    ("exit 0 is the end under on-failure, and every exit under no", finished),
    ("one that keeps failing is restarting: to start it is done already, to stop it ends it", failing),
];

fn with_policy(stage: &Stage<'_>, name: &str, script: &str, policy: EngineRestart) -> CreateContainer {
    let mut create = stage.shell(name, script);
    std::sync::Arc::make_mut(&mut create.spec.template).in_place.restart_policy = Some(policy);
    create
}

fn killed(stage: &mut Stage<'_>) -> Result<(), String> {
    for (name, policy) in [("always", EngineRestart::Always), ("failure", EngineRestart::OnFailure)] {
        let create = with_policy(stage, name, "sleep 1000", policy);
        stage.runs(name, create)?;
        stage.hand(&Hand::Kill(stage.name(name)))?;
        let back = |detail: &skiff_core::ContainerDetail| detail.restart_count == 1;
        stage.until(name, |seen| seen.state == ContainerState::Running && seen.detail.as_ref().is_some_and(back))?;
    }
    Ok(())
}

fn stopped(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = with_policy(stage, "stopped", "sleep 1000", EngineRestart::Always);
    stage.runs("stopped", create)?;
    stage.does(stage.stop("stopped"))?;
    same("the state", &stage.container("stopped")?.state, &ContainerState::Exited)?;
    same("the restarts", &stage.detail("stopped")?.restart_count, &0)?;
    stage.does(stage.start("stopped"))?;
    same("the state", &stage.container("stopped")?.state, &ContainerState::Running)?;
    stage.hand(&Hand::KillByApi(stage.name("stopped")))?;
    stage.until_state("stopped", ContainerState::Exited)?;
    same("the exit code", &stage.detail("stopped")?.exit_code, &137)?;
    same("the restarts", &stage.detail("stopped")?.restart_count, &0)
}

fn waits(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = with_policy(stage, "failing", "exit 3", EngineRestart::Always);
    stage.runs("failing", create)?;
    let mut last: Option<Timestamp> = None;
    for (restarts, least) in [(3, 400), (4, 800), (5, 1600)] {
        let again = |detail: &ContainerDetail| detail.restart_count == restarts;
        stage.until("failing", |seen| {
            seen.state == ContainerState::Restarting && seen.detail.as_ref().is_some_and(again)
        })?;
        let detail = stage.detail("failing")?;
        if let (Some(ended), Some(started)) = (last, detail.started_at) {
            let waited = started.duration_since(ended);
            // What it had waited before this run: the one before it is half as long.
            let enough = waited >= SignedDuration::from_millis(least / 2);
            same(&format!("whether it waited for {} ms", least / 2), &enough, &true)?;
        }
        last = detail.finished_at;
    }
    Ok(())
}

/// Until it is down for good, after so many restarts.
fn gives_up(stage: &mut Stage<'_>, restarts: i64) -> Result<(), String> {
    stage.until("counted", |seen| {
        let used_up = |detail: &ContainerDetail| detail.restart_count == restarts && detail.exit_code == 3;
        seen.state == ContainerState::Exited && seen.detail.as_ref().is_some_and(used_up)
    })
}

fn counted(stage: &mut Stage<'_>) -> Result<(), String> {
    let times = |most: u32| EngineRestart::OnFailureTimes(NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN));
    let create = with_policy(stage, "counted", "exit 3", times(2));
    stage.runs("counted", create)?;
    gives_up(stage, 2)?;
    same("the policy", &stage.detail("counted")?.in_place.restart_policy, &Some(times(2)))?;
    let ended = stage.detail("counted")?.finished_at;
    stage.does(stage.start("counted"))?;
    let anew = |detail: &ContainerDetail| detail.restart_count <= 2 && detail.finished_at > ended;
    stage.until("counted", |seen| seen.detail.as_ref().is_some_and(anew))?;
    gives_up(stage, 2)?;
    // A higher limit starts nothing by itself; what it had before counts until somebody starts it.
    stage.does(stage.update("counted", InPlace { restart_policy: Some(times(3)), ..InPlace::default() }))?;
    same("the state", &stage.container("counted")?.state, &ContainerState::Exited)?;
    same("the policy", &stage.detail("counted")?.in_place.restart_policy, &Some(times(3)))?;
    stage.does(stage.start("counted"))?;
    gives_up(stage, 3)
}

fn finished(stage: &mut Stage<'_>) -> Result<(), String> {
    for (name, code, policy) in [("well", 0, EngineRestart::OnFailure), ("badly", 3, EngineRestart::Never)] {
        let create = with_policy(stage, name, &format!("exit {code}"), policy);
        stage.runs(name, create)?;
        stage.until_state(name, ContainerState::Exited)?;
        let detail = stage.detail(name)?;
        same("the exit code", &detail.exit_code, &code)?;
        same("the restarts", &detail.restart_count, &0)?;
    }
    Ok(())
}

fn failing(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = with_policy(stage, "failing", "exit 3", EngineRestart::Always);
    stage.runs("failing", create)?;
    let waits = |name: &str, stage: &mut Stage<'_>| {
        let often = |detail: &skiff_core::ContainerDetail| detail.restart_count >= 3;
        // After a few restarts it waits for long enough to be met waiting.
        stage.until(name, |seen| seen.state == ContainerState::Restarting && seen.detail.as_ref().is_some_and(often))
    };
    waits("failing", stage)?;
    same("the exit code", &stage.detail("failing")?.exit_code, &3)?;
    stage.has_done(stage.start("failing"))?;
    stage.fails(stage.rename("failing", "renamed"), "Stale")?;
    stage.does(stage.stop("failing"))?;
    same("the state", &stage.container("failing")?.state, &ContainerState::Exited)?;
    stage.does(stage.start("failing"))?;
    waits("failing", stage)?;
    stage
        .does(stage.update("failing", InPlace { restart_policy: Some(EngineRestart::Never), ..InPlace::default() }))?;
    stage.until_state("failing", ContainerState::Exited)
}
