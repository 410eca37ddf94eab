//! What probes come to, across processes: `skiff run` leaves its verdicts in the run folder, and commands beside it judge by them.
//!
//! They count while whoever wrote them holds the lock. What it does not ask, as it keeps other sources or does not run, a command asks
//! by itself: each probe once, or, for as long as it waits, by a schedule as the controller's. Either way what ran before anybody asked is
//! Ready from its first pass on, and not Ready after as many failures as it may have.

use std::sync::Arc;
use std::time::Duration;

use skiff_core::{Instance, Observed, ProbeSchedule, ProbeVerdict, ProbeVerdicts, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::Clock;
use crate::controller::{Snapshot, Target};
use crate::engine::docker::Docker;
use crate::lock::{Lock, LockHeld};
use crate::mandate::Mandate;
use crate::probe::{DockerSampler, Prober, once};
use crate::state::{Chronicle, State};

/// How long after one writing of the verdicts the next one is.
const WRITTEN_EVERY: Duration = Duration::from_millis(100);
/// How long whoever waits is kept from looking again by probes that have not decided.
const PATIENCE: Duration = Duration::from_millis(300);

/// Leaves all verdicts for commands beside this process, as they change, for as long as there is leave to; none where nobody holds the lock.
pub(super) async fn leave_verdicts(
    mut verdicts: watch::Receiver<Arc<ProbeVerdicts>>,
    chronicle: Chronicle,
    holder: Option<LockHeld>,
    mandate: Mandate,
) {
    let Some(by) = holder else { return };
    let mut fails = false;
    while verdicts.changed().await.is_ok() {
        let (now, chronicle, by) = (Arc::clone(&verdicts.borrow_and_update()), chronicle.clone(), by.clone());
        if mandate.holds() {
            let written = tokio::task::spawn_blocking(move || chronicle.save_verdicts(&by, &now)).await;
            if let Ok(Err(error)) = &written
                && !fails
            {
                tracing::warn!(%error, "verdicts of probes cannot be written; commands beside this one ask by themselves");
            }
            fails = !matches!(written, Ok(Ok(())));
        }
        tokio::time::sleep(WRITTEN_EVERY).await;
    }
}

/// Who only looks, and asks for verdicts.
#[derive(Debug)]
pub struct Onlooker {
    stays: bool,
    own: Option<Own>,
}

impl Onlooker {
    /// One that looks once.
    pub const fn once() -> Self {
        Self { stays: false, own: None }
    }

    /// One that looks again and again.
    pub const fn staying() -> Self {
        Self { stays: true, own: None }
    }

    /// The verdicts on all containers that are probed.
    pub async fn verdicts(
        &mut self,
        docker: &Docker,
        state: &State,
        (target, instance): (&Target, &Instance),
        observed: &Observed,
        now: Timestamp,
    ) -> Arc<ProbeVerdicts> {
        let mut known = of_controller(state, instance, observed);
        let unknown = without(observed, &known);
        let mut schedule = ProbeSchedule::default();
        schedule.aim(&target.desired, &unknown, now);
        let unasked = schedule.verdicts();
        if unasked.is_empty() {
            self.own = None;
            return Arc::new(known);
        }
        let answered = if self.stays {
            let own = self.own.get_or_insert_with(|| Own::begin(docker));
            own.look(target, unknown, &unasked).await
        } else {
            once(&DockerSampler::new(docker.commands()), &target.desired, &target.content, &unknown, now).await
        };
        for (id, unasked) in unasked {
            let verdict = answered.get(&id).filter(|verdict| verdict.started_at == unasked.started_at).cloned();
            known.insert(id, verdict.unwrap_or(unasked));
        }
        Arc::new(known)
    }
}

/// What the controller that runs says of the containers as they are.
fn of_controller(state: &State, instance: &Instance, observed: &Observed) -> ProbeVerdicts {
    let holder = Lock::holder(&state.folders().run, &observed.engine.id, instance);
    let mut told = holder.and_then(|holder| state.chronicle().verdicts(&holder)).unwrap_or_default();
    let starts = |id: &String| {
        let found = observed.containers.iter().find(|container| container.id == *id)?;
        found.detail.as_ref()?.started_at
    };
    told.retain(|id, verdict| starts(id) == Some(verdict.started_at));
    told
}

/// What was observed, where what is known already is not asked again: nothing says since when it runs.
fn without(observed: &Observed, known: &ProbeVerdicts) -> Observed {
    let mut observed = observed.clone();
    for container in observed.containers.iter_mut().filter(|container| known.contains_key(&container.id)) {
        container.detail = None;
    }
    observed
}

/// Probes that nobody else asks, asked for as long as somebody looks.
#[derive(Debug)]
struct Own {
    looks: u64,
    snapshots: watch::Sender<Arc<Snapshot>>,
    verdicts: watch::Receiver<Arc<ProbeVerdicts>>,
    _ends: DropGuard,
}

impl Own {
    fn begin(docker: &Docker) -> Self {
        let (snapshots, receiver) = watch::channel(Arc::default());
        let (sender, verdicts) = watch::channel(Arc::default());
        let cancel = CancellationToken::new();
        let sampler = Arc::new(DockerSampler::new(docker.commands()));
        tokio::spawn(Prober::new(sampler, Clock::System, receiver, sender).run(cancel.clone()));
        Self { looks: 0, snapshots, verdicts, _ends: cancel.drop_guard() }
    }

    /// What is known by now; waits a moment where that decides nothing yet.
    async fn look(&mut self, target: &Target, observed: Observed, unasked: &ProbeVerdicts) -> Arc<ProbeVerdicts> {
        self.looks += 1;
        let target = Arc::new(target.clone());
        self.snapshots.send_replace(Arc::new(Snapshot { pass: self.looks, target, observed, ..Snapshot::default() }));
        let is_decided = |known: &ProbeVerdict, start| known.started_at == start && !known.is_undecided();
        let decided = self.verdicts.wait_for(|known| {
            unasked.iter().all(|(id, unasked)| known.get(id).is_some_and(|it| is_decided(it, unasked.started_at)))
        });
        tokio::time::timeout(PATIENCE, decided).await.ok();
        Arc::clone(&self.verdicts.borrow_and_update())
    }
}
