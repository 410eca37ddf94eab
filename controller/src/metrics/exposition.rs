//! `OpenMetrics` text: families with their help, samples with their labels. Whatever a label holds, it stays within its quotes.

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// What the text is, for whoever asked.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text, as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// A family that is being written.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
    suffix: &'static str,
}

impl Exposition {
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "", "gauge", help)
    }

    /// `name` is without `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "_total", "counter", help)
    }

    pub(super) fn summary(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "", "summary", help)
    }

    fn family(&mut self, name: &'static str, suffix: &'static str, kind: &str, help: &str) -> Family<'_> {
        let text = &mut self.0;
        // Writing to a string cannot fail.
        writeln!(text, "# TYPE {name} {kind}\n# HELP {name} {help}").ok();
        Family { text, name, suffix }
    }

    /// The text, whole.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

impl Family<'_> {
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.write(self.suffix, labels, value);
    }

    /// Of a summary: how many there were, and their sum in seconds.
    pub(super) fn total(&mut self, count: u64, sum: Duration) {
        self.write("_count", &[], count);
        self.write("_sum", &[], format_args!("{:.6}", sum.as_secs_f64()));
    }

    fn write(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.extend([self.name, suffix]);
        for (index, (label, value)) in labels.iter().enumerate() {
            self.text.extend([if index == 0 { "{" } else { "," }, label, "=\""]);
            escape(value, self.text);
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        // Writing to a string cannot fail.
        writeln!(self.text, " {value}").ok();
    }
}

/// Backslashes, quotes and ends of lines, as `OpenMetrics` writes them; no other character of a terminal's is let through.
fn escape(value: &str, text: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            character if character.is_control() => text.push(' '),
            character => text.push(character),
        }
    }
}
