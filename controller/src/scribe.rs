//! Writes down what the loop learns: the history, whole, and each event. A slow or full disk delays no workload.

use std::sync::Arc;
use std::time::Duration;

use skiff_core::{Event, Failures, History};
use tokio::sync::{mpsc, oneshot};

use crate::mandate::Mandate;
use crate::state::{Chronicle, Faults, StateError, Troubles};

/// How long the loop waits for its history to be on the disk before it acts on it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something to write down.
#[derive(Debug)]
pub enum Note {
    /// The history, and whom to tell that it is written.
    History {
        /// All of it.
        history: Arc<History>,
        /// Told when it is on the disk, dropped when it cannot be.
        saved: oneshot::Sender<()>,
    },
    /// Events.
    Events(Vec<Event>),
    /// What is not as it should be now.
    Troubles(Troubles),
    /// What went wrong lately.
    Failures(Failures),
    /// What is wrong with the manifests.
    Faults(Faults),
}

/// Where the loop leaves what is to be written.
#[derive(Clone, Debug)]
pub struct Notes(mpsc::UnboundedSender<Note>);

impl Notes {
    /// A sender of notes, and what receives them.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Note>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Leaves events to be written.
    pub fn events(&self, events: Vec<Event>) {
        if !events.is_empty() {
            // Whoever writes has ended, and so will this.
            self.0.send(Note::Events(events)).ok();
        }
    }

    /// Leaves what is not as it should be to be written.
    pub fn troubles(&self, troubles: Troubles) {
        self.0.send(Note::Troubles(troubles)).ok();
    }

    /// Leaves what went wrong lately to be written.
    pub fn failures(&self, failures: Failures) {
        self.0.send(Note::Failures(failures)).ok();
    }

    /// Leaves what is wrong with the manifests to be written.
    pub fn faults(&self, faults: Faults) {
        self.0.send(Note::Faults(faults)).ok();
    }

    /// Leaves the history to be written, and waits until it is, or for as long as is sensible: what is acted on should be known after
    /// a crash, and a disk that hangs must not keep workloads from being healed.
    pub async fn history(&self, history: Arc<History>) {
        let (saved, written) = oneshot::channel();
        self.0.send(Note::History { history, saved }).ok();
        // Whether it was written has been said by whoever writes.
        tokio::time::timeout(PATIENCE, written).await.ok();
    }
}

/// Writes until all senders are gone. What is written anew whole is another's to write once there is no leave any more; what happened is
/// told all the same.
pub async fn scribe(chronicle: Chronicle, mut notes: mpsc::UnboundedReceiver<Note>, mandate: Mandate) {
    let mut fails = false;
    while let Some(note) = notes.recv().await {
        let (chronicle, mandate) = (chronicle.clone(), mandate.clone());
        let may = move |note: &Note| matches!(note, Note::Events(_)) || mandate.holds();
        let written = tokio::task::spawn_blocking(move || if may(&note) { write(&chronicle, note) } else { Ok(()) });
        let written = written.await;
        match written {
            Ok(Ok(())) => fails = false,
            Ok(Err(error)) if !fails => {
                fails = true;
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%error, cause, "history and events cannot be written; going on from memory");
            }
            // Said once. A panic has said so itself.
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

fn write(chronicle: &Chronicle, note: Note) -> Result<(), StateError> {
    match note {
        Note::Events(events) => chronicle.append(&events),
        Note::Troubles(troubles) => chronicle.save_troubles(&troubles),
        Note::Failures(failures) => chronicle.save_failures(&failures),
        Note::Faults(faults) => chronicle.save_faults(&faults),
        Note::History { history, saved } => {
            chronicle.save(&history)?;
            // Who waited may have lost patience.
            saved.send(()).ok();
            Ok(())
        }
    }
}
