//! A pod: the containers of a workload and of those that share its network, and what they mount.

mod disks;
mod node;
mod settings;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, PodOS, PodSpec, PodTemplateSpec, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use skiff_api::PodTemplate;

use super::building::Building;
use super::meta::{self, filled, listed};
use super::{container, pulls, security, volumes, waits};
use crate::Emitted;
use crate::ledger::{Ledger, Scope};
use crate::report::Verdict;
use crate::stack::{Form, Stack, Workload};
use disks::{disk_label, takes_disk, together};
use node::network;
pub(super) use node::sysctls;
use settings::{restarts, words};

/// What one pod has alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exclusive {
    /// A disk that it writes to.
    Disk,
    /// The ports of its node.
    NodePorts,
}

/// A pod that is put together.
pub(super) struct Pod {
    pub(super) template: PodTemplateSpec,
    pub(super) claims: Vec<PersistentVolumeClaim>,
    pub(super) extras: Vec<Emitted>,
    /// What two pods may not have at once, so that one must be gone before its successor comes.
    pub(super) exclusive: Option<Exclusive>,
    /// Whether nothing says when it is ready.
    pub(super) is_unprobed: bool,
}

/// Puts the pod of a workload together. `path` is where the template stands in its object, for the rows.
pub(super) fn pod(stack: &Stack<'_>, workload: &Workload<'_>, ledger: &mut Ledger<'_>) -> Pod {
    let mut building = Building::new(stack, workload.file(stack));
    building.labels = meta::labels(workload);
    let templates = stack.storages(workload).filter(|it| it.owner() == Some(workload.key));
    templates.for_each(|it| building.reserve(&it.name));
    let (mut containers, mut inits): (Vec<Container>, Vec<Container>) = (Vec::new(), Vec::new());
    for member in stack.members(workload.key) {
        let pointer = member.template_pointer();
        let field = if workload.form == Form::CronJob { "spec.jobTemplate.spec.template" } else { "spec.template" };
        let mut scope = ledger.scope(member.key, workload.target());
        let mut scope = scope.at(pointer, field);
        let made = template(stack, member, workload, &mut scope, &mut building);
        inits.extend(made.1);
        containers.push(made.0);
    }
    waits::add(stack, workload, ledger, &mut building, &mut inits);
    let all = containers.iter().chain(&inits);
    building.spec.image_pull_secrets = pulls::secrets(stack, workload, all, &building.volumes, ledger);
    if stack.options.hardened {
        refused(&building.spec, &mut ledger.scope(workload.key, workload.target()));
    }
    finish(stack, workload, building, containers, inits)
}

/// Says what the restricted level lets no pod have, and what a pod has all the same because it was asked for.
fn refused(spec: &PodSpec, scope: &mut Scope<'_, '_>) {
    let shares = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    for (field, _) in shares.into_iter().filter(|(_, shares)| *shares == Some(true)) {
        let why = "the restricted level takes no pod that shares it with its node";
        scope.says(
            Verdict::NeedsInput,
            "spec",
            &format!("spec.{field}"),
            why,
            "do without it, or export it without --hardened",
        );
    }
}

