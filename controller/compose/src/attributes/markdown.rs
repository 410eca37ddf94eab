//! The tables as people read them.

use std::fmt::Write as _;

use super::{Attribute, project, service};

/// Every attribute with its verdict, as Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    table(&mut text, "Attributes of a service", "Field, below `spec`", service());
    table(&mut text, "All other attributes", "Field", project());
    text
}

fn table(text: &mut String, title: &str, field: &str, rows: impl Iterator<Item = &'static Attribute>) {
    // Writing to a text cannot fail.
    write!(text, "\n## {title}\n\n| Attribute | Verdict | {field} | What Skiff does | What to do |\n| --- | --- | --- | --- | --- |\n").ok();
    for row in rows {
        let becomes =
            if row.becomes.is_empty() { String::new() } else { format!("`{}`", row.becomes.replace('/', ".")) };
        writeln!(text, "| `{}` | {} | {becomes} | {} | {} |", row.path, row.verdict, row.does, row.remedy).ok();
    }
}
