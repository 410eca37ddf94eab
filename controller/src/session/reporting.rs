//! Writes into etcd what the objects of its source have come to, under a lease: what is there is what a controller says that lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skiff_api::Instance;
use skiff_remote::etcd::status_key;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::etcd::EtcdOrigin;
use crate::controller::Snapshot;
use crate::etcd::{BEAT, Cluster, EtcdError, StatusLease};

/// Reports the objects of one prefix.
pub(super) struct Reporter {
    pub(super) origin: EtcdOrigin,
    pub(super) instance: Instance,
    pub(super) engine: String,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
}

/// Changes are gathered for so long: a rollout has many, and nobody reads each.
const REST: Duration = Duration::from_millis(500);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);

impl Reporter {
    /// Reports until cancelled, and takes back what it said.
    pub(super) async fn run(mut self, cancel: CancellationToken) {
        let mut told = false;
        while !cancel.is_cancelled() {
            let Err(error) = self.report(&cancel).await else { return };
            // That the cluster is away is told by whoever follows it; what else stands in the way is told once.
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(source = self.origin.name, %error, help = error.help, "status cannot be written to etcd");
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    async fn report(&mut self, cancel: &CancellationToken) -> Result<(), EtcdError> {
        let mut lease = Cluster::connect(&self.origin.address).await?.lease().await?;
        self.snapshots.mark_changed();
        let mut beat = tokio::time::interval(BEAT);
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                _ = beat.tick() => lease.beat().await?,
                changed = self.snapshots.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.write(&mut lease).await?;
                    tokio::time::sleep(REST).await;
                }
            }
        }
        lease.end().await;
        Ok(())
    }

    async fn write(&mut self, lease: &mut StatusLease) -> Result<(), EtcdError> {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        if snapshot.pass == 0 {
            return Ok(());
        }
        lease.write(&self.statuses(&snapshot)).await
    }

    /// The status of each object of the source, by key.
    fn statuses(&self, snapshot: &Snapshot) -> BTreeMap<String, String> {
        let desired = &snapshot.target.desired;
        let revision = desired.sources.get(&self.origin.name).and_then(|source| source.revision.clone());
        let own = snapshot.status.iter().filter(|(object, _)| {
            desired.containers_of(object).is_some_and(|workload| workload.source == self.origin.name)
        });
        own.map(|(object, status)| {
            let key = status_key(&self.origin.address.prefix, self.instance.as_str(), &self.engine, object);
            let value = json!({
                "phase": status.phase, "replicas": status.replicas, "ready": status.ready, "updated": status.updated,
                "reason": status.reason, "message": status.message, "sourceRevision": revision,
            });
            (key, value.to_string())
        })
        .collect()
    }
}
