//! What is remembered of the last start of each container: its postStart hook, and whether its startup probe has passed.
//!
//! A controller that is started again must neither run a hook twice nor ask a startup probe of what started long ago.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::{Component, ObjectKey};

use crate::action::Action;
use crate::engine::{EngineError, Outcome};
use crate::event::Event;
use crate::held::HeldReason;
use crate::history::History;
use crate::observed::{Observed, ObservedContainer};
use crate::plan::Step;
use crate::probe::{ProbeFailure, Readiness};

/// What is remembered of a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartRecord {
    /// The start.
    pub at: Timestamp,
    /// What came of the postStart hook; nothing while it has not been run to its end.
    #[serde(default)]
    pub post_start: Option<HookEnd>,
    /// Whether the probes have said that it has started.
    #[serde(default)]
    pub started: bool,
    /// Whether it was told that a changed probe of it has never passed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// Whether it was told that it can serve no longer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unready: bool,
}

/// How a hook ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "hook")]
pub enum HookEnd {
    /// Well.
    Succeeded,
    /// With a failure.
    Failed {
        /// Why.
        message: String,
    },
}

/// Takes in the end of a step, where it was a hook; says whether that is new. One that nobody answered for may not have been run, and
/// is run again.
pub fn note_hook(history: &mut Arc<History>, step: &Step, result: &Result<Outcome, EngineError>) -> bool {
    let Action::RunHook(hook) = &step.action else { return false };
    let end = match result {
        Ok(_) => HookEnd::Succeeded,
        Err(EngineError::Hook(message)) => HookEnd::Failed { message: message.clone() },
        // An engine that failed says nothing of the hook, which is run again.
        Err(_) => return false,
    };
    let Some(id) = &hook.container.id else { return false };
    let at = hook.started_at;
    let known = history.objects.get(&step.object).and_then(|known| known.starts.get(id));
    if known.is_some_and(|known| known.at > at) {
        return false;
    }
    let same = known.filter(|known| known.at == at);
    let (started, doubted) = same.map_or((false, false), |known| (known.started, known.doubted));
    let unready = same.is_some_and(|known| known.unready);
    let starts = &mut Arc::make_mut(history).objects.entry(step.object.clone()).or_default().starts;
    starts.insert(id.clone(), StartRecord { at, post_start: Some(end), started, doubted, unready });
    true
}

impl History {
    /// What is remembered of this very start of a container.
    pub(crate) fn start(&self, object: &ObjectKey, container: &str, at: Timestamp) -> Option<&StartRecord> {
        self.objects.get(object)?.starts.get(container).filter(|start| start.at == at)
    }
}

/// Takes in which containers have started and which probes are in doubt, and forgets containers that are gone.
pub(crate) fn learn(history: &mut Arc<History>, observed: &Observed, now: Timestamp, events: &mut Vec<Event>) {
    for container in &observed.containers {
        if let Some((object, start)) = news(history, observed, container) {
            let known = history.start(object, &container.id, start.at);
            if start.doubted && known.is_none_or(|known| !known.doubted) {
                events.extend(doubt(object, observed, container, now));
            }
            if start.unready != known.is_some_and(|known| known.unready) {
                events.extend(served(object, observed, container, now));
            }
            let known = Arc::make_mut(history).objects.entry(object.clone()).or_default();
            known.starts.insert(container.id.clone(), start);
        }
    }
    forget_gone(history, observed);
}

/// What is to be remembered of a container from now on, where that is new.
fn news<'a>(
    history: &History,
    observed: &Observed,
    container: &'a ObservedContainer,
) -> Option<(&'a ObjectKey, StartRecord)> {
    let verdict = observed.probes.get(&container.id).filter(|verdict| !verdict.is_undecided())?;
    let labels = container.owner.labels().filter(|labels| labels.component == Component::Main)?;
    let at = container.detail.as_ref()?.started_at.filter(|at| *at == verdict.started_at)?;
    let known = history.start(&labels.object, &container.id, at);
    let next = StartRecord {
        at,
        post_start: known.and_then(|known| known.post_start.clone()),
        started: verdict.passed_startup || known.is_some_and(|known| known.started),
        doubted: verdict.unproven.is_some(),
        // A controller that starts does not know that it could serve once.
        unready: verdict.is_lost
            || known.is_some_and(|known| known.unready) && matches!(verdict.readiness, Readiness::Not { .. }),
    };
    let is_news = known.is_some() || next.started || next.doubted || next.unready;
    (is_news && known != Some(&next)).then_some((&labels.object, next))
}

/// What is told when a container can serve no longer, or again.
fn served(object: &ObjectKey, observed: &Observed, container: &ObservedContainer, now: Timestamp) -> Option<Event> {
    let name = &container.name;
    Some(match &observed.probes.get(&container.id)?.readiness {
        Readiness::Not { message } => {
            Event::warning(now, object, "Unready", format!("{name} cannot serve any more: {message}"))
        }
        Readiness::Since(_) => Event::normal(now, object, "ReadyAgain", format!("{name} can serve again")),
        Readiness::Undecided { .. } => return None,
    })
}

/// The changed probe of a container that has never passed.
pub(crate) fn unproven(observed: &Observed, container: &ObservedContainer) -> Option<HeldReason> {
    let verdict = observed.probes.get(&container.id)?;
    let started_at = container.detail.as_ref()?.started_at?;
    let ProbeFailure { probe, message } = verdict.unproven.clone().filter(|_| verdict.started_at == started_at)?;
    Some(HeldReason::ProbeUnproven { container: container.name.clone(), probe, message })
}

/// What is told of a changed probe that never passes.
fn doubt(object: &ObjectKey, observed: &Observed, container: &ObservedContainer, now: Timestamp) -> Option<Event> {
    let why = unproven(observed, container)?;
    Some(Event::warning(now, object, why.word(), why.to_string()))
}

fn forget_gone(history: &mut Arc<History>, observed: &Observed) {
    if history.objects.values().all(|known| known.starts.is_empty()) {
        return;
    }
    let there: BTreeSet<&str> = observed.containers.iter().map(|container| container.id.as_str()).collect();
    let is_gone = |id: &String| !there.contains(id.as_str());
    if history.objects.values().any(|known| known.starts.keys().any(is_gone)) {
        for known in Arc::make_mut(history).objects.values_mut() {
            known.starts.retain(|id, _| !is_gone(id));
        }
    }
}
