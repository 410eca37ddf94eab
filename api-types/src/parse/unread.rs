//! The places of a document that could not be read, so that nothing is said of what only they could tell.
//!
//! A mistake in the form is reported once. What follows from it is no mistake of its own: a field that is missing because it was
//! misspelt, a port that is not named because the list of ports is not one.

use std::collections::BTreeSet;

use crate::Complaint;

/// Pointers to places that were left out, filled in, or that a field of another name was meant for.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread {
    pointers: BTreeSet<String>,
}

impl Unread {
    /// Adds a place.
    pub(super) fn insert(&mut self, pointer: String) {
        self.pointers.insert(pointer);
    }

    /// Whether a complaint rests on a place that could not be read. A key was read, whatever its value is.
    pub(super) fn explains(&self, complaint: &Complaint) -> bool {
        self.pointers.iter().any(|unread| {
            let is_there = *unread == complaint.pointer;
            let is_about_it = starts_with(&complaint.pointer, unread) && !(is_there && complaint.at_key);
            is_about_it || complaint.wanting.iter().any(|wanting| overlap(wanting, unread))
        })
    }
}

/// The place of a relative pointer, in which `..` is the place above.
pub(super) fn resolve(pointer: &str, relative: &str) -> String {
    let mut steps: Vec<&str> = pointer.split('/').collect();
    for step in relative.split('/') {
        if step == ".." {
            steps.pop();
        } else {
            steps.push(step);
        }
    }
    steps.join("/")
}

/// Whether a pointer leads to a place or into it.
fn starts_with(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether one of them leads to the other or into it; `*` in what is wanted stands for any step.
fn overlap(wanting: &str, unread: &str) -> bool {
    wanting.split('/').zip(unread.split('/')).all(|(wanted, step)| wanted == "*" || wanted == step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complaint::At;

    fn unread(pointers: &[&str]) -> Unread {
        Unread { pointers: pointers.iter().map(|pointer| (*pointer).to_owned()).collect() }
    }

    #[test]
    fn what_lies_in_an_unread_place_is_not_spoken_of() {
        let places = unread(&["/spec/ports"]);
        let at = At::ROOT.key("spec");
        let (ports, other) = (at.key("ports"), at.key("portsmouth"));
        assert!(places.explains(&ports.says("")) && places.explains(&ports.index(0).says("")));
        assert!(!places.explains(&other.says("")) && !places.explains(&at.says("")));
        assert!(!places.explains(&ports.says("").on_key()), "the key was read");
    }

    #[test]
    fn what_was_looked_for_in_an_unread_place_is_not_missed() {
        let at = At::ROOT.key("volumes");
        let name = at.any();
        let complaint = At::ROOT.key("mount").says("").for_want_of(&name.key("name"));
        let explaining =
            ["/volumes", "/volumes/3", "/volumes/3/name"].map(|place| unread(&[place]).explains(&complaint));
        assert_eq!(explaining, [true; 3]);
        let other = ["/volumes/3/tmpfs", "/volume", "/other"].map(|place| unread(&[place]).explains(&complaint));
        assert_eq!(other, [false; 3]);
    }

    #[test]
    fn a_relative_pointer_leads_up_and_down() {
        assert_eq!(resolve("/spec/template", "container/image"), "/spec/template/container/image");
        assert_eq!(resolve("/spec/template/container", "../../replicas"), "/spec/replicas");
    }
}
