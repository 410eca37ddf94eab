//! How long the export of a large stack takes, in each shape.

use std::collections::BTreeMap;

use criterion::Criterion;
use serde_json::{Value, json};
use skiff_api::{Object, ObjectKey};
use skiff_kubernetes::{Export, Input, Options, Place, Places, Shape, export, files};

struct Nowhere;

impl Places for Nowhere {
    fn place(&self, _: &ObjectKey, _: &str) -> Place {
        Place::default()
    }
}

/// Services of which each speaks to the next one, on two of fifty networks, with settings, a volume for every tenth, and published ports.
fn stack(services: usize, version: &str) -> BTreeMap<ObjectKey, Object> {
    let metadata = |name: &str| json!({ "name": name, "namespace": "shop" });
    let network = |index: usize| format!("network-{}", index % NETWORKS);
    let mut objects: Vec<Value> =
        (0..NETWORKS).map(|index| json!({ "kind": "Network", "metadata": metadata(&network(index)) })).collect();
    for index in 0..services {
        let (name, next) = (format!("service-{index}"), format!("http://service-{}:8000/", (index + 1) % services));
        let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
        if index % 10 == 0 {
            objects.push(json!({ "kind": "Volume", "metadata": metadata(&name) }));
            mounts.push(json!({ "name": "data", "mountPath": "/data" }));
            volumes.push(json!({ "name": "data", "volume": { "name": name } }));
        }
        let template = json!({
            "container": {
                "image": format!("shop/service:{version}"), "env": [{ "name": "NEXT", "value": next }, { "name": "TOKEN", "value": "x" }],
                "envFrom": [{ "configMapRef": { "name": name } }], "ports": [{ "containerPort": 8000, "hostPort": 0 }],
                "healthCheck": { "test": ["CMD", "curl", "-f", "http://localhost:8000/health"] },
                "volumeMounts": mounts,
            },
            "networks": [{ "name": network(index) }, { "name": network(index + 1) }],
            "volumes": volumes,
        });
        let spec = json!({ "replicas": 2, "template": template });
        objects.push(json!({ "kind": "Deployment", "metadata": metadata(&name), "spec": spec }));
        let data = json!({ "SETTING": "value", "file.conf": "line\n".repeat(100) });
        objects.push(json!({ "kind": "ConfigMap", "metadata": metadata(&name), "data": data }));
    }
    let object = |value| Object::from_manifest(&value).expect("a manifest");
    objects.into_iter().map(object).map(|object| (object.key(), object)).collect()
}

/// How many networks the services share.
const NETWORKS: usize = 50;

fn large(criterion: &mut Criterion) {
    let (base, prod) = (stack(500, "1.2"), stack(500, "1.3"));
    let shapes = [
        ("plain", Shape::Plain),
        ("kustomize", Shape::Kustomize([("prod".to_owned(), exported(&prod))].into())),
        ("helm", Shape::Helm),
    ];
    let mut group = criterion.benchmark_group("export 500 services as files");
    group.sample_size(10);
    for (name, shape) in &shapes {
        group.bench_function(*name, |bencher| bencher.iter(|| files(&exported(&base), shape)));
    }
    group.finish();
    // Twice as much takes twice as long, or something goes through all for each.
    let mut group = criterion.benchmark_group("export services");
    group.sample_size(10);
    for services in [500, 1000] {
        let objects = stack(services, "1.2");
        group.bench_function(services.to_string(), |bencher| bencher.iter(|| exported(&objects)));
    }
    group.finish();
}

fn exported(objects: &BTreeMap<ObjectKey, Object>) -> Export {
    let (bases, host) = (BTreeMap::new(), BTreeMap::new());
    let input = Input { objects, bases: &bases, places: &Nowhere, host: &host, usage: None, remarks: &[] };
    export(&input, &Options::default())
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    large(&mut criterion);
    criterion.final_summary();
}
