//! The edge to people: stdout is the answer, stderr is the talk.
//!
//! Everything is rendered with colours; the streams take them out where they are not wanted. Nothing here decides.

use std::io::{self, IsTerminal, LineWriter, Write};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};

pub mod age;
pub mod data;
pub mod description;
pub mod explanation;
pub mod failure;
pub mod folded;
pub mod live;
pub mod mistakes;
pub mod objects;
pub mod plan;
pub mod problem;
pub mod style;
pub mod table;
pub mod wrap;

/// So many of what has a regular plural: `1 object`, `2 objects`.
pub fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// A stream that a test can replace.
type Stream = AutoStream<Box<dyn Write + Send>>;

/// The two streams, and what is known of the terminal.
pub struct Ui {
    stdout: Stream,
    stderr: Stream,
    /// Whether the answer goes to a terminal.
    pub stdout_is_terminal: bool,
    /// Whether the talk goes to a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal; 100 where there is none.
    pub width: usize,
    /// Rows of the terminal; 24 where there is none.
    pub height: usize,
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui").field("width", &self.width).finish_non_exhaustive()
    }
}

impl Ui {
    /// The streams of the process.
    pub fn of_process(color: ColorChoice) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (stdout_is_terminal, stderr_is_terminal) = (stdout.is_terminal(), stderr.is_terminal());
        // What `auto` means depends on the real stream, which a boxed one no longer shows.
        let out_choice = resolve(color, || AutoStream::choice(&stdout));
        let err_choice = resolve(color, || AutoStream::choice(&stderr));
        let (width, height) = terminal_size().unwrap_or((100, 24));
        Self {
            stdout: AutoStream::new(Box::new(stdout), out_choice),
            // Without colours the text comes in pieces: a line is one write, for whoever reads along and for the sake of speed.
            stderr: AutoStream::new(Box::new(LineWriter::new(stderr)), err_choice),
            stdout_is_terminal,
            stderr_is_terminal,
            width,
            height,
        }
    }

    /// Writes a part of the answer, line breaks included.
    ///
    /// # Errors
    /// When stdout cannot be written, a closed pipe included.
    pub fn answer(&mut self, text: &str) -> io::Result<()> {
        self.stdout.write_all(text.as_bytes())?;
        self.stdout.flush()
    }

    /// Says something that is not the answer, a line or more. Nothing can be done where it cannot be said.
    pub fn say(&mut self, text: &str) {
        let fitting = self.stderr_is_terminal.then(|| wrap::wrap(text, self.width));
        let text = fitting.as_deref().unwrap_or(text);
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.stderr.write_all(format!("{text}{end}").as_bytes()).ok();
    }

    /// Text as the talk would show it, for what draws on the terminal by itself.
    pub fn for_talk(&self, text: &str) -> String {
        if self.talk_is_coloured() { text.to_owned() } else { strip_str(text).to_string() }
    }

    /// Whether the answer is coloured.
    pub fn stdout_is_coloured(&self) -> bool {
        !matches!(self.stdout.current_choice(), ColorChoice::Never)
    }

    /// Whether the talk is coloured.
    pub fn talk_is_coloured(&self) -> bool {
        !matches!(self.stderr.current_choice(), ColorChoice::Never)
    }
}

fn resolve(color: ColorChoice, auto: impl FnOnce() -> ColorChoice) -> ColorChoice {
    match color {
        ColorChoice::Auto => auto(),
        ColorChoice::Always | ColorChoice::AlwaysAnsi | ColorChoice::Never => color,
    }
}

/// Columns and rows of whichever stream is a terminal.
fn terminal_size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).or_else(|_| rustix::termios::tcgetwinsize(io::stderr()));
    size.ok().map(|size| (usize::from(size.ws_col), usize::from(size.ws_row))).filter(|(columns, _)| *columns > 0)
}
