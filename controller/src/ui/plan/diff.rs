//! What differs, field by field, without how it would be changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use skiff_api::ObjectKey;
use skiff_core::{Action, Change, HeldReason, Plan, Reason};

use crate::ui::style::{BAD, FAINT, GOOD, NAME, paint};

/// What differs of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectDiff {
    /// The object.
    pub object: ObjectKey,
    /// Containers, networks and volumes that are to come.
    pub added: BTreeSet<String>,
    /// Those that are to go.
    pub removed: BTreeSet<String>,
    /// Fields that differ.
    pub fields: Vec<FieldDiff>,
    /// What else is not as it should be.
    pub notes: BTreeSet<String>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FieldDiff {
    /// The field's path in the manifest.
    pub field: String,
    /// What there is.
    pub from: Option<String>,
    /// What is declared.
    pub to: Option<String>,
}

/// The differences that a plan would remove, by object.
pub fn diffs(plan: &Plan) -> Vec<ObjectDiff> {
    let mut gathered: BTreeMap<&ObjectKey, Gathered> = BTreeMap::new();
    for step in &plan.steps {
        let entry = gathered.entry(&step.object).or_default();
        entry.reason(&step.reason);
        entry.action(&step.action);
    }
    for held in &plan.held {
        let entry = gathered.entry(&held.object).or_default();
        held.pending.iter().for_each(|pending| entry.reason(&pending.reason));
        if let HeldReason::VolumeChanged { changes } = &held.why {
            entry.fields(changes);
        }
    }
    for rejudged in &plan.rejudged {
        gathered.entry(&rejudged.object).or_default().fields(&rejudged.changes);
    }
    gathered.into_iter().filter_map(|(object, gathered)| gathered.finish(object)).collect()
}

#[derive(Default)]
struct Gathered {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    fields: BTreeSet<FieldDiff>,
    notes: BTreeSet<String>,
}

impl Gathered {
    fn reason(&mut self, reason: &Reason) {
        let (words, changes) = super::split(reason);
        self.fields(changes);
        let says_it = matches!(
            reason,
            Reason::Missing | Reason::Needed | Reason::Unused | Reason::Superseded | Reason::Outdated { .. }
        );
        if changes.is_empty() && !says_it {
            self.notes.insert(words);
        }
    }

    fn fields(&mut self, changes: &[Change]) {
        let field = |change: &Change| {
            let Change { field, from, to } = change.clone();
            FieldDiff { field, from, to }
        };
        self.fields.extend(changes.iter().map(field));
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::CreateContainer(_) | Action::CreateNetwork(_) | Action::CreateVolume(_) => {
                self.added.insert(action.target());
            }
            Action::RemoveContainer { .. } | Action::RemoveNetwork { .. } | Action::RemoveVolume { .. } => {
                self.removed.insert(action.target());
            }
            Action::PullImage(_)
            | Action::BuildImage(_)
            | Action::RemoveImage(_)
            | Action::WriteFiles(_)
            | Action::RemoveFiles { .. }
            | Action::ConnectNetwork(_)
            | Action::DisconnectNetwork { .. }
            | Action::StartContainer { .. }
            | Action::RunHook(_)
            | Action::StopContainer(_)
            | Action::RenameContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::UpdateContainer(_) => {}
        }
    }

    /// What is removed and made again is neither added nor removed.
    fn finish(self, object: &ObjectKey) -> Option<ObjectDiff> {
        let diff = ObjectDiff {
            object: object.clone(),
            added: self.added.difference(&self.removed).cloned().collect(),
            removed: self.removed.difference(&self.added).cloned().collect(),
            fields: self.fields.into_iter().collect(),
            notes: self.notes,
        };
        let says = !(diff.added.is_empty() && diff.removed.is_empty() && diff.fields.is_empty());
        (says || !diff.notes.is_empty()).then_some(diff)
    }
}

/// The differences as text.
pub fn diff(diffs: &[ObjectDiff]) -> String {
    let mut text = String::new();
    for diff in diffs {
        writeln!(text, "{}", paint(NAME, &diff.object)).ok();
        for field in &diff.fields {
            field_lines(&mut text, field);
        }
        for name in &diff.removed {
            writeln!(text, "{}", paint(BAD, format_args!("- {name}"))).ok();
        }
        for name in &diff.added {
            writeln!(text, "{}", paint(GOOD, format_args!("+ {name}"))).ok();
        }
        for note in &diff.notes {
            writeln!(text, "{}", paint(FAINT, format_args!("  {note}"))).ok();
        }
        text.push('\n');
    }
    text
}

fn field_lines(text: &mut String, FieldDiff { field, from, to }: &FieldDiff) {
    if let (None, None) = (from, to) {
        writeln!(text, "  {field} (not shown)").ok();
    }
    // A value that nobody may see is empty.
    let valued = |value: &str| if value.is_empty() { field.clone() } else { format!("{field}: {value}") };
    if let Some(from) = from {
        writeln!(text, "{}", paint(BAD, format_args!("- {}", valued(from)))).ok();
    }
    if let Some(to) = to {
        writeln!(text, "{}", paint(GOOD, format_args!("+ {}", valued(to)))).ok();
    }
}
