//! What one look at the replicas of a deployment says of its revision.

use jiff::Timestamp;
use skiff_api::OnFailure;

use super::{WATCH, late_at};
use crate::desired::Workload;
use crate::event::Event;
use crate::history::{Back, ObjectHistory, Standing, Why};
use crate::observed::Observed;
use crate::plan::Facts;

/// What a look changed.
pub(super) struct Judged {
    pub(super) history: ObjectHistory,
    pub(super) event: Option<Event>,
}

/// The replicas of the revision that is worked towards, in numbers.
struct Look<'a> {
    workload: &'a Workload,
    wanted: usize,
    updated: usize,
    available: usize,
    outdated: usize,
    /// What is wrong with the first replica that something is wrong with.
    trouble: Option<&'a str>,
    /// What keeps a replica of it from being available, where something says so.
    complaint: Option<&'a str>,
    /// When the youngest replica started.
    youngest: Option<Timestamp>,
    /// Whether no progress can be made: it is paused, the disk is full, or its image cannot be had.
    stands_still: bool,
    /// Whether a step is under way.
    is_busy: bool,
    now: Timestamp,
}

/// Judges an object; `None` where nothing has changed.
pub(super) fn judge(
    known: &ObjectHistory,
    workload: &Workload,
    facts: &Facts,
    observed: &Observed,
    now: Timestamp,
) -> Option<Judged> {
    let look = Look::new(known, workload, facts, observed, now);
    let declared = known.declared()?;
    match &declared.standing {
        Standing::Progressing { progress, available } => look.progressing(known, *progress, *available),
        Standing::Watched { until } => look.watched(known, *until),
        Standing::Failed { at, why, back } => look.back(known, (*at, why), back),
        Standing::Stable | Standing::Superseded { .. } => None,
    }
}

impl<'a> Look<'a> {
    fn new(
        known: &ObjectHistory,
        workload: &'a Workload,
        facts: &'a Facts,
        observed: &Observed,
        now: Timestamp,
    ) -> Self {
        let Facts { replicas, unmade, waits_for_image } = facts;
        let updated = || replicas.iter().filter(|fact| fact.updated);
        let paused = workload.rollout.paused || known.paused;
        Self {
            workload,
            wanted: usize::try_from(workload.replicas).unwrap_or(usize::MAX),
            updated: updated().count(),
            available: updated().filter(|fact| fact.available).count(),
            outdated: replicas.len() - updated().count(),
            trouble: unmade.as_deref().or_else(|| updated().find_map(|fact| fact.trouble.as_deref())),
            complaint: updated().filter(|fact| !fact.available).find_map(|fact| fact.complaint.as_deref()),
            youngest: updated().filter_map(|fact| fact.started_at).max(),
            stands_still: paused || observed.engine.low_disk.is_some() || *waits_for_image,
            is_busy: observed.in_flight.contains(&workload.key),
            now,
        }
    }

    fn is_complete(&self) -> bool {
        self.outdated == 0 && self.available >= self.wanted
    }

    fn is_late(&self, progress: Timestamp) -> bool {
        let late_at = late_at(self.workload, progress, self.youngest);
        !self.is_busy && !self.stands_still && late_at.is_some_and(|at| at <= self.now)
    }

    fn lateness(&self) -> Why {
        let seconds = self.workload.progress_deadline_seconds;
        let complaint = self.complaint.map_or_else(String::new, |complaint| format!(" ({complaint})"));
        let message =
            format!("no progress for {seconds} s: {} of {} available{complaint}", self.available, self.wanted);
        Why::Late { message }
    }

    /// When the watch over the revision ends; at once where nothing of it runs.
    fn watched_until(&self) -> Timestamp {
        self.youngest.and_then(|youngest| youngest.checked_add(WATCH).ok()).unwrap_or(self.now)
    }

    fn progressing(&self, known: &ObjectHistory, progress: Option<Timestamp>, before: u32) -> Option<Judged> {
        // A revision of which nothing shall run proves nothing, and is not late.
        if self.wanted == 0 {
            return progress.map(|_| unbegun(known));
        }
        if let Some(trouble) = self.trouble {
            return self.fail(known, &failed(trouble));
        }
        if self.is_complete() {
            return self.complete(known);
        }
        let available = u32::try_from(self.available).unwrap_or(u32::MAX);
        let standing = match progress {
            // Nothing of it is there yet; or its clock stands still.
            _ if self.updated == 0 => return None,
            Some(_) if self.stands_still => Standing::Progressing { progress: None, available },
            None if !self.stands_still => Standing::Progressing { progress: Some(self.now), available },
            Some(_) if available > before => Standing::Progressing { progress: Some(self.now), available },
            Some(progress) if self.is_late(progress) => return self.fail(known, &self.lateness()),
            Some(_) | None => return None,
        };
        Some(Judged { history: with(known, standing), event: None })
    }

    /// As if nothing of it had been there yet.
    fn complete(&self, known: &ObjectHistory) -> Option<Judged> {
        let until = self.watched_until();
        if until > self.now {
            return Some(Judged { history: with(known, Standing::Watched { until }), event: None });
        }
        self.stable(known)
    }

