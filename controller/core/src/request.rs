//! What people ask for beside what the manifests declare: of a rollout to hold it, let it go on, undo it, replace all replicas; of
//! a job or a schedule a run, or none for a while.
//!
//! What is granted is part of the history, so that it holds across restarts of the controller until it is taken back or, for an
//! undone revision, until the manifest changes.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::{Kind, ObjectKey};

use crate::desired::Desired;
use crate::event::Event;
use crate::history::{Back, History, ObjectHistory, Revision, Standing, Why};
use crate::job::{RunRefused, ask_for_run};
use crate::revision::told_lost;

/// Something that is asked of the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "request")]
pub enum Request {
    /// Hold a rollout where it stands.
    Pause {
        /// The deployment.
        object: ObjectKey,
    },
    /// Let a rollout go on.
    Resume {
        /// The deployment.
        object: ObjectKey,
    },
    /// Go back to an earlier revision, until the manifest changes.
    Undo {
        /// The deployment.
        object: ObjectKey,
        /// The number of the revision; the last stable one where it is not said.
        to: Option<u64>,
    },
    /// Replace all replicas, as a rollout does.
    Restart {
        /// The deployment.
        object: ObjectKey,
    },
    /// Begin no run of a schedule, and no attempt of a job, until it is resumed.
    Suspend {
        /// The job or schedule.
        object: ObjectKey,
    },
    /// Take that back.
    Unsuspend {
        /// The job or schedule.
        object: ObjectKey,
    },
    /// Begin a run now.
    RunNow {
        /// The job or schedule.
        object: ObjectKey,
        /// When it was asked for, which names the run.
        asked: Timestamp,
    },
}

/// Why a request is not granted, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Why.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Request {
    /// What it is about.
    pub const fn object(&self) -> &ObjectKey {
        match self {
            Self::Pause { object }
            | Self::Resume { object }
            | Self::Undo { object, .. }
            | Self::Restart { object }
            | Self::Suspend { object }
            | Self::Unsuspend { object }
            | Self::RunNow { object, .. } => object,
        }
    }
}

/// Takes a request into the history. What is declared is not known where no controller runs; the history alone decides then.
///
/// # Errors
/// What stands against it, with a remedy.
pub fn grant(
    history: &mut Arc<History>,
    request: &Request,
    desired: Option<&Desired>,
    now: Timestamp,
) -> Result<Event, Refusal> {
    match request {
        Request::Pause { object } => of_rollout(history, desired, object, |known| {
            known.paused = true;
            Ok(Event::normal(now, object, "RolloutPaused", "the rollout is paused by hand"))
        }),
        Request::Resume { object } => of_rollout(history, desired, object, |known| {
            let was_paused = std::mem::take(&mut known.paused);
            refuse_where_it_failed(known, object).or_else(|refusal| if was_paused { Ok(()) } else { Err(refusal) })?;
            Ok(Event::normal(now, object, "RolloutResumed", "the rollout goes on"))
        }),
        Request::Restart { object } => of_rollout(history, desired, object, |known| {
            refuse_where_it_failed(known, object)?;
            known.restart_before = Some(now);
            Ok(Event::normal(now, object, "RestartAsked", "all replicas are replaced, as a rollout does"))
        }),
        Request::Undo { object, to } => of_rollout(history, desired, object, |known| undo(known, object, *to, now)),
        Request::Suspend { object } => suspend(history, desired, object, now),
        Request::Unsuspend { object } => unsuspend(history, desired, object, now),
        Request::RunNow { object, asked } => run_now(history, desired, object, *asked, now),
    }
}

