//! What people ask of a rollout, beside what the manifests declare: hold it, let it go on, undo it, replace all replicas.
//!
//! What is granted is part of the history, so that it holds across restarts of the controller until it is taken back or, for an
//! undone revision, until the manifest changes.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;

use crate::desired::Desired;
use crate::event::Event;
use crate::history::{Back, History, ObjectHistory, Revision, Standing};

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
            Self::Pause { object } | Self::Resume { object } | Self::Undo { object, .. } | Self::Restart { object } => {
                object
            }
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
    let key = request.object();
    let known = history.objects.get(key);
    let known = known.filter(|known| known.declared().is_some());
    let declared = desired.is_none_or(|desired| desired.workloads.contains_key(key));
    if known.is_none() || !declared {
        let help =
            "it begins when `skiff run` or `skiff up` has worked on it; `skiff get deployments` lists what there is";
        return Err(refuse(format!("{key} has no rollout here"), help));
    }
    let mut object = known.cloned().unwrap_or_default();
    let event = match request {
        Request::Pause { .. } => {
            object.paused = true;
            Event::normal(now, key, "RolloutPaused", "the rollout is paused by hand")
        }
        Request::Resume { .. } => {
            object.paused = false;
            Event::normal(now, key, "RolloutResumed", "the rollout goes on")
        }
        Request::Restart { .. } => {
            object.restart_before = Some(now);
            Event::normal(now, key, "RestartAsked", "all replicas are replaced, as a rollout does")
        }
        Request::Undo { to, .. } => undo(&mut object, key, *to, now)?,
    };
    Arc::make_mut(history).objects.insert(key.clone(), object);
    Ok(event)
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
    let why = "undone by hand".to_owned();
    let back = Back::Going { to, progress: now, available: 0 };
    declared.standing = Standing::Failed { at: now, why, back };
    let message =
        format!("revision {number} is undone by hand; going back to revision {to} until the manifest changes");
    Ok(Event::normal(now, key, "RolloutUndone", message))
}

fn refuse(message: impl Into<String>, help: impl Into<String>) -> Refusal {
    Refusal { message: message.into(), help: help.into() }
}

/// The revisions of an object, for people: the newest first, with what became of each.
pub fn told_revisions(known: &ObjectHistory) -> impl Iterator<Item = (&Revision, String)> {
    known.revisions.iter().rev().map(|revision| (revision, told_standing(&revision.standing)))
}

fn told_standing(standing: &Standing) -> String {
    match standing {
        Standing::Progressing { .. } => "progressing".to_owned(),
        Standing::Watched { .. } => "complete, watched".to_owned(),
        Standing::Stable => "stable".to_owned(),
        Standing::Failed { why, back, .. } => match back {
            Back::Nowhere => format!("failed: {why}; stopped"),
            Back::Going { to, .. } => format!("failed: {why}; going back to {to}"),
            Back::Arrived { to } => format!("failed: {why}; went back to {to}"),
            Back::Lost { to, why: lost } => format!("failed: {why}; going back to {to} failed: {lost}"),
        },
    }
}
