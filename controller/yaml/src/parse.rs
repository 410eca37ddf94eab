//! One file's text → its documents and everything that is wrong with it.
//!
//! A mistake costs its own document only: the ones before it stand, and reading goes on at the next `---`. A document with
//! a mistake of meaning (a key twice, an unknown tag) is still yielded, marked unsound, so that its owner can be named; it
//! must not be applied. Costs are bounded by counting: text, depth, documents, and values and text *after* aliases are
//! expanded.

use crate::{FileId, Node, Problem, Profile, Span};

mod expand;
mod graph;
mod reader;
mod syntax;
mod tag;
#[cfg(test)]
mod tests;
mod text;

/// What a file may cost at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text. Check a file's size before reading it, too.
    pub text: usize,
    /// Collections inside each other, aliases expanded. The reader recurses this deep, so keep it below some hundreds.
    pub depth: usize,
    /// Values in the whole file, aliases expanded.
    pub nodes: usize,
    /// Bytes of keys and scalars in the whole file, aliases expanded.
    pub expanded: usize,
    /// Documents, empty ones counted.
    pub documents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text: 1 << 20, depth: 64, nodes: 100_000, expanded: 16 << 20, documents: 10_000 }
    }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Its documents that are not empty, in order. Those that syntax or a limit broke are missing.
    pub documents: Vec<Document>,
    /// All its mistakes, in order.
    pub problems: Vec<Problem>,
}

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Which of the file's documents it is, from 0, empty and broken ones counted.
    pub index: usize,
    /// Its content.
    pub root: Node,
    /// Whether nothing is wrong with it. An unsound tree may lack parts: it serves to tell whose it is, no more.
    pub sound: bool,
}

/// Reads YAML or JSON. Total: whatever is wrong with `text` is among the problems.
pub fn parse(text: &str, file: FileId, profile: Profile, limits: &Limits) -> Parsed {
    if let Some(problem) = text::refuse(text, file, limits) {
        return Parsed { documents: Vec::new(), problems: vec![problem] };
    }
    reader::read(&Source { text, file, profile, limits })
}

/// What every step of reading needs to know.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    file: FileId,
    profile: Profile,
    limits: &'a Limits,
}

/// Why a document, or the rest of the file, is given up.
#[derive(Debug)]
enum Halt {
    /// Only this document.
    Document(Box<Problem>),
    /// A bound of the whole file is reached.
    File(Box<Problem>),
}

impl Halt {
    fn depth(span: Span, limits: &Limits) -> Self {
        let message = format!("collections are nested more than {} deep", limits.depth);
        Self::Document(Box::new(Problem::new(span, message)))
    }

    fn nodes(span: Span, limits: &Limits) -> Self {
        let message = format!("the file holds more than {} values once its aliases are expanded", limits.nodes);
        Self::File(Box::new(Problem::new(span, message).with_help("split the file, or use fewer aliases")))
    }

    fn expanded(span: Span, limits: &Limits) -> Self {
        let message =
            format!("the file holds more than {} bytes of text once its aliases are expanded", limits.expanded);
        Self::File(Box::new(Problem::new(span, message).with_help("split the file, or use fewer aliases")))
    }
}
