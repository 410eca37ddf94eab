//! The logs of several containers up to now, line by line in the order in which they were written.

use std::io::{self, BufWriter, Write};
use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use skiff_core::EngineError;

use super::super::CliError;
use super::line::{Printer, split_time};
use super::pick::Picked;
use crate::engine::docker::{Docker, LogLine, LogOptions};

type Lines = Pin<Box<dyn Stream<Item = Result<LogLine, EngineError>> + Send>>;

/// A log with its next line, which is not printed yet.
struct Head {
    label: String,
    lines: Lines,
    next: LogLine,
    time: Timestamp,
}

/// Prints all of them.
///
/// # Errors
/// When the engine does not answer or stdout cannot be written.
pub(super) async fn once(
    docker: &Docker,
    picked: &[Picked],
    options: LogOptions,
    printer: &mut Printer,
) -> Result<(), CliError> {
    let mut heads = Vec::new();
    for Picked { id, label, .. } in picked {
        printer.know(label);
        let lines: Lines = Box::pin(docker.logs(id, options).await?);
        heads.extend(head(label.clone(), lines, Timestamp::MIN).await?);
    }
    let mut stdout = BufWriter::new(io::stdout().lock());
    while let Some(first) = heads.iter().enumerate().min_by_key(|(_, head)| head.time).map(|(index, _)| index) {
        let Head { label, lines, next, time } = heads.swap_remove(first);
        printer.print(&label, &next.bytes, &mut stdout)?;
        heads.extend(head(label, lines, time).await?);
    }
    Ok(stdout.flush()?)
}

/// The next line of a log. One without a time belongs to the line before it.
async fn head(label: String, mut lines: Lines, before: Timestamp) -> Result<Option<Head>, CliError> {
    let Some(next) = lines.next().await.transpose()? else { return Ok(None) };
    let time = split_time(&next.bytes).0.unwrap_or(before);
    Ok(Some(Head { label, lines, next, time }))
}
