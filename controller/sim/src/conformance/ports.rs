//! Ports of the host: what is taken, and what that leaves behind.

use skiff_api::{ContainerPort, HostPort, Protocol};
use skiff_core::{ContainerState, PublishedPort};

use super::stage::same;
use super::{Entry, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("a port that the engine chooses is told, and chosen again with the next start", chosen),
    ("a busy port leaves the container as it was, with the reason", busy_port),
    ("a port is taken on an address, and on all of them by those who name none", addresses),
    ("of a range the first free port is taken", range),
];

fn chosen(stage: &mut Stage<'_>) -> Result<(), String> {
    let network = stage.create_network("ports");
    stage.does(network)?;
    let mut create = stage.on_network("first", "ports", "first");
    publish(&mut create, port(HostPort::Any));
    stage.runs("first", create)?;
    let published = stage.container("first")?.ports;
    same("whether it is told", &published.first().is_some_and(|published| published.port > 0), &true)?;
    stage.does(stage.stop("first"))?;
    stage.does(stage.start("first"))?;
    same("whether another one is chosen", &stage.container("first")?.ports.is_empty(), &false)
}

fn busy_port(stage: &mut Stage<'_>) -> Result<(), String> {
    let number = stage.ports(1)?;
    first(stage, None, number)?;
    let mut second = stage.on_network("second", "ports", "second");
    publish(&mut second, Stage::port(number));
    stage.makes(second)?;
    stage.fails(stage.start("second"), "EngineFailed")?;
    same("the state", &stage.container("second")?.state, &ContainerState::Created)?;
    same("the exit code", &stage.detail("second")?.exit_code, &128)?;
    same("whether a reason is left", &!stage.detail("second")?.error.is_empty(), &true)?;
    stage.does(stage.stop("first"))?;
    same("what a stopped one publishes", &stage.container("first")?.ports.len(), &0)?;
    // The engine says that the first one has stopped a moment before it gives its port back.
    let mut start = stage.does(stage.start("second"));
    for _ in 0..50 {
        if start.is_ok() {
            break;
        }
        stage.pass_time();
        start = stage.does(stage.start("second"));
    }
    start?;
    same("the error", &stage.detail("second")?.error, &String::new())?;
    stage.fails(stage.start("first"), "EngineFailed")
}

fn publish(create: &mut skiff_core::CreateContainer, port: skiff_api::ContainerPort) {
    std::sync::Arc::make_mut(&mut create.spec.template).pod.container.ports = vec![port];
}

/// A container on the network `ports` with a port of the host.
fn first(stage: &mut Stage<'_>, host_ip: Option<&str>, number: u16) -> Result<(), String> {
    let network = stage.create_network("ports");
    stage.does(network)?;
    let mut create = stage.on_network("first", "ports", "first");
    publish(&mut create, on(host_ip, HostPort::Fixed(number)));
    stage.runs("first", create)
}

fn port(host_port: HostPort) -> ContainerPort {
    ContainerPort { host_port: Some(host_port), ..Stage::port(1) }
}

fn on(host_ip: Option<&str>, host_port: HostPort) -> ContainerPort {
    ContainerPort { host_ip: host_ip.map(str::to_owned), ..port(host_port) }
}

fn addresses(stage: &mut Stage<'_>) -> Result<(), String> {
    let number = stage.ports(1)?;
    first(stage, Some("127.0.0.1"), number)?;
    let on = |ip: &str, protocol: Protocol| ContainerPort { protocol, ..on(Some(ip), HostPort::Fixed(number)) };
    for (name, port, free) in [
        ("same", on("127.0.0.1", Protocol::Tcp), false),
        ("all", on("0.0.0.0", Protocol::Tcp), false),
        ("none", Stage::port(number), false),
        ("other", on("127.0.0.2", Protocol::Tcp), true),
        ("datagrams", on("127.0.0.1", Protocol::Udp), true),
    ] {
        let mut create = stage.on_network(name, "ports", name);
        publish(&mut create, port);
        stage.makes(create)?;
        let start = stage.start(name);
        if free { stage.does(start)? } else { stage.fails(start, "EngineFailed")? }
    }
    Ok(())
}

fn range(stage: &mut Stage<'_>) -> Result<(), String> {
    // One address: on all of them an engine that knows IPv6 as well may choose another number for each family.
    let address = Some("127.0.0.1");
    let number = stage.ports(3)?;
    first(stage, address, number)?;
    let last = number.saturating_add(2);
    let mut create = stage.on_network("ranged", "ports", "ranged");
    publish(&mut create, on(address, HostPort::Range(number, last)));
    stage.runs("ranged", create)?;
    let is_fit = |published: &PublishedPort| published.port > number && published.port <= last;
    same("whether it has another one of the range", &stage.container("ranged")?.ports.iter().all(is_fit), &true)?;
    same("whether it has one", &stage.container("ranged")?.ports.is_empty(), &false)
}
