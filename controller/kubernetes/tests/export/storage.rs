//! Disks: who may have one at once, what is seen of it, and under which name.

use crate::support::{Stack, at, names};
use crate::workloads::{deployment, export, pod, verdicts};
use serde_json::{Value, json};
use skiff_kubernetes::{Options, Verdict};

fn volume(name: &str) -> String {
    format!("---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: {{ name: {name} }}\nspec: {{}}\n")
}

fn mounting(image: &str, mounts: &str, volumes: &str) -> String {
    format!("{{ template: {{ container: {{ image: '{image}', volumeMounts: [{mounts}] }}, volumes: [{volumes}] }} }}")
}

/// A database and what copies its data elsewhere.
fn backed_up() -> String {
    let db = mounting(
        "postgres:17",
        "{ name: d, mountPath: /var/lib/postgresql/data }",
        "{ name: d, volume: { name: pg } }",
    );
    let backup = mounting(
        "backup:1",
        "{ name: d, mountPath: /data }, { name: d, mountPath: /logs, subPath: log }",
        "{ name: d, volume: { name: pg, readOnly: true } }",
    );
    format!("{}{}{}", volume("pg"), deployment("db", &db), deployment("backup", &backup))
}

#[test]
fn what_writes_to_a_disk_of_one_node_is_gone_before_its_successor_and_what_reads_it_rolls() {
    let export = export(&backed_up());
    assert_eq!(at(&export, "PersistentVolumeClaim/pg", "/spec/accessModes"), json!(["ReadWriteOnce"]));
    assert_eq!(at(&export, "Deployment/db", "/spec/strategy"), json!({ "type": "Recreate" }));
    assert_eq!(at(&export, "Deployment/backup", "/spec/strategy/type"), "RollingUpdate");
}

#[test]
fn all_that_mount_a_claim_see_the_same_folder_of_it() {
    let export = export(&backed_up());
    let of = |name: &str, index: u8| pod(&export, name, &format!("/containers/0/volumeMounts/{index}/subPath"));
    assert_eq!(of("Deployment/db", 0), "data");
    assert_eq!((of("Deployment/backup", 0), of("Deployment/backup", 1)), (json!("data"), json!("data/log")));
}

#[test]
fn a_workload_that_mounts_a_volume_twice_is_its_one_writer() {
    let twice = mounting(
        "a:1",
        "{ name: d, mountPath: /d }, { name: r, mountPath: /r }",
        "{ name: d, volume: { name: data } }, { name: r, volume: { name: data, readOnly: true } }",
    );
    let export = export(&format!("{}{}", volume("data"), deployment("web", &twice)));
    let claims = at(&export, "StatefulSet/web", "/spec/volumeClaimTemplates");
    assert_eq!(claims.as_array().map(Vec::len), Some(1), "{claims}");
    let mounts = pod(&export, "StatefulSet/web", "/containers/0/volumeMounts");
    assert_eq!(
        mounts,
        json!([{ "name": "data", "mountPath": "/d" }, { "name": "data", "mountPath": "/r", "readOnly": true }])
    );
}

#[test]
fn a_claim_that_several_share_is_one_volume_of_a_pod_however_often_it_is_mounted() {
    let twice = mounting(
        "a:1",
        "{ name: r, mountPath: /r }, { name: d, mountPath: /d }",
        "{ name: r, volume: { name: data, readOnly: true } }, { name: d, volume: { name: data } }",
    );
    let users = format!("{}{}", deployment("web", &twice), deployment("api", &twice));
    let export = export(&format!("{}{users}", volume("data")));
    let volumes = pod(&export, "Deployment/web", "/volumes");
    assert_eq!(volumes, json!([{ "name": "r", "persistentVolumeClaim": { "claimName": "data" } }]));
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/volumeMounts/0/readOnly"), true);
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/volumeMounts/1/readOnly"), Value::Null);
}

#[test]
fn a_claims_template_and_another_volume_of_the_pod_have_two_names() {
    let both = mounting(
        "a:1",
        "{ name: data, mountPath: /tmp/space }, { name: d, mountPath: /d }",
        "{ name: data, emptyDir: {} }, { name: d, volume: { name: data } }",
    );
    let export = export(&format!("{}{}", volume("data"), deployment("web", &both)));
    assert_eq!(at(&export, "StatefulSet/web", "/spec/volumeClaimTemplates/0/metadata/name"), "data");
    assert_eq!(pod(&export, "StatefulSet/web", "/volumes/0/name"), "web-data");
    let mounts = pod(&export, "StatefulSet/web", "/containers/0/volumeMounts");
    assert_eq!(
        mounts,
        json!([{ "name": "web-data", "mountPath": "/tmp/space" }, { "name": "data", "mountPath": "/d" }])
    );
}

