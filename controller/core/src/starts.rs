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

/// What the end of a step says of a hook: the container's id, the start that it belongs to, and how it ended. One that nobody answered
/// for may not have been run, and is run again.
pub fn hook_end(step: &Step, result: &Result<Outcome, EngineError>) -> Option<(String, (Timestamp, HookEnd))> {
    let Action::RunHook(hook) = &step.action else { return None };
    let end = match result {
        Ok(_) => HookEnd::Succeeded,
        Err(EngineError::Failed(message)) => HookEnd::Failed { message: message.clone() },
        Err(_) => return None,
    };
    Some((hook.container.id.clone()?, (hook.started_at, end)))
}

impl History {
    /// What is remembered of this very start of a container.
    pub(crate) fn start(&self, object: &ObjectKey, container: &str, at: Timestamp) -> Option<&StartRecord> {
        self.objects.get(object)?.starts.get(container).filter(|start| start.at == at)
    }
}

/// Takes in which hooks have ended and which containers have started, and forgets containers that are gone.
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
    let hook = observed.hook_ends.get(&container.id);
    let verdict = observed.probes.get(&container.id);
    if hook.is_none() && verdict.is_none() {
        return None;
    }
    let labels = container.owner.labels().filter(|labels| labels.component == Component::Main)?;
    let at = container.detail.as_ref()?.started_at?;
    let known = history.start(&labels.object, &container.id, at);
    let ended = hook.filter(|(start, _)| *start == at).map(|(_, end)| end.clone());
    let has_started = verdict.is_some_and(|verdict| verdict.started_at == at && verdict.passed_startup);
    let next = StartRecord {
        at,
        post_start: ended.or_else(|| known?.post_start.clone()),
        started: has_started || known.is_some_and(|known| known.started),
    };
    let is_news = known.map_or(next.post_start.is_some() || next.started, |known| *known != next);
    is_news.then_some((&labels.object, next))
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
