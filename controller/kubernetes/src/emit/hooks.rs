//! What happens after the start and before the stop, and the signal that asks for it.

use k8s_openapi::api::core::v1::{ExecAction, Lifecycle, LifecycleHandler, SleepAction};
use skiff_api::{Container, HookAction, HookCommand};

use super::probes;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::Stack;
use crate::version::Feature;

/// The hooks of a container, and the signal where the cluster's version has a field for it.
pub(super) fn lifecycle(
    stack: &Stack<'_>,
    container: &Container,
    grace: i64,
    scope: &mut Scope<'_, '_>,
) -> Option<Lifecycle> {
    let mut written = Lifecycle { stop_signal: stop_signal(stack, container, scope), ..Lifecycle::default() };
    if let Some(skiff_api::Lifecycle { post_start, pre_stop }) = &container.lifecycle {
        let mut scope = scope.at("lifecycle", "lifecycle");
        if let Some(hook) = post_start {
            written.post_start = handler(stack, hook, container, i64::MAX, &mut scope.at("postStart", "postStart"));
        }
        if let Some(hook) = pre_stop {
            written.pre_stop = handler(stack, hook, container, grace, &mut scope.at("preStop", "preStop"));
        }
    }
    (written != Lifecycle::default()).then_some(written)
}

/// What is done; `None` where nothing is left of it, for the API takes no handler that does nothing.
fn handler(
    stack: &Stack<'_>,
    hook: &HookAction,
    container: &Container,
    longest: i64,
    scope: &mut Scope<'_, '_>,
) -> Option<LifecycleHandler> {
    let HookAction { exec, commands, http_get, sleep } = hook;
    let alone = only(commands, scope);
    // Kubernetes expands nothing in the commands of hooks.
    scope.exact(exec, "exec", "exec");
    let http_get = http_get.as_ref().map(|action| probes::http(action, container, &mut scope.at("httpGet", "httpGet")));
    let seconds = |time: skiff_api::Duration| i64::try_from(time.secs_ceil()).unwrap_or(i64::MAX);
    if sleep.is_some_and(|time| seconds(time) > longest) {
        let why = "Kubernetes takes none that is longer than the grace period, which ends it in Docker as well";
        scope.near(sleep, "sleep", "sleep", why, "");
    } else if sleep.is_some_and(|time| time.nanos() % 1_000_000_000 != 0) {
        scope.near(sleep, "sleep", "sleep", "Kubernetes counts whole seconds", "");
    } else {
        scope.exact(sleep, "sleep", "sleep");
    }
    let command = exec.as_ref().map(|action| &action.command).or(alone);
    let exec = command.map(|command| ExecAction { command: Some(command.clone()) });
    let sleep = sleep.map(|time| SleepAction { seconds: seconds(time).min(longest) });
    // Older versions refuse one that takes no time, which is nothing to do anyway.
    let sleep = sleep.filter(|it| it.seconds > 0 || stack.options.version.has(Feature::SleepOfNoTime));
    let handler = LifecycleHandler { exec, http_get, sleep, tcp_socket: None };
    (handler != LifecycleHandler::default()).then_some(handler)
}

/// The command of a hook that is one, as the container's own user and in its folder: Kubernetes knows no other.
fn only<'h>(commands: &'h [HookCommand], scope: &mut Scope<'_, '_>) -> Option<&'h Vec<String>> {
    let remedy = "write them as one command: `[sh, -c, 'cd /app && first && second']`";
    let [HookCommand { command, user, privileged, working_dir, env }] = commands else {
        if !commands.is_empty() {
            scope.lost("commands", "a hook is one command there", remedy);
        }
        return None;
    };
    let is_plain = user.is_none() && !privileged && working_dir.is_none() && env.is_empty();
    if is_plain {
        scope.exact(command, "commands", "exec");
    } else {
        let why = "a hook runs as the container's user, in its folder and with its variables";
        scope.near(command, "commands", "exec", why, remedy);
    }
    Some(command)
}

/// Signals by their names; Kubernetes wants no numbers.
fn stop_signal(stack: &Stack<'_>, container: &Container, scope: &mut Scope<'_, '_>) -> Option<String> {
    let signal = container.stop_signal.as_ref()?;
    let name = if signal.starts_with("SIG") { signal.clone() } else { format!("SIG{signal}") };
    let name = match signal.as_str() {
        "1" => "SIGHUP".to_owned(),
        "2" => "SIGINT".to_owned(),
        "3" => "SIGQUIT".to_owned(),
        "9" => "SIGKILL".to_owned(),
        "10" => "SIGUSR1".to_owned(),
        "12" => "SIGUSR2".to_owned(),
        "15" => "SIGTERM".to_owned(),
        _ => name,
    };
    let remedy = "set STOPSIGNAL in the image, which every version honours";
    if !stack.options.version.has(Feature::StopSignal) {
        let why = format!("Kubernetes {} has no field for it", stack.options.version);
        scope.lost("stopSignal", &why, remedy);
        return None;
    }
    if name.bytes().any(|byte| byte.is_ascii_digit()) && !name.starts_with("SIGUSR") {
        scope.lost("stopSignal", "Kubernetes takes signals by name only", remedy);
        return None;
    }
    let why = "it counts only where the feature gate ContainerStopSignals is on";
    scope.says(Verdict::Approximated, "stopSignal", "lifecycle.stopSignal", why, remedy);
    Some(name)
}
