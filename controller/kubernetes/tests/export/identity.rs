//! Names: each is there once, and leads to what it says.

use crate::support::{Stack, at, names};
use crate::workloads::{deployment, export, pod, verdicts};
use serde_json::{Value, json};
use skiff_kubernetes::{Export, Options, Shape, Verdict, files};

const VOLUME: &str = "---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: { name: data }\nspec: {}\n";

fn writer(name: &str) -> String {
    deployment(
        name,
        "{ template: { container: { image: a:1, ports: [{ containerPort: 80 }], volumeMounts: [{ name: d, mountPath: /d }] }, volumes: [{ name: d, volume: { name: data } }] } }",
    )
}

fn web(name: &str, namespace: &str) -> String {
    format!(
        "---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: {namespace} }}\nspec: {{ template: {{ container: {{ image: a:1, ports: [{{ containerPort: 80 }}] }} }} }}\n"
    )
}

fn checked(export: Export) -> Export {
    let wrong = crate::support::references::complaints(&export);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    export
}

#[test]
fn what_governs_a_stateful_set_makes_way_for_a_service_that_peers_know() {
    let other = deployment("db-pods", "{ template: { container: { image: a:1, ports: [{ containerPort: 9 }] } } }");
    let export = export(&format!("{VOLUME}{}{other}", writer("db")));
    assert_eq!(at(&export, "StatefulSet/db", "/spec/serviceName"), "db-pods-2");
    assert_eq!(at(&export, "Service/db-pods", "/spec/selector/app.kubernetes.io~1name"), "db-pods");
}

#[test]
fn a_job_and_what_is_called_like_its_pods_are_told_apart() {
    let job = "---\napiVersion: skiff.dev/v1\nkind: Job\nmetadata: { name: migrate }\nspec: { template: { container: { image: a:1 } } }\n";
    let export = export(&format!(
        "{job}{}",
        deployment("migrate-job", "{ template: { container: { image: a:1, ports: [{ containerPort: 80 }] } } }")
    ));
    assert_eq!(pod(&export, "Deployment/migrate-job", "/serviceAccountName"), "migrate-job");
    let job = names(&export).into_iter().find(|name| name.starts_with("Job/")).expect("a job");
    assert_eq!(pod(&export, &job, "/serviceAccountName"), "migrate-job-2");
}

#[test]
fn two_namespaces_in_one_keep_their_workloads_apart() {
    let options = Options { namespace: Some("prod".to_owned()), ..Options::default() };
    let export = checked(Stack::of(&format!("{}{}", web("web", "a"), web("web", "b"))).export_with(&options));
    for name in ["Deployment/web", "Deployment/web-2", "Service/web", "Service/web-2"] {
        assert!(names(&export).contains(&name.to_owned()), "{:?}", names(&export));
    }
    assert_eq!(at(&export, "Service/web-2", "/spec/selector/app.kubernetes.io~1instance"), "b");
}

#[test]
fn ports_of_one_pod_have_names_of_their_own() {
    let main =
        deployment("main", "{ template: { container: { image: a:1, ports: [{ name: http, containerPort: 80 }] } } }");
    let side = deployment(
        "side",
        "{ template: { networkMode: 'deployment:main', container: { image: a:1, ports: [{ name: http, containerPort: 8080 }] } } }",
    );
    let export = export(&format!("{main}{side}"));
    assert_eq!(at(&export, "Service/main", "/spec/ports/0/targetPort"), "http");
    assert_eq!(at(&export, "Service/side", "/spec/ports/0/targetPort"), "tcp-8080");
    assert_eq!(pod(&export, "Deployment/main", "/containers/1/ports/0/name"), "tcp-8080");
}

#[test]
fn a_stateful_sets_pods_can_carry_its_name_in_a_label() {
    let name = "a-name-that-is-as-long-as-any-name-of-a-deployment-may-be-here";
    let export = export(&format!("{VOLUME}{}", writer(name)));
    let set = names(&export).into_iter().find(|name| name.starts_with("StatefulSet/")).expect("a set");
    assert!(set.len() <= "StatefulSet/".len() + 52, "{set}");
    assert!(names(&export).contains(&format!("Service/{name}")), "its peers know it by its name");
}

