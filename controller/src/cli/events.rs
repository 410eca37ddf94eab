//! `skiff events`: what happened, the oldest first.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use skiff_api::Kind;
use skiff_core::{Event, Severity, SignedDuration, Timestamp};

use super::{CliError, Context, Exit, Output, engine, signals};
use crate::state::{Chronicle, State};
use crate::ui::folded::{Folded, folded};
use crate::ui::style::{BAD, FAINT, NAME, PLAIN, paint};
use crate::ui::table::{Cell, Table};

/// Show what happened to objects and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff events\n  \
    skiff events web --since 1h\n  \
    skiff events -f --warnings\n  \
    skiff events -o json | jq .reason")]
pub(super) struct Args {
    /// Objects, as NAME or KIND/NAME; all of them where none is named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Only what happened in this time.
    #[arg(long, value_name = "TIME")]
    since: Option<skiff_api::Duration>,
    /// How many of the last ones at most.
    #[arg(long, value_name = "N", default_value = "200")]
    tail: usize,
    /// Only what somebody should look at.
    #[arg(long)]
    warnings: bool,
    /// Go on with what happens from now on.
    #[arg(short, long)]
    follow: bool,
}

/// How often it is looked for new events.
const LOOK: Duration = Duration::from_millis(200);

/// Answers with the events.
///
/// # Errors
/// When the state directory cannot be read, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let failed = |error| CliError::state("cannot read the events", error);
    let chronicle = State::read_only(engine::folders(&context.settings)).map_err(failed)?.chronicle();
    let mut followed = Followed::of(&chronicle);
    let events = chronicle.events().map_err(failed)?;
    let mut events: Vec<Event> = events.into_iter().filter(|event| args.wants(event, context)).collect();
    // Of a table the rows are counted, each of which may be several events.
    let is_table = matches!(context.settings.output, Output::Text | Output::Wide) && !args.follow;
    if !is_table {
        events.drain(..events.len().saturating_sub(args.tail));
    }
    if events.is_empty() && !args.follow {
        context.ui.say("nothing has happened that is remembered here");
    }
    show(&events, args.tail, args.follow, context)?;
    if args.follow {
        Context::block_on(async {
            let cancel = signals::cancelled_by_signal();
            while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
                let news: Vec<Event> = followed.news().into_iter().filter(|event| args.wants(event, context)).collect();
                show(&news, args.tail, true, context)?;
            }
            Ok(())
        })?;
    }
    Ok(Exit::Done)
}

impl Args {
    fn wants(&self, event: &Event, context: &Context) -> bool {
        let object = event.object.as_ref();
        let named = |word: &String| {
            object.is_some_and(|object| match word.split_once('/') {
                Some((kind, name)) => kind.parse::<Kind>().ok() == Some(object.kind) && object.name == name,
                None => object.name == *word,
            })
        };
        let since = self.since.and_then(|since| SignedDuration::try_from(since.to_std()).ok());
        let recent = since.is_none_or(|since| Timestamp::now().duration_since(event.at) <= since);
        // What happens to a source may concern every namespace.
        let namespace = context.settings.namespace.as_ref();
        let here = namespace.zip(object).is_none_or(|(namespace, object)| object.namespace == *namespace);
        let severe = !self.warnings || event.severity == Severity::Warning;
        recent && here && severe && (self.names.is_empty() || self.names.iter().any(named))
    }
}

fn show(events: &[Event], tail: usize, follows: bool, context: &mut Context) -> Result<(), CliError> {
    if events.is_empty() {
        return Ok(());
    }
    let text = match context.settings.output {
        // One document a line, as they may go on for ever.
        Output::Json => lines(events, |event| serde_json::to_string(event).unwrap_or_default()),
        Output::Yaml => {
            lines(events, |event| format!("---\n{}", crate::ui::data::yaml(event).unwrap_or_default().trim_end()))
        }
        Output::Name => lines(events, Event::subject),
        Output::Text | Output::Wide if follows => lines(events, told),
        Output::Text | Output::Wide => table(events, tail, Timestamp::now()).render(),
    };
    Ok(context.ui.answer(&text)?)
}

fn lines(events: &[Event], line: impl Fn(&Event) -> String) -> String {
    events.iter().map(|event| line(event) + "\n").collect()
}

/// An event as a line of its own.
fn told(event: &Event) -> String {
    let at = event.at.strftime("%H:%M:%SZ");
    let style = if event.severity == Severity::Warning { BAD } else { PLAIN };
    let reason = paint(style, &event.reason);
    format!("{} {} {reason}: {}", paint(FAINT, at), paint(NAME, event.subject()), event.message)
}

/// Events as a table of so many rows, the last ones. Those that say the same share one.
fn table(events: &[Event], tail: usize, now: Timestamp) -> Table {
    let mut table = Table::new(["AGE", "OBJECT", "REASON", "MESSAGE"]);
    for told in last(events, tail) {
        let [reason, message] = words(&told.event);
        table.row([told.age(now).into(), told.event.subject().into(), reason, message]);
    }
    table
}

/// As [`table`], of one object, which need not be named.
pub(super) fn of_one(events: &[Event], tail: usize, now: Timestamp) -> Table {
    let mut table = Table::new(["AGE", "REASON", "MESSAGE"]);
    for told in last(events, tail) {
        let [reason, message] = words(&told.event);
        table.row([told.age(now).into(), reason, message]);
    }
    table
}

fn last(events: &[Event], tail: usize) -> impl Iterator<Item = Folded> {
    let folded = folded(events.iter().cloned());
    let skipped = folded.len().saturating_sub(tail);
    folded.into_iter().skip(skipped)
}

fn words(event: &Event) -> [Cell; 2] {
    let style = if event.severity == Severity::Warning { BAD } else { PLAIN };
    [Cell::styled(style, &event.reason), event.message.as_str().into()]
}

/// The file of events, and how far it has been read.
struct Followed {
    path: std::path::PathBuf,
    read: u64,
    /// The beginning of a line whose end was not written yet.
    rest: Vec<u8>,
}

impl Followed {
    fn of(chronicle: &Chronicle) -> Self {
        let path = chronicle.events_path();
        let read = std::fs::metadata(&path).map_or(0, |found| found.len());
        Self { path, read, rest: Vec::new() }
    }

    /// What was written since. A file that is shorter than before has begun anew.
    fn news(&mut self) -> Vec<Event> {
        let Ok(mut file) = std::fs::File::open(&self.path) else { return Vec::new() };
        if file.metadata().is_ok_and(|found| found.len() < self.read) {
            (self.read, self.rest) = (0, Vec::new());
        }
        let mut bytes = Vec::new();
        if file.seek(SeekFrom::Start(self.read)).and_then(|_| file.read_to_end(&mut bytes)).is_err() {
            return Vec::new();
        }
        self.read += u64::try_from(bytes.len()).unwrap_or_default();
        self.rest.append(&mut bytes);
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}
