//! The graph → a tree: aliases expanded, scalars resolved, `<<` merged, keys checked.
//!
//! Every value and byte of text is paid for before it is made, so a document of nine lines that stands for a billion values
//! costs no more than the limit. What is wrong inside a value is reported where it is defined, not at each of its uses.

use std::collections::BTreeMap;

use super::graph::{Content, Graph, Raw};
use super::{Halt, Source};
use crate::{Key, Node, Problem, Span, Style, Value};

mod leaf;

/// What the file has cost so far.
#[derive(Debug, Default)]
pub(super) struct Spent {
    nodes: usize,
    bytes: usize,
}

pub(super) struct Expander<'a> {
    pub(super) graph: &'a Graph,
    pub(super) source: &'a Source<'a>,
    pub(super) spent: &'a mut Spent,
    pub(super) problems: &'a mut Vec<Problem>,
}

/// Where the expansion stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct At {
    depth: usize,
    /// The outermost alias around.
    used_at: Option<Span>,
}

type Entries = Vec<(Key, Node)>;

/// A mapping that `<<` adds to.
struct Merged<'a> {
    at: At,
    entries: &'a mut Entries,
    seen: &'a mut BTreeMap<String, Span>,
}

impl Expander<'_> {
    /// The tree of one item of the graph.
    pub(super) fn node(&mut self, index: usize, at: At) -> Result<Option<Node>, Halt> {
        let Some(raw) = self.graph.get(index) else {
            return Ok(None);
        };
        if let Content::Alias(target) = &raw.content {
            return self.node(*target, At { used_at: at.used_at.or(Some(raw.span)), ..at });
        }
        self.pay(raw, at)?;
        let value = self.value(raw, at)?;
        let plain = raw.style == Style::Plain && value.is_scalar() && !matches!(value, Value::String(_));
        let text = if let Content::Scalar(text) = &raw.content { Some(text) } else { None };
        let written = text.filter(|_| plain).map(|text| text.as_str().into());
        let tag = self.compose_tag(raw, at);
        Ok(Some(Node { value, tag, span: raw.span, used_at: at.used_at.map(Box::new), style: raw.style, written }))
    }

    fn pay(&mut self, raw: &Raw, at: At) -> Result<(), Halt> {
        let place = at.used_at.unwrap_or(raw.span);
        let text = if let Content::Scalar(text) = &raw.content { text.len() } else { 0 };
        self.spent.nodes += 1;
        if self.spent.nodes > self.source.limits.nodes {
            return Err(Halt::nodes(place, self.source.limits));
        }
        self.pay_text(text, place)
    }

    fn pay_text(&mut self, bytes: usize, place: Span) -> Result<(), Halt> {
        self.spent.bytes = self.spent.bytes.saturating_add(bytes);
        if self.spent.bytes > self.source.limits.expanded {
            return Err(Halt::expanded(place, self.source.limits));
        }
        Ok(())
    }

    fn value(&mut self, raw: &Raw, at: At) -> Result<Value, Halt> {
        let below = At { depth: at.depth + 1, ..at };
        let collection = matches!(raw.content, Content::Sequence(_) | Content::Mapping(_));
        if collection && below.depth > self.source.limits.depth {
            return Err(Halt::depth(at.used_at.unwrap_or(raw.span), self.source.limits));
        }
        match &raw.content {
            Content::Scalar(text) => Ok(self.scalar(raw, text, at)),
            Content::Sequence(items) => {
                let mut nodes = Vec::with_capacity(items.len());
                for item in items {
                    nodes.extend(self.node(*item, below)?);
                }
                Ok(Value::Sequence(nodes))
            }
            Content::Mapping(entries) => Ok(Value::Mapping(self.mapping(entries, below)?)),
            Content::Alias(_) | Content::Nothing => Ok(Value::Null),
        }
    }

    fn mapping(&mut self, raw: &[(usize, usize)], at: At) -> Result<Entries, Halt> {
        let (mut entries, mut seen, mut merges) = (Entries::with_capacity(raw.len()), BTreeMap::new(), Vec::new());
        for (key, value) in raw {
            let Some(raw_key) = self.graph.get(*key) else {
                continue;
            };
            let merge = is_merge(raw_key);
            let Some(key) = self.key(raw_key, at)? else {
                continue;
            };
            if let Some(first) = seen.get(&key.name) {
                let problem = Problem::new(key.span, format!("`{}` is defined twice", key.name));
                let problem = problem.with_label(*first, "first defined here");
                self.report(
                    at,
                    if merge { problem.with_help("merge several with a list: `<<: [*a, *b]`") } else { problem },
                );
                continue;
            }
            seen.insert(key.name.clone(), key.span);
            if merge {
                merges.push(*value);
            } else if let Some(node) = self.node(*value, at)? {
                entries.push((key, node));
            }
        }
        for value in merges {
            self.merge(value, at, &mut Merged { at, entries: &mut entries, seen: &mut seen })?;
        }
        Ok(entries)
    }

    /// What `<<` stands for: a mapping, or several, of which the first wins. The mapping's own keys are there already.
    fn merge(&mut self, value: usize, at: At, target: &mut Merged<'_>) -> Result<(), Halt> {
        let (index, raw, at) = match self.graph.get(value) {
            Some(Raw { content: Content::Alias(index), span, .. }) => {
                (*index, self.graph.get(*index), At { used_at: at.used_at.or(Some(*span)), ..at })
            }
            raw => (value, raw, at),
        };
        let Some(Raw { content: Content::Sequence(items), .. }) = raw else {
            return self.merge_one(index, at, target);
        };
        for item in items {
            self.merge_one(*item, at, target)?;
        }
        Ok(())
    }

    fn merge_one(&mut self, index: usize, at: At, target: &mut Merged<'_>) -> Result<(), Halt> {
        if self.graph.get(index).is_none_or(|raw| matches!(raw.content, Content::Nothing)) {
            return Ok(());
        }
        // What it brings in stands beside the mapping's own keys, not below them.
        let Some(source) = self.node(index, At { depth: at.depth.saturating_sub(1), ..at })? else {
            return Ok(());
        };
        let (place, kind) = (source.place(), source.value.kind());
        let Value::Mapping(pairs) = source.value else {
            let problem = Problem::new(place, format!("`<<` merges a mapping or a list of mappings, not {kind}"));
            self.report(target.at, problem);
            return Ok(());
        };
        for (key, node) in pairs {
            if !target.seen.contains_key(&key.name) {
                target.seen.insert(key.name.clone(), key.span);
                target.entries.push((key, node));
            }
        }
        Ok(())
    }

    /// Keeps a problem, unless the value is a use of what has been reported at its definition.
    fn report(&mut self, at: At, problem: Problem) {
        if at.used_at.is_none() {
            self.problems.push(problem);
        }
    }
}

/// Only the unquoted, untagged `<<` merges; `"<<"` is a key like any other.
fn is_merge(key: &Raw) -> bool {
    let plain = key.style == Style::Plain && key.tag.is_none();
    plain && matches!(&key.content, Content::Scalar(text) if text == "<<")
}
