//! Which pods may speak to which: a policy for each network, with what is published let through, and DNS never shut.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::{Kind, ObjectKey};

use super::{Sink, meta, published};
use crate::Part;
use crate::names::{label, suffixed};
use crate::report::Verdict;
use crate::stack::{Reach, Stack, Workload};

/// The label of pods whose every network leads nowhere else.
pub(super) const ISOLATED: &str = "network.skiff.dev/isolated";

/// What the policy of a network is called.
pub(super) fn name(network: &ObjectKey) -> String {
    label(&format!("network-{}", network.name), 63)
}

/// Writes the policies.
pub(super) fn policies(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    for (label, reach) in stack.reaches() {
        for namespace in &reach.namespaces {
            of_network(stack, label, reach, namespace, sink);
        }
    }
    for workload in stack.workloads.values().filter(|it| it.host.is_none()) {
        of_published(stack, workload, sink);
        if stack.membership(workload).is_alone {
            alone(stack, workload, sink);
        }
    }
}

fn labelled(label: &str) -> LabelSelector {
    let words = BTreeMap::from([(label.to_owned(), "true".to_owned())]);
    LabelSelector { match_labels: Some(words), match_expressions: None }
}

/// Who is on a network, in whatever namespace.
fn members(label: &str, reach: &Reach) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(labelled(label)),
        namespace_selector: (reach.namespaces.len() > 1).then(|| any_of(reach.namespaces.iter().cloned())),
        ip_block: None,
    }
}

/// The namespaces of these names.
fn any_of(names: impl IntoIterator<Item = String>) -> LabelSelector {
    let is_one = LabelSelectorRequirement {
        key: "kubernetes.io/metadata.name".to_owned(),
        operator: "In".to_owned(),
        values: Some(names.into_iter().collect()),
    };
    LabelSelector { match_labels: None, match_expressions: Some(vec![is_one]) }
}

fn of_network(stack: &Stack<'_>, label: &str, reach: &Reach, namespace: &str, sink: &mut Sink<'_>) {
    let key = ObjectKey::new(Kind::Network, namespace, reach.name.as_str());
    let name = sink.names.claim("NetworkPolicy", namespace, &name(&key));
    let own = reach.object.as_ref().and_then(|key| stack.input.objects.get(key)).map(skiff_api::Object::metadata);
    let words = own.map(|meta| meta::fitting(&meta.labels)).unwrap_or_default();
    let peers = vec![members(label, reach)];
    let spec = NetworkPolicySpec {
        pod_selector: Some(labelled(label)),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ingress: Some(vec![NetworkPolicyIngressRule { from: Some(peers.clone()), ports: None }]),
        egress: None,
    };
    put(stack, namespace, &name, (spec, words.clone()), sink);
    // Whoever is on another network that leads out is not kept in.
    let mut pods = reach.members.iter().filter_map(|key| stack.workloads.get(key));
    if !reach.internal || !pods.any(|pod| pod.namespace == namespace && stack.membership(pod).is_isolated) {
        return;
    }
    let name = sink.names.claim("NetworkPolicy", namespace, &suffixed(&name, "egress"));
    let mut isolated = labelled(label);
    isolated.match_labels.get_or_insert_default().insert(ISOLATED.to_owned(), "true".to_owned());
    let spec = NetworkPolicySpec {
        pod_selector: Some(isolated),
        policy_types: Some(vec!["Egress".to_owned()]),
        egress: Some(vec![NetworkPolicyEgressRule { to: Some(peers), ports: None }, dns()]),
        ingress: None,
    };
    put(stack, namespace, &name, (spec, words), sink);
}

/// Where the pods of a cluster's DNS are: of most, and of `OpenShift`.
const DNS_NAMESPACES: [&str; 2] = ["kube-system", "openshift-dns"];
/// Where a node's own cache of it listens, if there is one, as its manifest has it.
const DNS_OF_NODE: &str = "169.254.20.10/32";
/// The port of DNS, and the one of its pods in `OpenShift`.
const DNS_PORTS: [u16; 2] = [53, 5353];

