//! Requests between processes: a command hands its request to the controller that runs, or takes it into the history itself.

use std::time::{Duration, Instant};

use notify::{Event, RecursiveMode, Watcher as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use skiff_core::{Refusal, Request, Timestamp, grant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::cli::CliError;
use crate::controller::Asked;
use crate::lock::LockHeld;
use crate::source::watch::is_change;
use crate::state::{Answer, Requests};

/// How often it is looked for requests where no event comes.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is looked for an answer, and for how long.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes requests of a sort up, one after the other, until cancelled.
pub(super) async fn take_up<T, Answering>(
    requests: Requests<T>,
    answer: impl Fn(T) -> Answering + Send,
    cancel: CancellationToken,
) where
    T: Serialize + DeserializeOwned + Clone + Send + Sync,
    Answering: Future<Output = Answer> + Send,
{
    let (dirt, mut dirty) = mpsc::channel(1);
    let watching = watch(&requests, dirt);
    if let Err(why) = &watching {
        tracing::warn!(why, "requests are looked for every {} s only", LOOK.as_secs());
    }
    loop {
        for made in requests.waiting() {
            let answer = answer(made.request.clone()).await;
            if let Err(error) = requests.reply(&made, &answer) {
                tracing::warn!(%error, "a request cannot be answered");
            }
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            Some(()) = dirty.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Watches the folder for as long as the value lives.
fn watch<T: Serialize + DeserializeOwned + Clone>(
    requests: &Requests<T>,
    dirt: mpsc::Sender<()>,
) -> Result<notify::RecommendedWatcher, String> {
    let folder = requests.folder().map_err(|error| error.to_string())?;
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if is_news(&event) {
            // One that waits to be heard says the same.
            dirt.try_send(()).ok();
        }
    })
    .map_err(|error| error.to_string())?;
    watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| error.to_string())?;
    Ok(watcher)
}

/// Whether there may be a request. To look for them is to read the folder: what is only read says nothing, or there would be no end.
fn is_news(event: &notify::Result<Event>) -> bool {
    event.as_ref().map_or(true, is_change)
}

/// Hands a request to the loop.
pub(super) async fn ask(asked: mpsc::Sender<Asked>, request: Request) -> Answer {
    let gone = || Refusal { message: "the controller is ending".to_owned(), help: "ask again".to_owned() };
    let (reply, answer) = oneshot::channel();
    let answer = match asked.send(Asked { request, reply }).await {
        Ok(()) => answer.await.unwrap_or_else(|_| Err(gone())),
        Err(_) => Err(gone()),
    };
    match answer {
        Ok(message) => Answer::Granted { message },
        Err(Refusal { message, help }) => Answer::Refused { message, help },
    }
}

impl Session {
    /// Has a request granted: by the controller that runs, or, where none does, by taking it into the history for the next one.
    /// Returns what happens now.
    ///
    /// # Errors
    /// Why it is refused, or that the controller does not answer.
    pub async fn request(&self, request: &Request) -> Result<String, CliError> {
        match self.holder().await? {
            Some(holder) => hand_over(&self.state.requests(), request, &holder, PATIENCE).await,
            None => self.take_in(request).await,
        }
    }

    /// Without a controller the history is this process's to write.
    async fn take_in(&self, request: &Request) -> Result<String, CliError> {
        let _lock = self.lock("skiff rollout").await?;
        let mut history = self.state.history();
        let granted = grant(&mut history, request, None, Timestamp::now());
        let event = granted.map_err(|Refusal { message, help }| CliError::refused(message, help))?;
        let chronicle = self.state.chronicle();
        let message = format!("{}, as soon as `skiff run` or `skiff up` works on it", event.message);
        chronicle
            .save(&history)
            .and_then(|()| chronicle.append(&[event]))
            .map_err(|error| CliError::failed("cannot write the history", error))?;
        Ok(message)
    }
}

/// Leaves a request to the process that acts, and waits for its answer.
pub(super) async fn hand_over<T: Serialize + DeserializeOwned + Clone>(
    requests: &Requests<T>,
    request: &T,
    holder: &LockHeld,
    patience: Duration,
) -> Result<String, CliError> {
    let failed = |error| CliError::failed("cannot leave a request to the controller", error);
    let made = requests.make(request).map_err(failed)?;
    let until = Instant::now() + patience;
    while Instant::now() < until {
        match requests.answer(&made).map_err(failed)? {
            Some(Answer::Granted { message }) => return Ok(message),
            Some(Answer::Refused { message, help }) => return Err(CliError::refused(message, help)),
            None => tokio::time::sleep(PAUSE).await,
        }
    }
    requests.take_back(&made);
    Err(CliError::refused(
        format!("`{}` (process {}) acts for this instance and does not take requests now", holder.command, holder.pid),
        "wait until it has ended where it is `skiff up`; where it is `skiff run`, look at its log",
    ))
}

#[cfg(test)]
mod tests {
    use notify::EventKind;
    use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
    use skiff_api::{Kind, ObjectKey};

    use super::*;
    use crate::state::{Folders, State};

    #[test]
    fn to_look_for_requests_is_no_reason_to_look_again() {
        let of = |kind: EventKind| is_news(&Ok(Event::new(kind)));
        for read in [AccessKind::Open(AccessMode::Any), AccessKind::Close(AccessMode::Read), AccessKind::Read] {
            assert!(!of(EventKind::Access(read)), "{read:?}");
        }
        assert!(of(EventKind::Create(CreateKind::File)));
        assert!(of(EventKind::Modify(ModifyKind::Name(RenameMode::To))));
        // What was missed may have been a request.
        assert!(is_news(&Err(notify::Error::generic("too many events"))));
    }

    #[tokio::test]
    async fn a_request_is_heard() {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = Folders { state: folder.path().join("state"), run: folder.path().join("run") };
        let requests = State::open(folders).expect("a state").requests();
        let (dirt, mut dirty) = mpsc::channel(1);
        let _watching = watch(&requests, dirt).expect("it can be watched");
        let object = ObjectKey::new(Kind::Deployment, "shop", "web");
        requests.make(&Request::Restart { object }).expect("a request");
        dirty.recv().await.expect("it is heard");
        assert_eq!(requests.waiting().len(), 1);
    }
}
