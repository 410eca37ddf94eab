//! What makes two items of a list the same one.

use super::Path;
use crate::{Node, Value};

/// How a list is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKey {
    /// By natural key. The keys are alternatives, the best first: two items are the same if they agree in every field of
    /// one, unless both have all of a better one and differ in it.
    ByKeys(&'static [&'static [KeyField]]),
    /// Not at all: the patch's list takes the base's place.
    Replace,
}

/// A field of a natural key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyField {
    name: &'static str,
    default: Option<&'static str>,
}

impl KeyField {
    /// A field that an item must have for the key to apply.
    pub const fn required(name: &'static str) -> Self {
        Self { name, default: None }
    }

    /// A field that counts as `default` where it is absent.
    pub const fn or(name: &'static str, default: &'static str) -> Self {
        Self { name, default: Some(default) }
    }

    fn value(&self, item: &Node) -> Option<String> {
        let Some(node) = item.get(self.name) else {
            return self.default.map(String::from);
        };
        match &node.value {
            Value::Int(value) => Some(value.to_string()),
            Value::String(text) => Some(text.clone()),
            Value::Null
            | Value::Bool(_)
            | Value::UInt(_)
            | Value::Float(_)
            | Value::Sequence(_)
            | Value::Mapping(_) => None,
        }
    }
}

/// Items are known by `name`.
pub const BY_NAME: ListKey = ListKey::ByKeys(&[&[KeyField::required("name")]]);
/// Items are known by `mountPath`.
pub const BY_MOUNT_PATH: ListKey = ListKey::ByKeys(&[&[KeyField::required("mountPath")]]);
/// Items are known by `name`, else by `containerPort` and `protocol` (TCP unless said otherwise).
pub const BY_PORT: ListKey = ListKey::ByKeys(&[
    &[KeyField::required("name")],
    &[KeyField::required("containerPort"), KeyField::or("protocol", "TCP")],
]);

/// Chooses by the name of the list's field; lists that the table does not name are replaced.
pub fn by_field(table: &'static [(&'static str, ListKey)]) -> impl Fn(&Path) -> ListKey {
    move |path| {
        let found = table.iter().find(|(field, _)| path.field() == Some(field));
        found.map_or(ListKey::Replace, |(_, key)| *key)
    }
}

/// An item's natural keys, one for each alternative; `None` where it lacks a field.
pub(super) fn identities(item: &Node, keys: &[&[KeyField]]) -> Vec<Option<Vec<String>>> {
    keys.iter().map(|fields| fields.iter().map(|field| field.value(item)).collect()).collect()
}

/// What an item must have to be merged, for messages: `name`, or `containerPort`.
pub(super) fn needed(keys: &[&[KeyField]]) -> String {
    let alternatives = keys.iter().map(|fields| {
        let required = fields.iter().filter(|field| field.default.is_none());
        required.map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(" and ")
    });
    alternatives.collect::<Vec<_>>().join(" or ")
}