/// The way to the cluster's DNS.
fn dns() -> NetworkPolicyEgressRule {
    let selector = any_of(DNS_NAMESPACES.map(str::to_owned));
    let pods = NetworkPolicyPeer { namespace_selector: Some(selector), ..NetworkPolicyPeer::default() };
    let block = IPBlock { cidr: DNS_OF_NODE.to_owned(), except: None };
    let node = NetworkPolicyPeer { ip_block: Some(block), ..NetworkPolicyPeer::default() };
    let ports = DNS_PORTS.into_iter().flat_map(|number| [port("UDP", number), port("TCP", number)]);
    NetworkPolicyEgressRule { to: Some(vec![pods, node]), ports: Some(ports.collect()) }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(i32::from(number))),
        end_port: None,
    }
}

/// Anybody reaches what is published.
fn of_published(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let members = stack.members(workload.key);
    let open = members.iter().flat_map(|member| published::open_ports(stack, member));
    let ports: Vec<NetworkPolicyPort> =
        open.map(|open| port(&open.protocol.lower().to_uppercase(), open.number)).collect();
    let awaits = awaits_job(stack, workload) && stack.membership(workload).is_isolated;
    if ports.is_empty() && !awaits {
        return;
    }
    let name = sink.names.claim("NetworkPolicy", &workload.namespace, &suffixed(&workload.identity, "open"));
    let mut types = Vec::new();
    let ingress = (!ports.is_empty()).then(|| vec![NetworkPolicyIngressRule { from: None, ports: Some(ports) }]);
    types.extend(ingress.is_some().then(|| "Ingress".to_owned()));
    let egress = awaits.then(|| {
        let mut scope = sink.ledger.scope(workload.key, format!("NetworkPolicy/{name}"));
        let why = "what waits for a job asks the API, wherever that is: ports 443 and 6443 are open";
        scope.says(Verdict::Approximated, "spec/dependsOn", "spec.egress", why, "write the API's address into it");
        types.push("Egress".to_owned());
        vec![NetworkPolicyEgressRule { to: None, ports: Some(vec![port("TCP", 443), port("TCP", 6443)]) }]
    });
    let spec =
        NetworkPolicySpec { pod_selector: Some(meta::selector(workload)), policy_types: Some(types), ingress, egress };
    put(stack, &workload.namespace, &name, (spec, meta::Words::new()), sink);
}

fn awaits_job(stack: &Stack<'_>, workload: &Workload<'_>) -> bool {
    let objects = stack.members(workload.key).into_iter().filter_map(|it| stack.input.objects.get(it.key));
    let mut conditions = objects.flat_map(skiff_api::Object::depends_on).map(|it| it.condition);
    conditions.any(|condition| condition == skiff_api::DependencyCondition::Completed)
}

/// What is on no network reaches nobody and is reached by nobody.
fn alone(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let name = sink.names.claim("NetworkPolicy", &workload.namespace, &suffixed(&workload.identity, "alone"));
    let spec = NetworkPolicySpec {
        pod_selector: Some(meta::selector(workload)),
        policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
        ingress: None,
        egress: None,
    };
    put(stack, &workload.namespace, &name, (spec, meta::Words::new()), sink);
}

fn put(
    stack: &Stack<'_>,
    namespace: &str,
    name: &str,
    (spec, words): (NetworkPolicySpec, meta::Words),
    sink: &mut Sink<'_>,
) {
    let mut labels = meta::common(namespace);
    labels.extend(words);
    let metadata = meta::named(name, namespace, labels);
    let object = NetworkPolicy { metadata, spec: Some(spec) };
    let file = stack.file(namespace, "networkpolicies", false);
    sink.put(&file, Part::NetworkPolicy, &object);
}
