//! A plan as data, and in one line.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use skiff_api::ObjectKey;
use skiff_core::{Change, Held, Pending, Plan, Reason, Rejudged, Step, StepId};

use super::lines::{self, Line, Mark};
use crate::ui::style::{FAINT, paint};

/// How much a plan would do, counted as its lines are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// What would be made.
    pub create: usize,
    /// Containers that would be replaced.
    pub replace: usize,
    /// What would be changed where it stands.
    pub update: usize,
    /// Deployments whose containers stay and are judged by other probes or hooks.
    #[serde(skip_serializing_if = "is_none")]
    pub judge: usize,
    /// What would be removed.
    pub remove: usize,
    /// What time or another step will allow.
    pub waiting: usize,
    /// Containers that will be replaced once what they wait for is there.
    #[serde(skip_serializing_if = "is_none")]
    pub replace_later: usize,
    /// How many of those that wait do so for nothing but a replacement.
    #[serde(skip)]
    followers: usize,
    /// What is held on purpose.
    pub held: usize,
}

impl Summary {
    /// Counts the lines of a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut summary = Self { judge: plan.rejudged.len(), ..Self::default() };
        for group in lines::groups(plan, false) {
            group.lines.iter().for_each(|line| summary.count(line));
        }
        for held in &plan.held {
            let counter = if held.why.is_waiting() { &mut summary.waiting } else { &mut summary.held };
            *counter += 1;
            if held.is_coming() {
                let replaced = held.pending.iter().filter(|pending| pending.is_replacement()).count();
                summary.replace_later += replaced;
                summary.followers += usize::from(replaced == held.pending.len());
            }
        }
        summary
    }

    fn count(&mut self, line: &Line<'_>) {
        let counter = match line.mark {
            Mark::Create => &mut self.create,
            Mark::Change if line.words.starts_with("replace") => &mut self.replace,
            Mark::Change => &mut self.update,
            Mark::Remove => &mut self.remove,
            Mark::Aside => return,
        };
        *counter += 1;
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// `3 to create, 1 to replace, 4 more after it; 2 waiting`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |parts: &[(usize, &str)]| {
            let parts = parts.iter().filter(|(count, _)| *count > 0);
            parts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
        };
        let later = match self.replace {
            0 => "to replace later",
            1 => "more after it",
            _ => "more after them",
        };
        let done = list(&[
            (self.create, "to create"),
            (self.replace, "to replace"),
            (self.replace_later, later),
            (self.update, "to update"),
            (self.judge, "to judge anew"),
            (self.remove, "to remove"),
        ]);
        let held = list(&[(self.waiting - self.followers, "waiting"), (self.held, "held")]);
        f.write_str(match (done.as_str(), self.waiting) {
            ("", 0) => "nothing to do",
            ("", _) => "nothing to do now",
            (done, _) => done,
        })?;
        if held.is_empty() { Ok(()) } else { write!(f, "; {}", paint(FAINT, held)) }
    }
}

/// A plan for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanData<'a> {
    steps: Vec<StepData<'a>>,
    held: Vec<HeldData<'a>>,
    #[serde(skip_serializing_if = "<[Rejudged]>::is_empty")]
    rejudged: &'a [Rejudged],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    old_first: Vec<OldFirst<'a>>,
    wake_at: Option<Timestamp>,
    summary: Summary,
}

/// An object of which replicas go before their successors come.
#[derive(Debug, Serialize)]
struct OldFirst<'a> {
    object: &'a ObjectKey,
    message: String,
}

#[derive(Debug, Serialize)]
struct StepData<'a> {
    id: StepId,
    object: &'a ObjectKey,
    action: &'static str,
    target: String,
    #[serde(flatten)]
    why: Why<'a>,
    after: &'a [StepId],
}

#[derive(Debug, Serialize)]
struct HeldData<'a> {
    object: &'a ObjectKey,
    reason: String,
    message: String,
    waiting: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    pending: Vec<PendingData<'a>>,
}

#[derive(Debug, Serialize)]
struct PendingData<'a> {
    action: &'static str,
    target: &'a str,
    #[serde(flatten)]
    why: Why<'a>,
}

/// A reason as a word for programs, a sentence for people, and the fields that differ.
#[derive(Debug, Serialize)]
struct Why<'a> {
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "<[Change]>::is_empty")]
    changes: &'a [Change],
}

impl<'a> PlanData<'a> {
    /// The plan as data.
    pub fn of(plan: &'a Plan) -> Self {
        Self {
            steps: plan.steps.iter().map(step).collect(),
            held: plan.held.iter().map(held).collect(),
            rejudged: &plan.rejudged,
            old_first: plan
                .old_first
                .iter()
                .map(|(object, why)| OldFirst { object, message: why.to_string() })
                .collect(),
            wake_at: plan.wake_at,
            summary: Summary::of(plan),
        }
    }
}

fn step(step: &Step) -> StepData<'_> {
    // The hash is how failures are remembered, and says nothing to a reader.
    let Step { id, object, hash: _, action, reason, after } = step;
    StepData { id: *id, object, action: action.verb(), target: action.target(), why: why(reason), after }
}

fn held(held: &Held) -> HeldData<'_> {
    let Held { object, why, pending } = held;
    let help = held.remedy();
    HeldData {
        object,
        reason: why.word().to_owned(),
        message: why.to_string(),
        waiting: why.is_waiting(),
        help,
        pending: pending.iter().map(waiting).collect(),
    }
}

fn waiting(pending: &Pending) -> PendingData<'_> {
    let Pending { verb, target, reason } = pending;
    PendingData { action: verb, target, why: why(reason) }
}

fn why(reason: &Reason) -> Why<'_> {
    Why { reason: tag(reason, "reason"), message: reason.to_string(), changes: super::split(reason).1 }
}

/// The variant's name in `PascalCase`, as serde's tag has it.
fn tag<T: Serialize>(value: &T, field: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let word = value.get(field).and_then(Value::as_str).unwrap_or_default();
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
