//! Docker's health check as probes that pass when the container is well: it starts, it is ready, and only then, later, it is given up.

use k8s_openapi::api::core::v1::{ExecAction, HTTPGetAction, HTTPHeader, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::{Container, Duration, HealthCheck, Protocol};

use crate::dollar::escape;
use crate::ledger::Scope;
use crate::report::Verdict;

/// What Docker does when a health check says nothing.
const INTERVAL: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

/// The probes of a container.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    pub(super) startup: Option<Probe>,
    pub(super) readiness: Option<Probe>,
    pub(super) liveness: Option<Probe>,
}

/// Fills in what a container has no probe of its own for.
pub(super) fn add(check: &HealthCheck, container: &Container, probes: &mut Probes, scope: &mut Scope<'_, '_>) {
    let HealthCheck { test, interval, timeout, retries, start_period, start_interval } = check;
    let mut scope = scope.at("healthCheck", "");
    let Some(action) = action(test, container) else {
        let none = test.first().is_none_or(|word| word == "NONE");
        if none {
            scope.exact(test, "test", "");
        } else {
            scope.lost("test", "it is no check", "write `[CMD, program]` or `[CMD-SHELL, command]`");
        }
        return unused(check, "there is no check", &mut scope);
    };
    if probes.startup.is_some() && probes.readiness.is_some() && probes.liveness.is_some() {
        let why = "it has all three probes of its own, which a pod is judged by";
        scope.dropped(test, "test", why, "");
        return unused(check, why, &mut scope);
    }
    rows(check, &action, probes, &mut scope);
    let seconds = |time: Duration| i32::try_from(time.secs_ceil().max(1)).unwrap_or(i32::MAX);
    let period = seconds(interval.unwrap_or(INTERVAL));
    let failures = i32::try_from(retries.unwrap_or(RETRIES).max(1)).unwrap_or(i32::MAX);
    let asked = Probe { timeout_seconds: Some(seconds(timeout.unwrap_or(INTERVAL))), ..action };
    if probes.startup.is_none() {
        let quick = start_interval.map_or_else(|| period.min(5), seconds);
        let budget = i64::from(period).saturating_mul(failures.into());
        let start = start_period.map_or(0, |time| i64::try_from(time.secs_ceil()).unwrap_or(i64::MAX));
        let tries = budget.saturating_add(start).max(30).div_euclid(i64::from(quick)).saturating_add(1);
        let failure_threshold = Some(i32::try_from(tries).unwrap_or(i32::MAX));
        probes.startup = Some(Probe { period_seconds: Some(quick), failure_threshold, ..asked.clone() });
    }
    let own_readiness = probes.readiness.is_some();
    if !own_readiness {
        let failure_threshold = Some(failures);
        probes.readiness = Some(Probe { period_seconds: Some(period), failure_threshold, ..asked.clone() });
    }
    if probes.liveness.is_none() {
        let failure_threshold = Some(failures.saturating_mul(2));
        probes.liveness = Some(Probe { period_seconds: Some(period), failure_threshold, ..asked });
    }
}

/// The rows of how a check is run that is not.
fn unused(check: &HealthCheck, why: &str, scope: &mut Scope<'_, '_>) {
    let HealthCheck { test: _, interval, timeout, retries, start_period, start_interval } = check;
    scope.dropped(interval, "interval", why, "");
    scope.dropped(timeout, "timeout", why, "");
    scope.dropped(retries, "retries", why, "");
    scope.dropped(start_period, "startPeriod", why, "");
    scope.dropped(start_interval, "startInterval", why, "");
}

fn rows(check: &HealthCheck, action: &Probe, probes: &Probes, scope: &mut Scope<'_, '_>) {
    let HealthCheck { test, interval, timeout, retries, start_period, start_interval } = check;
    let whom = match (probes.readiness.is_some(), probes.liveness.is_some()) {
        (false, _) => "startupProbe, readinessProbe",
        (true, false) => "startupProbe, livenessProbe",
        (true, true) => "startupProbe",
    };
    if action.http_get.is_some() {
        let why = "the kubelet asks instead of a program in the container";
        scope.near(test, "test", whom, why, "");
    } else {
        scope.exact(test, "test", whom);
    }
    if probes.liveness.is_none() {
        let why = "what is unhealthy is restarted, after twice as many failures as take it out of service";
        scope.says(Verdict::Approximated, "", "livenessProbe", why, "");
    }
    let whole = |time: &Option<Duration>| time.is_none_or(|time| time.nanos() % 1_000_000_000 == 0);
    let why = "Kubernetes counts whole seconds";
    for (time, key, field) in [
        (interval, "interval", "periodSeconds"),
        (timeout, "timeout", "timeoutSeconds"),
        (start_interval, "startInterval", "startupProbe.periodSeconds"),
    ] {
        if whole(time) {
            scope.exact(time, key, field);
        } else {
            scope.near(time, key, field, why, "");
        }
    }
    scope.exact(retries, "retries", "failureThreshold");
    scope.exact(start_period, "startPeriod", "startupProbe.failureThreshold");
}

