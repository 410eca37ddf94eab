//! What is wrong with the manifests that a controller keeps, below what there is.

use super::style::{BAD, HINT, paint};
use crate::state::{Fault, Faults, Leader};
use crate::view::View;

/// So many mistakes of a source are shown whole.
const SHOWN: usize = 3;

/// A note on each source with mistakes that concern one of the objects, or no object at all.
pub fn note(faults: &Faults, views: &[&View], source: Option<&str>) -> Vec<String> {
    let sources = faults.iter().filter(|(name, _)| source.is_none_or(|source| source == name.as_str()));
    let concerns =
        |fault: &&Fault| fault.objects().next().is_none() || views.iter().any(|view| fault.concerns(&view.object));
    let notes = sources.filter_map(|(name, faults)| {
        let faults: Vec<&Fault> = faults.iter().filter(concerns).collect();
        (!faults.is_empty()).then(|| of_source(name, &faults))
    });
    notes.collect()
}

/// A note that nobody leads, where that is so: what is shown is then as nobody keeps it.
pub fn vacancy(leader: &Leader) -> Option<String> {
    let Leader { name: None, since: _, trouble } = leader else { return None };
    let why = trouble.as_deref().unwrap_or("the election is under way");
    Some(format!("\n{}: {why}; what runs is left to Docker until one is elected", paint(BAD, "nobody leads")))
}

fn of_source(source: &str, faults: &[&Fault]) -> String {
    let count = match faults.iter().filter(|fault| !fault.is_outage()).count() {
        0 => "cannot be followed now".to_owned(),
        1 => "has a mistake".to_owned(),
        count => format!("has {count} mistakes"),
    };
    let stays = if faults.iter().all(|fault| fault.is_outage()) { "it all" } else { "what is wrong" };
    let head = format!("source {source} {count}; {stays} stays as it last was, and nothing is removed");
    let mut lines = vec![String::new(), paint(BAD, head)];
    for fault in faults.iter().take(SHOWN) {
        lines.push(format!("  {fault}"));
        lines.extend(fault.related.iter().map(|related| format!("    {related}")));
        lines.extend(fault.help.iter().map(|help| format!("    {} {help}", paint(HINT, "help:"))));
    }
    if faults.len() > SHOWN {
        lines.push(format!(
            "  and {} more: `skiff describe NAME` and `skiff validate PATH` show them",
            faults.len() - SHOWN
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use skiff_api::{Kind, ObjectKey};

    use super::*;
    use crate::state::Place;
    use crate::ui::objects::tests::views;

    fn fault(object: Option<&str>, line: u32) -> Fault {
        Fault {
            reason: "InvalidObject".to_owned(),
            place: Place { file: "/srv/app.yaml".to_owned(), at: Some((line, 3)) },
            message: "unknown field `replicaz`".to_owned(),
            help: Some("did you mean `replicas`?".to_owned()),
            related: Vec::new(),
            object: object.map(|name| ObjectKey::new(Kind::Deployment, "shop", name)),
            keeps: [].into(),
        }
    }

    #[test]
    fn a_source_says_what_is_wrong_with_what_is_shown_and_with_no_object() {
        let all = views();
        let shown: Vec<&View> = all.iter().filter(|view| view.object.name == "api").collect();
        let faults = vec![fault(Some("api"), 1), fault(Some("web"), 2), fault(None, 3), fault(None, 4), fault(None, 5)];
        let faults = Faults::from([("shop".to_owned(), faults), ("other".to_owned(), vec![fault(None, 9)])]);
        let notes = note(&faults, &shown, Some("shop"));
        insta::assert_snapshot!(strip_str(&notes.join("\n")).to_string(), @r"

        source shop has 4 mistakes; what is wrong stays as it last was, and nothing is removed
          /srv/app.yaml:1:3: unknown field `replicaz`
            help: did you mean `replicas`?
          /srv/app.yaml:3:3: unknown field `replicaz`
            help: did you mean `replicas`?
          /srv/app.yaml:4:3: unknown field `replicaz`
            help: did you mean `replicas`?
          and 1 more: `skiff describe NAME` and `skiff validate PATH` show them
        ");
        assert_eq!(note(&faults, &shown, None).len(), 2);
    }
}
