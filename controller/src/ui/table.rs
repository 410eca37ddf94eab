//! Tables as kubectl prints them: upper-case headers, no borders, two spaces between columns, nothing cut off.
//!
//! The layout is our own: cells carry colours, and a line that is cut or wrapped cannot be searched or pasted.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::style::{NAME, PLAIN, paint};

const GAP: &str = "  ";

/// A cell: its text and how it is coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text in a style; a line break would tear the table, so that it becomes a space.
    pub fn styled(style: Style, text: impl ToString) -> Self {
        Self { text: text.to_string().replace(['\n', '\r'], " "), style }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(PLAIN, text)
    }
}

/// Rows below a header.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these headers.
    pub fn new(headers: impl IntoIterator<Item = &'static str>) -> Self {
        let header = headers.into_iter().map(|header| Cell::styled(NAME, header)).collect();
        Self { rows: vec![header] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }

    /// The table as text, a line a row, without blanks at the ends of lines.
    pub fn render(&self) -> String {
        let widths = self.widths();
        self.rows.iter().fold(String::new(), |mut text, row| {
            render_row(&mut text, row, &widths);
            text
        })
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        widths
    }
}

fn render_row(text: &mut String, row: &[Cell], widths: &[usize]) {
    let last = row.iter().rposition(|cell| !cell.text.is_empty());
    for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
        text.push_str(&paint(cell.style, &cell.text));
        if last.is_none_or(|last| index >= last) {
            break;
        }
        text.push_str(&" ".repeat(width.saturating_sub(cell.text.width())));
        text.push_str(GAP);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::style::GOOD;
    use anstream::adapter::strip_str;

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let mut table = Table::new(["NAME", "READY", "STATUS"]);
        table.row(["api".into(), Cell::styled(GOOD, "2/2"), "Ready".into()]);
        table.row(["größer-überall".into(), "0/1".into(), "".into()]);
        let text = table.render();
        assert!(text.contains("\u{1b}[32m2/2\u{1b}[0m    Ready"), "{text:?}");
        insta::assert_snapshot!(strip_str(&text).to_string(), @r"
        NAME            READY  STATUS
        api             2/2    Ready
        größer-überall  0/1
        ");
    }
}
