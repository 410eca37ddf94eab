//! The complaints of a load while it goes on, each said once.
//!
//! One mistake hides no other, and begets none: of a value that is wrong, later stages say nothing more, and what could not be read is
//! not missing.

use std::collections::BTreeSet;

use skiff_yaml::Span;

use crate::Problem;
use crate::problem::first_line;

/// What is wrong and what is odd, as far as the load has come.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub(crate) wrong: Vec<Problem>,
    pub(crate) odd: Vec<Problem>,
    unset_is_a_problem: bool,
    unset: BTreeSet<String>,
    /// What could not be read, or not all of it, by its path: `services.a.image`.
    unread: BTreeSet<String>,
    /// The services that could not be completed by what they extend.
    incomplete: BTreeSet<String>,
    /// The values of which something is said.
    said: BTreeSet<Span>,
    /// How many of the problems `said` knows of.
    settled: usize,
}

/// A problem that was just made, to be completed.
pub(crate) struct Complaint<'a>(Option<&'a mut Problem>);

impl Complaint<'_> {
    pub(crate) fn help(self, help: impl Into<String>) {
        if let Some(problem) = self.0 {
            problem.help = Some(help.into());
        }
    }

    pub(crate) fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        if let Some(problem) = &mut self.0 {
            problem.add_label(span, message);
        }
        self
    }
}

fn push(list: &mut Vec<Problem>, problem: Problem) -> Complaint<'_> {
    list.push(problem);
    Complaint(list.last_mut())
}

impl Problems {
    pub(crate) fn new(unset_is_a_problem: bool) -> Self {
        Self { unset_is_a_problem, ..Self::default() }
    }

    /// How much is wrong so far.
    pub(crate) fn count(&self) -> usize {
        self.wrong.len()
    }

    /// Something is wrong at a path, so that what it says is not all read.
    pub(crate) fn unread(&mut self, path: String) {
        self.unread.insert(path);
    }

    /// Whether what stands at a path was not read, or not all of it.
    pub(crate) fn is_unread(&self, path: &str) -> bool {
        self.unread.contains(path)
    }

    /// A service lacks what it extends.
    pub(crate) fn incomplete(&mut self, service: &str) {
        self.incomplete.insert(service.to_owned());
    }

    /// Whether a service lacks attributes that somebody wrote: one of these, or what it extends.
    pub(crate) fn lacks(&self, service: &str, attributes: &[&str]) -> bool {
        let unread = |attribute: &&str| self.is_unread(&format!("services.{service}.{attribute}"));
        self.incomplete.contains(service) || unread(&"extends") || attributes.iter().any(unread)
    }

    /// Nothing more is to be said of a value.
    pub(crate) fn said(&mut self, place: Span) {
        self.said.insert(first_line(place));
    }

    /// Another stage begins. What it could say of values of which something is said would only follow from that.
    pub(crate) fn settle(&mut self) {
        for problem in self.wrong.iter().skip(self.settled) {
            self.said.extend(problem.place);
            self.said.extend(problem.labels.iter().map(|label| label.span));
        }
        self.settled = self.wrong.len();
    }

    /// Something is wrong here.
    pub(crate) fn wrong(&mut self, place: Span, message: impl Into<String>) -> Complaint<'_> {
        self.problem(Problem::at(place, message))
    }

    /// Something is odd here.
    pub(crate) fn odd(&mut self, place: Span, message: impl Into<String>) -> Complaint<'_> {
        push(&mut self.odd, Problem::at(place, message))
    }

    /// Something is wrong.
    pub(crate) fn problem(&mut self, problem: Problem) -> Complaint<'_> {
        if problem.place.is_some_and(|place| self.said.contains(&place)) {
            return Complaint(None);
        }
        push(&mut self.wrong, problem)
    }

    /// A variable is not set and has no default. It is said where it is first used.
    pub(crate) fn unset(&mut self, name: &str, place: Span) {
        let is_new = self.unset.insert(name.to_owned());
        let help = format!("set it in the environment or in `.env`, or write `${{{name}:-}}` where it may be empty");
        if self.unset_is_a_problem {
            let problem = Problem::at(place, format!("the variable `{name}` is not set")).help(help);
            self.wrong.extend(is_new.then_some(problem));
            self.said(place);
        } else if is_new {
            self.odd(place, format!("the variable `{name}` is not set and counts as empty")).help(help);
        }
    }

    /// By file and line, so that equal loads report equally; what is said twice is said once.
    pub(crate) fn finish(mut self) -> (Vec<Problem>, Vec<Problem>) {
        for list in [&mut self.wrong, &mut self.odd] {
            list.sort_by(|left, right| {
                let key = |it: &Problem| it.place.map(|span| (span.file, span.start));
                (key(left), &left.message).cmp(&(key(right), &right.message))
            });
            list.dedup();
        }
        (self.wrong, self.odd)
    }
}
