//! Elections by etcd's own API: a lease, a campaign under it, and who leads.

use std::time::Duration;

use etcd_client::{GetOptions, SortOrder, SortTarget};

use super::{Cluster, EtcdError};

/// An election, and one who takes part in it.
#[derive(Clone, Debug)]
pub struct Ballot {
    /// The election's name: the keys of candidates begin with it.
    pub election: String,
    /// What the candidate is called.
    pub name: String,
    /// The candidate's lease: its key goes with it.
    pub lease: i64,
}

/// Who takes part in an election now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The one that leads: its lease, and what it is called.
    pub leader: Option<(i64, String)>,
    /// Whether the one that asks is among them.
    pub own: bool,
}

impl Cluster {
    /// Asks for a lease. Returns how long it lives, which may be longer than was asked.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn grant(&self, life: Duration) -> Result<(i64, Duration), EtcdError> {
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let mut leases = self.client.lease_client();
        let granted = self.call(leases.grant(seconds, None)).await?;
        Ok((granted.id(), Duration::from_secs(granted.ttl().try_into().unwrap_or_default())))
    }

    /// Waits until the candidate leads: for as long as that takes. To ask again is harmless.
    ///
    /// # Errors
    /// When the way to the cluster breaks, or the lease is no more.
    pub async fn campaign(&self, ballot: &Ballot) -> Result<(), EtcdError> {
        let mut elections = self.client.election_client();
        let campaign = elections.campaign(ballot.election.as_str(), ballot.name.as_str(), ballot.lease);
        campaign.await.map(drop).map_err(|error| EtcdError::told(&error, &self.address))
    }

    /// Renews the candidate's lease, and looks who takes part then.
    ///
    /// # Errors
    /// When the cluster does not answer, or the lease is no more.
    pub async fn renew(&self, ballot: &Ballot) -> Result<Field, EtcdError> {
        let mut leases = self.client.lease_client();
        self.call(leases.keep_alive(ballot.lease)).await?;
        self.field(ballot).await
    }

    /// Looks who takes part.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn field(&self, ballot: &Ballot) -> Result<Field, EtcdError> {
        // Whoever came first leads.
        let options = GetOptions::new().with_prefix().with_sort(SortTarget::Create, SortOrder::Ascend);
        let mut kv = self.client.kv_client();
        let answer = self.call(kv.get(format!("{}/", ballot.election), Some(options))).await?;
        let named = |key: &etcd_client::KeyValue| (key.lease(), String::from_utf8_lossy(key.value()).into_owned());
        let own = answer.kvs().iter().any(|key| key.lease() == ballot.lease);
        Ok(Field { leader: answer.kvs().first().map(named), own })
    }

    /// Gives a lease back, with all that stands under it: the next candidate leads at once. One that is no more was given back.
    ///
    /// # Errors
    /// When the cluster does not answer; the lease then ends by itself.
    pub async fn revoke(&self, lease: i64) -> Result<(), EtcdError> {
        let mut leases = self.client.lease_client();
        match self.call(leases.revoke(lease)).await {
            Err(error) if !error.is_of_no_lease() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
