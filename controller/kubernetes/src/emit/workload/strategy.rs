//! How the pods of a workload are replaced.

use k8s_openapi::api::apps::v1::{DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::{IntOrPercent, OnFailure, RollingUpdate, Strategy, StrategyType};

use crate::emit::pod::{Exclusive, Pod};
use crate::emit::resources::count;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Form, Workload};

/// Says what becomes of it.
pub(super) fn told(workload: &Workload<'_>, strategy: &Strategy, pod: &Pod, scope: &mut Scope<'_, '_>) {
    let Strategy { kind, rolling_update, rollback, on_failure } = strategy;
    let is_kept = workload.form == Form::Deployment && pod.exclusive.is_none();
    let recreates = *kind == StrategyType::Recreate;
    if is_kept {
        scope.exact(&recreates, "type", "type");
    } else if workload.form == Form::Deployment && !recreates {
        let (why, remedy) = match pod.exclusive {
            Some(Exclusive::NodePorts) => (
                "old and new pod may not have the ports of a node at once: an update stops the old one first",
                "do without `networkMode: host` where it can",
            ),
            Some(Exclusive::Disk) | None => (
                "old and new pod may not have the disk at once: an update stops the old one first",
                "mount it to be read only where it does not write; several replicas roll with `--read-write-many`",
            ),
        };
        scope.says(Verdict::Approximated, "", "type", why, remedy);
    } else {
        let why = match workload.form {
            Form::StatefulSet | Form::DaemonSet => "pods are replaced one by one, each old one first",
            Form::Deployment | Form::Job | Form::CronJob => "the old pod goes first",
        };
        scope.near(&recreates, "type", "", why, "");
    }
    if let Some(RollingUpdate { max_surge, max_unavailable }) = rolling_update {
        let mut scope = scope.at("rollingUpdate", "rollingUpdate");
        if is_kept && !recreates {
            scope.exact(max_surge, "maxSurge", "maxSurge");
            scope.exact(max_unavailable, "maxUnavailable", "maxUnavailable");
        } else {
            let why = match pod.exclusive {
                Some(Exclusive::NodePorts) => "the ports of a node take one pod after the other",
                Some(Exclusive::Disk) | None => "a disk that one node has takes one pod after the other",
            };
            scope.dropped(max_surge, "maxSurge", why, "");
            scope.dropped(max_unavailable, "maxUnavailable", why, "");
        }
    }
    let why = "Kubernetes leaves a rollout that fails where it is, and never goes back by itself";
    let remedy = "`kubectl rollout undo`, or a controller such as Argo Rollouts";
    scope.dropped(rollback, "rollback", why, remedy);
    if *on_failure == OnFailure::Pause {
        scope.exact(&true, "onFailure", "");
    } else {
        scope.says(Verdict::Approximated, "onFailure", "", why, remedy);
    }
}

/// The strategy of a Deployment.
pub(super) fn rollout(strategy: &Strategy, pod: &Pod) -> DeploymentStrategy {
    if strategy.kind == StrategyType::Recreate || pod.exclusive.is_some() {
        return DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None };
    }
    let number = |value: IntOrPercent| match value {
        IntOrPercent::Int(number) => IntOrString::Int(count(number)),
        IntOrPercent::Percent(percent) => IntOrString::String(format!("{percent}%")),
    };
    let said = strategy.rolling_update.clone().unwrap_or_default();
    let rolling_update = RollingUpdateDeployment {
        max_surge: Some(said.max_surge.map_or(IntOrString::Int(1), number)),
        max_unavailable: Some(said.max_unavailable.map_or(IntOrString::Int(0), number)),
    };
    DeploymentStrategy { type_: Some("RollingUpdate".to_owned()), rolling_update: Some(rolling_update) }
}
