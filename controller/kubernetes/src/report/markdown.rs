//! The report as a page: what to do first, then what is lost, then what is only near.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Pause, Report, Row, Verdict};
use crate::Place;

pub(super) fn page(report: &Report, commands: &[String]) -> String {
    let mut out = String::from("# What became of each field\n\n");
    // Writing to a text cannot fail.
    write_page(&mut out, report, commands).ok();
    out
}

fn write_page(out: &mut String, report: &Report, commands: &[String]) -> std::fmt::Result {
    let counts: Vec<String> =
        Verdict::ALL.iter().map(|verdict| format!("{} {verdict}", report.count(*verdict))).collect();
    writeln!(out, "{}. `report.json` has every row.", counts.join(", "))?;
    prerequisites(out, report)?;
    images(out, report)?;
    writeln!(out, "\n## Apply\n\nIn the folder of the export:\n\n```sh")?;
    commands.iter().try_for_each(|command| writeln!(out, "{command}"))?;
    writeln!(out, "```")?;
    moves(out, report)?;
    for verdict in Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Exact) {
        rows(out, report, verdict)?;
    }
    Ok(())
}

fn prerequisites(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.prerequisites.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Must be there before\n")?;
    for it in &report.prerequisites {
        let name = if it.name.is_empty() { String::new() } else { format!(" `{}`", it.name) };
        let namespace = if it.namespace.is_empty() { String::new() } else { format!(" in `{}`", it.namespace) };
        writeln!(out, "- {}{name}{namespace}: {}", it.kind, it.why)?;
    }
    Ok(())
}

fn images(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.images.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Images to push\n\n```sh")?;
    if report.images.iter().any(|push| push.is_built) {
        writeln!(out, "skiff build {}", report.source.as_deref().unwrap_or("PATH"))?;
    }
    for push in &report.images {
        if !push.has_registry {
            writeln!(out, "# {} names no registry: export it with --image-registry", push.to)?;
            continue;
        }
        if !push.is_built {
            writeln!(out, "docker pull {}", push.from)?;
        }
        if push.from != push.to {
            writeln!(out, "docker tag {} {}", push.from, push.to)?;
        }
        writeln!(out, "docker push {}", push.to)?;
    }
    writeln!(out, "```")
}

fn moves(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.moves.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Data to move\n\nStop what writes on the host first, with `skiff down`.\n")?;
    if !report.pauses.is_empty() {
        writeln!(out, "In the cluster nothing may write meanwhile:\n\n```sh")?;
        for Pause { namespace, workload, replicas: _, selector } in &report.pauses {
            writeln!(out, "kubectl -n {namespace} scale {workload} --replicas=0")?;
            writeln!(out, "kubectl -n {namespace} wait --for=delete pod -l {selector} --timeout=5m")?;
        }
        writeln!(out, "```\n")?;
    }
    for it in &report.moves {
        writeln!(out, "`{}` goes to the claim `{}` in `{}`:\n\n```sh", it.from, it.claim, it.namespace)?;
        it.commands.iter().try_for_each(|command| writeln!(out, "{command}"))?;
        writeln!(out, "```\n")?;
    }
    if !report.pauses.is_empty() {
        writeln!(out, "Then all of it starts again:\n\n```sh")?;
        for Pause { namespace, workload, replicas, selector: _ } in &report.pauses {
            writeln!(out, "kubectl -n {namespace} scale {workload} --replicas={replicas}")?;
        }
        writeln!(out, "```")?;
    }
    Ok(())
}

fn rows(out: &mut String, report: &Report, verdict: Verdict) -> std::fmt::Result {
    let rows: Vec<&Row> = report.rows.iter().filter(|row| row.verdict == verdict).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let title = verdict.word();
    let title: String = title.chars().take(1).flat_map(char::to_uppercase).chain(title.chars().skip(1)).collect();
    writeln!(out, "\n## {title}\n\n| Where | Field | Became | Why | What to do |\n| --- | --- | --- | --- | --- |")?;
    alike(&rows).iter().try_for_each(|rows| line(out, rows))
}

/// Rows that tell the same of the same field of several objects, together, each where its first stands.
fn alike<'r>(rows: &[&'r Row]) -> Vec<Vec<&'r Row>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    let mut known: BTreeMap<[&str; 3], usize> = BTreeMap::new();
    for row in rows {
        let index = *known.entry([&row.key, &row.why, &row.remedy]).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

fn line(out: &mut String, rows: &[&Row]) -> std::fmt::Result {
    let Some(Row { object, key, why, remedy, .. }) = rows.first() else { return Ok(()) };
    let field = match rows.iter().map(|row| &row.object).collect::<BTreeSet<_>>().len() {
        1 => code(format!("{object} {key}").trim()),
        _ if key.is_empty() => listed(rows.iter().map(|row| code(&row.object))),
        count => format!("{} of {count} objects", code(key)),
    };
    let cells = [places(rows), field, listed(rows.iter().map(|row| code(&row.target))), why.clone(), remedy.clone()];
    writeln!(out, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

/// `web.yaml:3, 17, db.yaml:4`: each file once, as long as the next one is in the same.
fn places(rows: &[&Row]) -> String {
    let mut before: Option<&Place> = None;
    listed(rows.iter().map(|row| {
        let place = &row.place;
        let is_there = before.replace(place).is_some_and(|before| before.file == place.file && place.line > 0);
        if is_there { place.line.to_string() } else { place.to_string() }
    }))
}

/// Each once.
fn listed(texts: impl Iterator<Item = String>) -> String {
    let mut seen = BTreeSet::new();
    let once: Vec<String> = texts.filter(|text| !text.is_empty() && seen.insert(text.clone())).collect();
    once.join(", ")
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(file: &str, line: u32, object: &str, why: &str) -> Row {
        Row {
            place: Place { file: file.to_owned(), line },
            object: object.to_owned(),
            key: "spec.x".to_owned(),
            verdict: Verdict::Dropped,
            target: String::new(),
            why: why.to_owned(),
            remedy: String::new(),
        }
    }

    #[test]
    fn what_is_the_same_of_several_objects_is_one_line_with_all_places() {
        let rows = [
            row("a.yaml", 3, "deployment/shop/a", "no such field"),
            row("a.yaml", 9, "deployment/shop/b", "no such field"),
            row("a.yaml", 9, "deployment/shop/b", "another | reason"),
            row("b.yaml", 4, "deployment/shop/c", "no such field"),
        ];
        let mut out = String::new();
        super::rows(&mut out, &Report { rows: rows.into(), ..Report::default() }, Verdict::Dropped).expect("a text");
        let lines: Vec<&str> = out.lines().filter(|line| line.contains("spec.x")).collect();
        assert_eq!(
            lines,
            [
                "| a.yaml:3, 9, b.yaml:4 | `spec.x` of 3 objects |  | no such field |  |",
                "| a.yaml:9 | `deployment/shop/b spec.x` |  | another \\| reason |  |",
            ]
        );
    }
}
