//! Keeps what is known of the ends of containers in the history, and tells when a crash loop begins, when it is over, and when
//! nothing more is tried.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Crash, Crashes, Pace, engine_gave_up, pace, well_after};
use crate::course::effective;
use crate::desired::{Desired, Workload};
use crate::event::Event;
use crate::held::HeldReason;
use crate::history::History;
use crate::observed::{Observed, ObservedContainer};

/// Takes the ends that were noticed into the history. What has never ended is not worth a line on the disk.
pub(crate) fn learn(
    history: &mut Arc<History>,
    desired: &Desired,
    observed: &Observed,
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    let ended = || observed.crashes.iter().filter(|(_, crash)| crash.says_something());
    if ended().eq(&history.crashes) {
        return;
    }
    let desired = effective(desired, history);
    for container in &observed.containers {
        let labels = container.owner.labels();
        let Some(workload) = labels.and_then(|labels| desired.workloads.get(&labels.object)) else { continue };
        let (before, after) = (history.crashes.get(&container.id), observed.crashes.get(&container.id));
        if let Some(after) = after {
            events.extend(told(workload, container, before, after, now));
        }
    }
    Arc::make_mut(history).crashes = ended().map(|(id, crash)| (id.clone(), crash.clone())).collect::<Crashes>();
}

/// What is worth telling of one container.
fn told(
    workload: &Workload,
    container: &ObservedContainer,
    before: Option<&Crash>,
    after: &Crash,
    now: Timestamp,
) -> Option<Event> {
    let (labels, detail) = (container.owner.labels()?, container.detail.as_ref()?);
    let (key, name, code) = (&workload.key, &container.name, detail.exit_code);
    let pace_of = |crash: &Crash| pace(workload, crash, labels.ordinal, detail.finished_at, now);
    let was_loop = before.is_some_and(|before| before.is_loop);
    let given_up = |crash: &Crash| crash.gave_up || matches!(pace_of(crash), Pace::Never { .. });
    let attempts = match pace_of(after) {
        Pace::Never { attempts } => Some(attempts),
        Pace::Now | Pace::Until(_) => engine_gave_up(workload, container),
    };
    if let Some(attempts) = attempts {
        let is_new = before.is_none_or(|before| !given_up(before));
        let why = HeldReason::GaveUp { container: name.clone(), code, attempts };
        return is_new.then(|| Event::warning(now, key, why.word(), why.to_string()));
    }
    if after.is_loop && !was_loop {
        let until = if let Pace::Until(until) = pace_of(after) { until } else { now };
        let why = HeldReason::CrashLoop { container: name.clone(), code: after.code, exits: after.exits, until };
        let taken = if workload.is_paced() {
            String::new()
        } else {
            format!("; Skiff restarts it in place of Docker until it has run for {:#}", well_after(workload))
        };
        return Some(Event::warning(now, key, why.word(), format!("{why}{taken}")));
    }
    let is_over = was_loop && !after.is_loop;
    is_over.then(|| Event::normal(now, key, "CrashLoopEnded", format!("{name} is in no crash loop any more")))
}
