//! The last word: all is well, or a table of what is not, each with its reason and remedy.

use std::time::Duration;

use skiff_api::ObjectKey;

use crate::ui::age;
use crate::ui::style::{BAD, GOOD, HINT, NAME, paint};

/// An object that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The object.
    pub object: ObjectKey,
    /// Why it is not.
    pub why: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// `12 objects ready in 9.8 s`, or what is not.
pub fn summary(total: usize, unready: &[Unready], took: Duration) -> String {
    let objects = |count: usize| format!("{count} object{}", if count == 1 { "" } else { "s" });
    let took = age::took(took);
    if unready.is_empty() {
        return format!("{}\n", paint(GOOD, format_args!("{} ready in {took}", objects(total))));
    }
    let head = format!("{} of {} not ready after {took}", unready.len(), objects(total));
    let mut lines = vec![paint(BAD, head)];
    for Unready { object, why, remedy } in unready {
        lines.push(format!("  {}: {}", paint(NAME, object), why.trim_end().replace('\n', "\n    ")));
        lines.extend(remedy.iter().map(|remedy| format!("    {} {remedy}", paint(HINT, "help:"))));
    }
    lines.push(String::new());
    lines.join("\n")
}
