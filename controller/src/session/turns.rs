//! Several controllers of one instance and engine take turns: one is elected and leads, the others stand by and say who does.
//!
//! Whoever leads begins like a controller that has just started: it reads the state directory, the sources and the engine anew, and knows
//! nothing of what others have done but what they left there. A lease that is lost ends all of that, and a new one begins it.

mod office;

use std::time::Duration;

use skiff_remote::Pace;
use skiff_remote::etcd::{EtcdAddress, Term, election_name};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::candidacy::{Candidacy, Seen, give_back_left};
use super::following::chance;
use super::{Access, Session, refused};
use crate::cli::{CliError, Settings};
use crate::etcd::{Ballot, Cluster, EtcdError};
use crate::lock::{Candidate, Elected};
use crate::mandate::{self, Mandate};
use crate::role::Roles;
use crate::source::{Part, SourceOptions, parts};
use office::Office;

/// How turns are taken.
#[derive(Clone, Debug)]
pub struct Turns {
    /// The cluster, and the prefix, that elects.
    pub address: EtcdAddress,
    /// The source of that address.
    pub source: String,
    /// How long whoever leads may go without a sign of life.
    pub lease: Duration,
    /// Where it is told who leads, while this one does not.
    pub(crate) roles: Roles,
    /// Cancelled when it is time to end.
    pub cancel: CancellationToken,
}

/// The first wait after a failure, and the most doublings of it: 2 s, as nobody acts until one of them is there.
const FIRST: Duration = Duration::from_secs(1);
const DOUBLINGS: u32 = 1;
/// How often one that is not ready looks whether it is.
const READY: Duration = Duration::from_secs(5);
/// How often one that is elected looks whether another one may act still.
const AGAIN: Duration = Duration::from_millis(100);

/// The cluster that elects: that of the first address in etcd; `None` where there is none.
///
/// # Errors
/// When an address makes no sense.
pub fn electing(options: &SourceOptions) -> Result<Option<(EtcdAddress, String)>, CliError> {
    let of = |part: Part| {
        let name = part.name();
        if let Part::Etcd(address, _) = part { Some((*address, name)) } else { None }
    };
    Ok(parts(options)?.into_iter().find_map(of))
}

/// Takes part in the election until cancelled, and has `lead` act whenever it is won; the token ends that.
///
/// # Errors
/// When somebody acts without an election, or what leads ends by itself.
pub async fn take_turns(
    session: Session,
    options: &SourceOptions,
    turns: Turns,
    lead: impl AsyncFn(Session, CancellationToken) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let cancel = turns.cancel.clone();
    let mut elector = Elector::new(session, options, turns).await?;
    let mut failures = 0_u32;
    while !cancel.is_cancelled() {
        match cancel.run_until_cancelled(elector.begin()).await {
            Some(Ok((candidacy, seen))) => {
                failures = 0;
                Box::pin(elector.turn(candidacy, seen, &lead)).await?;
            }
            Some(Err(error)) => {
                elector.office.vacant(&error);
                let wait = Pace { interval: FIRST }.wait(failures.min(DOUBLINGS), chance());
                failures = failures.saturating_add(1);
                cancel.run_until_cancelled(tokio::time::sleep(wait)).await;
            }
            None => {}
        }
    }
    Ok(())
}

/// One of those that are elected.
struct Elector {
    turns: Turns,
    options: SourceOptions,
    settings: Settings,
    election: String,
    candidate: Candidate,
    mandate: Mandate,
    office: Office,
    /// What it is ready with, until it leads.
    session: Option<Session>,
}

impl Elector {
    async fn new(session: Session, options: &SourceOptions, turns: Turns) -> Result<Self, CliError> {
        let settings = session.settings.clone();
        let engine = session.docker.id().await?;
        let election = election_name(&turns.address.prefix, settings.instance.as_str(), engine);
        let candidate = session.stand().await?;
        let host = rustix::system::uname();
        let name = format!("{}:{}", host.nodename().to_string_lossy(), std::process::id());
        let office = Office::new(&name, &turns.source, &session.state, turns.roles.clone());
        let (mandate, options) = (Mandate::none_yet(&name), options.clone());
        Ok(Self { turns, options, settings, election, candidate, mandate, office, session: Some(session) })
    }

    /// Gets a lease, with which it stands. Those of this host by which nobody acts any more are given back first, its own from before as well.
    async fn begin(&self) -> Result<(Candidacy, watch::Receiver<Seen>), EtcdError> {
        let cluster = Cluster::connect(&self.turns.address).await?;
        let leases = self.candidate.leases(&self.election);
        give_back_left(&cluster, &leases).await;
        let asked = mandate::now();
        let (lease, life) = cluster.grant(self.turns.lease).await?;
        let (sender, seen) = watch::channel(Seen::Waiting { leader: None, refused: None });
        let name = self.mandate.holder().unwrap_or_default().to_owned();
        let candidacy = Candidacy {
            address: self.turns.address.clone(),
            ballot: Ballot { election: self.election.clone(), name, lease },
            term: Term::granted(asked, life),
            cluster: Some(cluster),
            stands: false,
            refused: None,
            // Without a place for it the next one waits until it ends.
            noted: leases.note(lease).ok(),
            leases,
            mandate: self.mandate.clone(),
            seen: sender,
        };
        Ok((candidacy, seen))
    }

