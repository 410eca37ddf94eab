//! Replicas by load, and what is asked for where it was seen.

use serde_json::{Value, json};
use skiff_api::{Bytes, Cpu, Kind, ObjectKey};
use skiff_kubernetes::{Usage, Verdict};

use crate::support::{Stack, at, names};
use crate::workloads::{deployment, export, pod, verdicts};

/// A deployment that is annotated to be scaled.
fn scaled(scale: &str, container: &str) -> String {
    let text = deployment("web", &format!("{{ replicas: 3, template: {{ container: {{ image: a:1{container} }} }} }}"));
    text.replace("name: web }", &format!("name: web, annotations: {{ skiff.dev/export-autoscale: '{scale}' }} }}"))
}

#[test]
fn an_autoscaler_decides_alone_how_many_replicas_there_are() {
    let asks = ", resources: { requests: { cpu: 100m }, limits: { memory: 64Mi } }";
    let export = export(&scaled("max=10 cpu=70% memory=80%", asks));
    let of = |pointer: &str| at(&export, "HorizontalPodAutoscaler/web", &format!("/spec/{pointer}"));
    assert_eq!((of("minReplicas"), of("maxReplicas")), (json!(3), json!(10)));
    assert_eq!(of("scaleTargetRef"), json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" }));
    let target = |resource: &str, share| json!({ "type": "Resource", "resource": { "name": resource, "target": { "type": "Utilization", "averageUtilization": share } } });
    assert_eq!(of("metrics"), json!([target("cpu", 70), target("memory", 80)]));
    assert_eq!(of("behavior/scaleDown/stabilizationWindowSeconds"), 300);
    assert_eq!(at(&export, "Deployment/web", "/spec/replicas"), Value::Null);
    assert_eq!(verdicts(&export, "spec.replicas"), [Verdict::Approximated]);
    assert!(export.report.prerequisites.iter().any(|it| it.name == "v1beta1.metrics.k8s.io"));
    assert!(names(&export).contains(&"PodDisruptionBudget/web".to_owned()));
}

#[test]
fn what_asks_for_nothing_is_not_scaled_and_says_what_is_missing() {
    let export = export(&scaled("max=10 cpu=70%", ""));
    assert!(!names(&export).iter().any(|name| name.starts_with("Horizontal")), "{:?}", names(&export));
    assert_eq!(at(&export, "Deployment/web", "/spec/replicas"), 3);
    let key = "metadata.annotations.skiff.dev/export-autoscale";
    let row = export.report.rows.iter().find(|row| row.key == key).expect("a row");
    assert_eq!(row.verdict, Verdict::NeedsInput);
    assert!(row.why.contains("container web asks for no cpu"), "{}", row.why);
}

#[test]
fn what_is_seen_to_be_used_is_asked_for_where_the_source_says_nothing() {
    let resources = ", resources: { requests: { memory: 100Mi } }";
    let mut stack = Stack::of(&scaled("max=4 cpu=50%", resources));
    let used = Usage { cpu: Cpu::from_millis(250), memory: Bytes::mebibytes(300) };
    stack.usage = Some([(ObjectKey::new(Kind::Deployment, "default", "web"), used)].into());
    let export = stack.export();
    let wrong = crate::support::references::complaints(&export);
    assert!(wrong.is_empty(), "{wrong:?}");
    let resources = pod(&export, "Deployment/web", "/containers/0/resources");
    assert_eq!(resources, json!({ "requests": { "cpu": "250m", "memory": "100Mi" } }), "memory is the source's own");
    let row = export.report.rows.iter().find(|row| row.verdict == Verdict::Defaulted && row.key.ends_with("resources"));
    assert!(row.is_some_and(|row| row.why.starts_with("250m is what it used")), "{row:?}");
    stack.usage = Some([].into());
    let export = stack.export();
    assert_eq!(pod(&export, "Deployment/web", "/containers/0/resources/requests/cpu"), Value::Null);
    let idle = export.report.rows.iter().find(|row| row.why.starts_with("nothing of it ran"));
    assert!(idle.is_some_and(|row| row.target.ends_with("resources.requests.cpu")), "{idle:?}");
}

#[test]
fn what_may_have_several_replicas_is_no_single_writer() {
    let volume = "---\napiVersion: skiff.dev/v1\nkind: Volume\nmetadata: { name: data }\nspec: {}\n";
    let spec = "{ template: { container: { image: a:1, resources: { requests: { cpu: 1 } }, volumeMounts: [{ name: d, mountPath: /d }] }, volumes: [{ name: d, volume: { name: data } }] } }";
    let user = deployment("web", spec)
        .replace("name: web }", "name: web, annotations: { skiff.dev/export-autoscale: max=3 cpu=50% } }");
    let export = export(&format!("{volume}{user}"));
    assert!(names(&export).contains(&"Deployment/web".to_owned()), "{:?}", names(&export));
    assert!(names(&export).contains(&"PersistentVolumeClaim/data".to_owned()), "{:?}", names(&export));
}

#[test]
fn only_what_has_replicas_is_scaled() {
    let job = "apiVersion: skiff.dev/v1\nkind: Job\nmetadata: { name: once, annotations: { skiff.dev/export-autoscale: max=3 cpu=50% } }\nspec: { template: { container: { image: a:1 } } }";
    assert_eq!(verdicts(&export(job), "metadata.annotations.skiff.dev/export-autoscale"), [Verdict::Dropped]);
    let agent = scaled("max=3 cpu=50%", "").replace("annotations: {", "annotations: { skiff.dev/export-as: DaemonSet,");
    assert_eq!(verdicts(&export(&agent), "metadata.annotations.skiff.dev/export-autoscale"), [Verdict::Dropped]);
}
