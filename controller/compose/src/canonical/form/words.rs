//! Command lines: split as a shell splits them, without running one.

use skiff_yaml::{Node, Value};

use super::{Context, text};

/// A command: a list stays, a text is split into words.
pub(crate) fn command(mut node: Node, context: &mut Context<'_>) -> Node {
    let Some(line) = node.text() else { return node };
    let place = node.place();
    if let Some(words) = split(&line) {
        node.set(Value::Sequence(words.into_iter().map(|word| Node::new(text(word), place)).collect()));
        return node;
    }
    let complaint = context.problems.wrong(place, "a quote of this command is not closed");
    complaint.help("close it, or write the command as a list");
    Node::new(Value::Null, place)
}

/// A health test: a text is for the shell.
pub(crate) fn health_test(mut node: Node, _: &mut Context<'_>) -> Node {
    let Some(line) = node.text() else { return node };
    let words = [text("CMD-SHELL"), text(line)].map(|word| Node::new(word, node.place()));
    node.set(Value::Sequence(words.into()));
    node
}

/// The words of a line: quotes and backslashes as in a shell, variables as they stand.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => match chars.next() {
                Some('\n') => {}
                Some(other) => word.get_or_insert_default().push(other),
                None => return None,
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

fn quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' => return Some(()),
            '\\' => match chars.next()? {
                '\n' => {}
                other @ ('"' | '\\' | '$' | '`') => word.push(other),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_is_split_as_a_shell_would() {
        let words = |line: &str| split(line).map(|words| words.join("|"));
        assert_eq!(words("a  b\tc").as_deref(), Some("a|b|c"));
        assert_eq!(words("sh -c 'echo \"$HOME\"'").as_deref(), Some("sh|-c|echo \"$HOME\""));
        assert_eq!(words("a\"b c\"d ''").as_deref(), Some("ab cd|"));
        assert_eq!(words("a\\ b \"\\\"\\x\"").as_deref(), Some("a b|\"\\x"));
        assert_eq!(words("").as_deref(), Some(""));
        assert_eq!(words("a 'b"), None);
        assert_eq!(words("a \"b"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "('|\"|\\\\| |\\PC){0,40}") {
            split(&line);
        }
    }
}
