//! `Deployment`, `Job` and `CronJob` around their templates.

use std::collections::BTreeSet;

use super::words::dns_label;
use super::{image_update, probes, schedule, template};
use crate::complaint::At;
use crate::{
    Complaint, CronJobSpec, Dependency, DeploymentSpec, IntOrPercent, JobSpec, RestartPolicy, RollingUpdate, Strategy,
    StrategyType,
};

pub(super) fn deployment(spec: &DeploymentSpec, out: &mut Vec<Complaint>) {
    let at = At::ROOT.key("spec");
    depends_on(&spec.depends_on, &at.key("dependsOn"), out);
    strategy(&spec.strategy, &at.key("strategy"), out);
    let ready = spec.min_ready_seconds.unwrap_or_default();
    if let Some(deadline) = spec.progress_deadline_seconds.filter(|deadline| *deadline <= ready) {
        let message =
            format!("`progressDeadlineSeconds` is {deadline}: it must be more than `minReadySeconds`, {ready}");
        out.push(at.key("progressDeadlineSeconds").says(message));
    }
    if let Some(update) = &spec.image_update {
        image_update::check(update, &spec.template.container, &at.key("imageUpdate"), out);
    }
    template::check(&spec.template, spec.replicas(), &at.key("template"), out);
}

pub(super) fn job(spec: &JobSpec, out: &mut Vec<Complaint>) {
    job_at(spec, &At::ROOT.key("spec"), out);
}

pub(super) fn cron_job(spec: &CronJobSpec, out: &mut Vec<Complaint>) {
    let at = At::ROOT.key("spec");
    schedule::check(&spec.schedule, &at.key("schedule"), out);
    if let Some(zone) = &spec.time_zone {
        schedule::check_time_zone(zone, &at.key("timeZone"), out);
    }
    let at_template = at.key("jobTemplate");
    job_at(&spec.job_template.spec, &at_template.key("spec"), out);
}

fn job_at(spec: &JobSpec, at: &At<'_>, out: &mut Vec<Complaint>) {
    depends_on(&spec.depends_on, &at.key("dependsOn"), out);
    let at_template = at.key("template");
    if spec.template.restart_policy == Some(RestartPolicy::Always) {
        let complaint =
            at_template.key("restartPolicy").says("`restartPolicy` cannot be `Always` in a job, which ends");
        out.push(complaint.help("write OnFailure or Never"));
    }
    if spec.template.restart.is_some() {
        let complaint =
            at_template.key("restart").says("`restart` in a job, whose attempts are not restarted").on_key();
        out.push(complaint.help(
            "leave it out; `backoffLimit` says how often a job is tried, 10 s later and then twice as long each time",
        ));
    }
    probes::check_job(&spec.template.container, &at_template.key("container"), out);
    template::check(&spec.template, spec.parallelism.unwrap_or(1), &at_template, out);
}

fn depends_on(dependencies: &[Dependency], at: &At<'_>, out: &mut Vec<Complaint>) {
    let any_dependency = at.any();
    let mut names = BTreeSet::new();
    for (index, dependency) in dependencies.iter().enumerate() {
        let at = at.index(index);
        dns_label(&dependency.name, &at.key("name"), out);
        if let Some(namespace) = &dependency.namespace {
            dns_label(namespace, &at.key("namespace"), out);
        }
        if !names.insert((&dependency.namespace, &dependency.name)) {
            let complaint = at.key("name").says(format!("`{}` is waited for twice", dependency.name));
            out.push(complaint.for_want_of(&any_dependency.key("namespace")));
        }
    }
}

fn strategy(strategy: &Strategy, at: &At<'_>, out: &mut Vec<Complaint>) {
    for (name, numbers) in [("rollingUpdate", &strategy.rolling_update), ("rollback", &strategy.rollback)] {
        let Some(numbers) = numbers else { continue };
        let at = at.key(name);
        if strategy.kind == StrategyType::Recreate {
            out.push(at.says(format!("`{name}` with `type: Recreate`")).on_key().help("leave one of them out"));
        }
        rolling(numbers, &at, out);
    }
}

fn rolling(numbers: &RollingUpdate, at: &At<'_>, out: &mut Vec<Complaint>) {
    let is_zero = |amount: IntOrPercent| matches!(amount, IntOrPercent::Int(0) | IntOrPercent::Percent(0));
    let surge = numbers.max_surge.unwrap_or(IntOrPercent::Int(1));
    let unavailable = numbers.max_unavailable.unwrap_or(IntOrPercent::Int(0));
    if is_zero(surge) && is_zero(unavailable) {
        let complaint =
            at.says("`maxSurge` and `maxUnavailable` are both 0, so that no replica could ever be replaced");
        out.push(
            complaint.for_want_of(at).help("write `maxUnavailable: 1` to replace one after the other, stop-first"),
        );
    }
    if let IntOrPercent::Percent(percent @ 101..) = unavailable {
        out.push(at.key("maxUnavailable").says(format!("`maxUnavailable` is {percent}%: the most is 100%")));
    }
}
