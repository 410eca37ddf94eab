//! Overlays: one tree laid over another, as Kubernetes' strategic merge does it, without knowing any kind.
//!
//! Mappings merge; `null` removes (what is not there: silently, as in RFC 7396); a list whose items have a natural key
//! merges by it, any other is replaced whole. `$patch: delete` removes the mapping or item that holds it, `$patch: replace`
//! puts it in the place of what was there; an item that is nothing but `$patch: replace` makes the list the patch's own.
//! Deleting an item that is not there is a problem, for it names something. Every node keeps the file that it came from.
//! What is wrong is reported and left as the base has it.

use crate::{Key, Node, Problem, Value};

mod item;
mod list;
mod path;
#[cfg(test)]
mod tests;

pub use item::{BY_MOUNT_PATH, BY_NAME, BY_PORT, KeyField, ListKey, by_field};
pub use path::{Path, Step};

const DIRECTIVE: &str = "$patch";

/// How an overlay went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overlaid {
    /// The patch says `$patch: delete` of the whole object; the base is as it was.
    pub removed: bool,
    /// What of the patch was not applied, and why.
    pub problems: Vec<Problem>,
}

/// Lays `patch` over `base`. `keys` tells how the list at a path is merged. Total: what cannot be merged is reported.
pub fn overlay(base: &mut Node, patch: &Node, keys: &dyn Fn(&Path) -> ListKey) -> Overlaid {
    let mut overlay = Overlay { keys, path: Path::default(), problems: Vec::new() };
    let removed = !patch.is_null() && overlay.merge(base, patch) == Fate::Removed;
    Overlaid { removed, problems: overlay.problems }
}

struct Overlay<'a> {
    keys: &'a dyn Fn(&Path) -> ListKey,
    path: Path,
    problems: Vec<Problem>,
}

/// What becomes of a value of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Merged,
    Replaced,
    Removed,
}

/// What `$patch` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

impl Overlay<'_> {
    fn merge(&mut self, base: &mut Node, patch: &Node) -> Fate {
        match (self.directive(patch), &mut base.value, &patch.value) {
            (_, _, Value::Null) | (Directive::Delete, ..) => Fate::Removed,
            (Directive::Merge, Value::Mapping(entries), Value::Mapping(patches)) => {
                for (key, value) in patches.iter().filter(|(key, _)| key.name != DIRECTIVE) {
                    self.entry(entries, key, value);
                }
                Fate::Merged
            }
            (Directive::Merge, Value::Sequence(items), Value::Sequence(_)) => {
                if self.list(items, patch) {
                    return Fate::Merged;
                }
                self.replace(base, patch)
            }
            (Directive::Merge, value, patched) if clash(value, patched) => {
                self.clash(base, patch);
                Fate::Merged
            }
            (Directive::Merge | Directive::Replace, ..) => self.replace(base, patch),
        }
    }

    fn entry(&mut self, entries: &mut Vec<(Key, Node)>, key: &Key, patch: &Node) {
        self.path.push(Step::Key(key.name.clone()));
        match entries.iter().position(|(known, _)| known.name == key.name) {
            None => entries.extend(self.fresh(patch).map(|node| (key.clone(), node))),
            Some(index) => {
                let Some((known, base)) = entries.get_mut(index) else {
                    return;
                };
                match self.merge(base, patch) {
                    Fate::Merged => {}
                    Fate::Replaced => *known = key.clone(),
                    Fate::Removed => drop(entries.remove(index)),
                }
            }
        }
        self.path.pop();
    }

    fn replace(&mut self, base: &mut Node, patch: &Node) -> Fate {
        let Some(node) = self.fresh(patch) else {
            return Fate::Removed;
        };
        *base = node;
        Fate::Replaced
    }

    /// The patch where the base has nothing: without directives, and without the nulls that would remove something.
    fn fresh(&mut self, patch: &Node) -> Option<Node> {
        let value = match &patch.value {
            Value::Null => return None,
            Value::Mapping(_) if self.directive(patch) == Directive::Delete => return None,
            Value::Mapping(entries) => {
                let entries = entries.iter().filter(|(key, _)| key.name != DIRECTIVE);
                Value::Mapping(entries.filter_map(|(key, node)| Some((key.clone(), self.fresh(node)?))).collect())
            }
            Value::Sequence(items) => Value::Sequence(items.iter().filter_map(|item| self.fresh_item(item)).collect()),
            Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => patch.value.clone(),
        };
        Some(Node { value, ..shell(patch) })
    }

    fn fresh_item(&mut self, item: &Node) -> Option<Node> {
        if item.is_null() {
            return Some(item.clone());
        }
        if is_whole_list(item) {
            return None;
        }
        if directive_word(item) == Some(Directive::Delete) {
            self.nothing_to_delete(item);
        }
        self.fresh(item)
    }

    fn nothing_to_delete(&mut self, item: &Node) {
        let problem = Problem::new(item.place(), "there is no such item to delete");
        self.problems.push(problem.with_help("remove this item from the overlay, or correct what it names"));
    }

    /// What a mapping's `$patch` says; `Merge` where there is none. Reports a word that it does not know.
    fn directive(&mut self, patch: &Node) -> Directive {
        let Some(word) = patch.get(DIRECTIVE) else {
            return Directive::Merge;
        };
        directive_word(patch).unwrap_or_else(|| {
            let message = format!("unknown directive `$patch: {}`", word.text().unwrap_or_default());
            let problem = Problem::new(word.place(), message).with_help("it is `delete`, `replace` or `merge`");
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
            Directive::Merge
        })
    }

    fn clash(&mut self, base: &Node, patch: &Node) {
        let message = format!("{} cannot be merged over {}", patch.value.kind(), base.value.kind());
        let problem = Problem::new(patch.place(), message).with_label(base.place(), "the base has this");
        let help = if patch.as_mapping().is_some() {
            "add `$patch: replace` to put it in its place"
        } else {
            "write it as the base does"
        };
        self.problems.push(problem.with_help(help));
    }
}

fn directive_word(patch: &Node) -> Option<Directive> {
    match patch.get(DIRECTIVE)?.as_str()? {
        "delete" => Some(Directive::Delete),
        "replace" => Some(Directive::Replace),
        "merge" => Some(Directive::Merge),
        _ => None,
    }
}

/// Whether the two are different kinds of collection, or a collection and a scalar. Null is no kind.
fn clash(base: &Value, patch: &Value) -> bool {
    let shape = |value: &Value| match value {
        Value::Mapping(_) => 2,
        Value::Sequence(_) => 1,
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => 0,
    };
    !matches!(base, Value::Null) && shape(base) != shape(patch)
}

/// Whether an item is `$patch: replace` and nothing else.
fn is_whole_list(item: &Node) -> bool {
    let Some([(key, word)]) = item.as_mapping() else {
        return false;
    };
    key.name == DIRECTIVE && word.as_str() == Some("replace")
}

/// A node without its value.
fn shell(node: &Node) -> Node {
    Node {
        value: Value::Null,
        tag: node.tag,
        span: node.span,
        used_at: node.used_at.clone(),
        style: node.style,
        written: node.written.clone(),
    }
}
