//! Lists with a natural key: items of the patch find theirs in the base.
//!
//! The base's order stays; new items come last, in the patch's order.

use std::collections::BTreeMap;

use super::item::{identities, needed};
use super::{Directive, Fate, KeyField, ListKey, Overlay, Step, is_whole_list};
use crate::{Node, Problem, Span};

type Identities = Vec<Option<Vec<String>>>;

/// The base's items while the patch is laid over them.
struct Items {
    /// `None` where an item was removed.
    slots: Vec<Option<(Node, Identities)>>,
    /// By alternative and key.
    known: BTreeMap<(usize, Vec<String>), usize>,
}

impl Items {
    fn of(nodes: Vec<Node>, keys: &[&[KeyField]]) -> Self {
        let mut items = Self { slots: Vec::new(), known: BTreeMap::new() };
        for node in nodes {
            let identities = identities(&node, keys);
            for (alternative, identity) in identities.iter().enumerate() {
                if let Some(identity) = identity {
                    items.known.entry((alternative, identity.clone())).or_insert(items.slots.len());
                }
            }
            items.slots.push(Some((node, identities)));
        }
        items
    }

    /// The item that is the same as one with these keys.
    fn find(&self, wanted: &Identities) -> Option<usize> {
        wanted.iter().enumerate().find_map(|(alternative, identity)| {
            let index = *self.known.get(&(alternative, identity.clone()?))?;
            let (_, known) = self.slots.get(index)?.as_ref()?;
            let better = known.iter().zip(wanted).take(alternative);
            let differs = better.into_iter().any(|(known, wanted)| known.is_some() && wanted.is_some());
            (!differs).then_some(index)
        })
    }
}

impl Overlay<'_> {
    /// Merges a list by its natural key; `false` where it has none, or the patch wants it replaced.
    pub(super) fn list(&mut self, base: &mut Vec<Node>, patch: &Node) -> bool {
        let ListKey::ByKeys(keys) = (self.keys)(&self.path) else {
            return false;
        };
        let Some(patches) = patch.as_sequence() else {
            return false;
        };
        if patches.iter().any(is_whole_list) {
            return false;
        }
        let mut items = Items::of(std::mem::take(base), keys);
        let (mut added, mut seen) = (Vec::new(), BTreeMap::new());
        for (index, item) in patches.iter().enumerate() {
            self.path.push(Step::Item(index));
            if let Some(wanted) = self.identify(item, keys, &mut seen) {
                self.item(&mut items, &wanted, item, &mut added);
            }
            self.path.pop();
        }
        base.extend(items.slots.into_iter().flatten().map(|(node, _)| node));
        base.append(&mut added);
        true
    }

    /// The keys of a patch's item; a problem where it has none, or one that came before.
    fn identify(
        &mut self,
        item: &Node,
        keys: &[&[KeyField]],
        seen: &mut BTreeMap<(usize, Vec<String>), Span>,
    ) -> Option<Identities> {
        let wanted = identities(item, keys);
        let best = wanted.iter().enumerate().find_map(|(index, key)| Some((index, key.clone()?)));
        let Some(best) = best else {
            let problem = Problem::new(item.place(), format!("an item of this list is merged by {}", needed(keys)));
            self.problems.push(problem.with_help(format!("add {} to the item", needed(keys))));
            return None;
        };
        let words = best.1.join("/");
        if let Some(first) = seen.insert(best, item.place()) {
            let problem = Problem::new(item.place(), format!("the list has two items `{words}`"));
            self.problems.push(problem.with_label(first, "the first is here"));
            return None;
        }
        Some(wanted)
    }

    fn item(&mut self, items: &mut Items, wanted: &Identities, patch: &Node, added: &mut Vec<Node>) {
        let slot = items.find(wanted).and_then(|index| items.slots.get_mut(index));
        let Some(slot) = slot else {
            added.extend(self.fresh_item(patch));
            return;
        };
        let Some((base, _)) = slot else { return };
        let fate = match self.directive(patch) {
            Directive::Delete => Fate::Removed,
            Directive::Replace => self.replace(base, patch),
            Directive::Merge => self.merge(base, patch),
        };
        if fate == Fate::Removed {
            *slot = None;
        }
    }
}
