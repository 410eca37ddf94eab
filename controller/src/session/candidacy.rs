//! One candidate's part in an election: a lease that is kept, a campaign under it, and what comes of both.
//!
//! It gives leave to act as far as the lease reaches, and takes it back before anybody else may lead. What it decides is decided in
//! `skiff_remote::etcd::Term`.

use std::pin::Pin;
use std::time::Duration;

use skiff_remote::etcd::{EtcdAddress, Moment, Standing, Term};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::etcd::{Ballot, Cluster, EtcdError, Field};
use crate::lock::{Leases, NotedLease};
use crate::mandate::{self, Mandate};

/// How an election stands for a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Another one leads, where anybody does.
    Waiting {
        /// Its lease, and what it is called.
        leader: Option<(i64, String)>,
        /// Why this one cannot be elected, where etcd has refused it.
        refused: Option<EtcdError>,
    },
    /// It leads.
    Leading,
    /// Its lease is over, or it may be, and why.
    Lost(String),
}

/// A candidate with its lease.
pub(super) struct Candidacy {
    pub(super) address: EtcdAddress,
    pub(super) ballot: Ballot,
    pub(super) term: Term,
    /// The way to the cluster, while it works.
    pub(super) cluster: Option<Cluster>,
    /// Whether its key has been seen.
    pub(super) stands: bool,
    /// What etcd does not let it do, until its key is seen.
    pub(super) refused: Option<EtcdError>,
    pub(super) leases: Leases,
    /// Its lease, as whoever follows it on this host finds it, where there was a place to note it.
    pub(super) noted: Option<NotedLease>,
    pub(super) mandate: Mandate,
    pub(super) seen: watch::Sender<Seen>,
}

/// How often it is looked whether it stands yet.
const SOON: Duration = Duration::from_millis(100);
/// How long a lease is tried to be given back by whoever ends.
const PARTING: Duration = Duration::from_secs(1);

/// A campaign under way, from some moment on.
type Campaign = Pin<Box<dyn Future<Output = Result<(), EtcdError>> + Send>>;

