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
use crate::history::History;
use crate::observed::{Observed, ObservedContainer};
use crate::plan::Step;

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
    let started = known.is_some_and(|known| known.at == at && known.started);
    let starts = &mut Arc::make_mut(history).objects.entry(step.object.clone()).or_default().starts;
    starts.insert(id.clone(), StartRecord { at, post_start: Some(end), started });
    true
}

impl History {
    /// What is remembered of this very start of a container.
    pub(crate) fn start(&self, object: &ObjectKey, container: &str, at: Timestamp) -> Option<&StartRecord> {
        self.objects.get(object)?.starts.get(container).filter(|start| start.at == at)
    }
}

/// Takes in which containers have started, and forgets containers that are gone.
pub(crate) fn learn(history: &mut Arc<History>, observed: &Observed) {
    for container in &observed.containers {
        if let Some((object, start)) = news(history, observed, container) {
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
    let verdict = observed.probes.get(&container.id).filter(|verdict| verdict.passed_startup)?;
    let labels = container.owner.labels().filter(|labels| labels.component == Component::Main)?;
    let at = container.detail.as_ref()?.started_at.filter(|at| *at == verdict.started_at)?;
    let known = history.start(&labels.object, &container.id, at);
    let next = StartRecord { at, post_start: known.and_then(|known| known.post_start.clone()), started: true };
    (known != Some(&next)).then_some((&labels.object, next))
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
