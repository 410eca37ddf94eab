//! What is wrong with one object, so short that its last revisions and events fit the same screen.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{fitting, jobs, line, of_faults, of_resource, of_trouble};
use crate::ui::age::age;
use crate::ui::objects::verdict_style;
use crate::ui::style::{BAD, FAINT, NAME, paint};
use crate::view::{Body, Replica, View, Workload};

/// How many containers, and how many runs of a schedule, are told of.
const FEW: usize = 2;

/// What is wrong with an object, in lines that fit so many columns.
pub fn brief(view: &View, now: Timestamp, width: usize) -> String {
    let mut text = String::new();
    let View { object, source, at, trouble, checks, conditions: _, faults, body } = view;
    line(&mut text, 0, "Object", paint(NAME, object));
    let place = at.as_ref().map_or_else(|| source.clone(), |at| format!("{at} ({source})"));
    line(&mut text, 0, "Declared", place);
    of_faults(&mut text, faults, at.is_some());
    of_trouble(&mut text, trouble.as_ref());
    match body {
        Body::Workload(workload) => of_workload(&mut text, workload, checks, now),
        Body::Network(_) | Body::Volume(_) | Body::Declared => of_resource(&mut text, body, now),
    }
    fitting(&text, width)
}

fn of_workload(text: &mut String, workload: &Workload, checks: &[(&str, String)], now: Timestamp) {
    let verdict = workload.verdict();
    let status = paint(verdict_style(&verdict), &verdict);
    match &workload.job {
        Some(job) => {
            line(text, 0, "Status", status);
            jobs::of_job(text, job, now);
            jobs::of_last_runs(text, job, now, FEW);
        }
        None => line(text, 0, "Status", format_args!("{status}: {}", counts(workload))),
    }
    if !workload.image().is_empty() {
        line(text, 0, "Image", workload.image());
    }
    // What is asked of a container is worth a line where one of them answers otherwise.
    if workload.replicas.iter().any(|replica| replica.complaint.is_some()) {
        for (name, check) in checks {
            line(text, 0, name, check);
        }
    }
    let all = || workload.replicas.iter().chain(&workload.others);
    let few: Vec<&Replica> = all().filter(|replica| !replica.verdict.is_ready()).take(FEW).collect();
    for replica in &few {
        of_replica(text, replica, now);
    }
    let more = all().count() - few.len();
    if more > 0 {
        writeln!(text, "{}", paint(FAINT, format_args!("and {more} more, {} of all Ready", workload.ready()))).ok();
    }
}

fn counts(workload: &Workload) -> String {
    let (ready, wanted, updated) = (workload.ready(), workload.wanted, workload.updated());
    format!("{ready} of {wanted} Ready, {} there, {updated} up to date", workload.replicas.len())
}

/// A container in a line, and one for each thing that is wrong with it.
fn of_replica(text: &mut String, replica: &Replica, now: Timestamp) {
    let Replica { name, verdict, complaint, revision, started_at, restarts, oom_killed, error, updated, .. } = replica;
    let since = started_at.map(|since| format!(" for {}", age(since, now))).unwrap_or_default();
    let mut words = format!("{}{since}", paint(verdict_style(verdict), verdict));
    if *revision > 0 {
        let old = if *updated { "" } else { ", not the declared one" };
        write!(words, ", revision {revision}{old}").ok();
    }
    if *restarts > 0 {
        write!(words, ", {restarts} restart{}", if *restarts == 1 { "" } else { "s" }).ok();
    }
    writeln!(text, "{}: {words}", paint(NAME, name)).ok();
    let killed = oom_killed.then(|| "killed for using more memory than it may".to_owned());
    let wrong = [complaint.clone(), killed, Some(error.clone()).filter(|error| !error.is_empty())];
    for what in wrong.into_iter().flatten() {
        writeln!(text, "  {}", paint(BAD, what)).ok();
    }
}
