//! What a container has written.

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::Incoming;
use skiff_core::{EngineError, Timestamp};

use super::client::Client;
use super::error::{Reply, unreachable};
use super::frames::{Decoder, Lines, OutputStream};
use super::observe::inspect;
use super::path;

/// Which lines of a container's output.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogOptions {
    /// Whether to go on as more is written.
    pub follow: bool,
    /// Only what was written since then.
    pub since: Option<Timestamp>,
    /// Only so many lines from the end.
    pub tail: Option<u64>,
    /// Whether each line begins with its time (RFC 3339) and a space.
    pub timestamps: bool,
}

/// A line with its newline; without one at the end of the output, or where a terminal has not ended it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Where it was written.
    pub stream: OutputStream,
    /// What was written.
    pub bytes: Bytes,
}

struct Reading {
    client: Client,
    body: Option<Incoming>,
    decoder: Decoder,
    lines: Lines,
    ready: VecDeque<LogLine>,
}

/// Opens the log.
pub(super) async fn logs(
    client: &Client,
    container: &str,
    options: LogOptions,
) -> Result<impl Stream<Item = Result<LogLine, EngineError>> + Send + use<>, EngineError> {
    let what = format!("read the log of container {container}");
    let gone = || EngineError::Stale(format!("container {container} is gone"));
    let tty = inspect(client, container).await?.ok_or_else(gone)?.config.tty;
    let path = format!("/containers/{}/logs{}", path::name(container)?, query(options));
    let response = client.open(client.request(Method::GET, &path, None)?).await?;
    let (status, body) = (response.status().as_u16(), response.into_body());
    if status != 200 {
        let bytes = body.collect().await.map_err(|error| unreachable(client.endpoint(), &error))?.to_bytes();
        return Err(Reply { status, bytes }.refusal(&what));
    }
    let reading = Reading {
        client: client.clone(),
        body: Some(body),
        decoder: Decoder::new(tty),
        lines: Lines::default(),
        ready: VecDeque::new(),
    };
    Ok(stream::try_unfold(reading, next))
}

fn query(LogOptions { follow, since, tail, timestamps }: LogOptions) -> String {
    let flag = |on: bool| if on { "1" } else { "0" };
    let since =
        since.map(|since| format!("{}.{:09}", since.as_second(), since.subsec_nanosecond().max(0))).unwrap_or_default();
    let tail = tail.map_or_else(|| "all".to_owned(), |tail| tail.to_string());
    let mut pairs = vec![("stdout", "1"), ("stderr", "1"), ("follow", flag(follow)), ("timestamps", flag(timestamps))];
    pairs.push(("tail", &tail));
    if !since.is_empty() {
        pairs.push(("since", &since));
    }
    path::query(&pairs)
}

async fn next(mut reading: Reading) -> Result<Option<(LogLine, Reading)>, EngineError> {
    loop {
        if let Some(line) = reading.ready.pop_front() {
            return Ok(Some((line, reading)));
        }
        let Some(body) = &mut reading.body else { return Ok(None) };
        if let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| unreachable(reading.client.endpoint(), &error))?;
            reading.decoder.feed(frame.data_ref().map_or(&[][..], |data| data));
            while let Some((stream, bytes)) = reading.decoder.next() {
                reading.ready.extend(reading.lines.take(stream, &bytes).into_iter().map(line));
            }
        } else {
            reading.body = None;
            reading.ready.extend(reading.lines.finish().into_iter().map(line));
        }
    }
}

fn line((stream, bytes): (OutputStream, Bytes)) -> LogLine {
    LogLine { stream, bytes }
}
