//! Whose a stack of Compose is, by its labels and names.

use serde_json::{Value, json};
use skiff_api::{IpamConfig, NetworkSpec};
use skiff_core::{
    Adoption, Change, Comparison, Comparisons, Stack, StackContainer, StackNetwork, StackVolume, adopt, claims,
    projects,
};

use crate::world::{World, deployment, merge};

fn declared() -> World {
    declared_as(&json!({}), &json!({}))
}

/// With these settings of the network and the volume.
fn declared_as(network: &Value, volume: &Value) -> World {
    let (of_network, of_volume) = (network.clone(), volume.clone());
    let labels = json!({ "com.docker.compose.project": "p", "com.docker.compose.service": "web_1" });
    let mount = json!({ "volumeMounts": [{ "name": "d", "mountPath": "/d" }] });
    let template =
        json!({ "metadata": { "labels": labels }, "volumes": [{ "name": "d", "volume": { "name": "data" } }] });
    let meta =
        |kind: &str, name: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": kind, "metadata": { "name": name } });
    let (mut volume, mut network) = (meta("Volume", "data"), meta("Network", "back"));
    let named = [(&mut volume, "volumeName", "p_data", of_volume), (&mut network, "networkName", "p_back", of_network)];
    for (manifest, field, name, mut spec) in named {
        merge(&mut spec, json!({ field: name }));
        merge(manifest, json!({ "spec": spec }));
    }
    World::of(&[deployment("web-1", 2, mount, template, json!({})), volume, network])
}

fn container(id: &str, service: &str, project: Option<&str>) -> StackContainer {
    let (name, project) = (format!("p_{service}_{id}"), project.map(str::to_owned));
    StackContainer { id: id.to_owned(), name, project, service: service.to_owned(), number: 1 }
}

fn network(driver: &str, internal: bool) -> StackNetwork {
    let spec = NetworkSpec { driver: Some(driver.to_owned()), internal, ..NetworkSpec::default() };
    StackNetwork { id: "n".to_owned(), name: "p_back".to_owned(), spec, ..StackNetwork::default() }
}

fn volume(name: &str) -> StackVolume {
    let (driver, created_at) = ("local".to_owned(), "2026-01-01T00:00:00Z".to_owned());
    StackVolume { name: name.to_owned(), created_at, driver, ..StackVolume::default() }
}

fn decided(stack: &Stack) -> Adoption {
    compared(stack, &Comparisons::new())
}

fn compared(stack: &Stack, comparisons: &Comparisons) -> Adoption {
    let world = declared();
    adopt(stack, &world.compile().0, &world.history, comparisons)
}

#[test]
fn containers_are_taken_by_project_and_service_and_all_others_are_left() {
    let containers = vec![
        container("1", "web_1", Some("p")),
        container("2", "web_1", Some("q")),
        container("3", "gone", Some("p")),
        container("4", "web_1", None),
    ];
    let adoption = decided(&Stack { containers, ..Stack::default() });
    assert_eq!(
        adoption.taken,
        [
            "container p_web_1_1 as deployment/shop/web-1, replaced",
            "container p_web_1_4 as deployment/shop/web-1, replaced"
        ]
    );
    assert_eq!(adoption.left.len(), 2);
    assert_eq!(adoption.adopted.containers.keys().collect::<Vec<_>>(), ["1", "4"]);
    assert_eq!(projects(&declared().compile().0), ["p"]);
}

#[test]
fn what_is_as_declared_is_kept_and_the_other_says_what_differs() {
    let containers = vec![container("1", "web_1", Some("p")), container("2", "web_1", Some("p"))];
    let stack = Stack { containers, ..Stack::default() };
    let desired = declared().compile().0;
    let claimed = claims(&stack, &desired);
    assert_eq!(claimed.iter().map(|claim| claim.spec.mounts.len()).collect::<Vec<_>>(), [1, 1]);
    let same = Comparison { image_id: "sha256:app".to_owned(), ..Comparison::default() };
    let changes = vec![Change::new("Cmd", Some("[a]".to_owned()), Some("[b]".to_owned()))];
    let other = Comparison { changes, ..Comparison::default() };
    let adoption = compared(&stack, &Comparisons::from([("1".to_owned(), same), ("2".to_owned(), other)]));
    assert_eq!(
        adoption.taken,
        [
            "container p_web_1_1 as deployment/shop/web-1, kept as adopted; it answers to web_1, and to web-1 when it is replaced",
            "container p_web_1_2 as deployment/shop/web-1, replaced: Cmd changed [a] → [b]"
        ]
    );
    let label = |id: &str, label: &str| adoption.adopted.containers.get(id)?.labels.get(label).cloned();
    let workload = desired.with_containers().next().expect("a workload");
    assert_eq!(label("1", "skiff.dev/template-hash").as_ref(), Some(&workload.template.hash));
    assert_eq!(label("1", "skiff.dev/template").as_ref(), Some(&workload.template.canonical));
    let more = ["skiff.dev/revision", "skiff.dev/image-id", "skiff.dev/replica"].map(|name| label("1", name));
    assert_eq!(more.map(Option::unwrap_or_default), ["1", "sha256:app", "1"]);
    assert_eq!(label("2", "skiff.dev/template-hash").as_deref(), Some("adopted"));
}

