//! Writes documents, in transactions that are refused where somebody else has written meanwhile.
//!
//! A set that does not fit into one transaction is marked as under way by the first one, and as whole by the last: whoever follows the
//! documents waits for that. A push that breaks off leaves the mark behind, and the next one that comes to its end takes it away;
//! whoever pushes sees to it that this one's set is all that is there.

use etcd_client::{Compare, CompareOp, PutOptions, Txn, TxnOp};
use skiff_remote::etcd::{Batch, Change, push_key};

use super::{Cluster, Documents, EtcdError};

/// Which of the transactions of a push one is, and whose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// Who pushes, and when: no two pushes are called the same.
    pub push: &'a str,
    /// Whether it is the first one.
    pub first: bool,
    /// Whether it is the last one.
    pub last: bool,
}

impl Cluster {
    /// Writes changes to documents as they were listed, in these transactions.
    ///
    /// # Errors
    /// When the cluster does not answer, or one of the documents has been changed since.
    pub async fn push(&self, batches: &[Batch], listed: &Documents, push: &str) -> Result<(), EtcdError> {
        let Some((last, before)) = batches.split_last() else {
            // Nothing is to be written; a push that broke off right before its end is whole.
            let mends = listed.pushing.is_some();
            let part = Part { push, first: true, last: true };
            return if mends { self.perform(&Batch::new(), listed, part).await } else { Ok(()) };
        };
        for (index, batch) in before.iter().enumerate() {
            self.perform(batch, listed, Part { push, first: index == 0, last: false }).await?;
        }
        self.perform(last, listed, Part { push, first: before.is_empty(), last: true }).await
    }

    /// Performs one transaction.
    async fn perform(&self, batch: &Batch, listed: &Documents, part: Part<'_>) -> Result<(), EtcdError> {
        let mark = push_key(&self.address.prefix);
        let unchanged = |key: &str| Compare::mod_revision(key, CompareOp::Less, listed.revision + 1);
        let ours =
            if part.first { unchanged(&mark) } else { Compare::value(mark.as_str(), CompareOp::Equal, part.push) };
        let own = batch.iter().map(|change| unchanged(change.key())).chain([ours]);
        let operation = |change: &Change| match change {
            Change::Put { key, value, new: _ } => TxnOp::put(key.as_str(), value.as_str(), None),
            Change::Delete { key } => TxnOp::delete(key.as_str(), None),
        };
        let marks = match (part.first, part.last) {
            (true, false) => Some(TxnOp::put(mark.as_str(), part.push, None::<PutOptions>)),
            (_, true) => Some(TxnOp::delete(mark.as_str(), None)),
            (false, false) => None,
        };
        let operations: Vec<TxnOp> = batch.iter().map(operation).chain(marks).collect();
        let mut kv = self.client.kv_client();
        let answer = self.call(kv.txn(Txn::new().when(own.collect::<Vec<_>>()).and_then(operations))).await?;
        if answer.succeeded() {
            return Ok(());
        }
        let message = format!("{}: somebody else has written these documents meanwhile", self.address);
        Err(EtcdError::new(message, "look at what is there now (`skiff pull`), and push again"))
    }
}
