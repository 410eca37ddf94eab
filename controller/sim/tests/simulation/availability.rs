//! No plan takes the Ready replicas of an object below `replicas − maxUnavailable`, one less where it can only be replaced stop-first.
//!
//! What is Ready is worked out from the engine and what its containers answer; the planner is asked for nothing but its steps.

use skiff_api::{Deployment, HostPort, IntOrPercent, ObjectKey, RestartPolicy, StrategyType, label};
use skiff_core::{ContainerState, Health, ProbeKind, Readiness};
use skiff_sim::{DockerRestart, SimContainer, SimEngine};

use crate::controller::Controller;
use crate::manifests::Manifests;
use crate::oracle::{has_finished, of_object};

/// # Errors
/// Which object the last plan harms, and how.
pub(crate) fn check(
    manifests: &Manifests,
    past: &[Manifests],
    engine: &SimEngine,
    controller: &Controller,
) -> Result<(), String> {
    let taken = controller.takes();
    for (key, deployment) in manifests.deployments() {
        let hooked = past.iter().filter_map(|manifests| manifests.deployment(key)).any(has_post_start);
        let ready: Vec<&SimContainer> = of_object(engine, key)
            .into_iter()
            .filter(|container| serves(engine, controller, deployment, container))
            // What has a hook and is not known to have run it is not Ready.
            .filter(|container| !hooked || controller.has_run_hook(key, container))
            .collect();
        let going = ready.iter().filter(|container| taken.contains(&container.id)).count();
        let least = least(deployment);
        if going > 0 && ready.len() - going < least && !is_ambiguous(engine, key, deployment) {
            return Err(format!("{key} has {} Ready, needs {least}, and the plan takes {going}", ready.len()));
        }
    }
    Ok(())
}

fn has_post_start(deployment: &Deployment) -> bool {
    deployment.spec.template.container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.post_start.is_some())
}

/// How many must stay Ready whatever is replaced.
fn least(deployment: &Deployment) -> usize {
    let spec = &deployment.spec;
    let replicas = spec.replicas();
    let numbers = spec.strategy.rolling_update.clone().unwrap_or_default();
    let unavailable = numbers.max_unavailable.unwrap_or(IntOrPercent::Int(0)).of_rounded_down(replicas);
    let surge = numbers.max_surge.unwrap_or(IntOrPercent::Int(1)).of_rounded_up(replicas);
    let stop_first = surge == 0 || is_exclusive(deployment);
    let unavailable = if stop_first { unavailable.max(1) } else { unavailable };
    usize::try_from(replicas.saturating_sub(unavailable)).unwrap_or(0)
}

/// Whether two of its containers cannot run side by side.
fn is_exclusive(deployment: &Deployment) -> bool {
    let template = &deployment.spec.template;
    let fixed = |port: &skiff_api::ContainerPort| matches!(port.host_port, Some(HostPort::Fixed(_)));
    let volumes = template.volumes.iter().filter_map(|source| source.volume.as_ref());
    template.container_name.is_some()
        || template.container.ports.iter().any(fixed)
        || volumes.into_iter().any(|volume| volume.per_replica || deployment.spec.replicas() == 1)
}

/// Whether the rule says nothing: all go at once on purpose, or two containers have one ordinal.
fn is_ambiguous(engine: &SimEngine, key: &ObjectKey, deployment: &Deployment) -> bool {
    let mut ordinals: Vec<_> =
        of_object(engine, key).iter().map(|one| one.labels.get(label::REPLICA).cloned()).collect();
    let all = ordinals.len();
    ordinals.sort();
    ordinals.dedup();
    deployment.spec.strategy.kind == StrategyType::Recreate || ordinals.len() < all
}

/// Whether a container does its work: it serves, or has finished.
fn serves(engine: &SimEngine, controller: &Controller, deployment: &Deployment, container: &SimContainer) -> bool {
    // One of an earlier template keeps the policy that it was made with.
    let own = match container.restart {
        DockerRestart::No => RestartPolicy::Never,
        DockerRestart::OnFailure => RestartPolicy::OnFailure,
        DockerRestart::Always | DockerRestart::UnlessStopped => RestartPolicy::Always,
    };
    let declared = deployment.spec.template.restart_policy.unwrap_or_default();
    [own, declared].into_iter().any(|policy| has_finished(container, policy)) || is_ready(engine, controller, container)
}

/// Whether a container is Ready: it runs, Docker's check passes where there is one, and so do its probes, by what they were last told,
/// and where nobody has asked yet by what they would be told. What nobody probes serves while it runs.
fn is_ready(engine: &SimEngine, controller: &Controller, container: &SimContainer) -> bool {
    let is_healthy = matches!(container.health, None | Some(Health::Healthy));
    let known = controller.probes.verdicts().remove(&container.id);
    let known = known.filter(|verdict| Some(verdict.started_at) == container.started_at);
    let answers = match known {
        Some(verdict) => verdict.failed.is_none() && matches!(verdict.readiness, Readiness::Since(_)),
        None if controller.probes.watches(&container.id) => engine.answer(&container.id, ProbeKind::Readiness).is_ok(),
        None => true,
    };
    container.state == ContainerState::Running && is_healthy && answers
}
