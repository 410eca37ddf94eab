//! What runs: which kind it becomes, what its pods hold, what they wait for.

use crate::support::{Stack, at, names};
use serde_json::{Value, json};
use skiff_kubernetes::{Export, Options, Verdict};

/// What comes out, which decodes and in which nothing dangles.
pub(crate) fn export(text: &str) -> Export {
    export_with(text, &Options::default())
}

pub(crate) fn export_with(text: &str, options: &Options) -> Export {
    let export = Stack::of(text).export_with(options);
    crate::support::decode::strictly(&export);
    let wrong = crate::support::references::complaints(&export);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    export
}

pub(crate) fn deployment(name: &str, spec: &str) -> String {
    format!("---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec: {spec}\n")
}

const POD: &str = "/spec/template/spec";

pub(crate) fn pod(export: &Export, name: &str, pointer: &str) -> Value {
    at(export, name, &format!("{POD}{pointer}"))
}

pub(crate) fn verdicts(export: &Export, key: &str) -> Vec<Verdict> {
    export.report.rows.iter().filter(|row| row.key == key).map(|row| row.verdict).collect()
}

#[test]
fn one_writer_keeps_its_data_as_a_stateful_set_and_several_share_a_claim_on_one_node() {
    let volume = "---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: { name: data }\nspec: {}\n";
    let template = "{ container: { image: a:1, volumeMounts: [{ name: d, mountPath: /d }] }, volumes: [{ name: d, volume: { name: data } }] }";
    let user = |name: &str| deployment(name, &format!("{{ template: {template} }}"));
    let alone = export(&format!("{volume}{}", user("db")));
    assert_eq!(at(&alone, "StatefulSet/db", "/spec/volumeClaimTemplates/0/metadata/name"), "data");
    let both = format!("{volume}{}{}", user("db"), user("backup"));
    let shared = export(&both);
    assert_eq!(at(&shared, "PersistentVolumeClaim/data", "/spec/accessModes"), json!(["ReadWriteOnce"]));
    let term = "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/labelSelector/matchLabels";
    let label = json!({ "volume.skiff.dev/data": "true" });
    assert_eq!(pod(&shared, "Deployment/db", term), label);
    assert_eq!(at(&shared, "Deployment/db", "/spec/template/metadata/labels/volume.skiff.dev~1data"), "true");
    // Old and new would write at once.
    assert_eq!(at(&shared, "Deployment/db", "/spec/strategy/type"), "Recreate");
    let many = export_with(&both, &Options { read_write_many: true, ..Options::default() });
    assert_eq!(at(&many, "PersistentVolumeClaim/data", "/spec/accessModes"), json!(["ReadWriteMany"]));
    assert_eq!(pod(&many, "Deployment/db", "/affinity"), Value::Null);
}

#[test]
fn what_has_the_ports_of_its_node_goes_before_its_successor_comes() {
    let spec = "{ template: { networkMode: host, container: { image: a:1 } } }";
    let export = export(&deployment("web", spec));
    assert_eq!(at(&export, "Deployment/web", "/spec/strategy"), json!({ "type": "Recreate" }));
    let row = export.report.rows.iter().find(|row| row.target == "Deployment/web spec.strategy.type");
    assert!(row.is_some_and(|row| row.why.contains("the ports of a node")), "{row:?}");
}

#[test]
fn data_is_moved_to_where_the_program_will_look_for_it() {
    let volume = "apiVersion: skiff.dev/v1\nkind: Volume\nmetadata: { name: data, namespace: shop }\nspec: {}\n";
    let db = "---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: db, namespace: shop }\nspec: { template: { container: { image: 'postgres:17', volumeMounts: [{ name: d, mountPath: /var/lib/postgresql/data }] }, volumes: [{ name: d, volume: { name: data } }] } }";
    let export = export_with(&format!("{volume}{db}"), &Options { hardened: true, ..Options::default() });
    assert_eq!(pod(&export, "StatefulSet/db", "/containers/0/volumeMounts/0/subPath"), "data");
    let moved = export.report.moves.first().expect("data to move");
    assert_eq!((moved.from.as_str(), moved.claim.as_str()), ("shop-data", "data-db-0"));
    let words = moved.commands.join("\n");
    for expected in
        ["mkdir -p /to/data", "docker volume inspect shop-data", "tar -C /to/data -xf -", "enforce=restricted"]
    {
        assert!(words.contains(expected), "{expected} is not in\n{words}");
    }
}

