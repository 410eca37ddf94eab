//! Services: exactly the names that peers use, on the ports of the containers.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::{ContainerPort, NetworkAttachment, Protocol};

use super::{Sink, meta};
use crate::Part;
use crate::ledger::Scope;
use crate::names::is_service_name;
use crate::report::Verdict;
use crate::stack::{Form, Origin, Port, Run, Stack, Workload, has_own};

/// What a Service has no address of its own says.
const HEADLESS: &str = "None";

/// Writes the Services of all workloads, and the rows of their ports.
pub(super) fn services(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    // Names of objects come before aliases.
    for workload in stack.workloads.values() {
        own(stack, workload, sink);
    }
    for workload in stack.workloads.values() {
        aliases(stack, workload, sink);
    }
    for workload in stack.workloads.values().filter(|it| it.form == Form::StatefulSet) {
        governing(stack, workload, sink);
    }
    elsewhere(stack, sink);
}

fn own(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let name = workload.service.clone();
    let target = format!("Service/{name}");
    let mut scope = sink.ledger.scope(workload.key, target);
    ports_rows(workload, &mut scope);
    if !has_own(workload) {
        if matches!(workload.run, Run::Forever(_)) {
            let why = "no port of it is known and nobody could speak to it: it gets no Service";
            scope.says(Verdict::Defaulted, "metadata/name", "", why, "declare its ports in `ports` if it has any");
        }
        return;
    }
    if name != workload.key.name {
        let why = if is_service_name(&workload.key.name) {
            "another one has the name in this namespace"
        } else {
            "a Service's name begins with a letter"
        };
        scope.says(
            Verdict::NeedsInput,
            "metadata/name",
            "metadata.name",
            why,
            "rename it, or tell its peers the new name",
        );
    }
    if workload.ports.is_empty() && !workload.is_spoken_to {
        let why =
            "no port of it is known and nothing is seen to speak to it: the Service gives the addresses of its pods";
        let remedy = "declare its ports in `ports` if it has any";
        scope.says(Verdict::Defaulted, "metadata/name", "spec.clusterIP", why, remedy);
    } else if workload.ports.is_empty() {
        let why = "no port of it is known: the Service is headless, and gives the addresses of pods";
        let remedy = "declare its ports in `ports`: some clusters answer for no Service without ports";
        scope.says(Verdict::NeedsInput, "metadata/name", "spec.clusterIP", why, remedy);
    }
    sink.names.claim("Service", &workload.namespace, &name);
    let object = service(stack, workload, &name);
    sink.put(&workload.file(stack), Part::Base, &object);
}

