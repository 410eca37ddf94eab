//! One document's events → a flat graph in which an alias is a reference.
//!
//! Expanding waits for the next step, so that nothing is copied before its cost is counted. An alias can only refer to what
//! is finished: one that refers to what it stands in is a problem, so the graph has no cycles.

use std::collections::BTreeMap;

use granit_parser::{Event, Marker, ScalarStyle, StructureStyle};

use super::tag::Tag;
use super::{Halt, Source, text};
use crate::{Position, Problem, Span, Style};

/// A document before its aliases are expanded.
#[derive(Debug, Default)]
pub(super) struct Graph {
    items: Vec<Raw>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, usize>,
    /// Mistakes found on the way.
    pub(super) problems: Vec<Problem>,
}

#[derive(Debug)]
pub(super) struct Raw {
    pub(super) span: Span,
    /// The tag and where it stands.
    pub(super) tag: Option<(Tag, Span)>,
    pub(super) style: Style,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar(String),
    Sequence(Vec<usize>),
    /// Keys and values.
    Mapping(Vec<(usize, usize)>),
    Alias(usize),
    /// An alias of nothing; already reported.
    Nothing,
}

/// A collection that is being read.
#[derive(Debug)]
struct Open {
    index: usize,
    key: Option<usize>,
}

impl Graph {
    pub(super) fn get(&self, index: usize) -> Option<&Raw> {
        self.items.get(index)
    }

    /// Whether the document holds nothing: no node at all, or an empty one without tag and anchor.
    pub(super) fn is_empty(&self) -> bool {
        let [root] = self.items.as_slice() else {
            return self.items.is_empty();
        };
        let absent = root.span.start == root.span.end && root.tag.is_none() && root.style == Style::Plain;
        absent && self.anchors.is_empty() && matches!(root.content, Content::Scalar(_))
    }

    /// Takes one event of the document.
    pub(super) fn take(&mut self, event: Event<'_>, at: granit_parser::Span, source: &Source<'_>) -> Result<(), Halt> {
        let span = place(&at, source);
        let tagged = |tag| {
            let tag_span = at.tag_span().map_or(span, |tag| place(&tag, source));
            Tag::of(tag, source.profile).map(|tag| (tag, tag_span))
        };
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let raw = scalar(&value, style, tagged(tag), span, source);
                self.add(raw, anchor, source).map(drop)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let content = Content::Sequence(Vec::new());
                self.start(Raw { span, tag: tagged(tag), style: style_of(style), content }, anchor, source)
            }
            Event::MappingStart(style, anchor, tag) => {
                let content = Content::Mapping(Vec::new());
                self.start(Raw { span, tag: tagged(tag), style: style_of(style), content }, anchor, source)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.finish(span);
                Ok(())
            }
            Event::Alias(anchor) => {
                let content = self.target(anchor, span);
                self.add(Raw { span, tag: None, style: Style::Plain, content }, 0, source).map(drop)
            }
            Event::UnresolvedAlias(_) => {
                let problem = Problem::new(span, "this alias has no anchor above it");
                let help = "mark the value that it stands for with `&` and the alias's name, or put text that begins with `*` in quotes";
                self.problems.push(problem.with_help(help));
                self.add(Raw { span, tag: None, style: Style::Plain, content: Content::Nothing }, 0, source).map(drop)
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::Comment(..)
            | _ => Ok(()),
        }
    }

    fn target(&mut self, anchor: usize, span: Span) -> Content {
        let Some(index) = self.anchors.get(&anchor).copied() else {
            return Content::Nothing;
        };
        if self.open.iter().any(|open| open.index == index) {
            let definition = self.get(index).map_or(span, |raw| raw.span);
            let problem = Problem::new(span, "an alias refers to a value that it is part of");
            self.problems.push(problem.with_label(definition, "the value starts here"));
            return Content::Nothing;
        }
        Content::Alias(index)
    }

    fn start(&mut self, raw: Raw, anchor: usize, source: &Source<'_>) -> Result<(), Halt> {
        let span = raw.span;
        let index = self.add(raw, anchor, source)?;
        self.open.push(Open { index, key: None });
        if self.open.len() > source.limits.depth { Err(Halt::depth(span, source.limits)) } else { Ok(()) }
    }

    fn add(&mut self, raw: Raw, anchor: usize, source: &Source<'_>) -> Result<usize, Halt> {
        let index = self.items.len();
        // A mapping's entry is two items here and one value later.
        if index >= source.limits.nodes.saturating_mul(2) {
            return Err(Halt::nodes(raw.span, source.limits));
        }
        self.items.push(raw);
        if anchor != 0 {
            self.anchors.insert(anchor, index);
        }
        self.attach(index);
        Ok(index)
    }

    fn attach(&mut self, index: usize) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let Some(parent) = self.items.get_mut(open.index) else {
            return;
        };
        match &mut parent.content {
            Content::Sequence(items) => items.push(index),
            Content::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, index)),
                None => open.key = Some(index),
            },
            Content::Scalar(_) | Content::Alias(_) | Content::Nothing => {}
        }
    }

    /// Closes the innermost collection. One in brackets ends there; an indented one ends with its last value, as the
    /// parser notices its end only at the next token.
    fn finish(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let Some(raw) = self.get(open.index) else {
            return;
        };
        let last = match &raw.content {
            Content::Sequence(items) => items.last().copied(),
            Content::Mapping(entries) => entries.last().map(|(_, value)| *value),
            Content::Scalar(_) | Content::Alias(_) | Content::Nothing => None,
        };
        let last_end = last.and_then(|last| self.get(last)).map_or(raw.span.end, |last| last.span.end);
        let bracketed = raw.style == Style::Flow && end.start != end.end;
        if let Some(raw) = self.items.get_mut(open.index) {
            raw.span.end = if bracketed { end.end } else { last_end.max(raw.span.end) };
        }
    }
}

fn scalar(value: &str, style: ScalarStyle, tag: Option<(Tag, Span)>, span: Span, source: &Source<'_>) -> Raw {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    // The parser puts `~` where nothing is written.
    let absent = style == Style::Plain && span.start == span.end;
    let content = Content::Scalar(if absent { String::new() } else { String::from(value) });
    let span = if style == Style::Block { text::trim_end(span, source.text) } else { span };
    Raw { span, tag, style, content }
}

fn style_of(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Block => Style::Block,
        StructureStyle::Flow => Style::Flow,
    }
}

fn place(at: &granit_parser::Span, source: &Source<'_>) -> Span {
    Span::new(source.file, position(&at.start), position(&at.end))
}

/// The parser counts columns from 0. Text longer than `u32` was refused before.
pub(super) fn position(marker: &Marker) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        offset: number(marker.byte_offset().unwrap_or_default()),
        line: number(marker.line()),
        column: number(marker.col()).saturating_add(1),
    }
}
