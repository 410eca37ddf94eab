//! The logs of several containers as they are written. Docker's events say when to look for containers that have come.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use skiff_core::EngineError;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::super::CliError;
use super::line::{Printer, split_time};
use super::pick::{Pick, Picked};
use crate::engine::docker::{Docker, LogOptions};
use crate::engine::{Engine, Look, Wake};
use crate::ui::{Ui, failure};
use crate::view::views;

/// Looked for again even if no event says so.
const AT_LEAST_EVERY: Duration = Duration::from_secs(5);
/// Events come in swarms.
const SETTLE: Duration = Duration::from_millis(50);

/// What a reader of one log says.
enum News {
    Line { label: String, bytes: Bytes },
    Ended { id: String, last: Option<Timestamp> },
}

/// What is known of a container's log.
enum Reading {
    Now,
    /// It ended behind this line; when the container is started again it goes on there.
    Ended(Option<Timestamp>),
}

/// Prints until stdout is closed or the engine is gone for good.
///
/// # Errors
/// When stdout cannot be written, or the engine does not answer at the beginning.
pub(super) async fn follow(
    docker: Arc<Docker>,
    pick: &Pick,
    options: LogOptions,
    printer: &mut Printer,
    ui: &mut Ui,
) -> Result<(), CliError> {
    let instance = pick.instance().clone();
    let (news_sender, mut news) = mpsc::channel(256);
    let (wake_sender, mut wakes) = mpsc::channel::<Wake>(64);
    tokio::spawn(Arc::clone(&docker).watch(instance, wake_sender));
    let mut readings = BTreeMap::new();
    let mut first = true;
    loop {
        match running(&docker, pick).await {
            Ok(picked) => join(&docker, picked, options, first, &mut readings, &news_sender, printer),
            Err(error) if first => return Err(error.into()),
            Err(error) => ui.say(&failure::warning(&format!("{error}; trying again"))),
        }
        first = false;
        print_until_wake(&mut news, &mut wakes, &mut readings, printer).await?;
    }
}

/// Prints what comes until there may be other containers.
async fn print_until_wake(
    news: &mut mpsc::Receiver<News>,
    wakes: &mut mpsc::Receiver<Wake>,
    readings: &mut BTreeMap<String, Reading>,
    printer: &Printer,
) -> Result<(), CliError> {
    let look_again = sleep(AT_LEAST_EVERY);
    tokio::pin!(look_again);
    loop {
        tokio::select! {
            biased;
            Some(news) = news.recv() => take(news, readings, printer)?,
            Some(_) = wakes.recv() => {
                while timeout(SETTLE, wakes.recv()).await.is_ok_and(|wake| wake.is_some()) {}
                return Ok(());
            }
            () = &mut look_again => return Ok(()),
        }
    }
}

fn take(news: News, readings: &mut BTreeMap<String, Reading>, printer: &Printer) -> Result<(), CliError> {
    match news {
        News::Line { label, bytes } => {
            let mut stdout = io::stdout().lock();
            printer.print(&label, &bytes, &mut stdout)?;
            stdout.flush()?;
        }
        News::Ended { id, last } => {
            readings.insert(id, Reading::Ended(last));
        }
    }
    Ok(())
}

/// The containers that are meant and that write now, or have written.
async fn running(docker: &Docker, pick: &Pick) -> Result<Vec<Picked>, EngineError> {
    let observed = docker.observe(pick.instance(), Look::Changed).await?;
    Ok(pick.of(&views(&observed, &BTreeMap::new())))
}

/// Begins to read the logs that are not read yet.
fn join(
    docker: &Arc<Docker>,
    picked: Vec<Picked>,
    options: LogOptions,
    first: bool,
    readings: &mut BTreeMap<String, Reading>,
    news: &mpsc::Sender<News>,
    printer: &mut Printer,
) {
    for picked in picked {
        let options = match readings.get(&picked.id) {
            Some(Reading::Now) => continue,
            Some(Reading::Ended(_)) if !picked.runs => continue,
            Some(Reading::Ended(last)) => LogOptions { since: last.or(options.since), tail: None, ..options },
            None if first => options,
            // Whoever has just come is heard from its first line.
            None => LogOptions { since: None, tail: None, ..options },
        };
        printer.know(&picked.label);
        readings.insert(picked.id.clone(), Reading::Now);
        tokio::spawn(read(Arc::clone(docker), picked, options, news.clone()));
    }
}

/// Reads one log to its end. That it cannot be read is its end: the next look says whether the container is still there.
async fn read(docker: Arc<Docker>, Picked { id, label, .. }: Picked, options: LogOptions, news: mpsc::Sender<News>) {
    let mut last = options.since;
    if let Ok(lines) = docker.logs(&id, options).await {
        let mut lines = std::pin::pin!(lines);
        while let Some(Ok(line)) = lines.next().await {
            // Docker counts `since` inclusively.
            last = split_time(&line.bytes)
                .0
                .map(|time| time.saturating_add(Duration::from_nanos(1)).unwrap_or(time))
                .or(last);
            if news.send(News::Line { label: label.clone(), bytes: line.bytes }).await.is_err() {
                return;
            }
        }
    }
    news.send(News::Ended { id, last }).await.ok();
}
