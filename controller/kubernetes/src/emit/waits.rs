//! What a pod waits for before it starts: Services that answer, and jobs that have succeeded.
//!
//! A Service answers once a pod behind it is ready. A job is asked for through the API, by a role that may do no more than that
//! and a token that only the waiting container mounts.

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapProjection, Container, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath,
    ObjectFieldSelector, ProjectedVolumeSource, SecurityContext, ServiceAccountTokenProjection, Volume, VolumeMount,
    VolumeProjection,
};
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use skiff_api::{Dependency, DependencyCondition};

use super::building::Building;
use super::{image, meta};
use crate::ledger::{Ledger, Scope};
use crate::names::{label, suffixed};
use crate::report::Verdict;
use crate::stack::{Form, Origin, Run, Stack, Workload};
use crate::{Emitted, KubernetesVersion, Part};

/// Adds what a pod waits for before everything else that runs in it.
pub(super) fn add(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    ledger: &mut Ledger<'_>,
    building: &mut Building<'_>,
    inits: &mut Vec<Container>,
) {
    let mut waiting = Vec::new();
    for member in stack.members(workload.key) {
        let (pointer, dependencies) = match member.run {
            Run::Forever(spec) => ("spec/dependsOn", &spec.depends_on),
            Run::Once(spec) => ("spec/dependsOn", &spec.depends_on),
            Run::Scheduled(spec) => ("spec/jobTemplate/spec/dependsOn", &spec.job_template.spec.depends_on),
        };
        for (index, dependency) in dependencies.iter().enumerate() {
            let mut scope = ledger.scope(member.key, workload.target());
            let mut scope = scope.at(&format!("{pointer}/{index}"), "spec.template.spec.initContainers");
            waiting.extend(one(stack, member, workload, dependency, &mut scope, building));
        }
    }
    if !building.awaited_jobs.is_empty() {
        building.volumes.push(token());
        building.extras.extend(role(workload, building));
    }
    waiting.append(inits);
    *inits = waiting;
}

