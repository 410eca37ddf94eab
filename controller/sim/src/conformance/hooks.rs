//! Hooks: for the start that they belong to, and before a stop that comes whatever becomes of them.

use skiff_core::{Action, ContainerState, Outcome};

use super::stage::same;
use super::{Entry, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("a hook is run in the start that it belongs to, and says how it ended", of_a_start),
    ("a container is stopped whatever becomes of the hook before", before_a_stop),
    ("a hook that outlives the grace period is cut, and the container is stopped", cut),
    ("what does not run is stopped without its hook", nothing_runs),
];

fn of_a_start(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("hooked");
    stage.runs("hooked", create)?;
    let first = stage.detail("hooked")?.started_at;
    stage.does(stage.hook("hooked", first, "exit 0"))?;
    let failed = stage.hook("hooked", first, "exit 3");
    match stage.try_to(&failed) {
        Err(error) if error.to_string().contains("exit code 3") => {}
        other => return Err(format!("a hook that exits with 3 came to {other:?}")),
    }
    stage.does(stage.stop("hooked"))?;
    stage.fails(stage.hook("hooked", first, "exit 0"), "Stale")?;
    stage.pass_time();
    stage.does(stage.start("hooked"))?;
    stage.fails(stage.hook("hooked", first, "exit 0"), "Stale")?;
    let second = stage.detail("hooked")?.started_at;
    stage.does(stage.hook("hooked", second, "exit 0"))
}

fn before_a_stop(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("drained");
    stage.runs("drained", create)?;
    let stop = stage.stop_after("drained", "exit 0", 1);
    same("the outcome", &stage.try_to(&stop).ok(), &Some(Outcome::Done))?;
    same("the state", &stage.container("drained")?.state, &ContainerState::Exited)?;
    stage.does(stage.start("drained"))?;
    let stop = stage.stop_after("drained", "exit 3", 1);
    warned(stage, &stop, "preStop: exit code 3")?;
    same("the state", &stage.container("drained")?.state, &ContainerState::Exited)
}

fn cut(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("slow");
    stage.runs("slow", create)?;
    let stop = stage.stop_after("slow", "sleep 100", 1);
    warned(stage, &stop, "preStop: it did not end within the 1 s of the grace period")?;
    same("the state", &stage.container("slow")?.state, &ContainerState::Exited)
}

fn nothing_runs(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("idle");
    stage.makes(create)?;
    stage.has_done(stage.stop_after("idle", "exit 3", 1))
}

fn warned(stage: &mut Stage<'_>, action: &Action, warning: &str) -> Result<(), String> {
    match stage.try_to(action) {
        Ok(Outcome::Warned { warnings }) if warnings == [warning] => Ok(()),
        other => Err(format!("{} came to {other:?}, not to `{warning}`", action.verb())),
    }
}
