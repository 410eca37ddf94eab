//! Which ports a workload listens on: those that it declares, that its own checks ask and that others speak to, for Docker shuts none
//! that is not declared; where there is none, those that its command names or that its image is known for.

use std::collections::BTreeSet;

use skiff_api::{Container, ContainerPort, ObjectKey, PortRef, Probe, Protocol};

use super::peers::{self, Spoken};
use super::{Form, Stack};
use crate::names::label;

/// How a port is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is declared.
    Declared,
    /// The workload's own check asks it.
    Check,
    /// Another workload speaks to it.
    Peer,
    /// Its command, or the one of its check, has it as an option.
    Command,
    /// The image is known for it.
    Image,
}

/// A port that a workload listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
    pub(crate) app_protocol: Option<String>,
    pub(crate) origin: Origin,
}

/// The longest name of a container's port.
const LONGEST_NAME: usize = 15;

/// What well-known images listen on.
const IMAGES: [(&str, u16); 24] = [
    ("caddy", 80),
    ("cassandra", 9042),
    ("clickhouse-server", 8123),
    ("consul", 8500),
    ("elasticsearch", 9200),
    ("etcd", 2379),
    ("grafana", 3000),
    ("httpd", 80),
    ("influxdb", 8086),
    ("kibana", 5601),
    ("mariadb", 3306),
    ("memcached", 11211),
    ("minio", 9000),
    ("mongo", 27017),
    ("mysql", 3306),
    ("nats", 4222),
    ("nginx", 80),
    ("postgres", 5432),
    ("prometheus", 9090),
    ("qdrant", 6333),
    ("rabbitmq", 5672),
    ("redis", 6379),
    ("traefik", 80),
    ("valkey", 6379),
];

/// Finds the ports of all workloads, and who is spoken to.
pub(super) fn find(stack: &mut Stack<'_>) {
    let spoken = peers::spoken_to(stack);
    let mut found: Vec<(ObjectKey, Vec<Port>, bool, bool)> = Vec::new();
    for workload in stack.workloads.values() {
        let heard = spoken.get(workload.key);
        // What shares another one's network answers to no name of its own, and nobody asks for what runs to its end.
        let goes_on = matches!(workload.form, Form::Deployment | Form::StatefulSet | Form::DaemonSet);
        let has_name = workload.host.is_none() && goes_on;
        let is_heard = has_name && stack.has_neighbours(workload);
        let ports = of(&workload.template.container, heard, is_heard);
        found.push((workload.key.clone(), ports, heard.is_some(), is_heard));
    }
    for (key, ports, is_spoken_to, is_heard) in found {
        if let Some(workload) = stack.workloads.get_mut(&key) {
            (workload.ports, workload.is_spoken_to, workload.is_heard) = (ports, is_spoken_to, is_heard);
        }
    }
    apart(stack);
}

/// The ports of a container, with how it is spoken to, and whether others may speak to it although nothing is seen to.
fn of(container: &Container, heard: Option<&Spoken>, is_heard: bool) -> Vec<Port> {
    let mut ports = declared(&container.ports);
    add(&mut ports, of_checks(container), Origin::Check);
    add(&mut ports, heard.into_iter().flat_map(|it| it.ports.iter().copied()), Origin::Peer);
    let known = of_image(&container.image);
    // The options of any program may name a port that it speaks to.
    let is_server = heard.is_some() || is_heard && known.is_some() && runs_its_own(container);
    if ports.is_empty() && is_server {
        add(&mut ports, of_command(container), Origin::Command);
    }
    let is_bare = heard.is_some_and(|it| it.is_bare && it.ports.is_empty());
    if is_server && ports.is_empty() || is_bare && is_beside(&ports) {
        add(&mut ports, known, Origin::Image);
    }
    ports
}

/// Where a pod has several containers, the name of a port leads to the first one that has it: each name is there once.
fn apart(stack: &mut Stack<'_>) {
    let pods: Vec<ObjectKey> =
        stack.workloads.values().filter(|it| it.host.is_none()).map(|it| it.key.clone()).collect();
    for pod in pods {
        let members: Vec<ObjectKey> = stack.members(&pod).into_iter().map(|it| it.key.clone()).collect();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for member in members.iter().filter(|_| members.len() > 1) {
            let Some(workload) = stack.workloads.get_mut(member) else { continue };
            for port in &mut workload.ports {
                if taken.contains(&port.name) {
                    port.name = default_name(port.number, port.protocol);
                }
                taken.insert(port.name.clone());
            }
        }
    }
}

fn declared(ports: &[ContainerPort]) -> Vec<Port> {
    let mut known: Vec<Port> = Vec::new();
    for port in ports {
        if known.iter().any(|it| it.number == port.container_port && it.protocol == port.protocol) {
            continue;
        }
        let wanted = match &port.name {
            // Kubernetes wants a letter in it.
            Some(name) if name.chars().any(|c| c.is_ascii_lowercase()) => label(name, LONGEST_NAME).replace("--", "-"),
            Some(_) | None => default_name(port.container_port, port.protocol),
        };
        let is_taken = known.iter().any(|it| it.name == wanted);
        let name = if is_taken { default_name(port.container_port, port.protocol) } else { wanted };
        let (number, protocol, app_protocol) = (port.container_port, port.protocol, port.app_protocol.clone());
        known.push(Port { name, number, protocol, app_protocol, origin: Origin::Declared });
    }
    known
}

