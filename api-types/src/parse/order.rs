//! Complaints in the order in which a reader meets their places.

use serde_json::{Map, Value};

use crate::Complaint;

/// Sorts complaints by their places in the document; those about one place stay as they were.
pub(super) fn sort(complaints: &mut [Complaint], document: &Map<String, Value>) {
    complaints.sort_by_cached_key(|complaint| steps(&complaint.pointer, document));
}

/// The numbers of the entries that lead to a place. One that does not exist comes first in its object, where it is missed.
fn steps(pointer: &str, document: &Map<String, Value>) -> Vec<usize> {
    let mut steps = Vec::new();
    let mut entries = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    let Some(first) = entries.next() else { return steps };
    let mut here = entry(document, &first, &mut steps);
    for step in entries {
        here = match here {
            Some(Value::Object(object)) => entry(object, &step, &mut steps),
            Some(Value::Array(items)) => step.parse().ok().and_then(|index: usize| {
                steps.push(index);
                items.get(index)
            }),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => return steps,
        };
    }
    steps
}

fn entry<'a>(object: &'a Map<String, Value>, key: &str, steps: &mut Vec<usize>) -> Option<&'a Value> {
    let (number, (_, value)) = object.iter().enumerate().find(|(_, (known, _))| known.as_str() == key)?;
    steps.push(number);
    Some(value)
}