    /// From a lease that was got to its end.
    async fn turn(
        &mut self,
        candidacy: Candidacy,
        mut seen: watch::Receiver<Seen>,
        lead: &impl AsyncFn(Session, CancellationToken) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let (resign, lease) = (CancellationToken::new(), candidacy.ballot.lease);
        self.office.stands_with(lease);
        let task = tokio::spawn(candidacy.run(resign.clone()));
        let result = if self.wait(&mut seen).await { self.lead(lease, seen, lead).await } else { Ok(()) };
        resign.cancel();
        // A panic has said so itself.
        if let Ok(candidacy) = task.await {
            candidacy.give_back().await;
        }
        result
    }

    /// Stands by until it leads; false where it never will with this lease.
    async fn wait(&mut self, seen: &mut watch::Receiver<Seen>) -> bool {
        loop {
            let is_ready = self.session.is_none();
            tokio::select! {
                biased;
                () = self.turns.cancel.cancelled() => return false,
                changed = seen.changed() => if changed.is_err() { return false },
                () = tokio::time::sleep(READY), if !is_ready => {}
            }
            let now = seen.borrow_and_update().clone();
            match now {
                Seen::Leading => return true,
                Seen::Lost(why) => {
                    self.office.lost(&why);
                    return false;
                }
                Seen::Waiting { leader, refused } => {
                    match (&leader, &refused) {
                        (Some((lease, name)), _) => self.office.stands_by(*lease, name),
                        (None, Some(error)) => self.office.vacant(error),
                        (None, None) => {}
                    }
                    self.get_ready().await;
                    let is_ready = self.session.is_none();
                    self.office.may_stand(refused.as_ref(), is_ready);
                }
            }
        }
    }

    /// Looks once at what it would act on, so that what is wrong with the way there is known before it is needed.
    async fn get_ready(&mut self) {
        let Some(session) = self.session.take() else { return };
        match office::look(&session, &self.options).await {
            Ok(what) => {
                tracing::info!("ready to lead: {what}");
                self.office.is_ready();
            }
            Err(error) => {
                tracing::warn!(%error, help = error.help(), "not ready to lead");
                self.office.is_not_ready(&error.to_string());
                self.session = Some(session);
            }
        }
    }

    /// Waits until nobody else of this host may act. False where it is to end first, or has lost its lease.
    async fn is_alone(&self, lease: i64, seen: &mut watch::Receiver<Seen>) -> Result<bool, CliError> {
        let mut since = None;
        loop {
            let another = self.candidate.outlasts(lease, since, mandate::now());
            since = another.map_err(|error| refused(error, SAME_ADDRESS))?;
            if since.is_none() {
                return Ok(true);
            }
            tokio::select! {
                biased;
                () = self.turns.cancel.cancelled() => return Ok(false),
                _why = lost(seen) => return Ok(false),
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// Leads until it has lost the lease, or is to end.
    async fn lead(
        &mut self,
        lease: i64,
        mut seen: watch::Receiver<Seen>,
        lead: &impl AsyncFn(Session, CancellationToken) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        self.session = None;
        if !self.is_alone(lease, &mut seen).await? {
            return Ok(());
        }
        let elected = Elected { election: self.election.clone(), lease };
        let named = self.candidate.lead("skiff run", elected);
        let _named = named.map_err(|error| refused(error, SAME_ADDRESS))?;
        let session = match Session::open_under(&self.settings, Access::Act, self.mandate.clone()).await {
            Ok(session) => session,
            Err(error) => {
                // Another one may have a way to the engine.
                tracing::error!(%error, help = error.help(), "elected, and cannot lead: it resigns");
                self.office.is_not_ready(&error.to_string());
                self.turns.cancel.run_until_cancelled(tokio::time::sleep(READY)).await;
                return Ok(());
            }
        };
        self.office.leads();
        let stop = self.turns.cancel.child_token();
        let mut leading = Box::pin(lead(session, stop.clone()));
        let result = tokio::select! {
            biased;
            why = lost(&mut seen) => {
                stop.cancel();
                self.office.lost(&why);
                leading.await
            }
            result = &mut leading => result,
        };
        if self.turns.cancel.is_cancelled() {
            self.office.resigns();
        }
        self.office.acts_no_more();
        result
    }
}

/// What to do where two were elected, each by its own cluster or prefix.
const SAME_ADDRESS: &str = "give both the same address in etcd";

/// Waits until the lease is lost; returns why.
async fn lost(seen: &mut watch::Receiver<Seen>) -> String {
    let lost = seen.wait_for(|seen| matches!(seen, Seen::Lost(_))).await;
    match lost.as_deref() {
        Ok(Seen::Lost(why)) => why.clone(),
        Ok(Seen::Waiting { .. } | Seen::Leading) | Err(_) => "nobody keeps the lease any more".to_owned(),
    }
}
