//! Who reaches whom: names of Services, what is published, policies, and what the host's paths become.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{Stack, at, names};
use serde_json::{Value, json};
use skiff_kubernetes::{Export, HostContent, Options, Verdict};

pub(crate) fn checked(export: Export) -> Export {
    crate::support::decode::strictly(&export);
    let wrong = crate::support::references::complaints(&export);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    export
}

pub(crate) fn export(text: &str) -> Export {
    checked(Stack::of(text).export())
}

pub(crate) fn web(name: &str, namespace: &str, template: &str) -> String {
    format!(
        "---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: {namespace} }}\nspec: {{ template: {template} }}\n"
    )
}

pub(crate) const PORTS: &str = "/spec/ports";

#[test]
fn a_name_leads_to_the_ports_of_the_containers_and_each_alias_is_a_service() {
    let text = web(
        "api",
        "shop",
        "{ container: { image: a, ports: [{ name: http, containerPort: 80, hostPort: 8080 }, { containerPort: 53, protocol: UDP }] }, networks: [{ name: default, aliases: [backend, my_api] }] }",
    );
    let export = export(&text);
    let port = |index: u32| at(&export, "Service/api", &format!("{PORTS}/{index}/port"));
    assert_eq!((port(0), port(1), port(2)), (json!(80), json!(53), Value::Null));
    assert_eq!(at(&export, "Service/backend", PORTS), at(&export, "Service/api", PORTS));
    let aliases: Vec<_> =
        export.report.rows.iter().filter(|row| row.key.contains("aliases")).map(|row| row.verdict).collect();
    assert_eq!(aliases, [Verdict::Exact, Verdict::NeedsInput]);
}

#[test]
fn what_is_published_is_reached_by_its_kind_and_what_only_the_host_reaches_is_not() {
    let http = web(
        "shop",
        "a",
        "{ container: { image: a, ports: [{ containerPort: 8000, hostPort: 80, appProtocol: http }] } }",
    );
    let mqtt = web("mqtt", "a", "{ container: { image: b, ports: [{ containerPort: 1883, hostPort: 11883 }] } }");
    let local = web(
        "admin",
        "a",
        "{ container: { image: c, ports: [{ containerPort: 8080, hostPort: 8080, hostIP: '127.0.0.1' }] } }",
    );
    let text = format!("{http}{mqtt}{local}");
    let export = export(&text);
    assert_eq!(at(&export, "Ingress/shop", "/spec/rules/0/http/paths/0/backend/service/port/number"), 8000);
    assert_eq!(at(&export, "Ingress/shop", "/spec/rules/0/host"), Value::Null);
    assert_eq!(at(&export, "Service/mqtt-published", "/spec/ports/0/port"), 11883);
    assert_eq!(at(&export, "Service/mqtt", "/spec/ports/0/port"), 1883);
    assert!(!names(&export).iter().any(|name| name.contains("admin-published") || name == "Ingress/admin"));
    let options = Options {
        node_ports: true,
        gateway: Some("infra/edge".to_owned()),
        domain: Some("example.com".to_owned()),
        ..Options::default()
    };
    let export = checked(Stack::of(&text).export_with(&options));
    assert_eq!(at(&export, "HTTPRoute/shop", "/spec/hostnames"), json!(["shop.example.com"]));
    assert_eq!(at(&export, "HTTPRoute/shop", "/spec/parentRefs/0"), json!({ "name": "edge", "namespace": "infra" }));
    assert_eq!(at(&export, "Service/mqtt-published", "/spec/type"), "NodePort");
}

#[test]
fn two_things_that_are_published_by_http_get_a_name_each() {
    let one = |name: &str| {
        web(name, "a", "{ container: { image: a, ports: [{ containerPort: 80, hostPort: 0, appProtocol: http }] } }")
    };
    let export = export(&format!("{}{}", one("shop"), one("blog")));
    assert_eq!(at(&export, "Ingress/blog", "/spec/rules/0/host"), "blog.a.example");
    assert!(export.report.is_lossy(), "somebody must name them");
}