/// A Service before the pods of a workload.
fn service(stack: &Stack<'_>, workload: &Workload<'_>, name: &str) -> Service {
    let pod = stack.pod_of(workload);
    let ports: Vec<ServicePort> = workload.ports.iter().map(service_port).collect();
    let headless = ports.is_empty().then(|| HEADLESS.to_owned());
    Service {
        metadata: meta::of_workload(workload, name),
        spec: Some(ServiceSpec {
            cluster_ip: headless,
            ports: meta::listed(ports),
            selector: Some(pod.selector()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// A port of a Service: the same as the container's.
pub(super) fn service_port(port: &Port) -> ServicePort {
    ServicePort {
        name: Some(port.name.clone()),
        port: i32::from(port.number),
        protocol: Some(port.protocol.lower().to_uppercase()),
        target_port: Some(IntOrString::String(port.name.clone())),
        app_protocol: port.app_protocol.as_deref().map(app_protocol),
        node_port: None,
    }
}

/// Kubernetes' word for what is spoken.
fn app_protocol(word: &str) -> String {
    match word {
        "grpc" | "h2c" => "kubernetes.io/h2c".to_owned(),
        "ws" => "kubernetes.io/ws".to_owned(),
        "wss" => "kubernetes.io/wss".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// What becomes of the ports, but for what publishes them.
fn ports_rows(workload: &Workload<'_>, scope: &mut Scope<'_, '_>) {
    let pointer = workload.template_pointer();
    for (index, port) in workload.template.container.ports.iter().enumerate() {
        let ContainerPort { name, container_port, host_port: _, host_ip: _, protocol, app_protocol } = port;
        let mut scope = scope.at(&format!("{pointer}/container/ports/{index}"), "spec.ports");
        let written = workload.ports.iter().find(|it| it.number == *container_port && it.protocol == *protocol);
        let renamed = name.is_some() && written.map(|it| &it.name) != name.as_ref();
        if renamed {
            scope.near(
                name,
                "name",
                "name",
                "a port's name has at most 15 characters, a letter, and is there once",
                "",
            );
        } else {
            scope.exact(name, "name", "name");
        }
        scope.exact(container_port, "containerPort", "port");
        scope.exact(&(*protocol != Protocol::Tcp), "protocol", "protocol");
        scope.exact(app_protocol, "appProtocol", "appProtocol");
    }
    for port in workload.ports.iter().filter(|port| port.origin != Origin::Declared) {
        let why = match port.origin {
            Origin::Declared => "",
            Origin::Check => "this port is not declared; its own check asks it",
            Origin::Peer => "this port is not declared; others speak to it",
            Origin::Command => "this port is not declared; its command names it",
            Origin::Image => "this port is not declared; images of this name listen on it",
        };
        let field = format!("spec.ports[{}]", port.name);
        scope.says(Verdict::Defaulted, &format!("{pointer}/container"), &field, why, "declare it in `ports`");
    }
}

/// The further names on networks, each a Service of its own.
fn aliases(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let pointer = workload.template_pointer();
    // Docker answers for a container's name as well.
    if let Some(name) = workload.template.container_name.as_ref().filter(|_| has_own(workload)) {
        let is_free = is_service_name(name) && !sink.names.has("Service", &workload.namespace, name);
        if is_free {
            sink.names.claim("Service", &workload.namespace, name);
            sink.put(&workload.file(stack), Part::Base, &service(stack, workload, name));
        } else if *name != workload.key.name {
            let mut scope = sink.ledger.scope(workload.key, "");
            let why = "no Service can have the name, or another one has it";
            let remedy = format!("tell those that use it `{}`", workload.service);
            scope.says(Verdict::NeedsInput, &format!("{pointer}/containerName"), "", why, &remedy);
        }
    }
    let mut known = BTreeSet::from([workload.key.name.clone()]);
    known.extend(workload.template.container_name.clone().filter(|_| has_own(workload)));
    for (index, attachment) in workload.template.networks.iter().flatten().enumerate() {
        for (position, alias) in attachment.aliases.iter().enumerate() {
            let at = format!("{pointer}/networks/{index}/aliases/{position}");
            let mut scope = sink.ledger.scope(workload.key, format!("Service/{alias}"));
            if !known.insert(alias.clone()) {
                scope.exact(&true, &at, "metadata.name");
            } else if !is_service_name(alias) {
                let why = "no Service can have the name";
                scope.says(Verdict::NeedsInput, &at, "", why, &format!("tell its peers `{}`", workload.service));
            } else if sink.names.has("Service", &workload.namespace, alias) {
                let why = "another one has the name: in Docker both answer, in Kubernetes one";
                scope.says(Verdict::NeedsInput, &at, "", why, "give them different names");
            } else {
                scope.exact(&true, &at, "metadata.name");
                sink.names.claim("Service", &workload.namespace, alias);
                let object = service(stack, workload, alias);
                sink.put(&workload.file(stack), Part::Base, &object);
            }
        }
    }
}

/// The rows of what else is said of networks that a workload is on.
pub(super) fn attachments(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    attachments: &[NetworkAttachment],
    scope: &mut Scope<'_, '_>,
) {
    let labels = &stack.membership(workload).labels;
    for (index, attachment) in attachments.iter().enumerate() {
        // Aliases have their rows where they become Services.
        let NetworkAttachment {
            name,
            namespace,
            aliases: _,
            ipv4_address,
            ipv6_address,
            link_local_ips,
            mac_address,
            driver_opts,
            interface_name,
            gateway_priority,
        } = attachment;
        let mut scope = scope.at(&format!("networks/{index}"), "metadata.labels");
        debug_assert!(!labels.is_empty(), "an attachment is a label");
        scope.exact(name, "name", "");
        scope.exact(namespace, "namespace", "");
        let why = "addresses are the cluster's";
        let remedy = "reach it by the name of its Service";
        scope.dropped(ipv4_address, "ipv4Address", why, remedy);
        scope.dropped(ipv6_address, "ipv6Address", why, remedy);
        scope.dropped(link_local_ips, "linkLocalIPs", why, "");
        scope.dropped(mac_address, "macAddress", why, "");
        let why = "every pod is on the cluster's one network";
        scope.dropped(driver_opts, "driverOpts", why, "");
        scope.dropped(interface_name, "interfaceName", why, "");
        scope.dropped(gateway_priority, "gatewayPriority", why, "");
    }
}

/// A `StatefulSet` is governed by a Service that gives each pod a name.
fn governing(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let name = workload.governing.clone();
    sink.names.claim("Service", &workload.namespace, &name);
    let mut object = service(stack, workload, &name);
    if let Some(spec) = &mut object.spec {
        spec.cluster_ip = Some(HEADLESS.to_owned());
        // Members of a group find each other before they are ready.
        spec.publish_not_ready_addresses = Some(true);
    }
    sink.put(&workload.file(stack), Part::Base, &object);
}

/// On a network with pods of several namespaces a name is heard in each of them.
fn elsewhere(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    let mut heard: Vec<(&Workload<'_>, String, String)> = Vec::new();
    for workload in stack.workloads.values() {
        let own = has_own(workload).then(|| ("metadata/name".to_owned(), workload.service.clone()));
        heard.extend(own.map(|(at, name)| (workload, at, name)));
    }
    // Names of objects come before aliases, here as well.
    for workload in stack.workloads.values() {
        let pointer = workload.template_pointer();
        for (index, attachment) in workload.template.networks.iter().flatten().enumerate() {
            let aliases = attachment.aliases.iter().enumerate();
            let aliases = aliases.filter(|(_, alias)| is_service_name(alias) && **alias != workload.key.name);
            let at = |position| format!("{pointer}/networks/{index}/aliases/{position}");
            heard.extend(aliases.map(|(position, alias)| (workload, at(position), alias.clone())));
        }
    }
    let mut written = BTreeSet::new();
    for (workload, at, name) in heard {
        let labels = &stack.membership(workload).labels;
        let reaches = labels.iter().filter_map(|label| stack.reaches().get(label));
        let namespaces: BTreeSet<&String> = reaches.flat_map(|reach| &reach.namespaces).collect();
        for namespace in namespaces.into_iter().filter(|it| **it != workload.namespace) {
            if written.insert((workload.key, namespace.clone(), name.clone())) {
                heard_in(stack, workload, namespace, &at, &name, sink);
            }
        }
    }
}

/// Makes a name of a workload heard in another namespace.
fn heard_in(stack: &Stack<'_>, workload: &Workload<'_>, namespace: &str, at: &str, name: &str, sink: &mut Sink<'_>) {
    if sink.names.has("Service", namespace, name) {
        let mut scope = sink.ledger.scope(workload.key, format!("Service/{name}"));
        let why = format!("`{namespace}` has a Service of this name, which is the one that is heard there");
        let remedy = format!("use `{}.{}` there", workload.service, workload.namespace);
        scope.says(Verdict::Approximated, at, "", &why, &remedy);
        return;
    }
    sink.names.claim("Service", namespace, name);
    let object = Service {
        metadata: meta::named(name, namespace, meta::labels(workload)),
        spec: Some(ServiceSpec {
            type_: Some("ExternalName".to_owned()),
            external_name: Some(format!("{}.{}.svc.cluster.local", workload.service, workload.namespace)),
            ..ServiceSpec::default()
        }),
        status: None,
    };
    let file = stack.file(namespace, "elsewhere", false);
    sink.put(&file, Part::Base, &object);
}