#[test]
fn all_that_use_data_are_away_while_any_of_it_is_moved() {
    let volume = |name: &str| {
        format!(
            "---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: {{ name: {name}, namespace: shop }}\nspec: {{}}\n"
        )
    };
    let db = "---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: db, namespace: shop }\nspec: { template: { container: { image: 'team/postgres-ha:2', volumeMounts: [{ name: d, mountPath: /data }, { name: w, mountPath: /wal }] }, volumes: [{ name: d, volume: { name: data } }, { name: w, volume: { name: wal } }] } }";
    let options = Options { instance: "edge".parse().expect("a name"), ..Options::default() };
    let export = export_with(&format!("{}{}{db}", volume("data"), volume("wal")), &options);
    let from: Vec<&str> = export.report.moves.iter().map(|it| it.from.as_str()).collect();
    assert_eq!(from, ["edge-shop-data", "edge-shop-wal"], "the volumes of the instance");
    assert_eq!(
        pod(&export, "StatefulSet/db", "/containers/0/volumeMounts/0/subPath"),
        "data",
        "a database's own folder"
    );
    let page = export.report.markdown(&[]);
    let at = |words: &str| {
        let found: Vec<usize> = page.match_indices(words).map(|(index, _)| index).collect();
        assert_eq!(found.len(), 1, "`{words}` is there {} times", found.len());
        found.first().copied().unwrap_or_default()
    };
    let (away, gone, back) = (at("db --replicas=0"), at("wait --for=delete pod -l"), at("db --replicas=1"));
    let copies: Vec<usize> = page.match_indices("tar -C /from").map(|(index, _)| index).collect();
    assert_eq!(copies.len(), 2);
    assert!(copies.iter().all(|copy| away < gone && gone < *copy && *copy < back), "{page}");
}

#[test]
fn what_the_server_would_refuse_is_written_so_that_it_does_not() {
    let hooks = "{ template: { container: { image: a:1, lifecycle: { preStop: { commands: [{ command: [a] }, { command: [b] }] } } } } }";
    let export = export(&deployment("web", hooks));
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/lifecycle"), Value::Null);
    assert!(export.report.is_lossy());
    let deadline = |spec: &str| {
        let export = self::export(&deployment("web", spec));
        at(&export, "Deployment/web", "/spec/progressDeadlineSeconds")
    };
    assert_eq!(deadline("{ progressDeadlineSeconds: 8, template: { container: { image: a:1 } } }"), 18);
    assert_eq!(deadline("{ minReadySeconds: 900, template: { container: { image: a:1 } } }"), 1500);
    assert_eq!(deadline("{ progressDeadlineSeconds: 60, template: { container: { image: a:1 } } }"), 60);
    let sleeps = "{ template: { container: { image: a:1, lifecycle: { preStop: { sleep: 0s } } } } }";
    let old = Options { version: "1.30".parse().expect("a version"), ..Options::default() };
    let lifecycle = |options: &Options| {
        pod(
            &export_with(&deployment("web", sleeps), options),
            "Deployment/web",
            "/containers/0/lifecycle/preStop/sleep/seconds",
        )
    };
    assert_eq!((lifecycle(&old), lifecycle(&Options::default())), (Value::Null, json!(0)));
}

#[test]
fn what_has_no_replica_is_not_waited_for() {
    let db = deployment(
        "db",
        "{ replicas: 0, template: { container: { image: 'postgres:17', ports: [{ containerPort: 5432 }] } } }",
    );
    let web =
        deployment("web", "{ dependsOn: [{ name: db, condition: Ready }], template: { container: { image: a:1 } } }");
    let export = export(&format!("{db}{web}"));
    assert_eq!(pod(&export, "Deployment/web", "/initContainers"), Value::Null);
    assert!(export.report.is_lossy());
}

#[test]
fn what_ends_by_design_is_a_job_and_what_serves_is_not() {
    let once = export(&deployment("setup", "{ template: { restartPolicy: Never, container: { image: a:1 } } }"));
    assert!(names(&once).iter().any(|name| name.starts_with("Job/setup-")), "{:?}", names(&once));
    let serving = "{ template: { restartPolicy: Never, container: { image: a:1, ports: [{ containerPort: 80 }] } } }";
    assert_eq!(pod(&export(&deployment("web", serving)), "Deployment/web", "/restartPolicy"), "Always");
    let agent = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: agent, annotations: { skiff.dev/export-as: DaemonSet } }\nspec: { template: { container: { image: a:1 } } }";
    assert!(names(&export(agent)).contains(&"DaemonSet/agent".to_owned()));
}

#[test]
fn a_job_has_another_name_once_it_or_its_content_is_another() {
    let stack = |image: &str, value: &str| {
        let job = format!(
            "apiVersion: skiff.dev/v1\nkind: Job\nmetadata: {{ name: load }}\nspec: {{ template: {{ container: {{ image: {image}, envFrom: [{{ configMapRef: {{ name: c }} }}] }} }} }}"
        );
        let config =
            format!("---\napiVersion: skiff.dev/v1\nkind: ConfigMap\nmetadata: {{ name: c }}\ndata: {{ A: {value} }}");
        let export = export(&format!("{job}\n{config}"));
        names(&export).into_iter().find(|name| name.starts_with("Job/")).expect("a job")
    };
    let first = stack("a:1", "x");
    assert_eq!(first, stack("a:1", "x"));
    assert_ne!(first, stack("a:2", "x"));
    assert_ne!(first, stack("a:1", "y"));
}