    fn watched(&self, known: &ObjectHistory, until: Timestamp) -> Option<Judged> {
        if self.wanted == 0 {
            return Some(unbegun(known));
        }
        if let Some(trouble) = self.trouble {
            return self.fail(known, &failed(trouble));
        }
        match (self.now >= until, self.is_complete()) {
            (false, _) => None,
            (true, true) if self.watched_until() <= self.now => self.stable(known),
            (true, true) => {
                Some(Judged { history: with(known, Standing::Watched { until: self.watched_until() }), event: None })
            }
            (true, false) => {
                let available = u32::try_from(self.available).unwrap_or(u32::MAX);
                let standing = Standing::Progressing { progress: Some(self.now), available };
                Some(Judged { history: with(known, standing), event: None })
            }
        }
    }

    fn stable(&self, known: &ObjectHistory) -> Option<Judged> {
        let number = known.declared()?.number;
        let message = format!("revision {number} is stable");
        let event = Event::normal(self.now, &self.workload.key, "RevisionStable", message);
        let mut history = with(known, Standing::Stable);
        if let Some(declared) = history.revisions.last_mut() {
            declared.ailing = None;
        }
        Some(Judged { history, event: Some(event) })
    }

    /// The declared revision has failed: back to the last stable one, or no further. With nothing to go back to it stays, and heals.
    fn fail(&self, known: &ObjectHistory, why: &Why) -> Option<Judged> {
        let number = known.declared()?.number;
        let (back, message) = match (self.workload.on_failure, known.last_stable()) {
            (OnFailure::Pause, _) if self.outdated > 0 => {
                (Back::Nowhere, format!("revision {number} {why}; the rollout stays where it is"))
            }
            (OnFailure::Rollback, Some(stable)) => {
                let back = Back::Going { to: stable.number, progress: self.now, available: 0 };
                (back, format!("revision {number} {why}; going back to revision {}", stable.number))
            }
            (OnFailure::Pause | OnFailure::Rollback, _) => return self.ail(known, why),
        };
        let standing = Standing::Failed { at: self.now, why: why.clone(), back };
        let event = Event::warning(self.now, &self.workload.key, "RevisionFailed", message);
        Some(Judged { history: with(known, standing), event: Some(event) })
    }

    /// With nothing to go back to, it is only told, and once.
    fn ail(&self, known: &ObjectHistory, why: &Why) -> Option<Judged> {
        let mut history = known.clone();
        let declared = history.revisions.last_mut()?;
        if declared.ailing.is_some() || matches!(declared.standing, Standing::Failed { .. }) {
            return None;
        }
        let why = why.message();
        let number = declared.number;
        let message = format!("revision {number} does not come up: {why}; with none to go back to, it is tried on");
        declared.ailing = Some(why);
        let event = Event::warning(self.now, &self.workload.key, "RevisionFailing", message);
        Some(Judged { history, event: Some(event) })
    }

    /// On the way back, by the same rules, but for one: it is not gone back from.
    fn back(&self, known: &ObjectHistory, (at, why): (Timestamp, &Why), back: &Back) -> Option<Judged> {
        let key = &self.workload.key;
        let (to, going) = match back {
            Back::Going { to, progress, available } => (*to, Some((*progress, *available))),
            Back::Lost { to, .. } => (*to, None),
            Back::Nowhere if self.workload.on_failure == OnFailure::Rollback => return self.fail(known, why),
            Back::Nowhere | Back::Superseded | Back::Arrived { .. } => return None,
        };
        let available = u32::try_from(self.available).unwrap_or(u32::MAX);
        let lost = |trouble: &str| {
            let as_well = if why.is_undone() { "" } else { " as well" };
            let message =
                format!("revision {to}, which it went back to, failed{as_well}: {trouble}; the rollout is paused");
            let event = Event::warning(self.now, key, "RollbackFailed", message);
            (Back::Lost { to, why: trouble.to_owned() }, Some(event))
        };
        let (back, event) = match (going, self.trouble) {
            (Some(_), Some(trouble)) => lost(trouble),
            _ if self.is_complete() && self.watched_until() <= self.now => {
                let event = Event::normal(self.now, key, "RolledBack", format!("back at revision {to}"));
                (Back::Arrived { to }, Some(event))
            }
            (Some((_, before)), None) if available > before => {
                (Back::Going { to, progress: self.now, available }, None)
            }
            // Written down now and then, so that no time has passed when it can go on.
            (Some((progress, _)), None) if self.stands_still && self.now.duration_since(progress) >= WATCH => {
                (Back::Going { to, progress: self.now, available }, None)
            }
            // What is all there is only watched for a moment, however short the deadline.
            (Some((progress, _)), None) if !self.is_complete() && self.is_late(progress) => {
                lost(&self.lateness().message())
            }
            (Some(_), None) | (None, _) => return None,
        };
        let standing = Standing::Failed { at, why: why.clone(), back };
        Some(Judged { history: with(known, standing), event })
    }
}

fn failed(trouble: &str) -> Why {
    Why::Failed { message: trouble.to_owned() }
}

/// As if nothing of the revision had been there yet.
fn unbegun(known: &ObjectHistory) -> Judged {
    Judged { history: with(known, Standing::Progressing { progress: None, available: 0 }), event: None }
}

/// The history with another standing of the declared revision.
fn with(known: &ObjectHistory, standing: Standing) -> ObjectHistory {
    let mut history = known.clone();
    if let Some(declared) = history.revisions.last_mut() {
        declared.standing = standing;
    }
    history
}
