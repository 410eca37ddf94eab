//! The complaints of a load while it goes on, each said once.

use std::collections::BTreeSet;

use skiff_yaml::Span;

use crate::Problem;

/// What is wrong and what is odd, as far as the load has come.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub(crate) wrong: Vec<Problem>,
    pub(crate) odd: Vec<Problem>,
    unset_is_a_problem: bool,
    unset: BTreeSet<String>,
    /// The services that something is wrong with: what else could be said of them may only follow from it.
    broken: BTreeSet<String>,
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

    /// Takes a service for broken if more is wrong than was before.
    pub(crate) fn broken_since(&mut self, count: usize, service: &str) {
        if self.count() > count {
            self.broken.insert(service.to_owned());
        }
    }

    /// Takes the services for broken that something is wrong in, by where they stand.
    pub(crate) fn broken_in(&mut self, count: usize, services: &[(String, Span)]) {
        for place in self.wrong.iter().skip(count).filter_map(|problem| problem.place) {
            let holds = |span: &Span| span.file == place.file && span.start <= place.start && place.start <= span.end;
            let services = services.iter().filter(|(_, span)| holds(span));
            self.broken.extend(services.map(|(name, _)| name.clone()));
        }
    }

    /// Whether something is wrong with a service.
    pub(crate) fn is_broken(&self, service: &str) -> bool {
        self.broken.contains(service)
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
        push(&mut self.wrong, problem)
    }

    /// A variable is not set and has no default. It is said where it is first used.
    pub(crate) fn unset(&mut self, name: &str, place: Span) {
        if !self.unset.insert(name.to_owned()) {
            return;
        }
        let help = format!("set it in the environment or in `.env`, or write `${{{name}:-}}` where it may be empty");
        if self.unset_is_a_problem {
            self.wrong(place, format!("the variable `{name}` is not set")).help(help);
        } else {
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
