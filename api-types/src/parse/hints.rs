//! What to do about a field that does not exist: words of Compose and Kubernetes, fields in the wrong place, slips.

use serde_json::Value;

use crate::shape::{Field, Fields, Shape};
use crate::suggest::nearest;

/// Words that others use, the type in which they are met (or any), and what to do.
const FOREIGN: [(&str, &str, &str); 36] = [
    (
        "spec",
        "PodTemplate",
        "leave `spec` out: `container`, `volumes` and `networks` stand directly below `template`, so `template.spec.containers[0]` becomes `template.container`",
    ),
    (
        "containers",
        "",
        "write `container`: a replica is one container, and each further one is a Deployment of its own",
    ),
    ("environment", "", "write `env`, a list of `{ name: KEY, value: … }`"),
    ("env_file", "", "put the variables into a ConfigMap or Secret and name it in `envFrom`"),
    ("depends_on", "", "write `dependsOn`, a list of `{ name: db, condition: Ready }`, in `spec`"),
    ("healthcheck", "", "write `healthCheck` in `template.container`"),
    ("entrypoint", "", "write `command`: it is Docker's entrypoint, and `args` is Docker's command"),
    ("cap_add", "", "write `securityContext: { capabilities: { add: […] } }`"),
    ("cap_drop", "", "write `securityContext: { capabilities: { drop: […] } }`"),
    ("mem_limit", "", "write `resources: { limits: { memory: 512Mi } }`"),
    ("mem_reservation", "", "write `resources: { requests: { memory: 256Mi } }`"),
    ("cpus", "", "write `resources: { limits: { cpu: 500m } }`"),
    ("read_only", "Container", "write `securityContext: { readOnlyRootFilesystem: true }`"),
    ("stop_grace_period", "", "write `terminationGracePeriodSeconds: 30` in `template`"),
    ("deploy", "", "write `replicas` and `strategy` in `spec`, and `resources` in `template.container`"),
    ("scale", "", "write `replicas` in `spec`"),
    ("build", "", "write `build: { context: ./api }` in `template.container`, in the place of `image`"),
    ("expose", "", "write `ports: [ { containerPort: 80 } ]`: without a hostPort nothing is published"),
    ("tmpfs", "Container", "write `{ name: tmp, tmpfs: {} }` in `template.volumes` and mount it with `volumeMounts`"),
    ("volumes", "Container", "write `volumes` in `template`, beside `container`, and mount them with `volumeMounts`"),
    ("links", "PodTemplate", "leave it out: objects of a namespace reach each other by name"),
    ("restart", "Container", "write `restartPolicy: Always` in `template`, beside `container`"),
    ("selector", "", "leave it out: objects know their containers by Skiff's own labels"),
    ("serviceName", "", "leave it out: an object answers to its own name on its networks"),
    ("volumeClaimTemplates", "", "declare a Volume and mount it with `{ volume: { name: data, perReplica: true } }`"),
    ("persistentVolumeClaim", "", "write `volume: { name: … }`, the name of a Volume"),
    ("claimName", "", "write `volume: { name: … }`, the name of a Volume"),
    ("imagePullSecrets", "", "leave it out: credentials come from Docker's own config file (`docker login`)"),
    ("serviceAccountName", "", "leave it out: a Docker host has no service accounts"),
    ("nodeSelector", "", "leave it out: there is one host"),
    ("tolerations", "", "leave it out: there is one host"),
    ("affinity", "", "leave it out: there is one host"),
    ("hostNetwork", "", "write `networkMode: host` in `template`"),
    ("nvidia.com/gpu", "", "write `gpus: all` in `template.container`"),
    ("fsGroup", "", "write `runAsGroup`, or `supplementalGroups`"),
    ("runAsNonRoot", "", "write `runAsUser` with the user's number"),
];

/// Which of our fields a word of others stands for, by a pointer that is relative to the object in which it is met.
const MEANT: [(&str, &str, &str); 9] = [
    ("spec", "PodTemplate", "container"),
    ("containers", "", "container"),
    ("environment", "", "env"),
    ("depends_on", "", "dependsOn"),
    ("healthcheck", "", "healthCheck"),
    ("entrypoint", "", "command"),
    ("mem_limit", "", "resources/limits/memory"),
    ("tmpfs", "Container", "../volumes"),
    ("volumes", "Container", "../volumes"),
];

