//! Probes, Docker's health check and hooks.

use super::words::{at_least_one, exactly_one, one_of};
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{
    Complaint, Container, ContainerPort, Duration, ExecAction, HealthCheck, HookAction, HttpGetAction, PortRef, Probe,
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
        ["NONE"] | ["CMD", _, ..] | ["CMD-SHELL", _] => None,
        [] => Some(("`test` is empty", "write `[CMD, program, …]`, `[CMD-SHELL, command]` or `[NONE]`")),
        ["NONE", ..] => Some(("`test` has words behind NONE", "write `[NONE]`")),
        ["CMD" | "CMD-SHELL"] => Some(("`test` has no command", "write it behind the first word: `[CMD, program, …]`")),
        ["CMD-SHELL", ..] => Some(("`test` has more than one command", "CMD-SHELL takes a whole line as one text")),
        _ => {
            Some(("`test` must begin with CMD, CMD-SHELL or NONE", "put `CMD` before the program: `[CMD, program, …]`"))
        }
    };
    out.extend(complaint.map(|(message, help)| at_test.says(message).for_want_of(&at_test).help(help)));
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
    let given = [("exec", hook.exec.is_some()), ("httpGet", hook.http_get.is_some()), ("sleep", hook.sleep.is_some())];
    exactly_one(&given, at, out);
    exec(hook.exec.as_ref(), at, out);
    http_get(hook.http_get.as_ref(), ports, at, out);
}
