//! Probes and hooks as people read them, one line each, in the form of `kubectl describe`.

use skiff_api::{Container, HealthCheck, HookAction};

use super::{Check, HttpCheck};
use crate::probe::{ProbePlan, ProbeSpec, START_INTERVAL};

/// What a container is asked and told, by what it is for: its probes, Docker's own check, its hooks.
pub fn told_checks(container: &Container) -> Vec<(&'static str, String)> {
    // Whose address it is goes without saying.
    let plan = ProbePlan::of(container, Ok(""), START_INTERVAL).unwrap_or_default();
    let ProbePlan { startup, readiness, liveness, is_early: _ } = plan;
    let probe = |name, spec: Option<ProbeSpec>| Some((name, told_probe(&spec?)));
    let hooks = container.lifecycle.as_ref();
    let hook = |name, hook: Option<&HookAction>| Some((name, told(&Check::of_hook(hook?, container, Ok("")))));
    let lines = [
        probe("Startup", startup),
        probe("Readiness", readiness),
        probe("Liveness", liveness),
        container.health_check.as_ref().map(|check| ("Health check", told_health_check(check))),
        hook("Post start", hooks.and_then(|hooks| hooks.post_start.as_ref())),
        hook("Pre stop", hooks.and_then(|hooks| hooks.pre_stop.as_ref())),
    ];
    lines.into_iter().flatten().collect()
}

fn told_probe(spec: &ProbeSpec) -> String {
    let ProbeSpec { check, initial_delay, period, timeout, success_threshold, failure_threshold } = spec;
    let [delay, timeout, period] = [initial_delay, timeout, period].map(jiff::SignedDuration::as_secs);
    let times = format!("delay={delay}s timeout={timeout}s period={period}s");
    format!("{} {times} #success={success_threshold} #failure={failure_threshold}", told(check))
}

fn told(check: &Check) -> String {
    match check {
        Check::Exec { command } => exec(command),
        Check::Commands(commands) => {
            commands.iter().map(|command| exec(&command.command)).collect::<Vec<_>>().join(", ")
        }
        Check::Http(HttpCheck { host, port, path, tls, headers: _ }) => {
            let scheme = if *tls { "https" } else { "http" };
            format!("http-get {scheme}://{host}:{port}{path}")
        }
        Check::Tcp { host, port } => format!("tcp-socket {host}:{port}"),
        Check::Grpc { host, port, service } => format!("grpc {host}:{port} {service}").trim_end().to_owned(),
        Check::Sleep(time) => format!("sleep {time}"),
        Check::Unaskable { why, .. } => why.clone(),
    }
}

fn exec(command: &[String]) -> String {
    format!("exec [{}]", command.join(" "))
}

/// What is left out is as the image says, or as Docker does.
fn told_health_check(check: &HealthCheck) -> String {
    let HealthCheck { test, interval, timeout, retries, start_period, start_interval } = check;
    let test = if test.is_empty() { "as the image says".to_owned() } else { exec(test) };
    let times =
        [("interval", interval), ("timeout", timeout), ("start", start_period), ("start-interval", start_interval)];
    let times = times.iter().filter_map(|(name, time)| Some(format!(" {name}={}", time.as_ref()?)));
    let retries = retries.map(|retries| format!(" #failure={retries}"));
    [test].into_iter().chain(times).chain(retries).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_are_told_in_one_line_each_as_kubectl_does() {
        let container: Container = serde_json::from_value(json!({
            "image": "app:1", "ports": [{ "name": "http", "containerPort": 8000 }],
            "livenessProbe": { "httpGet": { "path": "/health", "port": "http" } },
            "readinessProbe": { "exec": { "command": ["cat", "/tmp/healthy"] }, "initialDelaySeconds": 5, "periodSeconds": 5 },
            "startupProbe": { "grpc": { "port": 9000 }, "failureThreshold": 30 },
            "healthCheck": { "test": ["CMD-SHELL", "true"], "interval": "5s" },
            "lifecycle": { "preStop": { "sleep": "3s" }, "postStart": { "exec": { "command": ["warm"] } } },
        }))
        .expect("a container");
        let lines: Vec<String> = told_checks(&container).iter().map(|(name, text)| format!("{name}: {text}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        Startup: grpc :9000 delay=0s timeout=1s period=10s #success=1 #failure=30
        Readiness: exec [cat /tmp/healthy] delay=5s timeout=1s period=5s #success=1 #failure=3
        Liveness: http-get http://:8000/health delay=0s timeout=1s period=10s #success=1 #failure=3
        Health check: exec [CMD-SHELL true] interval=5s
        Post start: exec [warm]
        Pre stop: sleep 3s
        ");
    }
}
