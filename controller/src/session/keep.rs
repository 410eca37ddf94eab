//! `skiff run`: keeps the manifests applied until it is told to stop, and leaves the workloads running.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Session;
use super::asking::take_up;
use super::holds::tell_holds;
use super::target::TargetOptions;
use super::watching::SourceTask;
use crate::cli::CliError;
use crate::clock::Clock;
use crate::controller::{Controller, Settings, Snapshot, Target, Wiring};
use crate::engine::Engine;
use crate::fail_point::FailPoint;
use crate::probe::{DockerSampler, Prober};
use crate::scribe::{Notes, scribe};
use crate::source::watch::{WatchOptions, watcher};
use crate::source::{Beside, SourceOptions};

/// What is kept, and how.
#[derive(Debug)]
pub struct Keep {
    /// What to load.
    pub source: SourceOptions,
    /// What the command line adds.
    pub target: TargetOptions,
    /// How long to rest when nothing happens.
    pub tick: Duration,
    /// Cancelled when it is time to end.
    pub cancel: CancellationToken,
}

/// Keeps a source applied until cancelled. Returns what every pass saw to whoever `observe`s meanwhile.
///
/// # Errors
/// When nothing could be begun; afterwards nothing ends it but the token.
pub async fn keep(
    session: Session,
    keep: Keep,
    watch_snapshots: impl FnOnce(watch::Receiver<Arc<Snapshot>>),
) -> Result<(), CliError> {
    let Keep { source, target, tick, cancel } = keep;
    let Session { docker, state, settings } = session;
    let tasks = TaskTracker::new();
    let (targets, target_receiver) = watch::channel(Arc::<Target>::default());
    let (snapshots, snapshot_receiver) = watch::channel(Arc::<Snapshot>::default());
    let (beside, beside_receiver) = watch::channel(Beside::default());
    let probe_snapshots = snapshot_receiver.clone();
    watch_snapshots(snapshot_receiver.clone());

    let roots = source.paths.iter().chain(&source.overlays).filter(|path| path.as_os_str() != "-").cloned().collect();
    let (watcher, changes) = watcher(WatchOptions::new(roots), beside_receiver);
    let (notes, written) = Notes::channel();
    let (chronicle, history, requests) = (state.chronicle(), state.history(), state.requests());
    let (asking, asked) = mpsc::channel(1);
    let mut reading = SourceTask {
        options: source.clone(),
        target_options: target,
        instance: settings.instance.clone(),
        state,
        targets,
        beside,
        snapshots: snapshot_receiver.clone(),
        fingerprint: String::new(),
        notes: notes.clone(),
        // What was told before a restart is no news.
        faults: chronicle.faults(),
    };
    let first = super::read(source).await?;
    reading.fingerprint.clone_from(&first.fingerprint);
    reading.take(first);

    let (wakes, wake_receiver) = mpsc::channel(64);
    let (verdict_sender, verdicts) = watch::channel(Arc::default());
    let sampler = Arc::new(DockerSampler::new(docker.commands()));
    let prober = Prober::new(sampler, Clock::System, probe_snapshots, verdict_sender);
    let controller = Controller::new(
        Arc::clone(&docker),
        Settings {
            instance: settings.instance.clone(),
            tick,
            clock: Clock::System,
            fail_point: FailPoint::after(settings.abort_after_steps),
        },
        Wiring {
            target: target_receiver,
            wakes: wake_receiver,
            verdicts,
            snapshots,
            reports: None,
            notes: Some(notes),
            asked,
            history,
        },
    );
    let one_ended = CancellationToken::new();
    let stop = cancel.child_token();
    let ends = one_ended.clone();
    // One task that ends uncancelled cancels the rest: a controller that is half alive helps nobody.
    tasks.spawn(ending(watcher.run(stop.clone()), ends.clone()));
    tasks.spawn(ending(tell_holds(snapshot_receiver, stop.clone()), ends.clone()));
    tasks.spawn(ending(reading.run(changes, stop.clone()), ends.clone()));
    tasks.spawn(ending(stop.clone().run_until_cancelled_owned(docker.watch(settings.instance, wakes)), ends.clone()));
    tasks.spawn(ending(prober.run(stop.clone()), ends.clone()));
    tasks.spawn(ending(controller.run(stop.clone()), ends));
    tasks.spawn(take_up(requests, asking, stop.clone()));
    // It ends with the loop, once all is written.
    tasks.spawn(scribe(chronicle, written));
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
