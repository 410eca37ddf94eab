//! Services select pods and lead to ports that containers have; what is published leads to a Service; what waits waits for
//! something that is there; probes ask ports that can be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::content::containers;
use super::{Cluster, PodOf, list, selects, shown, text, words};

pub(super) fn check(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for service in cluster.of_kind("Service") {
        one(cluster, service, wrong);
    }
    for set in cluster.of_kind("StatefulSet") {
        let (namespace, name) = (text(set, "/metadata/namespace"), text(set, "/spec/serviceName"));
        let governing = cluster.get("Service", namespace, name);
        if governing.is_none_or(|service| text(service, "/spec/clusterIP") != "None") {
            wrong.push(format!("{} is governed by `{name}`, which is no headless Service", shown(set)));
        }
    }
    for ingress in cluster.of_kind("Ingress") {
        for path in list(ingress, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths")) {
            let port = path.pointer("/backend/service/port/number");
            backend(cluster, ingress, text(path, "/backend/service/name"), port, wrong);
        }
    }
    for route in cluster.of_kind("HTTPRoute") {
        for target in list(route, "/spec/rules").iter().flat_map(|rule| list(rule, "/backendRefs")) {
            backend(cluster, route, text(target, "/name"), target.get("port"), wrong);
        }
    }
    hosts(cluster, wrong);
    for pod in &cluster.pods {
        waits(cluster, pod, wrong);
        probes(pod, wrong);
    }
}

fn one(cluster: &Cluster<'_>, service: &Value, wrong: &mut Vec<String>) {
    let namespace = text(service, "/metadata/namespace");
    if text(service, "/spec/type") == "ExternalName" {
        let target = text(service, "/spec/externalName");
        let mut parts = target.split('.');
        let (name, namespace) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if cluster.get("Service", namespace, name).is_none() {
            wrong.push(format!("{} leads to `{target}`, which is not there", shown(service)));
        }
        return;
    }
    let selector = words(service, "/spec/selector");
    let pods: Vec<&PodOf<'_>> =
        cluster.pods.iter().filter(|pod| pod.namespace == namespace && selects(&selector, &pod.labels)).collect();
    if selector.is_empty() || pods.is_empty() {
        wrong.push(format!("{} selects nothing", shown(service)));
    }
    let mut seen = BTreeSet::new();
    let ports = list(service, "/spec/ports");
    if ports.is_empty() && text(service, "/spec/clusterIP") != "None" {
        wrong.push(format!("{} has no ports", shown(service)));
    }
    for port in ports {
        let protocol = text(port, "/protocol");
        if !seen.insert((port.get("port").and_then(Value::as_u64), protocol)) {
            wrong.push(format!("{} has a port twice", shown(service)));
        }
        let target = port.get("targetPort").unwrap_or(&Value::Null);
        for pod in &pods {
            let has = list(pod.spec, "/containers").iter().flat_map(|it| list(it, "/ports")).any(|it| {
                (it.get("name") == Some(target) || it.get("containerPort") == Some(target))
                    && text(it, "/protocol") == protocol
            });
            if !has {
                wrong.push(format!(
                    "{} leads to {target}/{protocol}, which {} does not have",
                    shown(service),
                    pod.owner
                ));
            }
        }
    }
}

fn backend(cluster: &Cluster<'_>, from: &Value, name: &str, port: Option<&Value>, wrong: &mut Vec<String>) {
    let service = cluster.get("Service", text(from, "/metadata/namespace"), name);
    let has = service.is_some_and(|service| list(service, "/spec/ports").iter().any(|it| it.get("port") == port));
    if !has {
        wrong.push(format!("{} leads to `{name}` port {port:?}, which is not there", shown(from)));
    }
}

/// No two routes ask for the same host.
fn hosts(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    let routes = cluster.of_kind("Ingress").chain(cluster.of_kind("HTTPRoute"));
    for route in routes {
        let mut hosts: Vec<&str> = list(route, "/spec/rules").iter().map(|rule| text(rule, "/host")).collect();
        hosts.extend(list(route, "/spec/hostnames").iter().filter_map(Value::as_str));
        hosts.retain(|host| !host.is_empty() || hosts_only_empty(route));
        for host in hosts {
            if !seen.insert(host) {
                wrong.push(format!("{} asks for `{host}` like another one", shown(route)));
            }
        }
    }
}

fn hosts_only_empty(route: &Value) -> bool {
    list(route, "/spec/hostnames").is_empty()
}

/// What a container waits for is there.
fn waits(cluster: &Cluster<'_>, pod: &PodOf<'_>, wrong: &mut Vec<String>) {
    for container in list(pod.spec, "/initContainers") {
        let words: Vec<&str> = list(container, "/command").iter().filter_map(Value::as_str).collect();
        if let Some(target) = words.iter().find_map(|word| word.strip_prefix("until nc -z -w 2 ")) {
            let mut parts = target.split([' ', ';']);
            let (host, port) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let (name, namespace) = host.split_once('.').unwrap_or((host, &pod.namespace));
            let service = cluster.get("Service", namespace, name);
            let ports = service.map(|service| list(service, "/spec/ports")).unwrap_or_default();
            if !ports.iter().any(|it| it.get("port").and_then(Value::as_u64) == port.parse().ok()) {
                wrong.push(format!("{} waits for {host}:{port}, which is not there", pod.owner));
            }
        }
        if let Some(job) = words.iter().find_map(|word| word.strip_prefix("job/"))
            && cluster.get("Job", &pod.namespace, job).is_none()
        {
            wrong.push(format!("{} waits for the job {job}, which is not there", pod.owner));
        }
    }
}

fn probes(pod: &PodOf<'_>, wrong: &mut Vec<String>) {
    for container in containers(pod.spec) {
        let mut asked = Vec::new();
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let Some(probe_value) = container.get(probe) else { continue };
            let actions = ["exec", "httpGet", "tcpSocket", "grpc"];
            if actions.iter().filter(|action| probe_value.get(**action).is_some()).count() != 1 {
                wrong.push(format!("the {probe} of {} asks nothing, or several things", pod.owner));
            }
            for port in ["/httpGet/port", "/tcpSocket/port"].iter().filter_map(|it| probe_value.pointer(it)) {
                let named = list(container, "/ports").iter().any(|it| it.get("name") == Some(port));
                if !port.is_u64() && !named {
                    wrong.push(format!("the {probe} of {} asks the port {port}, which is not there", pod.owner));
                }
            }
            asked.push((probe, probe_value));
        }
        let of = |name: &str| asked.iter().find(|(probe, _)| *probe == name).map(|(_, value)| *value);
        if of("readinessProbe").is_some() && of("readinessProbe") == of("livenessProbe") {
            wrong.push(format!("{} is restarted as soon as it is not ready", pod.owner));
        }
    }
}
