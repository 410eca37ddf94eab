//! Variables in a file's values, replaced before anything is read from them. Keys are never looked at.

mod template;

use skiff_yaml::{Node, Value};

use crate::environment::Environment;
use crate::problems::Problems;

pub(crate) use template::{Unset, expand};

/// Replaces the variables of every text below a node.
pub(crate) fn interpolate(node: &mut Node, environment: &Environment, problems: &mut Problems) {
    match &mut node.value {
        Value::Sequence(items) => {
            for item in items {
                interpolate(item, environment, problems);
            }
        }
        Value::Mapping(entries) => {
            for (_, value) in entries {
                interpolate(value, environment, problems);
            }
        }
        Value::String(text) if text.contains('$') => {
            let mut unset = Unset::default();
            match expand(text, &|name| environment.get(name), &mut unset) {
                Ok(expanded) => {
                    let place = node.place();
                    node.set(Value::String(expanded));
                    unset.names.iter().for_each(|name| problems.unset(name, place));
                }
                Err(error) => problems.wrong(node.place(), error.message).help(error.help),
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => {}
    }
}
