//! Syntax errors in people's words, with what to do.

use granit_parser::{ErrorKind, ScanError};

use super::{Halt, Source, graph, text};
use crate::Problem;

/// The parser's error as a problem.
pub(super) fn problem(error: &ScanError, source: &Source<'_>) -> Problem {
    let point = graph::position(error.marker());
    let span = text::character_at(point, source.file, source.text);
    if error.kind() == &ErrorKind::RecursionLimitExceeded
        && let Halt::Document(problem) | Halt::File(problem) = Halt::depth(span, source.limits)
    {
        return *problem;
    }
    let indented = text::indenting_tab(point, source.file, source.text);
    let problem = match (indented, error.kind()) {
        (
            Some(tab),
            ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart,
        ) => return Problem::new(tab, "a tab indents this line").with_help(TABS),
        // The line is not where it seems to be.
        (Some(tab), ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry)
            if tab.start.line == point.line =>
        {
            return Problem::new(tab, "a tab indents this line").with_help(TABS);
        }
        _ => Problem::new(span, error.info()),
    };
    match help(error.kind()) {
        Some(help) => problem.with_help(help),
        None => problem,
    }
}

const TABS: &str = "indent with spaces; YAML does not allow tabs there";

fn help(kind: &ErrorKind) -> Option<&'static str> {
    let remedies = [
        (ErrorKind::TabInBlockIndentation, TABS),
        (ErrorKind::TabInIndentation, TABS),
        (ErrorKind::TabNotAllowed, TABS),
        (ErrorKind::TabInPlainScalar, "write a space in the place of the tab, or put the value in quotes"),
        (ErrorKind::TabAtBlockScalarStart, TABS),
        (ErrorKind::MappingValueNotAllowed, "put a value that holds `: ` in quotes, or check the indentation"),
        (ErrorKind::ExpectedBlockMappingKey, "check the indentation of this line against the lines above"),
        (ErrorKind::ExpectedBlockSequenceEntry, "check the indentation of this line against the lines above"),
        (ErrorKind::ExpectedDocumentStart, "check the indentation of this line, or start a new document with `---`"),
        (ErrorKind::InvalidQuotedScalarIndent, "close the quotes, or indent the lines that continue them"),
        (ErrorKind::UnclosedQuotedScalar, "close the quotes"),
        (ErrorKind::DocumentIndicatorInQuotedScalar, "close the quotes before the document ends"),
        (ErrorKind::UnknownQuotedScalarEscape, "write a backslash as `\\\\`, or use single quotes"),
        (ErrorKind::SimpleKeyExpected, "a key needs a `:` and a space behind it"),
    ];
    let known = remedies.iter().find(|(known, _)| known == kind).map(|(_, remedy)| *remedy);
    if matches!(kind, ErrorKind::UnexpectedCharacter { .. }) {
        return Some("put the value in quotes");
    }
    if matches!(kind, ErrorKind::UnclosedFlowCollection { .. }) {
        return Some("close it, or put the value in quotes");
    }
    known
}