#[test]
fn a_network_that_is_as_declared_is_kept_and_another_is_made_anew() {
    let hash = |network: StackNetwork| {
        let adoption = decided(&Stack { networks: vec![network], ..Stack::default() });
        let labels = adoption.adopted.networks.get("n").cloned().expect("it is taken");
        labels.get("skiff.dev/template-hash").cloned().expect("a hash")
    };
    let kept = hash(network("bridge", false));
    assert!(kept.starts_with("v1:"), "{kept}");
    assert_eq!([hash(network("macvlan", false)), hash(network("bridge", true))], ["adopted", "adopted"]);
}

#[test]
fn data_that_would_be_missed_is_told() {
    let taken = decided(&Stack { volumes: vec![volume("p_data")], ..Stack::default() });
    assert_eq!((taken.missed, taken.adopted.volumes.len()), (Vec::<String>::new(), 1));
    let other = decided(&Stack { volumes: vec![volume("q_data")], ..Stack::default() });
    assert_eq!((other.missed, other.adopted.volumes.len()), (vec!["p_data".to_owned()], 0));
}

#[test]
fn a_network_or_a_volume_that_is_otherwise_is_not_taken_for_what_is_declared() {
    let pool = |subnet: &str| IpamConfig { subnet: Some(subnet.to_owned()), ..IpamConfig::default() };
    let mut found = network("bridge", false);
    found.spec.ipam.config = vec![pool("10.213.8.0/24")];
    found.spec.driver_opts.insert("com.docker.network.enable_ipv6".to_owned(), "false".to_owned());
    let is_as = |spec: Value, found: &StackNetwork| {
        let world = declared_as(&spec, &json!({}));
        let stack = Stack { networks: vec![found.clone()], ..Stack::default() };
        let adoption = adopt(&stack, &world.compile().0, &world.history, &Comparisons::new());
        let labels = adoption.adopted.networks.get("n").expect("it is taken");
        labels.get("skiff.dev/template-hash").is_some_and(|hash| hash != "adopted")
    };
    let ipam = |subnet: &str| json!({ "ipam": { "config": [{ "subnet": subnet }] } });
    assert!(is_as(json!({}), &found), "what the engine chose is as good as any");
    assert!(is_as(ipam("10.213.8.0/24"), &found));
    for other in [
        ipam("10.213.9.0/24"),
        json!({ "driverOpts": { "com.docker.network.bridge.name": "b0" } }),
        json!({ "attachable": true }),
        json!({ "enableIPv6": true }),
        json!({ "ipam": { "driver": "other" } }),
    ] {
        assert!(!is_as(other.clone(), &found), "{other}");
    }

    let is_as = |spec: Value, found: StackVolume| {
        let world = declared_as(&json!({}), &spec);
        let stack = Stack { volumes: vec![found], ..Stack::default() };
        let adoption = adopt(&stack, &world.compile().0, &world.history, &Comparisons::new());
        let volume = adoption.adopted.volumes.get("p_data").expect("it is taken");
        volume.labels.get("skiff.dev/template-hash").is_some_and(|hash| hash != "adopted")
    };
    let options = json!({ "driverOpts": { "type": "tmpfs" } });
    let with_options = || {
        let mut volume = volume("p_data");
        volume.driver_opts.insert("type".to_owned(), "tmpfs".to_owned());
        volume
    };
    assert!(is_as(json!({}), volume("p_data")) && is_as(options.clone(), with_options()));
    assert!(!is_as(json!({}), with_options()) && !is_as(options, volume("p_data")));
    assert!(!is_as(json!({ "driver": "nfs" }), volume("p_data")));
}