/// Changes what is remembered of a deployment that has a rollout.
fn of_rollout(
    history: &mut Arc<History>,
    desired: Option<&Desired>,
    key: &ObjectKey,
    change: impl FnOnce(&mut ObjectHistory) -> Result<Event, Refusal>,
) -> Result<Event, Refusal> {
    let known = history.objects.get(key).filter(|known| known.declared().is_some());
    let declared = desired.is_none_or(|desired| desired.workloads.contains_key(key));
    let Some(mut object) = known.filter(|_| declared).cloned() else {
        let help =
            "it begins when `skiff run` or `skiff up` has worked on it; `skiff get deployments` lists what there is";
        return Err(refuse(format!("{key} has no rollout here"), help));
    };
    let event = change(&mut object)?;
    Arc::make_mut(history).objects.insert(key.clone(), object);
    Ok(event)
}

/// Refuses what a revision that failed and stays where it is would not do.
fn refuse_where_it_failed(known: &ObjectHistory, key: &ObjectKey) -> Result<(), Refusal> {
    let Some(declared) = known.declared() else { return Ok(()) };
    let Standing::Failed { why, back: Back::Nowhere, .. } = &declared.standing else { return Ok(()) };
    let number = declared.number;
    let help = format!(
        "change the manifest; `skiff rollout undo {name} --to-revision {number}` tries it again, `skiff rollout undo {name}` goes back",
        name = key.name
    );
    Err(refuse(format!("revision {number} of {key} {why}, and is not tried again until the manifest changes"), help))
}

/// Begins a run. What is declared must be known: the run is of its template.
fn run_now(
    history: &mut Arc<History>,
    desired: Option<&Desired>,
    key: &ObjectKey,
    asked: Timestamp,
    now: Timestamp,
) -> Result<Event, Refusal> {
    let declared = desired.ok_or_else(|| RunRefused::NotDeclared(key.clone()));
    let run = declared.and_then(|desired| ask_for_run(history, desired, key, asked)).map_err(|refused| {
        let help = match &refused {
            RunRefused::NotDeclared(_) => "`skiff get jobs,cronjobs` lists what there is".to_owned(),
            RunRefused::Suspended(key) => format!("`skiff resume {key}`, or take `suspend: true` out of its manifest"),
            RunRefused::NotEnded(key) => format!("`skiff wait {key} --for complete` waits for it"),
        };
        refuse(refused.to_string(), help)
    })?;
    Ok(Event::normal(now, key, "RunAsked", format!("run {run} begins, as somebody asked for it")))
}

/// Nothing new begins until it is taken back; what a schedule has begun ends by itself, as in Kubernetes.
fn suspend(
    history: &mut Arc<History>,
    desired: Option<&Desired>,
    key: &ObjectKey,
    now: Timestamp,
) -> Result<Event, Refusal> {
    let what = match key.kind {
        Kind::CronJob => "no run of it begins, and what runs may end",
        Kind::Job => "what runs of it is stopped, and no attempt begins",
        Kind::Deployment | Kind::Network | Kind::Volume | Kind::ConfigMap | Kind::Secret => {
            let help =
                format!("`skiff rollout pause {}` holds its rollout; `replicas: 0` in its manifest stops it", key.name);
            return Err(refuse(format!("{key} cannot be suspended: only jobs and schedules can"), help));
        }
    };
    if desired.is_some_and(|desired| !desired.jobs.contains_key(key) && !desired.crons.contains_key(key)) {
        return Err(refuse(format!("{key} is not declared"), "`skiff get jobs,cronjobs` lists what there is"));
    }
    Arc::make_mut(history).objects.entry(key.clone()).or_default().suspended = true;
    let message = format!("suspended by hand: {what}, until `skiff resume {key}`");
    Ok(Event::normal(now, key, "Suspended", message))
}

