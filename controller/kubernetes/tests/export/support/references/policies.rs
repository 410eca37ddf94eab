//! No policy shuts what is published or the way to DNS, and pods of one network reach each other.

use serde_json::Value;

use super::{Cluster, PodOf, Words, list, selects, shown, text, words};

pub(super) fn check(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for service in
        cluster.of_kind("Service").filter(|it| ["LoadBalancer", "NodePort"].contains(&text(it, "/spec/type")))
    {
        let targets: Vec<&Value> =
            list(service, "/spec/ports").iter().filter_map(|port| port.get("targetPort")).collect();
        reachable(cluster, service, service, &targets, wrong);
    }
    for ingress in cluster.of_kind("Ingress") {
        for path in list(ingress, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths")) {
            let name = text(path, "/backend/service/name");
            through(cluster, ingress, name, path.pointer("/backend/service/port/number"), wrong);
        }
    }
    for route in cluster.of_kind("HTTPRoute") {
        for target in list(route, "/spec/rules").iter().flat_map(|rule| list(rule, "/backendRefs")) {
            through(cluster, route, text(target, "/name"), target.get("port"), wrong);
        }
    }
    for pod in &cluster.pods {
        dns(cluster, pod, wrong);
        for other in &cluster.pods {
            peers(cluster, pod, other, wrong);
        }
    }
    for policy in cluster.of_kind("NetworkPolicy") {
        if of(cluster, policy).next().is_none() {
            wrong.push(format!("{} selects nothing", shown(policy)));
        }
    }
}

fn of<'c, 'e>(cluster: &'c Cluster<'e>, policy: &'c Value) -> impl Iterator<Item = &'c PodOf<'e>> {
    let selector = words(policy, "/spec/podSelector/matchLabels");
    let namespace = text(policy, "/metadata/namespace");
    cluster.pods.iter().filter(move |pod| pod.namespace == namespace && selects(&selector, &pod.labels))
}

/// The policies of a direction that a pod is under.
fn over<'e>(cluster: &Cluster<'e>, pod: &PodOf<'_>, direction: &str) -> Vec<&'e Value> {
    let of_direction = cluster.of_kind("NetworkPolicy").filter(|policy| {
        list(policy, "/spec/policyTypes").iter().any(|word| word == direction)
            && text(policy, "/metadata/namespace") == pod.namespace
            && selects(&words(policy, "/spec/podSelector/matchLabels"), &pod.labels)
    });
    of_direction.collect()
}

fn through(cluster: &Cluster<'_>, from: &Value, name: &str, port: Option<&Value>, wrong: &mut Vec<String>) {
    let Some(service) = cluster.get("Service", text(from, "/metadata/namespace"), name) else { return };
    let ports = list(service, "/spec/ports").iter().filter(|it| it.get("port") == port);
    let targets: Vec<&Value> = ports.filter_map(|port| port.get("targetPort")).collect();
    reachable(cluster, from, service, &targets, wrong);
}

/// Anybody reaches the pods of a Service on these of their ports.
fn reachable(cluster: &Cluster<'_>, from: &Value, service: &Value, targets: &[&Value], wrong: &mut Vec<String>) {
    let selector = words(service, "/spec/selector");
    let namespace = text(service, "/metadata/namespace");
    for pod in cluster.pods.iter().filter(|pod| pod.namespace == namespace && selects(&selector, &pod.labels)) {
        let policies = over(cluster, pod, "Ingress");
        if policies.is_empty() {
            continue;
        }
        let ports = list(pod.spec, "/containers").iter().flat_map(|it| list(it, "/ports"));
        for port in ports.filter(|port| {
            targets.iter().any(|it| port.get("name") == Some(*it) || port.get("containerPort") == Some(*it))
        }) {
            let rules = policies.iter().flat_map(|policy| list(policy, "/spec/ingress"));
            let opens = |rule: &Value| {
                rule.get("from").is_none()
                    && list(rule, "/ports").iter().any(|it| it.get("port") == port.get("containerPort"))
            };
            if !rules.into_iter().any(opens) {
                wrong.push(format!("a policy shuts {port} of {}, which {} publishes", pod.owner, shown(from)));
            }
        }
    }
}

/// Whoever may go somewhere may ask for names; who may go nowhere is on no network.
fn dns(cluster: &Cluster<'_>, pod: &PodOf<'_>, wrong: &mut Vec<String>) {
    let policies = over(cluster, pod, "Egress");
    let is_alone = networks(&pod.labels).is_empty();
    if policies.is_empty() || is_alone {
        return;
    }
    let asks = |rule: &Value| {
        list(rule, "/ports").iter().any(|it| it.get("port") == Some(&53.into()) && text(it, "/protocol") == "UDP")
    };
    if !policies.iter().flat_map(|policy| list(policy, "/spec/egress")).any(asks) {
        wrong.push(format!("a policy shuts {} off from DNS", pod.owner));
    }
}

fn networks(labels: &Words) -> Vec<&String> {
    let is_network = |label: &&String| label.starts_with("network.skiff.dev/") && !label.ends_with("/isolated");
    labels.keys().filter(is_network).collect()
}

/// Pods with a network in common reach each other, and pods with none do not.
fn peers(cluster: &Cluster<'_>, from: &PodOf<'_>, to: &PodOf<'_>, wrong: &mut Vec<String>) {
    let share = networks(&from.labels).iter().any(|label| networks(&to.labels).contains(label));
    let policies = over(cluster, to, "Ingress");
    let meets = |rule: &Value| list(rule, "/from").iter().any(|peer| is_peer(peer, from, to));
    let allowed = policies.is_empty() || policies.iter().flat_map(|policy| list(policy, "/spec/ingress")).any(meets);
    let is_under = !networks(&to.labels).is_empty();
    if is_under && share != allowed {
        wrong.push(format!("{} {} {}", from.owner, if allowed { "reaches" } else { "does not reach" }, to.owner));
    }
    let leaving = over(cluster, from, "Egress");
    let goes = |rule: &Value| list(rule, "/to").iter().any(|peer| is_peer(peer, to, from));
    if share && !leaving.is_empty() && !leaving.iter().flat_map(|policy| list(policy, "/spec/egress")).any(goes) {
        wrong.push(format!("{} may not go to {}", from.owner, to.owner));
    }
}

fn is_peer(peer: &Value, pod: &PodOf<'_>, beside: &PodOf<'_>) -> bool {
    let is_near = peer.get("namespaceSelector").is_some_and(|selector| words(selector, "/matchLabels").is_empty())
        || (peer.get("namespaceSelector").is_none() && pod.namespace == beside.namespace);
    peer.get("podSelector").is_some() && is_near && selects(&words(peer, "/podSelector/matchLabels"), &pod.labels)
}
