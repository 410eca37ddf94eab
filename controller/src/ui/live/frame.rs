//! One drawing of the view, and the lines that stand for it where there is no terminal. Time is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;
use skiff_api::ObjectKey;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{ObjectEvent, State};
use crate::ui::age;
use crate::ui::style::{BAD, CHANGE, FAINT, GOOD, NAME, PLAIN, paint};

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What a line needs beside the name: marks, gaps, the elapsed time, and a few words. A name that leaves less is cut, because a line
/// that is broken by the terminal is no longer one, and what is drawn would not fit.
const BESIDE_NAME: usize = 2 + 4 + 12 + 12;
/// So much of a name is shown on any terminal.
const LEAST_OF_NAME: usize = 8;

/// All objects that something happened to.
#[derive(Debug, Default)]
pub(super) struct Objects {
    objects: BTreeMap<ObjectKey, Seen>,
}

#[derive(Debug)]
struct Seen {
    what: String,
    state: State,
    progress: Option<(u64, u64)>,
    first: Duration,
    ended: Option<Duration>,
}

impl Objects {
    /// Takes in an event and returns the line that tells of it; none where only a percentage changed.
    pub(super) fn take(&mut self, event: ObjectEvent, now: Duration) -> Option<String> {
        let ObjectEvent { object, what, state, progress } = event;
        let first = self.objects.get(&object).map_or(now, |seen| seen.first);
        let is_new = self.objects.get(&object).is_none_or(|seen| seen.what != what || seen.state != state);
        let ended = matches!(state, State::Ready | State::Failed).then_some(now);
        let line = is_new.then(|| plain_line(&object, &what, state, now));
        self.objects.insert(object, Seen { what, state, progress, first, ended });
        line
    }

    /// The lines of a drawing that fits: what is done makes room for what is not.
    pub(super) fn frame(&self, now: Duration, width: usize, height: usize) -> Vec<String> {
        let longest = self.objects.keys().map(|key| key.to_string().width()).max().unwrap_or(0);
        let name_width = longest.min(width.saturating_sub(BESIDE_NAME).max(LEAST_OF_NAME));
        let fold = self.objects.len() > height.max(2);
        let ready = self.objects.values().filter(|seen| seen.state == State::Ready).count();
        let mut rows: Vec<_> = self.objects.iter().filter(|(_, seen)| !fold || seen.state != State::Ready).collect();
        let mut lines = Vec::new();
        if fold && ready > 0 {
            lines.push(paint(GOOD, format_args!("✓ {ready} of {} ready", self.objects.len())));
        }
        let room = height.max(2).saturating_sub(lines.len() + 1);
        if fold && rows.len() > room {
            rows.sort_by_key(|(_, seen)| urgency(seen.state));
        }
        let hidden = if fold { rows.len().saturating_sub(room) } else { 0 };
        rows.truncate(rows.len() - hidden);
        // A mark and a blank, two gaps of two, and an elapsed time of at most twelve columns.
        let room = width.saturating_sub(2 + name_width + 4 + 12);
        let words: Vec<_> = rows.iter().map(|(_, seen)| cut(&seen.words(), room)).collect();
        let words_width = words.iter().map(|words| words.width()).max().unwrap_or(0);
        let columns = Columns { name: name_width, words: words_width, now };
        lines.extend(rows.into_iter().zip(&words).map(|((key, seen), words)| seen.line(key, words, &columns)));
        if hidden > 0 {
            lines.push(paint(FAINT, format_args!("  and {hidden} more")));
        }
        lines
    }
}

/// What all lines of a drawing have in common.
struct Columns {
    name: usize,
    words: usize,
    now: Duration,
}

impl Seen {
    fn words(&self) -> String {
        let first = self.what.lines().next().unwrap_or_default();
        match self.progress {
            Some((done, total)) if total > 0 => format!("{first} {} %", percent(done, total)),
            Some(_) | None => first.to_owned(),
        }
    }

    fn line(&self, key: &ObjectKey, words: &str, columns: &Columns) -> String {
        let (mark, style) = mark(self.state, columns.now);
        let elapsed = age::took(self.ended.unwrap_or(columns.now).saturating_sub(self.first));
        let name = cut(&key.to_string(), columns.name);
        let name_gap = " ".repeat(columns.name.saturating_sub(name.width()));
        let words_gap = " ".repeat(columns.words.saturating_sub(words.width()));
        let (mark, name) = (paint(style, mark), paint(NAME, name));
        let words = paint(style_of_words(self.state), words);
        format!("{mark} {name}{name_gap}  {words}{words_gap}  {}", paint(FAINT, format_args!("{elapsed:>6}")))
    }
}

const fn urgency(state: State) -> u8 {
    match state {
        State::Failed => 0,
        State::Working => 1,
        State::Waiting => 2,
        State::Ready => 3,
    }
}

const fn style_of_words(state: State) -> Style {
    match state {
        State::Waiting => FAINT,
        State::Working | State::Ready => PLAIN,
        State::Failed => BAD,
    }
}

fn mark(state: State, now: Duration) -> (&'static str, Style) {
    let turn = usize::try_from(now.as_millis() / 100).unwrap_or(0) % SPINNER.len();
    match state {
        State::Waiting => ("·", FAINT),
        State::Working => (SPINNER.get(turn).copied().unwrap_or("*"), CHANGE),
        State::Ready => ("✓", GOOD),
        State::Failed => ("✗", BAD),
    }
}

fn plain_line(object: &ObjectKey, what: &str, state: State, now: Duration) -> String {
    let words = match state {
        State::Failed => paint(BAD, format_args!("failed: {what}")),
        State::Ready => paint(GOOD, what),
        State::Waiting | State::Working => what.to_owned(),
    };
    format!("{} {}: {words}", paint(FAINT, format_args!("[{:>7}]", age::took(now))), paint(NAME, object))
}

fn percent(done: u64, total: u64) -> u128 {
    (u128::from(done) * 100 / u128::from(total.max(1))).min(100)
}

/// At most so many columns, with `…` where something is missing.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or(0);
        used <= columns
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}
