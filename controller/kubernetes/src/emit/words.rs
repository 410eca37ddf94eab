//! Passwords among the words of commands: they stand in the object, where everybody who may read it reads them.

use super::env::{holds_password, is_password};
use crate::ledger::Scope;
use crate::report::Verdict;

/// Says which words of a command hold a password: `--password=x`, `--password x`, `postgres://shop:x@db/shop`.
pub(super) fn told(words: &[String], key: &str, scope: &mut Scope<'_, '_>) {
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| words.get(before));
        if !holds_password(word) && !follows_option(before, word) {
            continue;
        }
        let why = "there is a password in it, which everybody reads who may read the object";
        let remedy = "have the program read it from a variable, whose value becomes a Secret, or from a file";
        scope.says(Verdict::Approximated, &format!("{key}/{index}"), key, why, remedy);
    }
}

/// Whether a word, or one within it, is what an option before it asks for.
fn follows_option(before: Option<&String>, word: &str) -> bool {
    let words: Vec<&str> = before.into_iter().map(String::as_str).chain(word.split_ascii_whitespace()).collect();
    words.windows(2).any(|pair| match pair {
        [option, value] => option.strip_prefix('-').is_some_and(is_password) && is_said(value),
        _ => false,
    })
}

/// Whether a word says something by itself, and is neither another option nor a variable of a shell.
fn is_said(value: &str) -> bool {
    let value = value.trim_start_matches(['"', '\'']);
    !value.is_empty() && !value.starts_with(['-', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_word_behind_its_option_unless_a_shell_puts_it_there() {
        let follows = |before: &str, word: &str| follows_option(Some(&before.to_owned()), word);
        assert!(follows("--password", "x") && follows("-requirepass", "x") && follows("sh", "redis --requirepass x"));
        assert!(!follows("--password", "$X") && !follows("--password", "--quiet") && !follows("--password-file", "x"));
        assert!(!follows("sh", "serve --password \"$X\"") && !follows_option(None, "x"));
    }
}
