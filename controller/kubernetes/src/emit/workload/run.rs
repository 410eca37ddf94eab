//! What runs to its end, once or on a schedule.

mod days;

use k8s_openapi::api::batch::v1::{CronJobSpec, JobSpec, JobTemplateSpec};
use skiff_api::ConcurrencyPolicy;

use crate::emit::pod::Pod;
use crate::emit::resources::count;
use crate::ledger::Scope;
use crate::stack::{Stack, Workload};

/// The job that a workload is.
pub(super) fn job(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    spec: &skiff_api::JobSpec,
    pod: &Pod,
    scope: &mut Scope<'_, '_>,
) -> JobSpec {
    let skiff_api::JobSpec {
        completions,
        parallelism,
        backoff_limit,
        active_deadline_seconds,
        ttl_seconds_after_finished,
        suspend,
        depends_on: _,
        template: _,
    } = spec;
    scope.exact(completions, "completions", "completions");
    scope.exact(parallelism, "parallelism", "parallelism");
    scope.exact(backoff_limit, "backoffLimit", "backoffLimit");
    scope.exact(active_deadline_seconds, "activeDeadlineSeconds", "activeDeadlineSeconds");
    scope.exact(suspend, "suspend", "suspend");
    let is_awaited = stack.is_awaited(workload);
    if is_awaited {
        let why = "pods that start later look whether it has succeeded: it must stay";
        scope.dropped(ttl_seconds_after_finished, "ttlSecondsAfterFinished", why, "");
    } else {
        scope.exact(ttl_seconds_after_finished, "ttlSecondsAfterFinished", "ttlSecondsAfterFinished");
    }
    JobSpec {
        completions: completions.map(count),
        parallelism: parallelism.map(count),
        backoff_limit: backoff_limit.map(count),
        active_deadline_seconds: active_deadline_seconds.map(i64::from),
        ttl_seconds_after_finished: ttl_seconds_after_finished.filter(|_| !is_awaited).map(count),
        suspend: suspend.then_some(true),
        template: pod.template.clone(),
        ..JobSpec::default()
    }
}

/// The schedule that a workload is.
pub(super) fn cron(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    spec: &skiff_api::CronJobSpec,
    pod: &Pod,
    scope: &mut Scope<'_, '_>,
) -> CronJobSpec {
    let skiff_api::CronJobSpec {
        schedule,
        time_zone,
        concurrency_policy,
        starting_deadline_seconds,
        suspend,
        successful_jobs_history_limit,
        failed_jobs_history_limit,
        job_template: skiff_api::JobTemplate { spec: inner },
    } = spec;
    let mut scope = scope.at("spec", "spec");
    let written = days::kubernetes(schedule);
    if written == *schedule {
        scope.exact(schedule, "schedule", "schedule");
    } else {
        scope.near(schedule, "schedule", "schedule", "Sunday is 0 in Kubernetes, and never 7", "");
    }
    scope.exact(time_zone, "timeZone", "timeZone");
    scope.exact(&(*concurrency_policy != ConcurrencyPolicy::default()), "concurrencyPolicy", "concurrencyPolicy");
    scope.exact(starting_deadline_seconds, "startingDeadlineSeconds", "startingDeadlineSeconds");
    scope.exact(suspend, "suspend", "suspend");
    scope.exact(successful_jobs_history_limit, "successfulJobsHistoryLimit", "successfulJobsHistoryLimit");
    scope.exact(failed_jobs_history_limit, "failedJobsHistoryLimit", "failedJobsHistoryLimit");
    let policy = match concurrency_policy {
        ConcurrencyPolicy::Allow => "Allow",
        ConcurrencyPolicy::Forbid => "Forbid",
        ConcurrencyPolicy::Replace => "Replace",
    };
    let job = job(stack, workload, inner, pod, &mut scope.at("jobTemplate/spec", "jobTemplate.spec"));
    CronJobSpec {
        schedule: written,
        // Kubernetes' own default is the time zone of its controller.
        time_zone: Some(time_zone.clone().unwrap_or_else(|| "Etc/UTC".to_owned())),
        concurrency_policy: Some(policy.to_owned()),
        starting_deadline_seconds: starting_deadline_seconds.map(i64::from),
        suspend: suspend.then_some(true),
        successful_jobs_history_limit: successful_jobs_history_limit.map(count),
        failed_jobs_history_limit: failed_jobs_history_limit.map(count),
        job_template: JobTemplateSpec { metadata: None, spec: Some(job) },
    }
}