fn default_name(number: u16, protocol: Protocol) -> String {
    format!("{}-{number}", protocol.lower())
}

/// Adds ports that are not among them yet.
fn add(ports: &mut Vec<Port>, numbers: impl IntoIterator<Item = u16>, origin: Origin) {
    for number in numbers {
        if !ports.iter().any(|it| it.number == number && it.protocol == Protocol::Tcp) {
            let mut name = default_name(number, Protocol::Tcp);
            if ports.iter().any(|it| it.name == name) {
                name = format!("port-{number}");
            }
            ports.push(Port { name, number, protocol: Protocol::Tcp, app_protocol: None, origin });
        }
    }
}

/// Whether ports may be beside the one that an image is known for, such as that of a page for administrators: somebody declared them,
/// and nothing tells which one is spoken to.
fn is_beside(ports: &[Port]) -> bool {
    ports.iter().all(|it| it.origin == Origin::Declared && it.app_protocol.is_none())
}

/// The ports that the workload's own checks ask: it listens there when it is well.
fn of_checks(container: &Container) -> Vec<u16> {
    let probes = [&container.readiness_probe, &container.liveness_probe, &container.startup_probe];
    let probed = probes.into_iter().flatten().filter_map(probed_port);
    let health = container.health_check.iter().flat_map(|check| &check.test);
    let health = health.filter_map(|word| peers::local_port(word));
    let mut numbers: Vec<u16> = probed.chain(health).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The ports that its command, or that of its check, has as an option: `postgres -p 5433`, `redis-server --port=6380`,
/// `gunicorn --bind 0.0.0.0:8000`.
fn of_command(container: &Container) -> Vec<u16> {
    const OPTIONS: [&str; 3] = ["-p", "--port", "-port"];
    let check = container.health_check.iter().flat_map(|check| &check.test);
    let given = container.command.iter().flatten().chain(container.args.iter().flatten()).chain(check);
    let words: Vec<&str> = given.flat_map(|word| word.split_ascii_whitespace()).collect();
    let number = |word: &str| word.parse().ok().filter(|number: &u16| *number != 0);
    let mut found: Vec<u16> = words.iter().filter_map(|word| peers::local_port(word)).collect();
    found.extend(words.windows(2).filter_map(|pair| match pair {
        [option, value] if OPTIONS.contains(option) => number(value),
        _ => None,
    }));
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    found.extend(pairs.filter(|(option, _)| OPTIONS.contains(option)).filter_map(|(_, value)| number(value)));
    found.sort_unstable();
    found.dedup();
    found
}

fn probed_port(probe: &Probe) -> Option<u16> {
    let http = probe.http_get.as_ref().filter(|it| it.host.is_none()).map(|it| &it.port);
    let tcp = probe.tcp_socket.as_ref().filter(|it| it.host.is_none()).map(|it| &it.port);
    match http.or(tcp).or(probe.grpc.as_ref().map(|it| &it.port))? {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(_) => None,
    }
}

/// Whether a container runs what its image is named after: `postgres -c x=y` of `postgres`, and not `sh -c 'psql …'`.
fn runs_its_own(container: &Container) -> bool {
    let mut words = container.command.iter().flatten().chain(container.args.iter().flatten());
    let path = skiff_api::ImageName::of(&container.image).path;
    let name = path.rsplit('/').next().unwrap_or_default();
    words.next().is_none_or(|word| word.starts_with('-') || word.rsplit('/').next().is_some_and(|it| it.contains(name)))
}

/// The port that an image is known for.
fn of_image(image: &str) -> Option<u16> {
    let path = skiff_api::ImageName::of(image).path;
    let last = path.rsplit('/').next()?;
    IMAGES.iter().find(|(name, _)| *name == last).map(|(_, number)| *number)
}

/// The number of a port that a probe names.
pub(crate) fn resolve(container: &Container, port: &PortRef) -> Option<u16> {
    match port {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => {
            container.ports.iter().find(|port| port.name.as_ref() == Some(name)).map(|port| port.container_port)
        }
    }
}

/// Whether a check of the container asks a port by HTTP.
pub(crate) fn http_probed(container: &Container, number: u16) -> bool {
    let probes = [&container.readiness_probe, &container.liveness_probe, &container.startup_probe];
    let mut asked = probes.into_iter().flatten().filter_map(|probe| probe.http_get.as_ref());
    let by_url = |word: &String| word.contains("http://") && peers::local_port(word) == Some(number);
    asked.any(|http| resolve(container, &http.port) == Some(number))
        || container.health_check.iter().flat_map(|check| &check.test).any(by_url)
}