#[test]
fn a_containers_name_is_one_that_peers_may_use() {
    let db = deployment("db", "{ template: { containerName: the-db, container: { image: 'own:1' } } }");
    let web = deployment(
        "web",
        "{ template: { container: { image: a:1, env: [{ name: ADDRESS, value: 'the-db:5432' }] } } }",
    );
    let export = export(&format!("{db}{web}"));
    assert_eq!(at(&export, "Service/the-db", "/spec/selector/app.kubernetes.io~1name"), "db");
    assert_eq!(at(&export, "Service/the-db", "/spec/ports/0/port"), 5432);
}

#[test]
fn an_alias_is_heard_in_the_other_namespaces_of_its_network() {
    let network = "---\napiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: common, namespace: a }\nspec: {}\n";
    let on = |name: &str, namespace: &str, more: &str| {
        format!(
            "---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name}, namespace: {namespace} }}\nspec: {{ template: {{ networks: [{{ name: common, namespace: a{more} }}], container: {{ image: a:1, ports: [{{ containerPort: 80 }}] }} }} }}\n"
        )
    };
    let text = format!("{network}{}{}", on("db", "a", ", aliases: [store]"), on("web", "b", ""));
    let export = checked(Stack::of(&text).export());
    let of = |namespace: &str| {
        let is_it = |it: &&skiff_kubernetes::Emitted| {
            it.name() == "Service/store" && it.text("/metadata/namespace") == namespace
        };
        export.objects.iter().find(is_it).map(|it| it.text("/spec/externalName").to_owned())
    };
    assert_eq!(of("b").as_deref(), Some("db.a.svc.cluster.local"));
    assert_eq!(of("a").as_deref(), Some(""));
}

#[test]
fn keys_of_a_charts_values_are_those_of_one_thing() {
    let two = export(&format!("{}{}", web("web-1", "default"), web("web1", "default")));
    let chart = files(&two, &Shape::Helm);
    let values = chart.get("values.yaml").expect("values");
    assert!(values.contains("  web1:\n") && values.contains("  web1_2:\n"), "{values}");
    let spaces = checked(Stack::of(&format!("{}{}", web("web", "a"), web("web", "b"))).export());
    let chart = files(&spaces, &Shape::Helm);
    let values = chart.get("values.yaml").expect("values");
    assert!(values.contains("  web:\n") && values.contains("  bWeb:\n"), "{values}");
}

#[test]
fn files_of_a_chart_are_those_of_one_workload() {
    let export = checked(Stack::of(&format!("{}{}", web("b-c", "a"), web("c", "a-b"))).export());
    let chart = files(&export, &Shape::Helm);
    let deployments = chart.values().filter(|text| text.contains("kind: Deployment")).count();
    assert_eq!(deployments, 2, "{:?}", chart.keys());
}

#[test]
fn tls_is_passed_through() {
    let text = deployment(
        "proxy",
        "{ template: { container: { image: nginx, ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 443, hostPort: 443 }] } } }",
    );
    let export = export(&text);
    assert_eq!(at(&export, "Ingress/proxy", "/spec/rules/0/http/paths/0/backend/service/port/number"), 80);
    assert_eq!(at(&export, "Service/proxy-published", "/spec/ports/0/port"), 443);
    assert_eq!(verdicts(&export, "spec.template.container.ports[1]"), [Verdict::Defaulted]);
    assert_eq!(at(&export, "Service/proxy-published", "/spec/ports/1"), Value::Null);
    assert_eq!(at(&export, "Service/proxy-published", "/spec/type"), json!("LoadBalancer"));
}

#[test]
fn a_jobs_name_is_that_of_its_finished_pod_and_of_nothing_else() {
    let job = |name: &str, image: &str, more: &str| {
        format!(
            "---\napiVersion: skiff.dev/v1\nkind: Job\nmetadata: {{ name: {name} }}\nspec: {{ {more}template: {{ container: {{ image: {image} }} }} }}\n"
        )
    };
    let named = |image: &str, options: &Options| {
        let after = "dependsOn: [{ name: first, condition: Completed }], ";
        let text = format!("{}{}", job("first", image, ""), job("second", "b:1", after));
        let export = checked(Stack::of(&text).export_with(options));
        let second = names(&export).into_iter().find(|name| name.starts_with("Job/second-"));
        second.expect("the second job")
    };
    let plain = named("a:1", &Options::default());
    assert_ne!(named("a:2", &Options::default()), plain, "what it waits for is another");
    let storage = Options { storage_size: Some("5Gi".to_owned()), ..Options::default() };
    assert_eq!(named("a:1", &storage), plain, "it has no storage");
    let hardened = Options { hardened: true, ..Options::default() };
    assert_ne!(named("a:1", &hardened), plain);
}