#[test]
fn a_network_of_several_namespaces_is_open_among_them_and_names_are_heard_in_each() {
    let network = "apiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: mesh, namespace: a }\n";
    let api =
        web("api", "a", "{ container: { image: a, ports: [{ containerPort: 80 }] }, networks: [{ name: mesh }] }");
    let user = web(
        "user",
        "b",
        "{ container: { image: b, ports: [{ containerPort: 81 }] }, networks: [{ name: mesh, namespace: a }] }",
    );
    let export = export(&format!("{network}{api}{user}"));
    let elsewhere =
        export.objects.iter().find(|it| it.name() == "Service/api" && it.text("/metadata/namespace") == "b");
    assert_eq!(elsewhere.expect("a name in b").text("/spec/externalName"), "api.a.svc.cluster.local");
    let policies = names(&export).into_iter().filter(|name| name == "NetworkPolicy/network-mesh").count();
    assert_eq!(policies, 2);
}

#[test]
fn what_is_on_no_network_is_shut_off_and_what_is_on_internal_ones_only_goes_nowhere_else() {
    let network =
        "apiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: back, namespace: a }\nspec: { internal: true }\n";
    let db = web("db", "a", "{ container: { image: 'redis:8' }, networks: [{ name: back }] }");
    let both = web("api", "a", "{ container: { image: b }, networks: [{ name: back }, { name: default }] }");
    let alone = web("batch", "a", "{ container: { image: c }, networkMode: none }");
    let export = export(&format!("{network}{db}{both}{alone}"));
    let label = "/spec/template/metadata/labels/network.skiff.dev~1isolated";
    assert_eq!(
        (at(&export, "Deployment/db", label), at(&export, "Deployment/api", label)),
        (json!("true"), Value::Null)
    );
    assert_eq!(at(&export, "NetworkPolicy/batch-alone", "/spec/policyTypes"), json!(["Ingress", "Egress"]));
}

fn mounting(path: &str) -> String {
    web(
        "web",
        "a",
        &format!(
            "{{ container: {{ image: a, volumeMounts: [{{ name: v, mountPath: /x, readOnly: true }}] }}, volumes: [{{ name: v, hostPath: {{ path: {path}, readOnly: true }} }}] }}"
        ),
    )
}

#[test]
fn the_bytes_of_a_mounted_file_are_kept_and_its_path_is_a_part_of_the_object() {
    let bytes = b"a: 1\nstatus:\n\xff\x00tail";
    let export = checked(Stack::of(&mounting("./nginx.conf")).with_file("./nginx.conf", bytes).export());
    let config = export.objects.iter().find(|it| it.text("/kind") == "ConfigMap").expect("a ConfigMap");
    assert_eq!(config.text("/binaryData/nginx.conf"), "YTogMQpzdGF0dXM6Cv8AdGFpbA==");
    assert_eq!(at(&export, "Deployment/web", "/spec/template/spec/containers/0/volumeMounts/0/subPath"), "nginx.conf");
    let secret = checked(Stack::of(&mounting("./tls.key")).with_file("./tls.key", b"k").export());
    assert!(names(&secret).iter().any(|name| name.starts_with("Secret/web-v-")));
}

#[test]
fn a_folder_of_settings_is_laid_out_as_it_was_and_data_gets_a_claim() {
    let files = BTreeMap::from([
        ("a.conf".to_owned(), Arc::from(b"1".as_slice())),
        ("b/c.conf".to_owned(), Arc::from(b"2".as_slice())),
    ]);
    let export = checked(Stack::of(&mounting("./conf.d")).with_host("./conf.d", HostContent::Folder(files)).export());
    let items = at(&export, "Deployment/web", "/spec/template/spec/volumes/0/configMap/items");
    assert_eq!(items, json!([{ "key": "a.conf", "path": "a.conf" }, { "key": "b_c.conf", "path": "b/c.conf" }]));
    let data =
        checked(Stack::of(&mounting("./data")).with_host("./data", HostContent::Large { folder: true }).export());
    assert!(names(&data).iter().any(|name| name.starts_with("PersistentVolumeClaim/data-")));
    assert!(data.report.moves.iter().any(|it| it.from == "./data"), "the data must be moved");
    let refused = checked(Stack::of(&mounting("/var/run/docker.sock")).export());
    assert_eq!(at(&refused, "Deployment/web", "/spec/template/spec/volumes"), Value::Null);
    assert_eq!(refused.report.count(Verdict::Dropped), 3, "{:?}", refused.report.rows);
}

