//! A plan as a person and as a program reads it.
//!
//! The single engine calls that make, replace or remove one container are one line; `-o wide` and `-v` show each call.
//! Plans hold no secret value, so that nothing has to be hidden here.

use std::fmt::Write as _;

use skiff_api::ObjectKey;
use skiff_core::{Change, Plan, Reason, Rejudged};

use super::style::{BAD, CHANGE, FAINT, GOOD, HINT, NAME, paint};
use lines::{Group, Line, Mark};

mod data;
mod diff;
mod lines;

pub use data::{PlanData, Summary};
pub use diff::{FieldDiff, ObjectDiff, diff, diffs};

/// The plan as text: objects with what is done to them and why, what is held, and how much that is.
pub fn text(plan: &Plan, wide: bool) -> String {
    let mut text = String::new();
    for group in lines::groups(plan, wide) {
        object(&mut text, &group);
    }
    for Rejudged { object, changes } in &plan.rejudged {
        let words = paint(CHANGE, "~ judge anew");
        writeln!(text, "{}\n  {words}  {}", paint(NAME, object), paint(FAINT, REJUDGED)).ok();
        change_lines(&mut text, changes, "  ");
        text.push('\n');
    }
    writeln!(text, "{}", Summary::of(plan)).ok();
    text
}

/// Why something changes that nothing is done to.
const REJUDGED: &str = "other probes or hooks; containers stay";

/// The objects that the plan is about, each once.
pub fn objects(plan: &Plan) -> Vec<&ObjectKey> {
    let (steps, held) = (plan.steps.iter().map(|step| &step.object), plan.held.iter().map(|held| &held.object));
    let mut objects: Vec<_> = steps.chain(held).chain(plan.rejudged.iter().map(|rejudged| &rejudged.object)).collect();
    objects.sort();
    objects.dedup();
    objects
}

fn object(text: &mut String, group: &Group<'_>) {
    writeln!(text, "{}", paint(NAME, group.object)).ok();
    step_lines(text, &group.lines, "  ");
    if let Some(why) = group.old_first {
        writeln!(text, "      {}", paint(FAINT, format!("the old one goes before the new one comes: {why}"))).ok();
    }
    for held in &group.held {
        let (mark, style) = if held.waits { ("…", CHANGE) } else { ("!", FAINT) };
        writeln!(text, "  {} {}", paint(style, mark), held.why).ok();
        if let Some(remedy) = &held.remedy {
            writeln!(text, "      {} {remedy}", paint(HINT, "help:")).ok();
        }
        step_lines(text, &held.pending, "      ");
    }
    text.push('\n');
}

fn step_lines(text: &mut String, lines: &[Line<'_>], indent: &str) {
    let width = lines.iter().map(|line| line.words.chars().count()).max().unwrap_or(0);
    let mut above: Option<&Reason> = None;
    for line in lines {
        let style = mark_style(line.mark);
        let gap = " ".repeat(width - line.words.chars().count());
        let (why, changes) = split(line.reason);
        let same = above == Some(line.reason) && !changes.is_empty();
        let why = if same { format!("{why}, as above") } else { why };
        let words = paint(style, format_args!("{} {}", line.mark.sign(), line.words));
        writeln!(text, "{indent}{words}{gap}  {}", paint(FAINT, why)).ok();
        if !same {
            change_lines(text, changes, indent);
        }
        above = Some(line.reason);
    }
}

fn change_lines(text: &mut String, changes: &[Change], indent: &str) {
    for change in changes {
        let Change { field, from, to } = change;
        let line = match (from, to) {
            (Some(from), Some(to)) => format!("{field}: {} → {}", paint(BAD, from), paint(GOOD, to)),
            // A value that nobody may see is empty.
            (None, Some(to)) if to.is_empty() => format!("{field}: {}", paint(GOOD, "added")),
            (None, Some(to)) => format!("{field}: {}", paint(GOOD, to)),
            (Some(from), None) if from.is_empty() => format!("{field}: {}", paint(BAD, "removed")),
            (Some(from), None) => format!("{field}: {}, gone", paint(BAD, from)),
            (None, None) => format!("{field}: changed"),
        };
        writeln!(text, "{indent}    {line}").ok();
    }
}

/// The reason in a few words, and the fields that get lines of their own.
fn split(reason: &Reason) -> (String, &[Change]) {
    match reason {
        Reason::Outdated { changes } if !changes.is_empty() => ("outdated".to_owned(), changes),
        Reason::Adopted { changes } if !changes.is_empty() => ("taken over from Docker Compose".to_owned(), changes),
        Reason::Adjusted { changes } => ("adjusted in place".to_owned(), changes),
        Reason::Readdressed { network, changes } => (format!("different on network {network}"), changes),
        Reason::Missing
        | Reason::Needed
        | Reason::Outdated { .. }
        | Reason::ContentChanged { .. }
        | Reason::Surplus
        | Reason::Orphaned
        | Reason::Unwanted
        | Reason::Exited { .. }
        | Reason::Unhealthy { .. }
        | Reason::NotStarted
        | Reason::Started
        | Reason::Dead
        | Reason::Paused
        | Reason::Renamed { .. }
        | Reason::NotSucceeded
        | Reason::Disconnected { .. }
        | Reason::Overconnected { .. }
        | Reason::RestartsTaken { .. }
        | Reason::RestartsPaced
        | Reason::RestartsGiven { .. }
        | Reason::Left
        | Reason::Unused
        | Reason::Superseded
        | Reason::Due { .. }
        | Reason::Asked { .. }
        | Reason::Retried { .. }
        | Reason::DeadlineExceeded
        | Reason::Expired
        | Reason::LeftBehind
        | Reason::Suspended
        | Reason::Replaced
        | Reason::RolledBack { .. }
        | Reason::RestartAsked
        | Reason::Unstartable { .. }
        | Reason::ImageLost { .. }
        | Reason::ImageMoved { .. }
        | Reason::Adopted { .. }
        | Reason::SourceReplaced { .. }
        | Reason::Rewired { .. } => (reason.to_string(), &[]),
    }
}

const fn mark_style(mark: Mark) -> anstyle::Style {
    match mark {
        Mark::Create => GOOD,
        Mark::Change => CHANGE,
        Mark::Remove => BAD,
        Mark::Aside => FAINT,
    }
}

#[cfg(test)]
mod tests;
