//! The colours, by what they mean.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// It is well, or it comes.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// It changes, or it waits.
pub const CHANGE: Style = AnsiColor::Yellow.on_default();
/// It failed, or it goes.
pub const BAD: Style = AnsiColor::Red.on_default();
/// The word `error`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The word `warning`.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What to do, and links.
pub const HINT: Style = AnsiColor::Cyan.on_default();
/// Names of objects.
pub const NAME: Style = Style::new().bold();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
/// Nothing.
pub const PLAIN: Style = Style::new();

/// Colours that tell replicas apart; red is left to errors.
pub const REPLICAS: [Style; 10] = [
    AnsiColor::Cyan.on_default(),
    AnsiColor::Yellow.on_default(),
    AnsiColor::Green.on_default(),
    AnsiColor::Magenta.on_default(),
    AnsiColor::Blue.on_default(),
    AnsiColor::BrightCyan.on_default(),
    AnsiColor::BrightYellow.on_default(),
    AnsiColor::BrightGreen.on_default(),
    AnsiColor::BrightMagenta.on_default(),
    AnsiColor::BrightBlue.on_default(),
];

/// Text in a style.
pub fn paint(style: Style, text: impl fmt::Display) -> String {
    if style == PLAIN { text.to_string() } else { format!("{style}{text}{style:#}") }
}
