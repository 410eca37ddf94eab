//! What the text as a whole must be: not too large, and free of control characters. Also where a block scalar ends.

use crate::{FileId, Limits, Position, Problem, Span};

/// The problem that keeps the text from being read at all.
pub(super) fn refuse(text: &str, file: FileId, limits: &Limits) -> Option<Problem> {
    let start = Span::new(file, Position::START, Position::START);
    if text.len() > limits.text || u32::try_from(text.len()).is_err() {
        let message = format!("the file has {} bytes; at most {} are read", text.len(), limits.text);
        return Some(Problem::new(start, message).with_help("split the file"));
    }
    let (offset, control) = text.char_indices().find(|(_, c)| is_refused(*c))?;
    let from = Position::START.after(text.get(..offset)?);
    let to =
        Position { offset: from.offset + u32::try_from(control.len_utf8()).ok()?, column: from.column + 1, ..from };
    let message = format!("control character U+{:04X}", u32::from(control));
    let help = r#"remove it, or write it as an escape in double quotes, such as "\u0007""#;
    Some(Problem::new(Span::new(file, from, to), message).with_help(help))
}

/// Control characters that no YAML reader takes. They come from binary files and truncated writes, and can steer terminals.
fn is_refused(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

/// A span without the white space at its end: a block scalar's reaches to the next token otherwise.
pub(super) fn trim_end(span: Span, text: &str) -> Span {
    let content = span.slice(text).unwrap_or_default().trim_end();
    Span { end: span.start.after(content), ..span }
}

/// The first tab that indents a line, from the line of a point on: the parser points behind it, or at what stands before it.
pub(super) fn indenting_tab(point: Position, file: FileId, text: &str) -> Option<Span> {
    let before = text.get(..point.offset as usize)?;
    let from = before.rfind('\n').map_or(0, |end| end + 1);
    let mut start = Position { offset: u32::try_from(from).ok()?, line: point.line, column: 1 };
    for line in text.get(from..)?.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.get(..line.len() - content.len())?;
        match indent.find('\t') {
            Some(tab) if !content.trim_end().is_empty() => {
                return Some(character_at(start.after(indent.get(..tab)?), file, text));
            }
            Some(_) | None => start = start.after(line),
        }
    }
    None
}

/// The span of the one character at a point, empty at the end of a line.
pub(super) fn character_at(point: Position, file: FileId, text: &str) -> Span {
    let rest = text.get(point.offset as usize..).unwrap_or_default();
    let width = rest.chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    let end = point.after(rest.get(..width).unwrap_or_default());
    Span::new(file, point, end)
}