#[test]
fn words_reach_the_program_as_they_are_written() {
    let spec = r#"{ template: { container: { image: "a:1", command: [sh, -c], args: ["kill $$; echo $(date) $HOME ${X}"],
        env: [{ name: PRICE, value: "$(5) $$" }, { name: DB_PASSWORD, value: "p$$w" }, { name: TOKEN_FILE, value: /t }] } } }"#;
    let export = export(&deployment("web", spec));
    let container = "/containers/0";
    assert_eq!(pod(&export, "Deployment/web", &format!("{container}/args/0")), "kill $$$; echo $$(date) $HOME ${X}");
    assert_eq!(pod(&export, "Deployment/web", &format!("{container}/env/0/value")), "$$(5) $$$");
    assert_eq!(pod(&export, "Deployment/web", &format!("{container}/env/2/value")), "/t");
    let holder = pod(&export, "Deployment/web", &format!("{container}/env/1/valueFrom/secretKeyRef/name"));
    let holder = format!("Secret/{}", holder.as_str().expect("a secret"));
    // Nothing expands what comes from a Secret: it is not escaped.
    assert_eq!(at(&export, &holder, "/data/DB_PASSWORD"), "cCQkdw==");
}

#[test]
fn those_that_share_a_network_are_containers_of_one_pod() {
    let main = deployment(
        "vpn",
        "{ template: { container: { image: vpn:1, ports: [{ containerPort: 8080 }] }, volumes: [{ name: d, emptyDir: {} }] } }",
    );
    let joined = deployment(
        "torrent",
        "{ template: { networkMode: 'deployment:vpn', container: { image: t:1, ports: [{ containerPort: 9091 }], volumeMounts: [{ name: d, mountPath: /d }] }, volumes: [{ name: d, emptyDir: {} }] } }",
    );
    let export = export(&format!("{main}{joined}"));
    let of = |pointer: &str| pod(&export, "Deployment/vpn", pointer);
    assert_eq!((of("/containers/0/name"), of("/containers/1/name")), (json!("vpn"), json!("torrent")));
    assert_eq!(of("/containers/1/volumeMounts/0/name"), "torrent-d");
    assert_eq!(at(&export, "Service/torrent", "/spec/selector/app.kubernetes.io~1name"), "vpn");
    assert!(!names(&export).contains(&"Deployment/torrent".to_owned()));
}

#[test]
fn a_pod_waits_for_what_answers_and_for_what_ends() {
    let job = "apiVersion: skiff.dev/v1\nkind: Job\nmetadata: { name: migrate }\nspec: { ttlSecondsAfterFinished: 60, template: { container: { image: a:1 } } }\n";
    let db = deployment("db", "{ template: { container: { image: 'postgres:17' } } }");
    let web = deployment(
        "web",
        "{ dependsOn: [{ name: db, condition: Ready }, { name: migrate, condition: Completed }], template: { container: { image: a:1 } } }",
    );
    let export = export(&format!("{job}{db}{web}"));
    let of = |pointer: &str| pod(&export, "Deployment/web", pointer).to_string();
    assert!(of("/initContainers/0/command/2").contains("nc -z -w 2 db 5432"), "{}", of("/initContainers"));
    assert!(of("/initContainers/1/command/4").contains("job/migrate-"));
    assert_eq!(pod(&export, "Deployment/web", "/automountServiceAccountToken"), false);
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/volumeMounts"), Value::Null);
    let job = names(&export).into_iter().find(|name| name.starts_with("Job/")).expect("a job");
    assert_eq!(at(&export, &job, "/spec/ttlSecondsAfterFinished"), Value::Null);
    assert_eq!(verdicts(&export, "spec.ttlSecondsAfterFinished"), [Verdict::Dropped]);
}

#[test]
fn nobody_waits_for_a_port_that_a_policy_shuts_or_that_nobody_knows() {
    let db = deployment("db", "{ template: { container: { image: 'postgres:17' }, networks: [{ name: default }] } }");
    let quiet = deployment("quiet", "{ template: { container: { image: q:1 } } }");
    let network = "apiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: other }\n";
    let apart = deployment(
        "web",
        "{ dependsOn: [{ name: db, condition: Ready }], template: { container: { image: a:1 }, networks: [{ name: other }] } }",
    );
    let beside = deployment(
        "api",
        "{ dependsOn: [{ name: quiet, condition: Ready }], template: { container: { image: a:1 } } }",
    );
    let export = export(&format!("{network}{db}{quiet}{apart}{beside}"));
    for name in ["Deployment/web", "Deployment/api"] {
        assert_eq!(pod(&export, name, "/initContainers"), Value::Null, "{name}");
    }
    assert_eq!(verdicts(&export, "spec.dependsOn[0].condition"), [Verdict::NeedsInput; 2]);
}