fn one(
    stack: &Stack<'_>,
    member: &Workload<'_>,
    pod: &Workload<'_>,
    dependency: &Dependency,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Vec<Container> {
    let Dependency { name, namespace, condition, optional } = dependency;
    let other = stack.workload(namespace.as_deref().unwrap_or(&member.key.namespace), name);
    let Some(other) = other else {
        let why = "it is not among what is exported";
        scope.lost("name", why, "");
        scope.dropped(namespace, "namespace", why, "");
        scope.dropped(condition, "condition", why, "");
        scope.dropped(optional, "optional", why, "");
        return Vec::new();
    };
    scope.exact(optional, "optional", "");
    scope.exact(namespace, "namespace", "");
    match condition {
        DependencyCondition::Started => {
            let why = "Kubernetes starts everything at once; what cannot reach another one yet must try again";
            scope.says(Verdict::Approximated, "name", "", why, "write `condition: Ready` to have it waited for");
            scope.near(condition, "condition", "", why, "");
            Vec::new()
        }
        DependencyCondition::Ready => ready(stack, member, pod, other, scope).into_iter().collect(),
        DependencyCondition::Completed => completed(stack, pod, other, scope, building),
    }
}

/// Waits until a Service answers.
fn ready(
    stack: &Stack<'_>,
    member: &Workload<'_>,
    pod: &Workload<'_>,
    other: &Workload<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Container> {
    let port = other.ports.iter().find(|port| port.protocol == skiff_api::Protocol::Tcp);
    let shares = !stack.membership(member).labels.is_disjoint(&stack.membership(other).labels);
    let is_same_pod = stack.pod_of(other).key == pod.key;
    let (Some(port), true, false) = (port, shares, is_same_pod) else {
        let (why, remedy) = match (port, is_same_pod) {
            (_, true) => ("both are containers of one pod, and start together", ""),
            (None, _) => ("no TCP port of it is known, so that nothing can be asked", "declare its port in `ports`"),
            (Some(_), false) => ("they share no network, so that a policy shuts its port", "put both on one network"),
        };
        scope.says(Verdict::NeedsInput, "name", "", why, remedy);
        scope.says(Verdict::NeedsInput, "condition", "", why, "");
        return None;
    };
    if matches!(other.run, Run::Forever(spec) if spec.replicas == Some(0)) {
        let why = "it has no replica, so that nothing would ever answer";
        scope.says(Verdict::NeedsInput, "name", "", why, "give it one, or do not wait for it");
        scope.says(Verdict::NeedsInput, "condition", "", why, "");
        return None;
    }
    scope.exact(&true, "name", "");
    let why = "the start of each pod waits, also of one that is replaced later";
    scope.says(Verdict::Approximated, "condition", "", why, "");
    if port.origin == Origin::Image {
        let why = "what is asked is the port that images of its name listen on, for nothing says its port";
        scope.says(Verdict::Approximated, "name", "", why, "declare it in its `ports`");
    }
    let name = other.service.clone();
    let host = if other.namespace == member.namespace { name } else { format!("{name}.{}", other.namespace) };
    let line = format!("until nc -z -w 2 {host} {}; do echo 'waiting for {host}:{0}'; sleep 2; done", port.number);
    let image = image::pushed(stack.options, image::TOOL, scope.ledger());
    let command = ["/bin/sh", "-c", &line].map(str::to_owned).to_vec();
    Some(container(format!("wait-for-{}", other.key.name), image, command, Vec::new()))
}

/// Waits until a job is there, and then until it has succeeded: whoever waits for what is not there yet fails at once.
fn completed(
    stack: &Stack<'_>,
    pod: &Workload<'_>,
    other: &Workload<'_>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Vec<Container> {
    if other.form != Form::Job || other.namespace != pod.namespace {
        let why = "only a job of the same namespace can be waited for";
        scope.says(Verdict::NeedsInput, "name", "", why, "");
        scope.says(Verdict::NeedsInput, "condition", "", why, "");
        return Vec::new();
    }
    scope.exact(&true, "name", "");
    scope.exact(&true, "condition", "");
    building.awaited_jobs.insert(other.name.clone());
    // Its older ones cannot wait for what is not there; a newer one by one version speaks to any cluster.
    let version = stack.options.version.max(KubernetesVersion::WAITS_FOR_CREATION);
    let tool = format!("registry.k8s.io/kubectl:v{version}.0");
    let image = image::pushed(stack.options, &tool, scope.ledger());
    let job = format!("job/{}", other.name);
    let mounts = vec![VolumeMount {
        name: TOKEN.to_owned(),
        mount_path: "/var/run/secrets/kubernetes.io/serviceaccount".to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    }];
    let waits = [("created", "create"), ("done", "condition=complete")];
    let wait = |(word, condition): (&str, &str)| {
        let words = ["/bin/kubectl", "wait", &format!("--for={condition}"), "--timeout=1h", &job].map(str::to_owned);
        container(format!("wait-for-{}-{word}", other.key.name), image.clone(), words.to_vec(), mounts.clone())
    };
    waits.map(wait).into()
}

/// A container that may do next to nothing.
fn container(name: String, image: String, command: Vec<String>, mounts: Vec<VolumeMount>) -> Container {
    const NOBODY: i64 = 65534;
    Container {
        name: label(&name, 63),
        image: Some(image),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(command),
        volume_mounts: meta::listed(mounts),
        resources: super::resources::small(),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".to_owned()]) }),
            read_only_root_filesystem: Some(true),
            run_as_group: Some(NOBODY),
            run_as_non_root: Some(true),
            run_as_user: Some(NOBODY),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

const TOKEN: &str = "api-token";

/// What a program needs to speak to the API, for the waiting container alone.
fn token() -> Volume {
    let file = |key: &str| KeyToPath { key: key.to_owned(), path: key.to_owned(), mode: None };
    let namespace = ObjectFieldSelector { api_version: None, field_path: "metadata.namespace".to_owned() };
    let sources = vec![
        VolumeProjection {
            service_account_token: Some(ServiceAccountTokenProjection {
                path: "token".to_owned(),
                ..ServiceAccountTokenProjection::default()
            }),
            ..VolumeProjection::default()
        },
        VolumeProjection {
            config_map: Some(ConfigMapProjection {
                name: "kube-root-ca.crt".to_owned(),
                items: Some(vec![file("ca.crt")]),
                optional: None,
            }),
            ..VolumeProjection::default()
        },
        VolumeProjection {
            downward_api: Some(DownwardAPIProjection {
                items: Some(vec![DownwardAPIVolumeFile {
                    path: "namespace".to_owned(),
                    field_ref: Some(namespace),
                    ..DownwardAPIVolumeFile::default()
                }]),
            }),
            ..VolumeProjection::default()
        },
    ];
    let projected = ProjectedVolumeSource { default_mode: Some(0o444), sources: Some(sources) };
    Volume { name: TOKEN.to_owned(), projected: Some(projected), ..Volume::default() }
}

/// The right to see whether the jobs have ended, and the account that has it.
fn role(workload: &Workload<'_>, building: &Building<'_>) -> [Emitted; 2] {
    let name = suffixed(&workload.identity, "wait");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let rule = PolicyRule {
        api_groups: Some(words(&["batch"])),
        resources: Some(words(&["jobs"])),
        resource_names: Some(building.awaited_jobs.iter().cloned().collect()),
        verbs: words(&["get", "list", "watch"]),
        non_resource_urls: None,
    };
    let role = Role { metadata: meta::of_workload(workload, &name), rules: Some(vec![rule]) };
    let binding = RoleBinding {
        metadata: meta::of_workload(workload, &name),
        role_ref: RoleRef { api_group: "rbac.authorization.k8s.io".to_owned(), kind: "Role".to_owned(), name },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: workload.identity.clone(),
            namespace: Some(workload.namespace.clone()),
            api_group: None,
        }]),
    };
    [Emitted::new(&building.file, Part::Base, &role), Emitted::new(&building.file, Part::Base, &binding)]
}
