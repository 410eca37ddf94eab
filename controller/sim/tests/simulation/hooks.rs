//! What runs is never stopped without its preStop hook.

use skiff_api::Deployment;
use skiff_core::{Action, ContainerState, Plan, Step};
use skiff_sim::{SimContainer, SimEngine};

use crate::inits::is_init;
use crate::manifests::Manifests;

/// # Errors
/// Where a plan stops a container that runs without the hook that every manifest of it so far has had.
pub(crate) fn check_plan(plan: &Plan, engine: &SimEngine, past: &[Manifests]) -> Result<(), String> {
    for step in &plan.steps {
        let Action::StopContainer(stop) = &step.action else { continue };
        let Some(container) = engine.container(stop.container.handle()) else { continue };
        let deployments: Vec<&Deployment> =
            past.iter().filter_map(|manifests| manifests.deployment(&step.object)).collect();
        let always = !deployments.is_empty() && deployments.into_iter().all(has_hook);
        let runs = container.state == ContainerState::Running && !is_init(container);
        if runs && always && stop.pre_stop.is_none() {
            return Err(format!("{} would be stopped without its hook", container.name));
        }
    }
    Ok(())
}

fn has_hook(deployment: &Deployment) -> bool {
    deployment.spec.template.container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.pre_stop.is_some())
}

/// The container that a step stops behind a hook, where it runs.
pub(crate) fn stopped(engine: &SimEngine, step: &Step) -> Option<SimContainer> {
    let Action::StopContainer(stop) = &step.action else { return None };
    let container = engine.container(stop.container.handle())?;
    let runs = container.state == ContainerState::Running;
    (stop.pre_stop.is_some() && runs).then(|| container.clone())
}

/// # Errors
/// Where a container was stopped without its hook.
pub(crate) fn check_stopped(engine: &SimEngine, before: &SimContainer) -> Result<(), String> {
    let ran = |container: &SimContainer| container.hooks.iter().filter(|hook| hook.before_stop).count();
    match engine.container(&before.id) {
        Some(after) if ran(after) <= ran(before) => Err(format!("{} was stopped without its hook", before.name)),
        Some(_) | None => Ok(()),
    }
}
