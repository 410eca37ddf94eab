//! What an API server or a kubelet would refuse although every schema takes it.

use serde_json::{Value, json};
use skiff_kubernetes::{Options, Shape, Verdict, files};

use crate::support::{Stack, at, names};
use crate::workloads::{deployment, export, pod, verdicts};

fn container(fields: &str) -> String {
    deployment("web", &format!("{{ template: {{ container: {{ image: a:1, {fields} }} }} }}"))
}

#[test]
fn nothing_asks_for_more_than_its_limit() {
    let export = export(&container("cpuShares: 2048, resources: { limits: { cpu: 500m } }"));
    let cpu = |list: &str| pod(&export, "Deployment/web", &format!("/containers/0/resources/{list}/cpu"));
    assert_eq!((cpu("requests"), cpu("limits")), (json!("500m"), json!("500m")));
}

#[test]
fn one_thing_is_mounted_at_a_path() {
    let template = "{ container: { image: a:1, shmSize: 64Mi, volumeMounts: [{ name: m, mountPath: /dev/shm }] }, volumes: [{ name: m, tmpfs: {} }] }";
    let export = export(&deployment("web", &format!("{{ template: {template} }}")));
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/volumeMounts").as_array().map(Vec::len), Some(1));
    assert_eq!(verdicts(&export, "spec.template.container.shmSize"), [Verdict::Dropped]);
}

#[test]
fn a_pause_before_the_stop_ends_with_the_grace_period() {
    let export = export(&container("lifecycle: { preStop: { sleep: 40s } }"));
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/lifecycle/preStop/sleep/seconds"), 30);
    assert_eq!(verdicts(&export, "spec.template.container.lifecycle.preStop.sleep"), [Verdict::Approximated]);
}

#[test]
fn who_names_a_signal_says_of_which_system() {
    let stack = Stack::of(&container("stopSignal: SIGQUIT"));
    let export = stack.export_with(&Options { version: "1.35".parse().expect("a version"), ..Options::default() });
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/lifecycle/stopSignal"), "SIGQUIT");
    assert_eq!(pod(&export, "Deployment/web", "/os/name"), "linux");
}

#[test]
fn a_variable_that_no_version_takes_is_told() {
    let export = export(&container(
        "env: [{ name: 'my token', value: x }, { name: 1ABC, value: y }, { name: A.B-c, value: z }]",
    ));
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/env"), json!([{ "name": "A.B-c", "value": "z" }]));
    assert_eq!(verdicts(&export, "spec.template.container.env[0]"), [Verdict::Dropped]);
    assert_eq!(verdicts(&export, "spec.template.container.env[1]"), [Verdict::Dropped]);
}

#[test]
fn a_check_asks_under_the_name_that_it_has_in_the_container() {
    let export = export(&container(
        "ports: [{ containerPort: 8000 }], healthCheck: { test: [CMD, curl, -f, 'http://localhost:8000/health'] }",
    ));
    let asked = pod(&export, "Deployment/web", "/containers/0/readinessProbe/httpGet/httpHeaders");
    assert_eq!(asked, json!([{ "name": "Host", "value": "localhost:8000" }]));
}

#[test]
fn what_shares_the_node_is_told_where_the_restricted_level_is_wanted() {
    let stack =
        Stack::of(&deployment("web", "{ template: { networkMode: host, container: { image: a:1, pidMode: host } } }"));
    let export = stack.export_with(&Options { hardened: true, ..Options::default() });
    let told: Vec<&str> = export
        .report
        .rows
        .iter()
        .filter(|row| row.why.starts_with("the restricted level takes no pod"))
        .map(|row| row.target.as_str())
        .collect();
    assert_eq!(told, ["Deployment/web spec.hostNetwork", "Deployment/web spec.hostPID"]);
}

const TWO: &str = "---\napiVersion: skiff.dev/v1\nkind: Job\nmetadata: { name: first }\nspec: { template: { container: { image: a:1 } } }\n---\napiVersion: skiff.dev/v1\nkind: Job\nmetadata: { name: second }\nspec: { dependsOn: [{ name: first, condition: Completed }], template: { container: { image: a:1 } } }\n";

#[test]
fn a_job_waits_for_one_that_is_not_there_yet() {
    let export = export(TWO);
    let second = names(&export).into_iter().find(|name| name.starts_with("Job/second")).expect("the second job");
    let waits = at(&export, &second, "/spec/template/spec/initContainers");
    let words: Vec<Value> =
        waits.as_array().into_iter().flatten().filter_map(|it| it.pointer("/command/2").cloned()).collect();
    assert_eq!(words, ["--for=create", "--for=condition=complete"]);
}

#[test]
fn a_name_that_no_service_can_have_is_waited_for_by_the_one_it_has() {
    let db = deployment("1db", "{ template: { container: { image: a:1, ports: [{ containerPort: 5432 }] } } }");
    let web =
        deployment("web", "{ dependsOn: [{ name: 1db, condition: Ready }], template: { container: { image: a:1 } } }");
    let export = export(&format!("{db}{web}"));
    assert!(names(&export).contains(&"Service/svc-1db".to_owned()), "{:?}", names(&export));
    let line = pod(&export, "Deployment/web", "/initContainers/0/command/2");
    assert!(line.as_str().is_some_and(|line| line.contains("nc -z -w 2 svc-1db 5432")), "{line}");
}

#[test]
fn the_folder_that_is_applied_holds_objects_only_and_namespaces_come_first() {
    let text = deployment("web", "{ template: { container: { image: a:1 } } }")
        .replace("name: web }", "name: web, namespace: shop }");
    let files = files(
        &Stack::of(&format!("{text}{}", deployment("web", "{ template: { container: { image: a:1 } } }"))).export(),
        &Shape::Plain,
    );
    let applied: Vec<&str> = files.keys().filter_map(|path| path.strip_prefix("manifests/")).collect();
    assert_eq!(
        applied,
        [
            "0-namespaces.yaml",
            "default.networkpolicies.yaml",
            "default.web.yaml",
            "shop.networkpolicies.yaml",
            "shop.web.yaml"
        ]
    );
    assert!(files.contains_key("REPORT.md") && files.contains_key("report.json"));
}
