//! No container is started for the first time before what must run before it has succeeded for it.

use skiff_api::label;
use skiff_core::{Action, ContainerState, Plan, Step};
use skiff_sim::{SimContainer, SimEngine};

use crate::manifests::Manifests;

/// Whether a container is an init container of ours.
pub(crate) fn is_init(container: &SimContainer) -> bool {
    container.labels.get(label::COMPONENT).is_some_and(|component| component == "init")
}

/// # Errors
/// Where a plan starts a container for the first time before as many have succeeded for it as every manifest of it so far has had.
pub(crate) fn check_plan(plan: &Plan, engine: &SimEngine, past: &[Manifests]) -> Result<(), String> {
    plan.steps.iter().try_for_each(|step| check_start(engine, past, step))
}

fn check_start(engine: &SimEngine, past: &[Manifests], step: &Step) -> Result<(), String> {
    let Action::StartContainer { container } = &step.action else { return Ok(()) };
    let Some(main) = engine.container(container.handle()) else { return Ok(()) };
    if main.state != ContainerState::Created || is_init(main) {
        return Ok(());
    }
    let deployments = past.iter().filter_map(|manifests| manifests.deployment(&step.object));
    let least = deployments.map(|deployment| deployment.spec.template.init_containers.len()).min().unwrap_or(0);
    let prefix = format!("{}.", main.id);
    let is_behind = |init: &&SimContainer| {
        let succeeded = init.state == ContainerState::Exited && init.exit_code == 0;
        is_init(init) && init.labels.get(label::RUN).is_some_and(|run| run.starts_with(&prefix)) && succeeded
    };
    let succeeded = engine.containers().filter(is_behind).count();
    if succeeded < least {
        return Err(format!("{} is started behind {succeeded} init containers of {least}", main.name));
    }
    Ok(())
}