impl Candidacy {
    /// Stands, and leads once elected, until it is lost or resigns. What is left then is a lease to give back.
    pub(super) async fn run(mut self, resign: CancellationToken) -> Self {
        let mut campaign = self.campaign();
        let mut campaigns = true;
        let mut trouble = None;
        while let Some(now) = self.goes_on(trouble.as_ref()) {
            let pause = self.term.next_beat().saturating_sub(now);
            // Who leads is known as soon as it stands.
            let pause = if self.stands { pause } else { pause.min(SOON) };
            tokio::select! {
                biased;
                () = resign.cancelled() => break,
                ended = &mut campaign, if campaigns => {
                    campaigns = ended.is_err();
                    campaign = self.campaign();
                    if let Err(error) = ended {
                        // Where the way is broken the next beat finds that out, and is due before long.
                        self.take_refusal(&error);
                        campaign = Box::pin(after(self.term.patience() / 4, campaign));
                        continue;
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
            trouble = self.beat().await;
        }
        self.mandate.end();
        self
    }

    /// Gives the lease back once nothing is under way by it, where the cluster can be reached. Otherwise whoever stands next on this host
    /// does, or it ends by itself.
    pub(super) async fn give_back(mut self) {
        self.mandate.end();
        self.says_until(Moment::ZERO);
        let lease = self.ballot.lease;
        let given_back = tokio::time::timeout(PARTING, async { self.cluster().await?.revoke(lease).await });
        if let (Ok(Ok(())), Some(noted)) = (given_back.await, self.noted.take()) {
            noted.forget();
        }
    }

    /// The moment, and leave to act until the lease ends; `None` once it is lost.
    fn goes_on(&mut self, trouble: Option<&EtcdError>) -> Option<Moment> {
        let now = mandate::now();
        match self.term.standing(now) {
            Standing::Waiting => {}
            Standing::Leading { until } if *self.seen.borrow() != Seen::Leading => {
                self.says_until(until);
                self.mandate.begin(until);
                self.seen.send_replace(Seen::Leading);
            }
            Standing::Leading { until } if self.extends(until) => {}
            Standing::Leading { .. } | Standing::Lost => {
                self.mandate.end();
                self.says_until(Moment::ZERO);
                let why = trouble.map_or_else(|| "the lease has ended".to_owned(), ToString::to_string);
                self.seen.send_replace(Seen::Lost(why));
                return None;
            }
        }
        Some(now)
    }

    /// What others of this host find is never earlier than it is.
    fn extends(&self, until: Moment) -> bool {
        self.says_until(until);
        self.mandate.extend(until)
    }

    /// Says to others of this host until when it may act, whoever has elected it.
    fn says_until(&self, until: Moment) {
        if let Some(Err(error)) = self.noted.as_ref().map(|noted| noted.acts_until(until)) {
            tracing::debug!(%error, "until when this one acts cannot be said");
        }
    }

    /// Renews the lease and looks who leads. What stood in the way, where something did.
    async fn beat(&mut self) -> Option<EtcdError> {
        let asked = mandate::now();
        let answered = tokio::time::timeout(self.term.patience(), self.ask()).await;
        match answered.unwrap_or_else(|_| Err(EtcdError::silent(&self.address))) {
            Ok(field) => {
                self.term.renewed(asked, mandate::now());
                self.take(field);
                None
            }
            Err(error) => {
                tracing::debug!(%error, "the lease cannot be renewed now");
                self.take_refusal(&error);
                self.cluster = None;
                if error.is_of_no_lease() {
                    self.term.ended();
                }
                self.term.failed(mandate::now());
                Some(error)
            }
        }
    }

    async fn ask(&mut self) -> Result<Field, EtcdError> {
        let (leases, ballot) = (self.leases.clone(), self.ballot.clone());
        let cluster = self.cluster().await?;
        let field = cluster.renew(&ballot).await?;
        let leader = field.leader.as_ref().map(|(lease, _)| *lease);
        let is_dead = leases.left_behind().into_iter().any(|left| Some(left.lease) == leader);
        if is_dead && give_back_left(cluster, &leases).await { cluster.field(&ballot).await } else { Ok(field) }
    }

    async fn cluster(&mut self) -> Result<&Cluster, EtcdError> {
        Ok(match &mut self.cluster {
            Some(cluster) => cluster,
            none => none.insert(Cluster::connect(&self.address).await?),
        })
    }

    fn take(&mut self, Field { leader, own }: Field) {
        let leads = leader.as_ref().is_some_and(|(lease, _)| *lease == self.ballot.lease);
        if leads {
            self.term.elected();
        } else if self.stands && !own {
            // Somebody has taken our key away: another one leads, or will.
            self.term.ended();
        } else {
            if own {
                self.refused = None;
            }
            self.waits(leader);
        }
        self.stands |= own;
    }

    fn waits(&self, leader: Option<(i64, String)>) {
        let now = Seen::Waiting { leader, refused: self.refused.clone() };
        self.seen.send_if_modified(|seen| std::mem::replace(seen, now.clone()) != now);
    }

    /// Tells of what a person has to allow, which no new try gets over, before the lease ends without an election.
    fn take_refusal(&mut self, error: &EtcdError) {
        if !error.is_permission_denied() {
            return;
        }
        let message = format!("{error}: the user may not read and write what begins with {}/", self.ballot.election);
        self.refused = Some(EtcdError { message, help: error.help.clone() });
        let seen = self.seen.borrow().clone();
        if let Seen::Waiting { leader, .. } = seen {
            self.waits(leader);
        }
    }

    /// A campaign that begins when it is waited for.
    fn campaign(&self) -> Campaign {
        let (address, ballot) = (self.address.clone(), self.ballot.clone());
        // Of its own: it waits long, and what breaks it is no trouble of the lease's.
        Box::pin(async move { Cluster::connect(&address).await?.campaign(&ballot).await })
    }
}

/// However it ends, leave to act ends before others may find its lease left behind.
impl Drop for Candidacy {
    fn drop(&mut self) {
        self.mandate.end();
    }
}

/// Gives back the leases of this host by which nobody acts any more: nobody else will. Whether there were any.
pub(super) async fn give_back_left(cluster: &Cluster, leases: &Leases) -> bool {
    let mut were_any = false;
    for left in leases.left_behind() {
        match cluster.revoke(left.lease).await {
            Ok(()) => {
                tracing::info!("a lease of this host by which nobody acts any more is given back");
                left.forget();
                were_any = true;
            }
            Err(error) => tracing::debug!(%error, "a lease by which nobody acts any more cannot be given back now"),
        }
    }
    were_any
}

async fn after<T>(pause: Duration, then: Pin<Box<dyn Future<Output = T> + Send>>) -> T {
    tokio::time::sleep(pause).await;
    then.await
}
