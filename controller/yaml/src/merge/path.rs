//! Where in an object the merge stands.

use std::fmt;

use crate::pointer;

/// A place in an object, from its root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a mapping's entry.
    Key(String),
    /// Into an item of the patch's list.
    Item(usize),
}

impl Path {
    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The key of the innermost entry: the name of the list, where a list is asked about.
    pub fn field(&self) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Key(name) => Some(name.as_str()),
            Step::Item(_) => None,
        })
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn pop(&mut self) {
        self.steps.pop();
    }
}

/// As a JSON pointer into the patch.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for step in &self.steps {
            match step {
                Step::Key(name) => pointer::push(&mut text, name),
                Step::Item(index) => pointer::push(&mut text, &index.to_string()),
            }
        }
        f.write_str(&text)
    }
}
