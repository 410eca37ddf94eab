//! Names, starts, stops, removals, limits.

use skiff_api::Kind;
use skiff_core::{Action, ContainerState, EngineRestart, InPlace};

use super::stage::same;
use super::{Entry, Hand, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("a name of ours is an idempotency key", names),
    ("of ten who make one name at once one makes it", ten_at_once),
    ("a name of somebody else is taken", foreign_name),
    ("each step on a container is harmless to repeat", steps_repeat),
    ("a paused container is not started but let go on, and can be stopped", paused),
    ("a renamed container gets its name back", renamed),
    ("a program that is not there leaves the container as it was, with the reason", no_program),
    ("limits and policy are changed in place, and too little memory is refused", limits),
    ("what is gone is stale, or gone already", gone),
];

fn names(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("name");
    stage.makes(create.clone())?;
    same("the state", &stage.container("name")?.state, &ContainerState::Created)?;
    same("the exit code", &stage.detail("name")?.exit_code, &0)?;
    stage.has_done(Action::CreateContainer(Box::new(create.clone())))?;
    let mut other_template = create.clone();
    "v1:two".clone_into(&mut other_template.spec.owner.template_hash);
    stage.fails(Action::CreateContainer(Box::new(other_template)), "Stale")?;
    let mut other_run = create.clone();
    other_run.spec.owner.run = Some("another".to_owned());
    stage.fails(Action::CreateContainer(Box::new(other_run)), "Stale")?;
    let mut other_object = create;
    other_object.spec.owner = stage.owner(Kind::Deployment, "another");
    stage.fails(Action::CreateContainer(Box::new(other_object)), "NameTaken")
}

fn ten_at_once(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("ten");
    let ten = vec![Action::CreateContainer(Box::new(create)); 10];
    let mut outcomes = stage.at_once(&ten);
    same("how many made it", &outcomes.remove("Done"), &Some(1))?;
    // Docker gives the name away before the container can be seen: who comes in between is told to look again.
    outcomes.retain(|word, _| word != "Already" && word != "Stale");
    same("what else they came to", &outcomes, &std::collections::BTreeMap::new())?;
    stage.has_done(Action::CreateContainer(Box::new(stage.sleeper("ten"))))?;
    let mut other = stage.sleeper("other");
    stage.makes(other.clone())?;
    other.spec.owner = stage.owner(Kind::Deployment, "another");
    let ten = vec![Action::CreateContainer(Box::new(other)); 10];
    same("what they came to", &stage.at_once(&ten), &[("NameTaken".to_owned(), 10)].into())
}

fn foreign_name(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.hand(&Hand::ForeignContainer(stage.name("theirs")))?;
    let create = stage.sleeper("theirs");
    stage.fails(Action::CreateContainer(Box::new(create)), "NameTaken")?;
    let create = stage.sleeper("mine");
    stage.makes(create)?;
    stage.fails(stage.rename("mine", "theirs"), "NameTaken")
}

fn steps_repeat(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("twice");
    stage.makes(create)?;
    stage.has_done(stage.stop("twice"))?;
    stage.does(stage.start("twice"))?;
    stage.has_done(stage.start("twice"))?;
    stage.has_done(stage.unpause("twice"))?;
    same("the state", &stage.container("twice")?.state, &ContainerState::Running)?;
    stage.does(stage.stop("twice"))?;
    stage.has_done(stage.stop("twice"))?;
    let detail = stage.detail("twice")?;
    same("the exit code", &detail.exit_code, &137)?;
    same("the error", &detail.error, &String::new())?;
    stage.does(stage.start("twice"))?;
    // A running one is killed.
    stage.does(stage.remove("twice"))?;
    stage.has_done(stage.remove("twice"))?;
    let create = stage.sleeper("frozen");
    stage.runs("frozen", create)?;
    stage.hand(&Hand::Pause(stage.name("frozen")))?;
    stage.does(stage.remove("frozen"))
}

fn paused(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("frozen");
    stage.runs("frozen", create)?;
    stage.hand(&Hand::Pause(stage.name("frozen")))?;
    same("the state", &stage.container("frozen")?.state, &ContainerState::Paused)?;
    stage.fails(stage.start("frozen"), "EngineFailed")?;
    stage.does(stage.unpause("frozen"))?;
    same("the state", &stage.container("frozen")?.state, &ContainerState::Running)?;
    stage.hand(&Hand::Pause(stage.name("frozen")))?;
    stage.does(stage.stop("frozen"))?;
    same("the state", &stage.container("frozen")?.state, &ContainerState::Exited)
}

fn renamed(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("right");
    stage.runs("right", create)?;
    stage.hand(&Hand::Rename { from: stage.name("right"), to: stage.name("wrong") })?;
    stage.does(stage.rename("wrong", "right"))?;
    same("the state", &stage.container("right")?.state, &ContainerState::Running)
}

fn no_program(stage: &mut Stage<'_>) -> Result<(), String> {
    let mut create = stage.shell("nowhere", "true");
    let template = std::sync::Arc::make_mut(&mut create.spec.template);
    template.pod.container.command = Some(vec!["/nowhere/program".to_owned()]);
    template.in_place.restart_policy = Some(EngineRestart::Always);
    stage.makes(create)?;
    stage.fails(stage.start("nowhere"), "EngineFailed")?;
    same("the state", &stage.container("nowhere")?.state, &ContainerState::Created)?;
    let detail = stage.detail("nowhere")?;
    same("the exit code", &detail.exit_code, &127)?;
    same("the restarts", &detail.restart_count, &0)?;
    same("whether a reason is left", &detail.error.contains("no such file or directory"), &true)
}

fn limits(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("limits");
    stage.makes(create)?;
    // Whether it runs does not matter.
    stage.does(stage.update("limits", InPlace { pids_limit: Some(40), ..InPlace::default() }))?;
    same("the limit", &stage.detail("limits")?.in_place.pids_limit, &Some(40))?;
    stage.does(stage.start("limits"))?;
    let policy = stage.detail("limits")?.in_place.restart_policy;
    same("the policy of a template that says none", &policy, &Some(EngineRestart::Never))?;
    let to = InPlace {
        memory: Some(64 << 20),
        nano_cpus: Some(500_000_000),
        pids_limit: Some(50),
        restart_policy: Some(EngineRestart::Always),
        ..InPlace::default()
    };
    stage.does(stage.update("limits", to.clone()))?;
    let without_swap = |in_place: InPlace| InPlace { memory_swap: None, ..in_place };
    let changed = without_swap(stage.detail("limits")?.in_place);
    same("what can be changed in place", &changed, &to)?;
    // What is left out stays.
    stage.does(stage.update("limits", InPlace { memory: Some(128 << 20), ..InPlace::default() }))?;
    let changed = without_swap(stage.detail("limits")?.in_place);
    same("what can be changed in place", &changed, &InPlace { memory: Some(128 << 20), ..to })?;
    stage.fails(stage.update("limits", InPlace { memory: Some(1 << 20), ..InPlace::default() }), "UpdateRefused")
}

fn gone(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.fails(stage.start("nobody"), "Stale")?;
    stage.has_done(stage.stop("nobody"))?;
    stage.has_done(stage.remove("nobody"))?;
    stage.fails(stage.unpause("nobody"), "Stale")?;
    stage.fails(stage.update("nobody", InPlace { pids_limit: Some(5), ..InPlace::default() }), "Stale")?;
    stage.fails(stage.rename("nobody", "somebody"), "Stale")
}
