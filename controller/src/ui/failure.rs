//! An error with its causes, as a person reads it.

use std::error::Error;
use std::fmt::Write as _;

use super::style::{ERROR, FAINT, HINT, WARNING, paint};
use crate::cli::CliError;

/// `error: …`, a line for each cause, and what to do.
pub fn failure(error: &CliError) -> String {
    let mut text = format!("{} {error}\n", paint(ERROR, "error:"));
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Libraries like to repeat their cause in their own words.
        if !said.contains(&words) {
            line(&mut text, &paint(FAINT, "caused by:"), &words);
        }
        said = words;
        cause = error.source();
    }
    if let Some(help) = error.help() {
        line(&mut text, &paint(HINT, "help:"), help);
    }
    text
}

/// `warning: …`.
pub fn warning(message: &str) -> String {
    format!("{} {message}\n", paint(WARNING, "warning:"))
}

/// An indented line; what is longer than one line stays indented.
fn line(text: &mut String, word: &str, words: &str) {
    let words = words.trim_end().replace('\n', "\n    ");
    writeln!(text, "  {word} {words}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstream::adapter::strip_str;

    #[test]
    fn the_chain_of_causes_and_the_remedy_stand_below_the_error() {
        let cause = std::io::Error::other("disk\nfull");
        let error = CliError::failed("cannot write the state", cause).with_help("make room");
        insta::assert_snapshot!(strip_str(&failure(&error)).to_string(), @r"
        error: cannot write the state
          caused by: disk
            full
          help: make room
        ");
    }
}