fn unsuspend(
    history: &mut Arc<History>,
    desired: Option<&Desired>,
    key: &ObjectKey,
    now: Timestamp,
) -> Result<Event, Refusal> {
    let by_manifest = desired.is_some_and(|desired| {
        desired.jobs.get(key).is_some_and(|job| job.suspend) || desired.crons.get(key).is_some_and(|cron| cron.suspend)
    });
    let by_hand = history.objects.get(key).is_some_and(|known| known.suspended);
    if by_hand {
        Arc::make_mut(history).objects.entry(key.clone()).or_default().suspended = false;
    }
    if by_manifest {
        let help = "take `suspend: true` out of its manifest";
        return Err(refuse(format!("the manifest of {key} suspends it"), help));
    }
    if !by_hand {
        let help = match key.kind {
            Kind::Deployment => format!("`skiff rollout resume {}` lets a rollout that was paused go on", key.name),
            Kind::Job | Kind::CronJob | Kind::Network | Kind::Volume | Kind::ConfigMap | Kind::Secret => {
                "`skiff get jobs,cronjobs` shows what is suspended".to_owned()
            }
        };
        return Err(refuse(format!("{key} is not suspended"), help));
    }
    Ok(Event::normal(now, key, "Resumed", "resumed by hand: it goes on from now, and nothing is made up for"))
}

fn undo(object: &mut ObjectHistory, key: &ObjectKey, to: Option<u64>, now: Timestamp) -> Result<Event, Refusal> {
    let history = format!("`skiff rollout history {}` lists the revisions", key.name);
    let target = match to {
        None => object.last_stable().map(|revision| revision.number),
        Some(number) => object.revision(number).map(|revision| revision.number),
    };
    let Some(to) = target else {
        let message = match to {
            Some(number) => format!("revision {number} of {key} is not known"),
            None => format!("{key} has no earlier revision that was stable"),
        };
        return Err(refuse(message, history));
    };
    let Some(declared) = object.revisions.last_mut() else {
        return Err(refuse(format!("{key} has no revisions"), history));
    };
    let number = declared.number;
    if to == number {
        if matches!(declared.standing, Standing::Failed { .. }) {
            declared.standing = Standing::Progressing { progress: None, available: 0 };
            return Ok(Event::normal(now, key, "RolloutRetried", format!("revision {number} is tried again")));
        }
        return Err(refuse(format!("revision {number} is what the manifest declares"), history));
    }
    if let Standing::Failed { back: Back::Going { to: on_the_way, .. } | Back::Arrived { to: on_the_way }, .. } =
        &declared.standing
        && *on_the_way == to
    {
        return Err(refuse(format!("{key} has gone back to revision {to} already"), history));
    }
    let back = Back::Going { to, progress: now, available: 0 };
    declared.standing = Standing::Failed { at: now, why: Why::Undone, back };
    let message =
        format!("revision {number} is undone by hand; going back to revision {to} until the manifest changes");
    Ok(Event::normal(now, key, "RolloutUndone", message))
}

fn refuse(message: impl Into<String>, help: impl Into<String>) -> Refusal {
    Refusal { message: message.into(), help: help.into() }
}

/// The revisions of an object, for people: the newest first, with what became of each.
pub fn told_revisions(known: &ObjectHistory) -> impl Iterator<Item = (&Revision, String)> {
    known.revisions.iter().rev().map(|revision| (revision, told(revision)))
}

fn told(revision: &Revision) -> String {
    let standing = match (&revision.ailing, &revision.standing) {
        (Some(why), Standing::Progressing { .. } | Standing::Watched { .. }) => {
            format!("failing: {why}; tried on, as there is none to go back to")
        }
        (Some(_) | None, standing) => told_standing(standing),
    };
    if revision.lost.is_empty() { standing } else { format!("{standing}; {}", told_lost(&revision.lost)) }
}

fn told_standing(standing: &Standing) -> String {
    match standing {
        Standing::Progressing { .. } => "progressing".to_owned(),
        Standing::Watched { .. } => "complete, watched".to_owned(),
        Standing::Superseded { .. } => "superseded".to_owned(),
        Standing::Stable => "stable".to_owned(),
        Standing::Failed { why, back, .. } => match back {
            Back::Nowhere => format!("{why}; stopped"),
            Back::Superseded => why.to_string(),
            Back::Going { to, .. } => format!("{why}; going back to {to}"),
            Back::Arrived { to } => format!("{why}; went back to {to}"),
            Back::Lost { to, why: lost } => format!("{why}; going back to {to} failed: {lost}"),
        },
    }
}
