//! What objects have come to, for whoever looks at the cluster: keys that live as long as their writer does.

use std::collections::BTreeMap;
use std::time::Duration;

use etcd_client::{LeaseKeepAliveStream, LeaseKeeper, PutOptions, Txn, TxnOp};
use skiff_remote::etcd::{Change, batches, changes};

use super::{Cluster, EtcdError};

/// How long the keys stay after their last sign of life, in seconds.
const LIFE: i64 = 30;
/// How often a sign of life is given.
pub const BEAT: Duration = Duration::from_secs(10);

/// A lease, and what stands under it.
#[derive(Debug)]
pub struct StatusLease {
    cluster: Cluster,
    id: i64,
    keeper: LeaseKeeper,
    answers: LeaseKeepAliveStream,
    written: BTreeMap<String, String>,
}

impl Cluster {
    /// Begins with nothing written.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn lease(&self) -> Result<StatusLease, EtcdError> {
        let mut leases = self.client.lease_client();
        let id = self.call(leases.grant(LIFE, None)).await?.id();
        let (keeper, answers) = self.call(leases.keep_alive(id)).await?;
        Ok(StatusLease { cluster: self.clone(), id, keeper, answers, written: BTreeMap::new() })
    }
}

impl StatusLease {
    /// Gives a sign of life.
    ///
    /// # Errors
    /// When the lease is lost, or the cluster does not answer: everything is to be begun anew.
    pub async fn beat(&mut self) -> Result<(), EtcdError> {
        self.cluster.call(self.keeper.keep_alive()).await?;
        let answer = self.cluster.call(self.answers.message()).await?;
        // A lease that is no more has no life left.
        if answer.is_some_and(|answer| answer.ttl() > 0) {
            Ok(())
        } else {
            Err(EtcdError::silent(&self.cluster.address))
        }
    }

    /// Writes what differs from what was written last.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn write(&mut self, wanted: &BTreeMap<String, String>) -> Result<(), EtcdError> {
        for batch in batches(changes(&self.written, wanted, true)) {
            let options = || Some(PutOptions::new().with_lease(self.id));
            let operation = |change: &Change| match change {
                Change::Put { key, value, new: _ } => TxnOp::put(key.as_str(), value.as_str(), options()),
                Change::Delete { key } => TxnOp::delete(key.as_str(), None),
            };
            let operations: Vec<TxnOp> = batch.iter().map(operation).collect();
            let mut kv = self.cluster.client.kv_client();
            self.cluster.call(kv.txn(Txn::new().and_then(operations))).await?;
        }
        self.written.clone_from(wanted);
        Ok(())
    }

    /// Takes everything away.
    pub async fn end(self) {
        let mut leases = self.cluster.client.lease_client();
        // What is not taken away now goes by itself.
        self.cluster.call(leases.revoke(self.id)).await.ok();
    }
}
