//! The terminal while another one is shown through it: raw, and restored however we end.

use std::io;
use std::sync::Mutex;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// What the terminal was like before; here and not in the guard, so that a panic finds it where nothing is unwound.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal passes every key on, until this is dropped.
#[derive(Debug)]
pub(in crate::cli) struct RawTerminal;

impl RawTerminal {
    /// Makes the terminal raw.
    ///
    /// # Errors
    /// When stdin is not a terminal.
    pub(in crate::cli) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        if let Ok(mut place) = BEFORE.lock() {
            *place = Some(before);
        }
        restore_on_panic();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let before = BEFORE.lock().ok().and_then(|mut before| before.take());
    if let Some(before) = before {
        // A terminal that has gone needs no restoring.
        tcsetattr(io::stdin(), OptionalActions::Now, &before).ok();
    }
}

fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        report(panic);
    }));
}

/// Whether stdin is a terminal.
pub(super) fn is_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stdin())
}

/// Rows and columns.
pub(super) fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdin()).or_else(|_| tcgetwinsize(io::stdout())).ok()?;
    Some((size.ws_row, size.ws_col))
}
