//! A mistake with the lines around it, underlined.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters,
    ThemeStyles,
};

use super::mask::Masked;
use super::{Mistake, Place, Severity, at};

/// Adds the mistake to a text.
pub(super) fn render(text: &mut String, mistake: &Mistake, place: Place, shown: &Masked, width: usize) {
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles: ThemeStyles::ansi() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_links(false).with_context_lines(1);
    let snippet = Snippet::new(mistake, place, shown);
    if handler.render_report(text, &snippet).is_err() {
        super::one(text, mistake);
    }
    text.push('\n');
}

#[derive(Debug)]
struct Snippet<'a> {
    mistake: &'a Mistake,
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
}

impl<'a> Snippet<'a> {
    fn new(mistake: &'a Mistake, place: Place, shown: &Masked) -> Self {
        let span = |place: Place| shown.range(place.offset, place.length);
        let mut labels = vec![LabeledSpan::new_primary_with_span(None, span(place))];
        let mut help = mistake.help.clone();
        for related in &mistake.related {
            match related.place {
                Some(place) if related.file == mistake.file => {
                    labels.push(LabeledSpan::new_with_span(Some(related.message.clone()), span(place)));
                }
                place => {
                    let line = format!("{}: {}", at(&related.file, place), related.message);
                    help = Some(help.map_or_else(|| line.clone(), |help| format!("{help}\n{line}")));
                }
            }
        }
        Self { mistake, source: NamedSource::new(&mistake.file, shown.text.clone()), labels, help }
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.message)
    }
}

impl std::error::Error for Snippet<'_> {}

impl Diagnostic for Snippet<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.mistake.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
