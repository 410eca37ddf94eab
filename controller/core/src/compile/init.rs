//! Init containers: what they leave out is the main container's, but for what only the main process has.

use std::sync::Arc;

use skiff_api::{Container, EnvVar, InitContainer, PodTemplate, RestartPolicy};

use super::workload::{Origin, template};
use crate::desired::{Attachment, EngineRestart, InPlace, Init, Template};

/// The init containers of a template in their order.
pub(super) fn inits(origin: &Origin<'_>, pod: &PodTemplate, main: &Template, networks: &[Attachment]) -> Vec<Init> {
    let compiled = |init: &InitContainer| {
        let own = template(origin, &pod_of(pod, init), networks);
        // It belongs to the main container's revision; it runs the same image as that, where it names no other.
        let identity = if has_own_image(init, &pod.container) { own.identity } else { main.identity.clone() };
        let in_place = InPlace { restart_policy: Some(EngineRestart::Never), ..own.in_place };
        Init {
            name: init.name.clone(),
            template: Arc::new(Template { hash: main.hash.clone(), identity, in_place, ..own }),
        }
    };
    pod.init_containers.iter().map(compiled).collect()
}

fn has_own_image(init: &InitContainer, main: &Container) -> bool {
    init.image.as_ref().is_some_and(|image| *image != main.image)
}

fn pod_of(pod: &PodTemplate, init: &InitContainer) -> PodTemplate {
    PodTemplate {
        container: container(&pod.container, init),
        init_containers: Vec::new(),
        container_name: None,
        restart: None,
        restart_policy: Some(RestartPolicy::Never),
        ..pod.clone()
    }
}

/// The command of another image or another program is no use with the main one's arguments.
fn container(main: &Container, init: &InitContainer) -> Container {
    let is_other = has_own_image(init, main);
    let (command, args) = if is_other || init.command.is_some() {
        (init.command.clone(), init.args.clone())
    } else {
        (main.command.clone(), init.args.clone().or_else(|| main.args.clone()))
    };
    let mut container = Container {
        image: init.image.clone().unwrap_or_else(|| main.image.clone()),
        command,
        args,
        working_dir: init.working_dir.clone().or_else(|| main.working_dir.clone().filter(|_| !is_other)),
        env: variables(&main.env, &init.env),
        volume_mounts: init.volume_mounts.clone().unwrap_or_else(|| main.volume_mounts.clone()),
        user: init.user.clone().or_else(|| main.user.clone()),
        ports: Vec::new(),
        health_check: None,
        startup_probe: None,
        readiness_probe: None,
        liveness_probe: None,
        lifecycle: None,
        ..main.clone()
    };
    container.security_context.privileged |= init.privileged;
    (container.stdin, container.stdin_once, container.tty) = (false, false, false);
    container
}

/// The main container's variables, with those of the init container in their place and behind them.
fn variables(main: &[EnvVar], own: &[EnvVar]) -> Vec<EnvVar> {
    let is_own = |variable: &&EnvVar| own.iter().any(|own| own.name == variable.name);
    main.iter().filter(|variable| !is_own(variable)).chain(own).cloned().collect()
}