fn finish(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    mut building: Building<'_>,
    mut containers: Vec<Container>,
    mut inits: Vec<Container>,
) -> Pod {
    unique(&mut containers, &mut inits);
    let is_unprobed = containers.iter().all(|it| it.readiness_probe.is_none());
    let is_unconfined = |it: &Container| it.security_context.as_ref().is_some_and(|it| it.seccomp_profile.is_some());
    if !containers.iter().any(is_unconfined) || stack.options.hardened {
        building.security.seccomp_profile = Some(security::seccomp_default());
    }
    if let Some(group) = building.group {
        building.security.fs_group = Some(i64::from(group));
        building.security.fs_group_change_policy = building.has_claims.then(|| "OnRootMismatch".to_owned());
    }
    let membership = stack.membership(workload);
    building.labels.extend(membership.labels.iter().map(|label| (label.clone(), "true".to_owned())));
    if membership.is_isolated {
        building.labels.insert(super::policies::ISOLATED.to_owned(), "true".to_owned());
    }
    // Who names a signal must say of which system it is.
    if containers.iter().any(|it| it.lifecycle.as_ref().is_some_and(|it| it.stop_signal.is_some())) {
        building.spec.os = Some(PodOS { name: "linux".to_owned() });
    }
    building.spec.affinity = together(&building.disks);
    building.labels.extend(building.disks.iter().map(|disk| (disk_label(disk), "true".to_owned())));
    let has_disk = building.has_claims && building.claims.is_empty() && takes_disk(&building.volumes, stack, workload);
    let has_ports = building.spec.host_network == Some(true);
    let exclusive = has_disk.then_some(Exclusive::Disk).or(has_ports.then_some(Exclusive::NodePorts));
    let spec = PodSpec {
        containers,
        init_containers: listed(inits),
        volumes: listed(building.volumes),
        security_context: Some(building.security),
        service_account_name: Some(workload.identity.clone()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        topology_spread_constraints: listed(spread(workload)),
        ..building.spec
    };
    let metadata = ObjectMeta {
        labels: filled(building.labels),
        annotations: filled(building.annotations),
        ..ObjectMeta::default()
    };
    Pod {
        template: PodTemplateSpec { metadata: Some(metadata), spec: Some(spec) },
        claims: building.claims,
        extras: building.extras,
        exclusive,
        is_unprobed,
    }
}

/// No two containers of a pod have one name.
fn unique(containers: &mut [Container], inits: &mut [Container]) {
    let mut taken = BTreeSet::new();
    for container in containers.iter_mut().chain(inits) {
        let wanted = container.name.clone();
        let mut count = 2_u32;
        while !taken.insert(container.name.clone()) {
            container.name = crate::names::suffixed(&wanted, &count.to_string());
            count += 1;
        }
    }
}

/// Replicas keep off each other's nodes where they can.
fn spread(workload: &Workload<'_>) -> Vec<TopologySpreadConstraint> {
    let several = workload.most_replicas() > 1 && matches!(workload.form, Form::Deployment | Form::StatefulSet);
    let revision = if workload.form == Form::Deployment { "pod-template-hash" } else { "controller-revision-hash" };
    let constraint = TopologySpreadConstraint {
        label_selector: Some(meta::selector(workload)),
        match_label_keys: Some(vec![revision.to_owned()]),
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    };
    if several { vec![constraint] } else { Vec::new() }
}

/// One template: its container, and those that run before.
fn template(
    stack: &Stack<'_>,
    member: &Workload<'_>,
    workload: &Workload<'_>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> (Container, Vec<Container>) {
    let PodTemplate {
        metadata,
        init_containers,
        container,
        container_name,
        container_name_prefix,
        restart_policy,
        restart,
        termination_grace_period_seconds,
        networks,
        network_mode,
        volumes,
    } = member.template;
    words(metadata, scope, building);
    let named = "pods get names of their own";
    scope.near(container_name, "containerName", "", named, "reach it by its Service");
    scope.near(container_name_prefix, "containerNamePrefix", "", named, "");
    restarts(workload, *restart_policy, restart.as_ref(), scope, building);
    scope.exact(
        termination_grace_period_seconds,
        "terminationGracePeriodSeconds",
        "spec.terminationGracePeriodSeconds",
    );
    let grace = termination_grace_period_seconds.map(i64::from);
    building.spec.termination_grace_period_seconds = building.spec.termination_grace_period_seconds.max(grace);
    super::services::attachments(stack, member, networks.as_deref().unwrap_or_default(), scope);
    network(member, workload, network_mode.as_deref(), scope, building);
    let mut scope = scope.at("", "spec");
    let planned = volumes::volumes(stack, member, &mut scope, building);
    debug_assert!(planned.len() == volumes.len(), "every volume is planned");
    let inits: Vec<Container> = init_containers
        .iter()
        .enumerate()
        .map(|(index, init)| container::init(stack, member, index, init, &planned, &mut scope, building))
        .collect();
    (container::main(stack, member, container, &planned, &mut scope, building), inits)
}
