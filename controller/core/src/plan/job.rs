//! Jobs and schedules: which of their runs go on, and what is left of earlier ones.

use skiff_api::ObjectKey;

use super::draft::Draft;
use super::replica::classify;
use super::run::Course;
use crate::desired::Job;
use crate::held::HeldReason;
use crate::history::{RunEnd, RunOutcome};
use crate::job::{Run, cron_runs, current_run, is_of, kept, next_look};
use crate::observed::ObservedContainer;
use crate::reason::Reason;

/// Plans a job: its current run, behind which whatever is of an earlier template or run goes.
pub(super) fn plan_job(draft: &mut Draft<'_>, key: &ObjectKey) {
    let Some(job) = draft.desired.jobs.get(key) else { return };
    if draft.in_flight(key) {
        return;
    }
    let containers = draft.containers(key).to_vec();
    let known = draft.history.objects.get(key);
    let run = current_run(job, known, &containers, draft.now);
    let own: Vec<&str> = containers_of(&run).map(|container| container.id.as_str()).collect();
    let earlier = containers.iter().copied().filter(|container| !own.contains(&container.id.as_str()));
    let earlier = earlier.map(|container| (container, why_earlier(draft, job, container))).collect();
    let end = run.end(job, draft.now);
    Course { job, run: &run, earlier, after: Vec::new() }.plan(draft);
    if let Some(RunEnd { outcome: outcome @ (RunOutcome::Failed { .. } | RunOutcome::DeadlineExceeded), .. }) = end {
        draft.hold(key, HeldReason::RunFailed { outcome });
    }
}

fn containers_of<'a>(run: &Run<'a>) -> impl Iterator<Item = &'a ObservedContainer> {
    run.attempts.values().filter_map(|attempt| attempt.container).chain(run.doubles.iter().copied())
}

/// Why a container is not of the current run.
fn why_earlier<'a>(draft: &Draft<'a>, job: &Job, container: &'a ObservedContainer) -> Reason {
    let is_current = is_of(container, |labels| labels.template_hash == job.workload.template.hash);
    let outdated = || classify(draft, &job.workload, container).outdated;
    if is_current { Reason::Replaced } else { outdated().unwrap_or(Reason::Replaced) }
}

/// Plans the runs of a schedule. Which there are has been learned before; a change of the template is for runs to come.
pub(super) fn plan_cron(draft: &mut Draft<'_>, key: &ObjectKey) {
    let Some(cron) = draft.desired.crons.get(key) else { return };
    let job = &cron.job;
    if draft.in_flight(key) {
        return;
    }
    if cron.followed && cron.timetable.is_none() {
        let why = format!("this version cannot read the schedule `{}`", cron.schedule);
        draft.hold(key, HeldReason::NotRun { why });
    }
    let known = draft.history.objects.get(key);
    match next_look(cron, known, draft.now) {
        _ if cron.suspend => draft.hold(key, HeldReason::Suspended),
        Some(at) => draft.wake(at),
        None => {}
    }
    let containers = draft.containers(key).to_vec();
    let runs = cron_runs(known, &containers);
    let (ended, open): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.end(job, draft.now).is_some());
    let kept = known.map(|known| kept(cron, &known.runs)).unwrap_or_default();
    let mut stopped = Vec::new();
    for run in ended {
        let course = Course { job, run, earlier: Vec::new(), after: Vec::new() };
        stopped.extend(course.plan(draft));
        if !kept.contains(&run.name) {
            course.forget(draft);
        }
    }
    for run in open {
        // What takes the place of another waits until that has gone.
        Course { job, run, earlier: Vec::new(), after: stopped.clone() }.plan(draft);
    }
}
