//! Probes, Docker's health check and hooks.

use super::words::{at_least_one, exactly_one, one_of};
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{
    Complaint, Container, ContainerPort, Duration, ExecAction, HealthCheck, HookAction, HookCommand, HttpGetAction,
    PortRef, Probe,
};

/// The ports of a container, and where they stand.
type Ports<'a> = (&'a [ContainerPort], &'a At<'a>);

/// Complains about everything that looks at or acts on a running container.
pub(super) fn check(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_ports = at.key("ports");
    let ports = (container.ports.as_slice(), &at_ports);
    let probes = [
        ("readinessProbe", &container.readiness_probe),
        ("livenessProbe", &container.liveness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (name, given) in probes {
        if let Some(given) = given {
            probe(given, ports, &at.key(name), out);
            if name != "readinessProbe" && given.success_threshold.is_some_and(|threshold| threshold > 1) {
                out.push(at.key(name).key("successThreshold").says(format!("`successThreshold` must be 1 in {name}")));
            }
        }
    }
    if let Some(health) = &container.health_check {
        health_check(health, &at.key("healthCheck"), out);
    }
    if let Some(lifecycle) = &container.lifecycle {
        let at = at.key("lifecycle");
        for (name, given) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
            if let Some(given) = given {
                hook(given, ports, &at.key(name), out);
            }
        }
    }
}

/// Complains about what asks or prepares something that serves: an attempt of a job is made, runs, and ends.
pub(super) fn check_job(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    let hangs = "leave it out; `activeDeadlineSeconds` ends a run that hangs";
    let ends = "leave it out; what waits for a job waits for its end, with `condition: Completed`";
    let probes = [
        ("readinessProbe", container.readiness_probe.is_some(), ends),
        ("livenessProbe", container.liveness_probe.is_some(), hangs),
        ("startupProbe", container.startup_probe.is_some(), hangs),
    ];
    for (name, _, help) in probes.into_iter().filter(|(_, is_given, _)| *is_given) {
        out.push(at.key(name).says(format!("`{name}` in a job, which serves nobody")).on_key().help(help));
    }
    if container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.post_start.is_some()) {
        let complaint = at.key("lifecycle").key("postStart").says("`postStart` in a job").on_key();
        out.push(complaint.help("leave it out; begin the command with it, or use `initContainers`"));
    }
}

fn probe(probe: &Probe, ports: Ports<'_>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let given = [
        ("exec", probe.exec.is_some()),
        ("httpGet", probe.http_get.is_some()),
        ("tcpSocket", probe.tcp_socket.is_some()),
        ("grpc", probe.grpc.is_some()),
    ];
    exactly_one(&given, at, out);
    exec(probe.exec.as_ref(), at, out);
    http_get(probe.http_get.as_ref(), ports, at, out);
    if let Some(action) = &probe.tcp_socket {
        port(&action.port, ports, &at.key("tcpSocket").key("port"), out);
    }
    if let Some(action) = &probe.grpc {
        port(&action.port, ports, &at.key("grpc").key("port"), out);
    }
    at_least_one(probe.period_seconds, &at.key("periodSeconds"), out);
    at_least_one(probe.timeout_seconds, &at.key("timeoutSeconds"), out);
    at_least_one(probe.success_threshold, &at.key("successThreshold"), out);
    at_least_one(probe.failure_threshold, &at.key("failureThreshold"), out);
}

fn exec(action: Option<&ExecAction>, at: &At<'_>, out: &mut Vec<Complaint>) {
    if action.is_some_and(|action| action.command.is_empty()) {
        let (exec, word) = (at.key("exec"), "command");
        let complaint = exec.key(word).says("`command` is empty").for_want_of(&exec.key(word));
        out.push(complaint.help("write the program and its arguments: `[/app/check]`"));
    }
}

