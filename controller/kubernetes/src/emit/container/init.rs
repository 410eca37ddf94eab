//! A container that runs before the main one; what it leaves out is the main container's.

use k8s_openapi::api::core::v1::{Container, SecurityContext};
use skiff_api::InitContainer;

use crate::dollar::escape_all;
use crate::emit::building::Building;
use crate::emit::meta::listed;
use crate::emit::security::{self, RunAs, user};
use crate::emit::volumes::Planned;
use crate::emit::{env, image, mounts, words};
use crate::ledger::{Ledger, Scope};
use crate::names::{label, suffixed};
use crate::report::Verdict;
use crate::stack::{Stack, Workload};

/// Writes one.
pub(in crate::emit) fn init(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    index: usize,
    init: &InitContainer,
    planned: &[Planned],
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Container {
    let InitContainer { name, image, command, args, working_dir, env, volume_mounts, user: named, privileged } = init;
    let main = &workload.template.container;
    let container_name = label(name, 63);
    let mut scope = scope.at(&format!("initContainers/{index}"), &format!("initContainers[{container_name}]"));
    scope.exact(name, "name", "name");
    scope.exact(command, "command", "command");
    scope.exact(args, "args", "args");
    words::told(command.as_deref().unwrap_or_default(), "command", &mut scope);
    words::told(args.as_deref().unwrap_or_default(), "args", &mut scope);
    scope.exact(working_dir, "workingDir", "workingDir");
    let run_as = user(named.as_deref(), "user", &mut scope);
    let holder = suffixed(&workload.key.name, &label(name, 20));
    // What is the main container's has its rows there.
    let mut unheard = Ledger::new(stack.input.places);
    let mut silent = unheard.scope(workload.key, "");
    let is_own = |name: &str| env.iter().any(|variable| variable.name == name);
    let mut variables = env::env(workload, &workload.key.name, &main.env, &mut silent, building);
    variables.retain(|variable| !is_own(&variable.name));
    variables.extend(env::env(workload, &holder, env, &mut scope, building));
    let mounted = match volume_mounts {
        Some(own) => mounts::mounts(own, planned, &mut scope),
        None => mounts::mounts(&main.volume_mounts, planned, &mut silent),
    };
    let env_from = env::env_from(workload, &main.env_from, &mut silent, building);
    let named = if run_as == RunAs::default() { user(main.user.as_deref(), "", &mut silent) } else { run_as };
    let (mut context, _) = security::context(stack, main, named, &mut silent);
    if run_as.user.is_some() {
        (context.run_as_user, context.run_as_group) = (run_as.user, run_as.group);
    }
    privileges(stack, *privileged, &mut context, &mut scope);
    let reference = image::pushed(stack.options, image.as_deref().unwrap_or(&main.image), scope.ledger());
    if let Some(own) = image {
        super::image::taken_from(own, &reference, &mut scope);
    }
    Container {
        name: container_name,
        image: Some(reference),
        image_pull_policy: Some(super::image::pull_policy(main.image_pull_policy).to_owned()),
        command: command.as_ref().or(main.command.as_ref()).map(|words| escape_all(words)),
        args: args.as_ref().or(main.args.as_ref()).map(|words| escape_all(words)),
        working_dir: working_dir.clone().or_else(|| main.working_dir.clone()),
        env: listed(variables),
        env_from: listed(env_from),
        volume_mounts: listed(mounted),
        security_context: Some(context).filter(|context| *context != SecurityContext::default()),
        ..Container::default()
    }
}

fn privileges(stack: &Stack<'_>, privileged: bool, context: &mut SecurityContext, scope: &mut Scope<'_, '_>) {
    if privileged && stack.options.hardened {
        let why = "the restricted level allows it to nobody";
        scope.says(Verdict::Dropped, "privileged", "", why, "export without `--hardened`");
    } else if privileged {
        scope.exact(&privileged, "privileged", "securityContext.privileged");
        context.privileged = Some(true);
        // Kubernetes takes no limit of rights beside all of them.
        context.allow_privilege_escalation = None;
    }
}
