//! What became of each attribute of a Compose project, for people and programs.

use serde::Serialize;
use skiff_compose::Verdict;

use crate::source::ComposeProject;
use crate::ui::style::{BAD, CHANGE, GOOD};
use crate::ui::table::{Cell, Table};

/// An attribute, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportRow {
    /// `services.web.restart`.
    pub(super) attribute: String,
    /// `compose.yaml:7:5`.
    pub(super) place: String,
    /// `honoured`, `approximated` or `refused`.
    pub(super) verdict: String,
    /// What Skiff does, where that is not what Compose does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) does: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) remedy: String,
}

impl ReportRow {
    /// The rows of a project, in the order of its files.
    pub(super) fn of(project: &ComposeProject) -> Vec<Self> {
        let place = |row: &skiff_compose::Row| {
            let file = project.said.texts.get(row.place.file).map(|text| text.path.display().to_string());
            let file = file.unwrap_or_default();
            format!("{}:{}", file.strip_prefix("./").unwrap_or(&file), row.place.start)
        };
        let rows = project.loaded.report.rows.iter().map(|row| Self {
            attribute: row.attribute.clone(),
            place: place(row),
            verdict: row.verdict.to_string(),
            does: row.does.clone().into_owned(),
            remedy: row.remedy.clone().into_owned(),
        });
        rows.collect()
    }

    /// What a person should know of it, on one line: `restart (compose.yaml:7:5): it is started again …; write …`.
    pub(super) fn sentence(&self) -> String {
        let Self { attribute, place, does, remedy, .. } = self;
        let remedy = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        format!("{attribute} ({place}): {does}{remedy}")
    }
}

/// Whether a row says more than that all is as it was.
pub(super) fn worth_a_look(row: &ReportRow) -> bool {
    row.verdict != Verdict::Honoured.to_string()
}

/// The rows as a table, and how many attributes are not in it.
pub(super) fn table(rows: &[&ReportRow], honoured: usize, all: bool) -> String {
    let mut table = Table::new(["ATTRIBUTE", "PLACE", "VERDICT", "WHAT SKIFF DOES", "WHAT TO DO"]);
    for row in rows {
        let style = match row.verdict.as_str() {
            "honoured" => GOOD,
            "approximated" => CHANGE,
            _ => BAD,
        };
        table.row([
            row.attribute.as_str().into(),
            row.place.as_str().into(),
            Cell::styled(style, &row.verdict),
            row.does.as_str().into(),
            row.remedy.as_str().into(),
        ]);
    }
    let text = if table.is_empty() { String::new() } else { table.render() };
    let attributes = if honoured == 1 { "attribute is" } else { "attributes are" };
    let more = if all { String::new() } else { "; `--all` shows them".to_owned() };
    format!("{text}{honoured} {attributes} honoured{more}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceOptions, compose_project};

    #[test]
    fn what_is_refused_is_in_the_table_beside_all_else_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compose.yaml");
        let text = "services:\n  web: { image: i, models: [m] }\nmodels: { m: { model: x } }\n";
        std::fs::write(&path, text).expect("a file");
        let project = compose_project(&SourceOptions { paths: vec![path], ..SourceOptions::default() });
        assert!(!project.said.problems.is_empty(), "the project is refused");
        let rows = ReportRow::of(&project);
        let verdict = |attribute: &str| {
            let row = rows.iter().find(|row| row.attribute == attribute)?;
            let place = row.place.rsplit_once("compose.yaml:").map(|(_, place)| place.to_owned());
            Some((row.verdict.clone(), place.unwrap_or_default()))
        };
        assert_eq!(verdict("services.web.models"), Some(("refused".to_owned(), "2:20".to_owned())));
        assert_eq!(verdict("services.web.restart").map(|(verdict, _)| verdict).as_deref(), Some("approximated"));
        assert_eq!(verdict("services.web.image").map(|(verdict, _)| verdict).as_deref(), Some("honoured"));
        let shown: Vec<&ReportRow> = rows.iter().filter(|row| worth_a_look(row)).collect();
        let text = table(&shown, 1, false);
        assert!(text.lines().any(|line| line.starts_with("services.web.models") && line.contains("refused")), "{text}");
        assert!(
            !text.contains("services.web.image") && text.ends_with("1 attribute is honoured; `--all` shows them\n"),
            "{text}"
        );
    }
}