#[test]
fn a_claim_for_data_of_the_host_has_one_name_wherever_the_sources_lie() {
    let template = "{ container: { image: a:1, volumeMounts: [{ name: d, mountPath: /d }] }, volumes: [{ name: d, hostPath: { path: ./data } }] }";
    let text = deployment("web", &format!("{{ template: {template} }}"));
    let claims = |folder: &str| -> Vec<String> {
        let all = names(&Stack::of(&text).moved_to(folder).export());
        all.into_iter().filter(|name| name.starts_with("PersistentVolumeClaim/")).collect()
    };
    assert_eq!(claims("/home/ada/shop").len(), 1);
    assert_eq!(claims("/home/ada/shop"), claims("/builds/17/shop"));
}

#[test]
fn one_writer_is_gone_before_its_successor_on_a_disk_of_any_node_too_and_several_roll() {
    let strategy = |text: &str| {
        let options = Options { read_write_many: true, ..Options::default() };
        let export = Stack::of(text).export_with(&options);
        let wrong = crate::support::references::complaints(&export);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(at(&export, "PersistentVolumeClaim/pg", "/spec/accessModes"), json!(["ReadWriteMany"]));
        ["db", "backup"].map(|name| at(&export, &format!("Deployment/{name}"), "/spec/strategy/type"))
    };
    assert_eq!(strategy(&backed_up()), ["Recreate", "RollingUpdate"]);
    let several = backed_up().replacen("{ template:", "{ replicas: 2, template:", 1);
    assert_eq!(strategy(&several), ["RollingUpdate", "RollingUpdate"]);
}

#[test]
fn permissions_are_the_decimal_number_of_what_is_octal_and_no_more_than_the_api_takes() {
    let of = |mode: &str| {
        let text = deployment(
            "web",
            &format!(
                "{{ template: {{ container: {{ image: a:1 }}, volumes: [{{ name: c, configMap: {{ name: c, defaultMode: {mode}, items: [{{ key: a, path: a, mode: {mode} }}] }} }}] }} }}"
            ),
        );
        let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { a: b }\n";
        let export = export(&format!("{text}{config}"));
        let volume = "spec.template.volumes[0].configMap";
        let said = ["defaultMode", "items[0].mode"].map(|key| verdicts(&export, &format!("{volume}.{key}")));
        let at = |pointer: &str| pod(&export, "Deployment/web", &format!("/volumes/0/configMap/{pointer}"));
        assert_eq!(at("defaultMode"), at("items/0/mode"));
        assert_eq!(said[0], said[1]);
        (at("defaultMode"), said[0].clone())
    };
    assert_eq!(of("0400"), (json!(256), vec![Verdict::Exact]));
    assert_eq!(of("256"), (json!(256), vec![Verdict::Exact]));
    assert_eq!(of("04750"), (json!(0o750), vec![Verdict::Approximated]));
}

#[test]
fn a_volume_on_a_file_server_stays_there_and_pods_of_any_node_mount_it() {
    let options = "{ type: nfs, o: 'addr=10.0.0.7,nfsvers=4.1', device: ':/srv/data' }";
    let volume = format!(
        "---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: {{ name: data }}\nspec: {{ driver: local, driverOpts: {options} }}\n"
    );
    let template = "{ container: { image: a:1, volumeMounts: [{ name: d, mountPath: /d }] }, volumes: [{ name: d, volume: { name: data } }] }";
    let export = export(&format!("{volume}{}", deployment("web", &format!("{{ replicas: 2, template: {template} }}"))));
    let spec = |pointer: &str| at(&export, "PersistentVolume/default.data", &format!("/spec/{pointer}"));
    assert_eq!(spec("nfs"), json!({ "server": "10.0.0.7", "path": "/srv/data" }));
    assert_eq!(spec("mountOptions"), json!(["nfsvers=4.1"]));
    assert_eq!(spec("claimRef/name"), "data");
    let claim = |pointer: &str| at(&export, "PersistentVolumeClaim/data", &format!("/spec/{pointer}"));
    assert_eq!((claim("volumeName"), claim("storageClassName")), (json!("default.data"), json!("")));
    assert_eq!(claim("accessModes"), json!(["ReadWriteMany"]));
    assert_eq!(pod(&export, "Deployment/web", "/affinity"), Value::Null, "every node reaches it");
    assert!(export.report.moves.is_empty(), "its data is where it was");
    assert!(!export.report.is_lossy(), "{:?}", export.report.rows);
}
