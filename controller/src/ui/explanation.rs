//! The documentation of a field, as text.

use std::fmt::Write as _;

use super::style::{FAINT, HINT, NAME, paint};
use super::wrap::hanging;
use skiff_api::explain::Explanation;

/// The path with its type, what it means, the words that it can be, and the fields below.
pub fn explanation(explanation: &Explanation, width: usize) -> String {
    let Explanation { path, type_name, required, description, fields, words } = explanation;
    let mut text = String::new();
    writeln!(text, "{}  {}{}", paint(NAME, path), paint(HINT, type_name), must(*required)).ok();
    paragraphs(&mut text, description, "  ", width);
    if !words.is_empty() {
        writeln!(text, "\n{}", paint(NAME, "It is one of")).ok();
    }
    for word in words {
        writeln!(text, "  {}", paint(NAME, &word.word)).ok();
        paragraphs(&mut text, &word.description, "      ", width);
    }
    if !fields.is_empty() {
        writeln!(text, "\n{}", paint(NAME, "Fields")).ok();
    }
    for field in fields {
        let (name, type_name) = (paint(NAME, &field.name), paint(HINT, &field.type_name));
        writeln!(text, "  {name}  {type_name}{}", must(field.required)).ok();
        paragraphs(&mut text, &field.description, "      ", width);
    }
    text
}

fn must(required: bool) -> String {
    if required { format!("  {}", paint(FAINT, "required")) } else { String::new() }
}

/// Text in lines that fit. Its own line breaks are those of a source file: only an empty line or an item begins anew.
fn paragraphs(text: &mut String, words: &str, indent: &str, width: usize) {
    let mut paragraphs: Vec<String> = Vec::new();
    for line in words.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !last.is_empty() && !line.is_empty() && !line.starts_with("- ") => {
                last.push(' ');
                last.push_str(line);
            }
            _ => paragraphs.push(line.to_owned()),
        }
    }
    for paragraph in paragraphs {
        let indent = if paragraph.is_empty() { "" } else { indent };
        writeln!(text, "{}", hanging(&format!("{indent}{paragraph}"), width, indent.len())).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstream::adapter::strip_str;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_field_is_explained_in_lines_that_fit() {
        let strategy = skiff_api::explain::explain("deployment.spec.strategy.type").expect("it exists");
        insta::assert_snapshot!(strip_str(&explanation(&strategy, 60)).to_string(), @r"
        deployment.spec.strategy.type  word
          Replace replicas a few at a time, or all at once.
          `RollingUpdate` unless said otherwise.

        It is one of
          RollingUpdate
              A few at a time, so that the others keep serving.
          Recreate
              All old ones go before the first new one starts.
        ");
        let deployment = skiff_api::explain::explain("deployment.spec").expect("it exists");
        let text = strip_str(&explanation(&deployment, 60)).to_string();
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
    }

    #[test]
    fn lines_break_where_the_terminal_ends_and_not_where_the_source_does() {
        let mut text = String::new();
        paragraphs(&mut text, "One\nsentence.\n\n- an item\n  goes on\n- another", "  ", 60);
        assert_eq!(text, "  One sentence.\n\n  - an item goes on\n  - another\n");
    }
}
