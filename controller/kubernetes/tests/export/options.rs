//! What is asked for on the command line: versions, levels, registries and classes; and Compose's `mode: global`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use skiff_compose::Request;
use skiff_kubernetes::{Options, Verdict};

use crate::support::{Stack, at, names};
use crate::workloads::{deployment, export_with, pod, verdicts};

#[test]
fn a_field_that_the_version_lacks_is_left_out_and_said() {
    let text = deployment("web", "{ template: { container: { image: a:1, stopSignal: QUIT } } }");
    let with = |version: &str| {
        export_with(&text, &Options { version: version.parse().expect("a version"), ..Options::default() })
    };
    let (old, new) = (with("1.32"), with("1.33"));
    let pointer = "/containers/0/lifecycle/stopSignal";
    assert_eq!(
        (pod(&old, "Deployment/web", pointer), pod(&new, "Deployment/web", pointer)),
        (Value::Null, json!("SIGQUIT"))
    );
    let key = "spec.template.container.stopSignal";
    assert_eq!((verdicts(&old, key), verdicts(&new, key)), (vec![Verdict::Dropped], vec![Verdict::Approximated]));
}

#[test]
fn hardened_pods_have_what_the_restricted_level_asks_for() {
    let text = deployment(
        "web",
        "{ template: { container: { image: a:1, securityContext: { runAsUser: 1000, privileged: true, capabilities: { add: [NET_ADMIN, NET_BIND_SERVICE] } } }, initContainers: [{ name: i, privileged: true }] } }",
    );
    let export = export_with(&text, &Options { hardened: true, ..Options::default() });
    for list in ["/containers/0", "/initContainers/0"] {
        let of = |field: &str| pod(&export, "Deployment/web", &format!("{list}/securityContext{field}"));
        assert_eq!(of("/allowPrivilegeEscalation"), false);
        assert_eq!(of("/capabilities"), json!({ "add": ["NET_BIND_SERVICE"], "drop": ["ALL"] }));
        assert_eq!((of("/runAsNonRoot"), of("/privileged")), (json!(true), Value::Null));
    }
    assert_eq!(pod(&export, "Deployment/web", "/securityContext/seccompProfile/type"), "RuntimeDefault");
    assert!(verdicts(&export, "spec.template.container.securityContext.privileged").contains(&Verdict::Dropped));
}

#[test]
fn images_come_from_the_registry_that_is_asked_for_and_are_listed() {
    let text = deployment("web", "{ template: { container: { image: 'ghcr.io/shop/web:1.2' } } }");
    let options = Options { image_registry: Some("reg.example.com/x".to_owned()), ..Options::default() };
    let export = export_with(&text, &options);
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/image"), "reg.example.com/x/ghcr.io/shop/web:1.2");
    let pushes: Vec<&str> = export.report.images.iter().map(|push| push.from.as_str()).collect();
    assert_eq!(pushes, ["ghcr.io/shop/web:1.2"]);
}

#[test]
fn classes_that_are_named_are_those_of_what_publishes_and_stores() {
    let published = deployment(
        "web",
        "{ template: { container: { image: a:1, ports: [{ containerPort: 80, hostPort: 80, appProtocol: http }] } } }",
    );
    let volume = "---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: { name: data }\nspec: {}\n";
    let text = format!("{published}{volume}");
    let classes = |options: &Options| {
        let export = export_with(&text, options);
        [("Ingress/web", "/spec/ingressClassName"), ("PersistentVolumeClaim/data", "/spec/storageClassName")]
            .map(|(name, pointer)| at(&export, name, pointer))
    };
    assert_eq!(classes(&Options::default()), [Value::Null, Value::Null], "the cluster's own");
    let named = |name: &str| Some(name.to_owned());
    let options = Options { ingress_class: named("edge"), storage_class: named("fast"), ..Options::default() };
    assert_eq!(classes(&options), [json!("edge"), json!("fast")]);
}

#[test]
fn what_compose_runs_on_every_node_is_a_daemon_set() {
    let text = "services: { agent: { image: 'a:1', deploy: { mode: global } } }";
    let files = BTreeMap::from([(PathBuf::from("/project/compose.yaml"), text.as_bytes().to_vec())]);
    let loaded = skiff_compose::load(&Request { directory: "/project".into(), ..Request::default() }, &files);
    let stack = Stack::of_objects(loaded.objects.iter().filter_map(skiff_compose::Declared::object));
    let export = stack.export();
    crate::support::decode::strictly(&export);
    assert!(names(&export).contains(&"DaemonSet/agent".to_owned()), "{:?}", names(&export));
    assert_eq!(at(&export, "DaemonSet/agent", "/spec/replicas"), Value::Null);
    assert_eq!(pod(&export, "DaemonSet/agent", "/containers/0/image"), "a:1");
}