#[test]
fn a_port_that_is_not_declared_is_there_for_those_that_speak_to_it() {
    let queue = web("queue", "a", "{ container: { image: 'rabbitmq:4', ports: [{ containerPort: 15672 }] } }");
    let store = web(
        "store",
        "a",
        "{ container: { image: 'team/minio:1', ports: [{ containerPort: 9001 }], healthCheck: { test: [CMD, curl, 'http://localhost:9000/live'] } } }",
    );
    let sql = web("sql", "a", "{ container: { image: 'postgres:17', command: [postgres, -p, '5433'] } }");
    let cache =
        web("cache", "a", "{ container: { image: 'redis:7', ports: [{ name: metrics, containerPort: 9121 }] } }");
    let worker = web(
        "worker",
        "a",
        "{ container: { image: w, env: [{ name: A, value: 'amqp://guest@queue/' }, { name: B, value: 'Server=sql;Database=shop' }, { name: C, value: '--cache=cache' }] } }",
    );
    let export = export(&format!("{queue}{store}{sql}{cache}{worker}"));
    let numbers = |name: &str| -> Vec<u64> {
        let ports = at(&export, &format!("Service/{name}"), PORTS);
        ports.as_array().into_iter().flatten().filter_map(|port| port.get("port")?.as_u64()).collect()
    };
    assert_eq!(numbers("queue"), [15672, 5672]);
    assert_eq!(numbers("store"), [9001, 9000]);
    assert_eq!(numbers("sql"), [5433]);
    assert_eq!(numbers("cache"), [9121, 6379]);
}

#[test]
fn an_external_network_is_the_one_of_this_export_that_makes_it() {
    let network = |namespace: &str, spec: &str| {
        format!(
            "---\napiVersion: skiff.dev/v1\nkind: Network\nmetadata: {{ name: db, namespace: {namespace} }}\nspec: {spec}\n"
        )
    };
    let on = |name: &str, namespace: &str, more: &str| {
        web(name, namespace, &format!("{{ container: {{ image: 'a:1'{more} }}, networks: [{{ name: db }}] }}"))
    };
    let text = [
        network("shared", "{ networkName: shared_db }"),
        on("database", "shared", ", ports: [{ containerPort: 5432 }]"),
        network("blog", "{ external: true, networkName: shared_db }"),
        on("blog", "blog", ", env: [{ name: DB, value: 'postgres://database:5432/x' }]"),
    ];
    let export = export(&text.concat());
    let label = "/spec/template/metadata/labels/network.skiff.dev~1shared.db";
    assert_eq!(at(&export, "Deployment/database", label), "true");
    assert_eq!(at(&export, "Deployment/blog", label), "true");
    let from = "/spec/ingress/0/from/0/namespaceSelector/matchExpressions/0/values";
    assert_eq!(at(&export, "NetworkPolicy/network-db", from), json!(["blog", "shared"]));
}

#[test]
fn a_file_that_kubernetes_takes_at_no_such_path_is_mounted_or_said() {
    let file = |name: &str| Arc::from(name.as_bytes());
    let files = BTreeMap::from([("..x.conf".to_owned(), file("x")), ("a.conf".to_owned(), file("a"))]);
    let folder = checked(Stack::of(&mounting("./conf.d")).with_host("./conf.d", HostContent::Folder(files)).export());
    assert_eq!(folder.report.rows.iter().filter(|row| row.why.contains("..x.conf")).count(), 1);
    let single = Stack::of(&mounting("./..x.conf")).with_host("./..x.conf", HostContent::File(file("x")));
    let single = checked(single.export());
    let mount = at(&single, "Deployment/web", "/spec/template/spec/containers/0/volumeMounts/0/subPath");
    assert!(mount.as_str().is_some_and(|path| !path.starts_with("..")), "{mount}");
    let large = Stack::of(&mounting("./big.bin")).with_host("./big.bin", HostContent::Large { folder: false });
    let large = checked(large.export());
    let mount = at(&large, "Deployment/web", "/spec/template/spec/containers/0/volumeMounts/0/subPath");
    assert_eq!(mount, "big.bin");
    let words = large.report.moves.iter().flat_map(|it| &it.commands).cloned().collect::<Vec<_>>().join("\n");
    assert!(words.contains("-v \"$PWD\":/from:ro") && words.contains("-cf - \"big.bin\""), "{words}");
}

#[test]
fn one_namespace_takes_all() {
    let text = web("web", "a", "{ container: { image: a, ports: [{ containerPort: 80 }] } }");
    let options = Options { namespace: Some("prod".to_owned()), ..Options::default() };
    let export = checked(Stack::of(&text).export_with(&options));
    let outside = export.objects.iter().filter(|it| !["", "prod"].contains(&it.text("/metadata/namespace"))).count();
    assert_eq!(outside, 0);
}
