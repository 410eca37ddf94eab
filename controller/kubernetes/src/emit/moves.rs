//! How data comes over: by which commands, and what may not run meanwhile.

use skiff_api::naming;

use super::{Sink, image, pulls, storage};
use crate::ledger::Ledger;
use crate::report::{Move, Pause};
use crate::stack::{Form, Stack, Storage, Workload};

/// Where data comes from.
pub(super) struct Source {
    /// What succeeds where it is there: Docker would make a volume that is not, and an empty one would be copied.
    pub(super) check: String,
    /// What Docker mounts.
    pub(super) mount: String,
    /// What of it is meant; `.` is all.
    pub(super) what: String,
}

/// Says how the data of a volume comes over.
pub(super) fn of_volume(stack: &Stack<'_>, storage: &Storage<'_>, sink: &mut Sink<'_>) {
    let owner = storage.owner().and_then(|owner| stack.workloads.get(owner));
    let claims = owner.map_or_else(|| storage.claims(1, ""), |owner| storage.claims(owner.replicas(), &owner.name));
    let users = storage.users.iter().filter_map(|user| stack.workloads.get(user));
    pause(stack, users, &mut sink.ledger);
    for (index, claim) in claims.iter().enumerate() {
        // Skiff counts its replicas from 1, Kubernetes from 0.
        let ordinal = u32::try_from(index + 1).ok().filter(|_| storage.per_replica);
        let from = naming::volume_name(&stack.options.instance, storage.volume, ordinal);
        let source = Source {
            check: format!("docker volume inspect {from} >/dev/null"),
            mount: from.clone(),
            what: ".".to_owned(),
        };
        let commands = copy(stack, &source, (claim, storage::inner_folder(stack, storage)), &storage.namespace);
        sink.ledger.moves(Move { from, claim: claim.clone(), namespace: storage.namespace.clone(), commands });
    }
}

/// Says that users of data may not run while it is moved.
pub(super) fn pause<'w, 'a: 'w>(
    stack: &'w Stack<'a>,
    users: impl Iterator<Item = &'w Workload<'a>>,
    ledger: &mut Ledger<'_>,
) {
    let pods = users.map(|user| stack.pod_of(user));
    for pod in pods.filter(|pod| matches!(pod.form, Form::Deployment | Form::StatefulSet)) {
        let selector: Vec<String> = pod.selector().iter().map(|(key, value)| format!("{key}={value}")).collect();
        ledger.pauses(Pause {
            namespace: pod.namespace.clone(),
            workload: format!("{}/{}", pod.form.kind().to_ascii_lowercase(), pod.name),
            replicas: pod.replicas(),
            selector: selector.join(","),
        });
    }
}

/// The commands that copy what Docker mounts into a claim, or into a folder of it. What a program has made there since the objects were
/// applied goes: two databases in one folder are none.
pub(super) fn copy(
    stack: &Stack<'_>,
    source: &Source,
    (claim, folder): (&str, Option<&str>),
    namespace: &str,
) -> Vec<String> {
    let tool = image::TOOL;
    let inside = image::in_registry(stack.options, tool);
    let secret = pulls::name(stack, namespace).map(|it| format!(r#""imagePullSecrets":[{{"name":"{it}"}}],"#));
    let secret = secret.unwrap_or_default();
    let overrides = format!(
        r#"{{"spec":{{{secret}"containers":[{{"name":"copy","image":"{inside}","command":["sleep","3600"],"volumeMounts":[{{"name":"to","mountPath":"/to"}}]}}],"volumes":[{{"name":"to","persistentVolumeClaim":{{"claimName":"{claim}"}}}}]}}}}"#
    );
    let kubectl = format!("kubectl -n {namespace}");
    let to = folder.map_or_else(|| "/to".to_owned(), |folder| format!("/to/{folder}"));
    let Source { check, mount, what } = source;
    let mut commands = vec![
        format!("{kubectl} run copy --image={inside} --restart=Never --overrides='{overrides}'"),
        format!("{kubectl} wait --for=condition=Ready pod/copy --timeout=5m"),
    ];
    commands.extend(folder.map(|_| format!("{kubectl} exec copy -- mkdir -p {to}")));
    commands.push(format!(
        "{kubectl} exec copy -- find {to} -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {{}} +"
    ));
    commands.push(format!(
        "{check} && docker run --rm -v {mount}:/from:ro {tool} tar -C /from -cf - {what} | {kubectl} exec -i copy -- tar -C {to} -xf -"
    ));
    commands.push(format!("{kubectl} delete pod copy"));
    if stack.options.hardened && namespace != "default" {
        // Who gives files their owners must be root, which the namespace lets nobody be.
        let level = |level: &str| {
            format!("kubectl label --overwrite namespace {namespace} pod-security.kubernetes.io/enforce={level}")
        };
        commands.insert(0, level("privileged"));
        commands.push(level("restricted"));
    }
    commands
}
