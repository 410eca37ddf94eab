//! Where something stands: a file, and a range in it by byte, line and column.
//!
//! Numbers are `u32` because every node carries them; [`parse`](crate::parse()) refuses text that they could not address.

use std::fmt;
use std::ops::Range;

/// A file, as the caller numbered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// One point in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Bytes from the start of the text.
    pub offset: u32,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The start of every file.
    pub const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The point behind `text`, which stands at this one.
    pub(crate) fn after(mut self, text: &str) -> Self {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            self.offset += u32::try_from(c.len_utf8()).unwrap_or(0);
            if c == '\n' || (c == '\r' && chars.peek() != Some(&'\n')) {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A range in a file; empty where a value is absent (`key:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first character.
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
}

impl Span {
    /// The range between two points of a file.
    pub const fn new(file: FileId, start: Position, end: Position) -> Self {
        Self { file, start, end }
    }

    /// The byte range, as miette and `str::get` want it.
    pub fn range(&self) -> Range<usize> {
        self.start.offset as usize..self.end.offset as usize
    }

    /// The source text that the range covers, if `text` is what was parsed.
    pub fn slice<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(self.range())
    }
}