/// What is asked: a declared port by HTTP where the check does no more than that, else the check's own program.
fn action(test: &[String], container: &Container) -> Option<Probe> {
    let (kind, words) = test.split_first()?;
    let command = match (kind.as_str(), words) {
        ("CMD", [_, ..]) => words.to_vec(),
        ("CMD-SHELL", [line, ..]) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        _ => return None,
    };
    let plain = match kind.as_str() {
        "CMD" => words.to_vec(),
        _ => shell_words(words.first()?).unwrap_or_default(),
    };
    if let Some(http) = http_get(&plain, container) {
        return Some(Probe { http_get: Some(http), ..Probe::default() });
    }
    let command = command.iter().map(|word| escape(word)).collect();
    Some(Probe { exec: Some(ExecAction { command: Some(command) }), ..Probe::default() })
}

/// The words of a line that a shell takes apart at blanks and nowhere else; `|| exit 1` at its end says nothing more.
fn shell_words(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    let line = line.strip_suffix("|| exit 1").unwrap_or(line).trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || " -_./:=@%,".contains(c);
    line.chars().all(fits).then(|| line.split_ascii_whitespace().map(str::to_owned).collect())
}

/// Flags of curl and wget that make no other request and no other verdict.
const HARMLESS: [&str; 22] = [
    "-f",
    "--fail",
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-sS",
    "-fs",
    "-sf",
    "-fsS",
    "-sSf",
    "-fSs",
    "-q",
    "--quiet",
    "-qO-",
    "-O-",
    "-nv",
    "--no-verbose",
    "--spider",
    "-sfS",
    "-Ssf",
    "-L",
];

/// Flags with a word behind them that only says where the answer goes or how long it may take.
const WITH_WORD: [&str; 8] = ["-o", "--output", "-O", "-m", "--max-time", "-T", "--timeout", "--tries"];

/// A request that does no more than ask a declared port of the container itself.
fn http_get(words: &[String], container: &Container) -> Option<HTTPGetAction> {
    let (program, rest) = words.split_first()?;
    let is_curl = matches!(program.as_str(), "curl" | "/usr/bin/curl");
    let is_wget = matches!(program.as_str(), "wget" | "/usr/bin/wget");
    // Without it curl is content with any answer.
    let fails = rest
        .iter()
        .any(|word| word == "--fail" || (word.starts_with('-') && !word.starts_with("--") && word.contains('f')));
    if !(is_wget || (is_curl && fails)) {
        return None;
    }
    let mut url = None;
    let mut words = rest.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if WITH_WORD.contains(&word) {
            words.next()?;
        } else if !word.starts_with('-') && url.is_none() {
            url = Some(word);
        } else if !HARMLESS.contains(&word) && !word.starts_with("--timeout=") && !word.starts_with("--tries=") {
            return None;
        }
    }
    local(url?, container)
}

fn local(url: &str, container: &Container) -> Option<HTTPGetAction> {
    let rest = url.strip_prefix("http://").or_else(|| (!url.contains("://")).then_some(url))?;
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, path.to_owned()));
    let (name, port) = host.split_once(':').map_or((host, Some(80)), |(name, port)| (name, port.parse::<u16>().ok()));
    let port = port?;
    let is_here = ["localhost", "127.0.0.1", "0.0.0.0"].contains(&name);
    let is_declared = container.ports.iter().any(|it| it.container_port == port && it.protocol == Protocol::Tcp);
    (is_here && is_declared).then(|| HTTPGetAction {
        path: Some(format!("/{path}")),
        port: IntOrString::Int(i32::from(port)),
        // As the program in the container asks: servers that know their own names answer no others.
        http_headers: Some(vec![HTTPHeader { name: "Host".to_owned(), value: host.to_owned() }]),
        ..HTTPGetAction::default()
    })
}

#[cfg(test)]
mod tests;
