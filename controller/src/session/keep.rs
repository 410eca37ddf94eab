//! `skiff run`: keeps the manifests applied until it is told to stop, and leaves the workloads running.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::asking::{ask, take_up};
use super::feeds::{Feeds, begin};
use super::holds::tell_holds;
use super::reporting::Reporter;
use super::syncing::Syncer;
use super::target::TargetOptions;
use super::verdicts::leave_verdicts;
use super::watching::SourceTask;
use super::{Session, loop_settings};
use crate::cli::CliError;
use crate::clock::Clock;
use crate::controller::{Controller, Snapshot, Target, Wiring};
use crate::engine::Engine;
use crate::metrics::count;
use crate::monitor::Watched;
use crate::probe::{DockerSampler, Prober};
use crate::role::{Acting, Role, Roles};
use crate::scribe::{Notes, scribe};
use crate::source::SourceOptions;
use crate::tags::{DockerRegistries, TagFollower};

/// What is kept, and how.
#[derive(Debug)]
pub struct Keep {
    /// What to load.
    pub source: SourceOptions,
    /// What the command line adds.
    pub target: TargetOptions,
    /// Where it is told that this process acts.
    pub(crate) roles: Roles,
    /// Whether anybody may ask for numbers.
    pub is_watched: bool,
    /// How long to rest when nothing happens.
    pub tick: Duration,
    /// Cancelled when it is time to end.
    pub cancel: CancellationToken,
}

/// Keeps all sources applied until cancelled. Returns what every pass saw to whoever `observe`s meanwhile.
///
/// # Errors
/// When nothing could be begun; afterwards nothing ends it but the token.
pub async fn keep(
    mut session: Session,
    keep: Keep,
    watch_snapshots: impl FnOnce(watch::Receiver<Arc<Snapshot>>),
) -> Result<(), CliError> {
    let Keep { source, target, roles, is_watched, tick, cancel } = keep;
    let holder = session.holder().await?;
    session.hear_traces().await?;
    let Session { docker, state, settings, access: _, mandate } = session;
    let tasks = TaskTracker::new();
    let (targets, target_receiver) = watch::channel(Arc::<Target>::default());
    let (snapshots, snapshot_receiver) = watch::channel(Arc::<Snapshot>::default());
    let probe_snapshots = snapshot_receiver.clone();
    watch_snapshots(snapshot_receiver.clone());

    let (notes, written) = Notes::channel();
    let (chronicle, history, requests, syncs) =
        (state.chronicle().signed(mandate.holder()), state.history(), state.requests(), state.syncs());
    let (asking, asked) = mpsc::channel(1);
    // Whoever ends it need not wait for sources that do not answer.
    let Some(begun) = cancel.run_until_cancelled(begin(&source, &state)).await else { return Ok(()) };
    let Feeds { slots, tasks: feeds, reported, asks, changes } = begun?;
    let engine = docker.id().await?.to_owned();
    let syncer = Syncer::new(asks);
    let (facts, sources) = watch::channel(Arc::default());
    // What was told before a restart is no news; what is wrong with a source that nobody keeps any more is nobody's.
    let mut faults = chronicle.faults();
    faults.retain(|source, _| slots.iter().any(|slot| slot.raw.source == *source));
    let mut reading = SourceTask {
        slots,
        target_options: target,
        instance: settings.instance.clone(),
        state,
        targets,
        snapshots: snapshot_receiver.clone(),
        notes: notes.clone(),
        faults,
        facts: is_watched.then_some(facts),
        mandate: mandate.clone(),
        mounts: Vec::new(),
    };
    if cancel.run_until_cancelled(reading.take(None)).await.is_none() {
        return Ok(());
    }

    let (wakes, wake_receiver) = mpsc::channel(64);
    let (verdict_sender, verdicts) = watch::channel(Arc::default());
    let sampler = Arc::new(DockerSampler::new(docker.commands()));
    let prober = Prober::new(sampler, Clock::System, probe_snapshots, verdict_sender);
    tasks.spawn(leave_verdicts(prober.words(), chronicle.clone(), holder, mandate.clone()));
    let (answer_sender, tags) = watch::channel(Arc::default());
    let registries = Arc::new(DockerRegistries::new(docker.distribution()));
    let follower = TagFollower::new(registries, Clock::System, snapshot_receiver.clone(), answer_sender);
    let (reports, counted) = mpsc::unbounded_channel();
    let controller = Controller::new(
        Arc::clone(&docker),
        loop_settings(&settings, tick, &mandate),
        Wiring {
            target: target_receiver,
            wakes: wake_receiver,
            verdicts,
            tags,
            snapshots,
            reports: is_watched.then_some(reports),
            notes: Some(notes),
            asked,
            history,
        },
    );
    let one_ended = CancellationToken::new();
    let stop = cancel.child_token();
    let ends = one_ended.clone();
    // One task that ends uncancelled cancels the rest: a controller that is half alive helps nobody.
    for feed in feeds {
        tasks.spawn(ending(feed.run(stop.clone()), ends.clone()));
    }
    let (counting, counts) = watch::channel(Arc::default());
    if is_watched {
        tasks.spawn(count(counted, counting));
    }
    let watched = Watched { snapshots: snapshot_receiver.clone(), sources, counts, mandate: mandate.clone() };
    roles.send_replace(Arc::new(Role::Acting(Box::new(Acting { watched, syncer: syncer.clone() }))));
    for origin in reported {
        let (instance, engine, snapshots) = (settings.instance.clone(), engine.clone(), snapshot_receiver.clone());
        let reporter = Reporter { origin, instance, engine, snapshots };
        tasks.spawn(reporter.run(stop.clone()));
    }
    tasks.spawn(ending(tell_holds(snapshot_receiver, stop.clone()), ends.clone()));
    tasks.spawn(ending(reading.run(changes, stop.clone()), ends.clone()));
    tasks.spawn(ending(stop.clone().run_until_cancelled_owned(docker.watch(settings.instance, wakes)), ends.clone()));
    tasks.spawn(ending(prober.run(stop.clone()), ends.clone()));
    tasks.spawn(ending(follower.run(stop.clone()), ends.clone()));
    tasks.spawn(ending(controller.run(stop.clone()), ends));
    tasks.spawn(take_up(requests, move |request| ask(asking.clone(), request), stop.clone()));
    tasks.spawn(take_up(syncs, move |request| syncer.clone().answer(request), stop.clone()));
    // It ends with the loop, once all is written.
    tasks.spawn(scribe(chronicle, written, mandate));
    tasks.close();
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = one_ended.cancelled() => tracing::error!("a task ended by itself; ending all"),
    }
    stop.cancel();
    tasks.wait().await;
    if cancel.is_cancelled() { Ok(()) } else { Err(CliError::failed("the controller ended", "a task ended by itself")) }
}

async fn ending<T>(task: impl Future<Output = T>, ended: CancellationToken) {
    task.await;
    ended.cancel();
}
