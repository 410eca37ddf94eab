//! The stream of events → documents: keeps what is whole, reports what is not, and goes on at the next `---`.

use std::cmp::Ordering;

use granit_parser::{Event, Parser, StrInput};

use super::expand::{At, Expander, Spent};
use super::graph::{self, Graph};
use super::{Document, Halt, Parsed, Source, syntax};
use crate::{Problem, Span};

/// More than these nobody reads, and a file made of mistakes would fill a screen and the memory.
const MAX_PROBLEMS: usize = 1_000;

/// Reads all documents of a text that may be read.
pub(super) fn read(source: &Source<'_>) -> Parsed {
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    // One more than ours, so that the limit is reported in our words.
    options.flow_nesting_limit = source.limits.depth.saturating_add(1);
    options.block_nesting_limit = source.limits.depth.saturating_add(1);
    // YAML's limit of 1024 would refuse JSON with long keys.
    options.simple_key_max_lookahead = source.text.len().max(1024);
    let parser = Parser::new_from_str_with_options(source.text, options);
    let parsed = Parsed { documents: Vec::new(), problems: Vec::new() };
    let mut reader = Reader { source, parser, parsed, spent: Spent::default(), started: 0, implicit_end: None };
    while reader.step() {}
    reader.parsed
}

struct Reader<'a> {
    source: &'a Source<'a>,
    parser: Parser<'a, StrInput<'a>>,
    parsed: Parsed,
    spent: Spent,
    /// Documents begun.
    started: usize,
    /// The document that has just ended without `...`, if nothing came behind it yet.
    implicit_end: Option<usize>,
}

impl Reader<'_> {
    /// Reads up to the end of a document. `false` when nothing more is to be read.
    fn step(&mut self) -> bool {
        match self.parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => false,
            Some(Ok((Event::DocumentStart(..), at))) => self.document(at),
            Some(Ok(_)) => true,
            Some(Err(error)) => {
                if !self.doubt_the_last() {
                    self.started += 1;
                }
                self.report(syntax::problem(&error, self.source));
                self.recover()
            }
        }
    }

    fn document(&mut self, at: granit_parser::Span) -> bool {
        self.implicit_end = None;
        self.started += 1;
        if self.started > self.source.limits.documents {
            let start = graph::position(&at.start);
            let message = format!("the file holds more than {} documents", self.source.limits.documents);
            let problem = Problem::new(Span::new(self.source.file, start, graph::position(&at.end)), message);
            self.parsed.problems.push(problem.with_help("split the file"));
            return false;
        }
        match self.graph() {
            Ok(graph) => self.expand(graph),
            Err(halt) => self.halt(halt),
        }
    }

    fn graph(&mut self) -> Result<Graph, Halt> {
        let mut graph = Graph::default();
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::DocumentEnd, at))) => {
                    let implicit = at.start == at.end;
                    self.implicit_end = implicit.then(|| self.started.saturating_sub(1));
                    return Ok(graph);
                }
                None | Some(Ok((Event::StreamEnd, _))) => return Ok(graph),
                Some(Ok((event, at))) => graph.take(event, at, self.source)?,
                Some(Err(error)) => {
                    return Err(Halt::Document(Box::new(syntax::problem(&error, self.source))));
                }
            }
        }
    }

    fn expand(&mut self, mut graph: Graph) -> bool {
        if graph.is_empty() {
            return true;
        }
        let mut problems = std::mem::take(&mut graph.problems);
        let mut expander =
            Expander { graph: &graph, source: self.source, spent: &mut self.spent, problems: &mut problems };
        let root = expander.node(0, At::default());
        problems.sort_by_key(|problem| problem.span);
        let sound = problems.is_empty();
        for problem in problems {
            self.report(problem);
        }
        match root {
            Ok(Some(root)) => {
                self.parsed.documents.push(Document { index: self.started.saturating_sub(1), root, sound });
                true
            }
            Ok(None) => true,
            Err(Halt::Document(problem)) => {
                self.report(*problem);
                true
            }
            Err(halt @ Halt::File(_)) => self.halt(halt),
        }
    }

    fn halt(&mut self, halt: Halt) -> bool {
        match halt {
            Halt::Document(problem) => {
                self.report(*problem);
                self.recover()
            }
            Halt::File(problem) => {
                self.report(*problem);
                false
            }
        }
    }

    /// The parser ends a document at a line that it cannot continue with, and complains only then: what it took for a whole
    /// document is half of one.
    ///
    /// Whether there is such a document: then the error is its own, else that of one that has not begun yet.
    fn doubt_the_last(&mut self) -> bool {
        let Some(index) = self.implicit_end else {
            return false;
        };
        if let Some(last) = self.parsed.documents.last_mut().filter(|last| last.index == index) {
            last.sound = false;
        }
        true
    }

    fn report(&mut self, mut problem: Problem) {
        problem.document = self.started.checked_sub(1);
        match self.parsed.problems.len().cmp(&MAX_PROBLEMS) {
            Ordering::Less => self.parsed.problems.push(problem),
            Ordering::Equal => {
                self.parsed.problems.push(Problem::new(problem.span, "more problems follow from here on"));
            }
            Ordering::Greater => {}
        }
    }

    fn recover(&mut self) -> bool {
        self.implicit_end = None;
        self.started <= self.source.limits.documents && self.parser.proceed_next_document().unwrap_or(false)
    }
}
