//! From a set of documents to the transactions that put it there: what differs, in an order that hurts nothing, in pieces that etcd takes.

use std::collections::BTreeMap;

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A document is there, new or other.
    Put {
        /// The key.
        key: String,
        /// The document.
        value: String,
        /// Whether it is new.
        new: bool,
    },
    /// A document goes.
    Delete {
        /// The key.
        key: String,
    },
}

/// What goes into one transaction.
pub type Batch = Vec<Change>;

/// etcd takes 128 operations in a transaction unless it is told otherwise.
const MOST: usize = 120;
/// And requests of 1.5 MiB.
const LARGEST: usize = 1 << 20;
/// What a request of 1.5 MiB has room for, beside what guards the write.
const MOST_OF_ONE: usize = (3 << 19) - (16 << 10);

impl Change {
    /// The key.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Put { key, value, .. } => key.len() + value.len(),
            Self::Delete { key } => key.len(),
        }
    }

    /// What others refer to comes first, workloads after it, what goes last: a reader in between sees references that lead somewhere.
    fn rank(&self) -> u8 {
        match self {
            Self::Put { key, .. } if ["/deployment/", "/job/", "/cronjob/"].iter().any(|kind| key.contains(kind)) => 1,
            Self::Put { .. } => 0,
            Self::Delete { .. } => 2,
        }
    }
}

/// What leads from the documents that are there to those that are wanted. What is there and not wanted goes only by `prune`.
pub fn changes(there: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>, prune: bool) -> Vec<Change> {
    let puts = wanted.iter().filter(|(key, value)| there.get(*key) != Some(*value));
    let puts =
        puts.map(|(key, value)| Change::Put { key: key.clone(), value: value.clone(), new: !there.contains_key(key) });
    let gone = there.keys().filter(|key| prune && !wanted.contains_key(*key));
    let mut changes: Vec<Change> = puts.chain(gone.map(|key| Change::Delete { key: key.clone() })).collect();
    changes.sort_by(|a, b| (a.rank(), a.key()).cmp(&(b.rank(), b.key())));
    changes
}

/// The first change that no transaction holds, and its size in bytes.
pub fn too_large(changes: &[Change]) -> Option<(&Change, usize)> {
    changes.iter().map(|change| (change, change.size())).find(|(_, size)| *size > MOST_OF_ONE)
}

/// The changes in transactions that etcd takes, in their order.
pub fn batches(changes: Vec<Change>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut size = 0;
    for change in changes {
        let next = change.size();
        match batches.last_mut() {
            Some(batch) if batch.len() < MOST && size + next <= LARGEST => {
                size += next;
                batch.push(change);
            }
            Some(_) | None => {
                size = next;
                batches.push(vec![change]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_differs_changes_and_what_others_need_comes_first() {
        let there = set(&[("/p/deployment/a/web", "1"), ("/p/config/a/x", "1"), ("/p/deployment/a/old", "1")]);
        let wanted = set(&[("/p/deployment/a/web", "2"), ("/p/config/a/x", "1"), ("/p/volume/a/z", "1")]);
        let keys =
            |prune| changes(&there, &wanted, prune).iter().map(|change| change.key().to_owned()).collect::<Vec<_>>();
        assert_eq!(keys(false), ["/p/volume/a/z", "/p/deployment/a/web"]);
        assert_eq!(keys(true), ["/p/volume/a/z", "/p/deployment/a/web", "/p/deployment/a/old"]);
    }

    #[test]
    fn what_no_transaction_holds_is_found_before_any_is_written() {
        let put = |size: usize| Change::Put { key: "/p/x".to_owned(), value: "x".repeat(size), new: true };
        assert_eq!(too_large(&[put(1_000_000), put(1_600_000)]).map(|(_, size)| size), Some(1_600_004));
        assert_eq!(too_large(&[put(1_000_000)]), None);
    }

    proptest! {
        #[test]
        fn transactions_hold_everything_in_order_and_fit(sizes in prop::collection::vec(prop_oneof![0_usize..100, 0_usize..400_000], 0..200)) {
            let changes: Vec<Change> = sizes.iter().enumerate()
                .map(|(index, size)| Change::Put { key: format!("/{index}"), value: "x".repeat(*size), new: true }).collect();
            let batches = batches(changes.clone());
            prop_assert_eq!(batches.concat(), changes);
            for batch in &batches {
                prop_assert!(batch.len() <= 128 && batch.iter().map(Change::size).sum::<usize>() <= 1_500_000);
            }
            let few = batches.iter().zip(batches.iter().skip(1)).all(|(batch, next)| {
                let next = next.first().map_or(0, Change::size);
                batch.len() == MOST || batch.iter().map(Change::size).sum::<usize>() + next > LARGEST
            });
            prop_assert!(few, "no transaction is smaller than it must be");
        }
    }
}
