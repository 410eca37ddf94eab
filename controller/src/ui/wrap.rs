//! Sentences in lines that fit a terminal, broken between words; what follows the first line of a sentence hangs below it.
//!
//! For the talk and for documentation. A table is never wrapped: its lines are searched and pasted.

use anstream::adapter::strip_str;
use unicode_width::UnicodeWidthStr;

/// How much further than its first line the rest of a sentence is indented.
const HANG: usize = 2;

/// Text whose lines fit; those that fit anyway stay as they are.
pub fn wrap(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let indent = line.chars().take_while(|letter| *letter == ' ').count();
        hanging(line, width, indent + HANG)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One line as several that fit, all but the first indented so far. A word that does not fit by itself is left whole.
pub fn hanging(line: &str, width: usize, indent: usize) -> String {
    if seen(line) <= width {
        return line.to_owned();
    }
    // On a very narrow terminal a deep indent would leave no room for words.
    let indent = indent.min(width / 2);
    let words = line.trim_start_matches(' ');
    let mut text = " ".repeat(line.len() - words.len());
    let (mut used, mut is_first) = (text.len(), true);
    for word in words.split(' ') {
        let room = used + 1 + seen(word) <= width;
        if is_first {
            is_first = false;
        } else if room {
            text.push(' ');
            used += 1;
        } else {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            used = indent;
        }
        text.push_str(word);
        used += seen(word);
    }
    text
}

/// How many columns it takes; colours take none.
fn seen(text: &str) -> usize {
    strip_str(text).to_string().width()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::style::{HINT, paint};

    #[test]
    fn what_fits_stays_as_it_is() {
        let text = "a  b\n\n    c\n";
        assert_eq!(wrap(text, 20), text);
    }

    #[test]
    fn a_sentence_is_broken_between_words_and_hangs_below_its_beginning() {
        let text = format!("error: the engine did not answer\n  {} `skiff doctor` looks", paint(HINT, "help:"));
        let wrapped = strip_str(&wrap(&text, 20)).to_string();
        insta::assert_snapshot!(wrapped, @r"
        error: the engine
          did not answer
          help: `skiff
            doctor` looks
        ");
    }

    #[test]
    fn a_word_that_does_not_fit_is_left_whole() {
        assert_eq!(wrap("see /a/very/long/path/of/a/file here", 10), "see\n  /a/very/long/path/of/a/file\n  here");
    }
}
