//! Encrypted values of Secrets: opened in memory, once all layers are laid.
//!
//! An object with a value that stays closed is left out, so that its last good version stays in force and nothing is pruned.

use std::cell::Cell;

use skiff_api::{Kind, ObjectKey};
use skiff_yaml::{Node, Span, Value};

use super::{Loaded, Problem, SourceOptions, problem, reason};
use crate::secret::document::values_mut;
use crate::secret::{Closed, Keyring, Place, Sealed};

/// Opens the values of a load.
pub(super) struct Opener<'a> {
    options: &'a SourceOptions,
    keys: Keyring<'a>,
    /// Whether anything was encrypted.
    met: Cell<bool>,
}

/// A value that stays closed.
struct Shut {
    span: Span,
    message: String,
    help: String,
    reason: &'static str,
    for_want_of_a_key: bool,
}

impl<'a> Opener<'a> {
    pub(super) const fn of(options: &'a SourceOptions) -> Self {
        Self { options, keys: Keyring::at(&options.keys), met: Cell::new(false) }
    }

    /// Opens what is encrypted in an object; says whether all of it is open now. What stays closed is said, and empty from then on.
    pub(super) fn open(&self, object: &ObjectKey, tree: &mut Node, loaded: &mut Loaded) -> bool {
        if object.kind != Kind::Secret {
            return true;
        }
        let mut shut: Vec<Shut> = Vec::new();
        for (field, key, node) in values_mut(tree) {
            let Some(text) = node.as_str().filter(|text| Sealed::is_meant(text)) else { continue };
            self.met.set(true);
            let opened = self.keys.open(text, Place { name: &object.name, field, key: &key.name });
            let opened = opened.unwrap_or_else(|closed| {
                shut.push(Shut::of(&closed, &key.name, problem::first(node.place())));
                String::new()
            });
            node.set(Value::String(opened));
        }
        self.say(object, shut, loaded)
    }

    /// What no key here opens is said once for the object, what is damaged for each value.
    fn say(&self, object: &ObjectKey, shut: Vec<Shut>, loaded: &mut Loaded) -> bool {
        let (mut is_open, mut said) = (true, false);
        for Shut { span, message, help, reason, for_want_of_a_key } in shut {
            let is_said = for_want_of_a_key && std::mem::replace(&mut said, true);
            let is_let_pass = for_want_of_a_key && self.options.may_stay_closed;
            is_open &= is_let_pass;
            if is_said {
                continue;
            }
            let found = |reason, message: String| Problem::new(reason, message).at(span, &loaded.texts).about(object);
            if is_let_pass {
                let message = format!("the content of {object} was not checked: {message}");
                loaded.warnings.push(found(reason::NOT_CHECKED, message).with_help(help));
            } else {
                loaded.problems.push(found(reason, message).with_help(help));
            }
        }
        is_open
    }

    /// Lets whoever watches know of the key file: with it, what is wrong now may be right.
    pub(super) fn finish(&self, loaded: &mut Loaded) {
        if self.met.get() {
            loaded.beside.files.extend(self.options.keys.all().map(|path| super::absolute(path)));
        }
    }
}

impl Shut {
    fn of(closed: &Closed<'_>, key: &str, span: Span) -> Self {
        let (message, help) = closed.said_of(key);
        let reason = match closed {
            Closed::NoKey(_) | Closed::Key(_) => reason::NO_KEY,
            Closed::OtherKeys(_) => reason::OTHER_KEYS,
            Closed::Value(_) => reason::NOT_DECRYPTED,
        };
        Self { span, message, help, reason, for_want_of_a_key: closed.is_for_want_of_a_key() }
    }
}