/// What to do about a field that does not exist.
#[derive(Debug)]
pub(super) struct Hint {
    /// What to do.
    pub(super) help: String,
    /// The field that was meant, where that is known: a pointer that is relative to the object.
    pub(super) meant: Option<String>,
}

/// An object around a place, and how many steps of a pointer lead to it.
pub(super) type Around<'s> = (usize, &'s Fields);

/// What to do about a field of this name that the last of these objects, outermost first, does not have.
pub(super) fn unknown(name: &str, objects: &[Around<'_>]) -> Option<Hint> {
    let ((depth, here), above) = objects.split_last()?;
    let is_here =
        |(word, within, _): &&(&str, &str, _)| *word == name && (within.is_empty() || *within == here.type_name);
    if let Some((_, _, help)) = FOREIGN.iter().find(is_here) {
        let meant = MEANT.iter().find(is_here).map(|(_, _, meant)| (*meant).to_owned());
        return Some(Hint { help: (*help).to_owned(), meant });
    }
    let slip = |meant: &str| Hint { help: format!("did you mean `{meant}`?"), meant: Some(meant.to_owned()) };
    let camel = camel_case(name);
    if here.get(&camel).is_some() {
        return Some(slip(&camel));
    }
    if let Some((place, meant)) = elsewhere(&camel, (*depth, here), above) {
        return Some(Hint { help: format!("`{camel}` belongs {place}"), meant: Some(meant) });
    }
    if let Some(meant) = nearest(name, here.names()) {
        return Some(slip(meant));
    }
    let names: Vec<&str> = here.names().collect();
    (names.len() <= 10).then(|| Hint { help: format!("the fields here are {}", names.join(", ")), meant: None })
}

/// What to write for the short form that Compose has and Skiff has not: one word in the place of an object.
pub(super) fn short(shape: &Shape, value: &Value) -> Option<String> {
    let (Shape::Object(form), Value::String(word)) = (shape, value) else { return None };
    let field = match form.type_name.as_str() {
        "Build" => "context",
        "NetworkAttachment" | "Dependency" => "name",
        _ => return None,
    };
    Some(format!("write `{{ {field}: {word} }}`"))
}

/// Where a field of this very name is at home, near the place where it was found: in words, and by a relative pointer.
fn elsewhere(name: &str, (depth, here): Around<'_>, above: &[Around<'_>]) -> Option<(String, String)> {
    if name == "name" {
        return None;
    }
    if let Some(path) = below(name, here, 2) {
        return Some((format!("below `{path}`"), format!("{}/{name}", path.replace('.', "/"))));
    }
    let (home, fields) = above.iter().rev().find(|(_, fields)| fields.get(name).is_some())?;
    Some((place_word(&fields.type_name), format!("{}{name}", "../".repeat(depth - home))))
}

fn place_word(type_name: &str) -> String {
    match type_name {
        "PodTemplate" => "into `template`, beside `container`".to_owned(),
        "Container" => "into `container`".to_owned(),
        "DeploymentSpec" | "JobSpec" | "CronJobSpec" => "into `spec`, beside `template`".to_owned(),
        _ => "further up".to_owned(),
    }
}

/// The path of single objects (no lists) from here to one that has the field.
fn below(name: &str, here: &Fields, depth: usize) -> Option<String> {
    let objects = || {
        here.all.iter().filter_map(|field: &Field| {
            let Shape::Object(fields) = &field.shape else { return None };
            (field.name != "status").then_some((&field.name, fields))
        })
    };
    if let Some((path, _)) = objects().find(|(_, fields)| fields.get(name).is_some()) {
        return Some(path.clone());
    }
    if depth == 1 {
        return None;
    }
    objects().find_map(|(path, fields)| below(name, fields, depth - 1).map(|rest| format!("{path}.{rest}")))
}

fn camel_case(name: &str) -> String {
    let mut words = name.split(['_', '-']);
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}