fn hook_command(command: &HookCommand, at: &At<'_>, out: &mut Vec<Complaint>) {
    if command.command.is_empty() {
        let at = at.key("command");
        out.push(
            at.says("`command` is empty").for_want_of(&at).help("write the program and its arguments: `[/app/warm]`"),
        );
    }
    if let Some(name) = command.env.keys().find(|name| name.is_empty() || name.contains('=')) {
        out.push(
            at.key("env")
                .says(format!("no variable can be called `{name}`"))
                .help("a name is not empty and has no `=`"),
        );
    }
}

fn http_get(action: Option<&HttpGetAction>, ports: Ports<'_>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let Some(action) = action else { return };
    let at = at.key("httpGet");
    port(&action.port, ports, &at.key("port"), out);
    one_of(action.scheme.as_ref(), &["HTTP", "HTTPS"], &at.key("scheme"), out);
    if let Some(path) = action.path.as_ref().filter(|path| !path.is_empty() && !path.starts_with('/')) {
        out.push(at.key("path").says(format!("`path` must begin with `/`, found `{path}`")));
    }
}

fn port(port: &PortRef, (ports, at_ports): Ports<'_>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let names = || ports.iter().filter_map(|port| port.name.as_deref());
    match port {
        PortRef::Number(0) => out.push(at.says("`port` is 0: ports go from 1 to 65535")),
        PortRef::Name(name) if !names().any(|known| known == name) => {
            let complaint = at.says(format!("no port is named `{name}` in `ports`"));
            let complaint = complaint.for_want_of(&at_ports.any().key("name"));
            out.push(match nearest(name, names()) {
                Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
                None => complaint.help("name a port in `ports`, or give its number"),
            });
        }
        PortRef::Number(_) | PortRef::Name(_) => {}
    }
}

fn health_check(health: &HealthCheck, at: &At<'_>, out: &mut Vec<Complaint>) {
    let words: Vec<&str> = health.test.iter().map(String::as_str).collect();
    let at_test = at.key("test");
    let complaint = match words.as_slice() {
        // The times of the image's own check.
        [] if *health != HealthCheck::default() => None,
        ["NONE"] | ["CMD", _, ..] | ["CMD-SHELL", _] => None,
        [] => Some((
            at,
            "`healthCheck` says nothing",
            "write `test: [CMD, program, …]`, or a time of the image's own check",
        )),
        ["NONE", ..] => Some((&at_test, "`test` has words behind NONE", "write `[NONE]`")),
        ["CMD" | "CMD-SHELL"] => {
            Some((&at_test, "`test` has no command", "write it behind the first word: `[CMD, program, …]`"))
        }
        ["CMD-SHELL", ..] => {
            Some((&at_test, "`test` has more than one command", "CMD-SHELL takes a whole line as one text"))
        }
        _ => {
            let help = "put `CMD` before the program: `[CMD, program, …]`";
            Some((&at_test, "`test` must begin with CMD, CMD-SHELL or NONE", help))
        }
    };
    out.extend(complaint.map(|(at, message, help)| at.says(message).for_want_of(&at_test).help(help)));
    let times = [
        ("interval", health.interval),
        ("timeout", health.timeout),
        ("startPeriod", health.start_period),
        ("startInterval", health.start_interval),
    ];
    for (name, time) in times {
        let too_short = |time: &Duration| (1..1_000_000).contains(&time.nanos());
        if let Some(time) = time.filter(too_short) {
            out.push(at.key(name).says(format!("`{name}` is {time}: the least is 1ms")));
        }
    }
}

fn hook(hook: &HookAction, ports: Ports<'_>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let given = [
        ("exec", hook.exec.is_some()),
        ("commands", !hook.commands.is_empty()),
        ("httpGet", hook.http_get.is_some()),
        ("sleep", hook.sleep.is_some()),
    ];
    exactly_one(&given, at, out);
    let at_commands = at.key("commands");
    for (index, command) in hook.commands.iter().enumerate() {
        hook_command(command, &at_commands.index(index), out);
    }
    exec(hook.exec.as_ref(), at, out);
    http_get(hook.http_get.as_ref(), ports, at, out);
}
