//! One line of a log: its time taken off, and what tells its container from the others put before it.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use crate::ui::style::{REPLICAS, paint};

/// The time at the beginning of a line, and what is behind it.
pub(super) fn split_time(line: &Bytes) -> (Option<Timestamp>, Bytes) {
    let blank = line.iter().take(40).position(|byte| *byte == b' ');
    let time = blank.and_then(|end| std::str::from_utf8(line.get(..end)?).ok()?.parse::<Timestamp>().ok());
    match (time, blank) {
        (Some(time), Some(end)) => (Some(time), line.slice(end + 1..)),
        _ => (None, line.clone()),
    }
}

/// Writes lines with their prefixes.
#[derive(Debug)]
pub(super) struct Printer {
    timestamps: bool,
    coloured: bool,
    /// The place of each label in the row of colours.
    labels: BTreeMap<String, usize>,
    width: usize,
    /// Whether each line is an object of JSON.
    json: bool,
}

/// A line for programs.
#[derive(Serialize)]
struct Record<'a> {
    container: &'a str,
    time: Option<Timestamp>,
    line: &'a str,
}

impl Printer {
    pub(super) fn new(timestamps: bool, coloured: bool, json: bool) -> Self {
        Self { timestamps, coloured, labels: BTreeMap::new(), width: 0, json }
    }

    /// Makes room for a label.
    pub(super) fn know(&mut self, label: &str) {
        let next = self.labels.len();
        self.labels.entry(label.to_owned()).or_insert(next);
        self.width = self.width.max(label.chars().count());
    }

    /// Whether lines of more than one container are written, so that each needs its prefix.
    fn is_prefixed(&self) -> bool {
        self.labels.len() > 1
    }

    /// Writes a line, as bytes: a container may write anything. JSON has texts only, in which what is none is replaced.
    pub(super) fn print(&self, label: &str, line: &Bytes, to: &mut impl Write) -> std::io::Result<()> {
        let (time, text) = split_time(line);
        if self.json {
            let text = String::from_utf8_lossy(&text);
            serde_json::to_writer(
                &mut *to,
                &Record { container: label, time, line: text.trim_end_matches(['\n', '\r']) },
            )?;
            return to.write_all(b"\n");
        }
        if self.is_prefixed() {
            let padded = format!("{label:<width$} |", width = self.width);
            let colour = self.labels.get(label).and_then(|index| REPLICAS.get(index % REPLICAS.len()));
            let prefix = colour.filter(|_| self.coloured).map_or(padded.clone(), |colour| paint(*colour, &padded));
            write!(to, "{prefix} ")?;
        }
        if let Some(time) = time.filter(|_| self.timestamps) {
            write!(to, "{time} ")?;
        }
        to.write_all(&text)?;
        // The last line of a container may have no end, and the next one is another's.
        if self.is_prefixed() && !text.ends_with(b"\n") { to.write_all(b"\n") } else { Ok(()) }
    }
}
