//! What the host publishes: HTTP by an Ingress or a Gateway, all else by a Service of its own on the published port; what only
//! the host itself reaches is reported and not exposed.

mod http;
mod reach;
mod service;

use skiff_api::{HostPort, Protocol};

use super::Sink;
use crate::report::Verdict;
use crate::stack::{Port, Run, Stack, Workload, has_own};
use http::by_http;
use reach::{is_http, reach};
use service::by_service;

/// A port that is published and how.
struct Published<'p> {
    /// Where it stands in the list.
    index: usize,
    port: &'p Port,
    host_port: HostPort,
}

/// The ports of a workload that are published by HTTP, and those that are published otherwise.
#[derive(Default)]
struct Exposed<'p> {
    http: Vec<Published<'p>>,
    other: Vec<Published<'p>>,
}

/// Writes what publishes.
pub(super) fn published(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    let exposed: Vec<(&Workload<'_>, Exposed<'_>)> =
        stack.workloads.values().map(|it| (it, exposed(it, sink))).collect();
    let count: usize = exposed.iter().map(|(_, exposed)| exposed.http.len()).sum();
    for (workload, exposed) in &exposed {
        for (position, http) in exposed.http.iter().enumerate() {
            by_http(stack, workload, http, (position, count), sink);
        }
        if !exposed.other.is_empty() {
            by_service(stack, workload, &exposed.other, sink);
        }
    }
}

/// The ports of a workload that anybody may reach from outside.
pub(super) fn open_ports<'w>(stack: &Stack<'_>, workload: &'w Workload<'_>) -> Vec<&'w Port> {
    let mut ledger = crate::ledger::Ledger::new(stack.input.places);
    let mut scope = ledger.scope(workload.key, "");
    let ports = workload.template.container.ports.iter();
    let public = ports.filter(|port| reach(port, &mut scope).is_some());
    let numbers: Vec<(u16, Protocol)> = public.map(|port| (port.container_port, port.protocol)).collect();
    workload.ports.iter().filter(|port| numbers.contains(&(port.number, port.protocol))).collect()
}

/// Sorts the published ports of a workload.
fn exposed<'w>(workload: &'w Workload<'_>, sink: &mut Sink<'_>) -> Exposed<'w> {
    let mut exposed = Exposed::default();
    let container = &workload.template.container;
    let pointer = workload.template_pointer();
    for (index, declared) in container.ports.iter().enumerate() {
        let mut scope = sink.ledger.scope(workload.key, "");
        let mut scope = scope.at(&format!("{pointer}/container/ports/{index}"), "");
        let Some(host_port) = reach(declared, &mut scope) else { continue };
        let same = |port: &&Port| port.number == declared.container_port && port.protocol == declared.protocol;
        let Some(port) = workload.ports.iter().find(same) else { continue };
        if !matches!(workload.run, Run::Forever(_)) || !has_own(workload) {
            let why = "what runs to its end is not published";
            scope.says(Verdict::Dropped, "hostPort", "", why, "reach it with `kubectl port-forward`");
            continue;
        }
        let published = Published { index, port, host_port };
        let all = exposed.http.iter().chain(&exposed.other);
        if all.into_iter().any(|known| known.port == port) {
            let why = "the same port is published once already";
            scope.says(Verdict::Approximated, "hostPort", "", why, "");
        } else if is_http(workload, declared, host_port, &mut scope) {
            exposed.http.push(published);
        } else {
            exposed.other.push(published);
        }
    }
    exposed
}
