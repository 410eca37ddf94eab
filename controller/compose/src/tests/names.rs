//! What services are called, on their networks and to Docker, and what they share by name: links, namespaces, mounts.

use serde_json::Value;

use super::complaints;
use super::load_text;
use super::meaning::{loaded, object};

#[test]
fn names_that_dns_does_not_take_are_fitted_and_dockers_names_stay_composes() {
    let loaded = loaded(
        "\
name: my_shop
services:
  Web_1: { image: i, restart: always, volumes: ['db_data:/d'], networks: [front_end], depends_on: [db] }
  db: { image: i, restart: always }
  fixed: { image: i, restart: always, container_name: mine }
networks: { front_end: }
volumes: { db_data: }
",
    );
    let web = object(&loaded, "deployment/my-shop/web-1");
    assert_eq!(web.pointer("/spec/template/containerNamePrefix"), Some(&"my_shop-Web_1".into()));
    assert_eq!(web.pointer("/spec/template/networks/0/name"), Some(&"front-end".into()));
    assert_eq!(web.pointer("/spec/template/networks/0/aliases/0"), Some(&"Web_1".into()));
    assert_eq!(web.pointer("/spec/template/volumes/0/volume/name"), Some(&"db-data".into()));
    let metadata = web.pointer("/spec/template/metadata").cloned().unwrap_or_default();
    assert_eq!(metadata["labels"]["com.docker.compose.service"], "Web_1");
    assert_eq!(metadata["ordinalLabels"][0], "com.docker.compose.container-number");
    let network = object(&loaded, "network/my-shop/front-end");
    assert_eq!(network.pointer("/spec/networkName"), Some(&"my_shop_front_end".into()));
    let default = object(&loaded, "network/my-shop/default");
    assert_eq!(default.pointer("/spec/networkName"), Some(&"my_shop_default".into()));
    let volume = object(&loaded, "volume/my-shop/db-data");
    assert_eq!(volume.pointer("/spec/volumeName"), Some(&"my_shop_db_data".into()));
    assert_eq!(
        object(&loaded, "deployment/my-shop/db").pointer("/spec/template/containerNamePrefix"),
        Some(&"my_shop-db".into())
    );
    assert_eq!(object(&loaded, "deployment/my-shop/fixed").pointer("/spec/template/containerNamePrefix"), None);
}

#[test]
fn what_exists_already_keeps_its_name_and_is_not_labelled() {
    let loaded = loaded(
        "\
services: { a: { image: i, restart: always, networks: [n, m], volumes: ['v:/v'] } }
networks: { n: { external: true, name: shared }, m: { external: { name: old-way } } }
volumes: { v: { external: true }, unused: }
",
    );
    let network = object(&loaded, "network/p/n");
    assert_eq!(network["spec"].to_string(), r#"{"networkName":"shared","external":true}"#);
    assert_eq!(network.pointer("/metadata/labels"), None);
    assert_eq!(object(&loaded, "network/p/m").pointer("/spec/networkName"), Some(&"old-way".into()));
    assert_eq!(object(&loaded, "volume/p/v")["spec"].to_string(), r#"{"external":true}"#);
    assert_eq!(loaded.objects.len(), 4);
}

#[test]
fn links_give_names_on_the_networks_that_both_are_on() {
    let loaded = loaded(
        "\
services:
  a: { image: i, restart: always, links: ['b:database', c], networks: [one] }
  b: { image: i, restart: always, networks: [one, two] }
  c: { image: i, restart: always, networks: [one] }
networks: { one: , two: }
",
    );
    let b = object(&loaded, "deployment/p/b");
    assert_eq!(
        b.pointer("/spec/template/networks").map(Value::to_string).as_deref(),
        Some(r#"[{"name":"one","aliases":["database"]},{"name":"two"}]"#)
    );
    let a = object(&loaded, "deployment/p/a");
    assert_eq!(a.pointer("/spec/dependsOn").map(Value::to_string).as_deref(), Some(r#"[{"name":"b"},{"name":"c"}]"#));
}

#[test]
fn namespaces_of_another_service_are_those_of_its_first_replica_and_wait_for_it() {
    let loaded = loaded(
        "\
services:
  a: { image: i, restart: always, network_mode: 'service:b', pid: 'service:c', volumes_from: ['c:ro'] }
  b: { image: i, restart: always }
  c: { image: i, restart: always, container_name: fixed }
",
    );
    let a = object(&loaded, "deployment/p/a");
    assert_eq!(a.pointer("/spec/template/networkMode"), Some(&"deployment:b".into()));
    assert_eq!(a.pointer("/spec/template/container/pidMode"), Some(&"deployment:c".into()));
    assert_eq!(a.pointer("/spec/template/container/volumesFrom/0"), Some(&"deployment:c:ro".into()));
    assert_eq!(a.pointer("/spec/dependsOn").map(Value::to_string).as_deref(), Some(r#"[{"name":"b"},{"name":"c"}]"#));
}

#[test]
fn the_mounts_of_what_runs_to_its_end_are_refused() {
    let text = "\
services:
  a: { image: i, volumes_from: [b], depends_on: { b: { condition: service_completed_successfully } } }
  b: { image: i, volumes: [data:/data] }
volumes: { data: }
";
    let told = complaints(&load_text(text));
    let expected = "2:33 `volumes_from` is refused: `b` runs to its end, and its containers go (name its volumes in `volumes` of both)";
    assert_eq!(told, [expected]);
}
