//! The last word: all is well, or a table of what is not, each with its reason and remedy.

use std::time::Duration;

use skiff_api::ObjectKey;

use crate::ui::age;
use crate::ui::counted;
use crate::ui::style::{BAD, FAINT, GOOD, HINT, NAME, paint};

/// An object that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The object.
    pub object: ObjectKey,
    /// Why it is not.
    pub why: String,
    /// What to do.
    pub remedy: Option<String>,
    /// Where it is declared, where that is known.
    pub at: Option<String>,
}

/// Objects that left the manifests and are not removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The objects.
    pub objects: Vec<ObjectKey>,
    /// Why they are not.
    pub why: String,
    /// Whether another source needs them.
    pub is_needed: bool,
    /// What to do.
    pub remedy: Option<String>,
}

fn objects(count: usize) -> String {
    counted(count, "object")
}

/// What left the manifests and still runs, why, and what to do.
pub fn kept(Kept { objects: kept, why, is_needed, remedy }: &Kept) -> String {
    let (have, run, stay) = if kept.len() == 1 { ("has", "runs", "stays") } else { ("have", "run", "stay") };
    let head = match is_needed {
        true => format!("{} {stay} for another source", objects(kept.len())),
        false => format!("{} {have} left the manifests and still {run}", objects(kept.len())),
    };
    let mut lines = vec![paint(BAD, head), format!("  {why}")];
    lines.extend(remedy.iter().map(|remedy| format!("    {} {remedy}", paint(HINT, "help:"))));
    lines.extend(kept.iter().map(|object| format!("  {}", paint(NAME, object))));
    lines.push(String::new());
    lines.join("\n")
}

/// `12 objects ready in 9.8 s`, or what is not; `goal` is what they should be.
pub fn summary(goal: &str, total: usize, unready: &[Unready], took: Duration) -> String {
    let took = age::took(took);
    if unready.is_empty() {
        return format!("{}\n", paint(GOOD, format_args!("{} {goal} in {took}", objects(total))));
    }
    let head = format!("{} of {} not {goal} after {took}", unready.len(), objects(total));
    let mut lines = vec![paint(BAD, head)];
    for Unready { object, why, remedy, at } in unready {
        lines.push(format!("  {}: {}", paint(NAME, object), why.trim_end().replace('\n', "\n    ")));
        lines.extend(at.iter().map(|at| format!("    {} {at}", paint(FAINT, "declared at"))));
        lines.extend(remedy.iter().map(|remedy| format!("    {} {remedy}", paint(HINT, "help:"))));
    }
    lines.push(String::new());
    lines.join("\n")
}
