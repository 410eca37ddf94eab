//! What is declared, with the jobs and schedules suspended that somebody suspended by hand.

use std::borrow::Cow;
use std::sync::Arc;

use skiff_api::ObjectKey;

use crate::desired::{Cron, Desired, Job};
use crate::history::History;

/// What is declared, as if the manifests suspended what was suspended by hand. What they suspend themselves is as it is.
pub(crate) fn suspended<'d>(desired: Cow<'d, Desired>, history: &History) -> Cow<'d, Desired> {
    let by_hand = history.objects.iter().filter(|(_, known)| known.suspended).map(|(key, _)| key);
    let runs = |key: &&ObjectKey| {
        desired.jobs.get(*key).is_some_and(|job| !job.suspend)
            || desired.crons.get(*key).is_some_and(|cron| !cron.suspend)
    };
    let stopped: Vec<ObjectKey> = by_hand.filter(runs).cloned().collect();
    if stopped.is_empty() {
        return desired;
    }
    let mut desired = desired.into_owned();
    for key in stopped {
        if let Some(job) = desired.jobs.get_mut(&key) {
            *job = Arc::new(Job { suspend: true, ..Job::clone(job) });
        }
        if let Some(cron) = desired.crons.get_mut(&key) {
            *cron = Arc::new(Cron { suspend: true, ..Cron::clone(cron) });
        }
    }
    Cow::Owned(desired)
}
