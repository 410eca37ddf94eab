//! Pointers find places.

use crate::{FileId, Limits, Profile, parse};

const TEXT: &str = "a:\n  - x\n  - {b/c: 1, d~e: 2}\nf: &f {g: 1}\nh: *f\n";

fn tree() -> crate::Node {
    let parsed = parse(TEXT, FileId(3), Profile::Kubernetes, &Limits::default());
    assert_eq!(parsed.problems, []);
    parsed.documents.into_iter().next().expect("one document").root
}

#[test]
fn every_value_has_a_place_and_every_entry_a_key() {
    let rendered: Vec<String> = tree()
        .positions()
        .to_map()
        .iter()
        .map(|(pointer, place)| {
            let key = place.key.and_then(|key| key.slice(TEXT)).unwrap_or("-");
            format!("{pointer} {} {key} {:?}", place.value.start, place.value.slice(TEXT).unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(rendered.join("\n"), @r#"
     1:1 - "a:\n  - x\n  - {b/c: 1, d~e: 2}\nf: &f {g: 1}\nh: *f"
    /a 2:3 a "- x\n  - {b/c: 1, d~e: 2}"
    /a/0 2:5 - "x"
    /a/1 3:5 - "{b/c: 1, d~e: 2}"
    /a/1/b~1c 3:11 b/c "1"
    /a/1/d~0e 3:19 d~e "2"
    /f 4:7 f "{g: 1}"
    /f/g 4:11 g "1"
    /h 4:7 h "{g: 1}"
    /h/g 4:11 g "1"
    "#);
}

#[test]
fn the_index_agrees_with_the_tree() {
    let tree = tree();
    let positions = tree.positions();
    for (pointer, place) in positions.to_map() {
        assert_eq!(positions.get(&pointer), Some(place), "{pointer}");
        assert_eq!(tree.pointer(&pointer).map(|node| node.span), Some(place.value), "{pointer}");
    }
    for missing in ["/b", "/g", "/a/2", "/a/00", "/a/-", "/a/0/x", "/f/g/h"] {
        assert_eq!(positions.get(missing), None, "{missing}");
        assert_eq!(tree.pointer(missing), None, "{missing}");
    }
}

#[test]
fn what_is_missing_is_reported_at_what_is_above_it() {
    let positions = tree().positions();
    assert_eq!(Some(positions.nearest("/f/x/y")), positions.get("/f"));
    assert_eq!(Some(positions.nearest("/nowhere")), positions.get(""));
}

#[test]
fn a_use_is_known_beside_its_definition() {
    let used_at = tree().positions().get("/h/g").and_then(|place| place.used_at);
    assert_eq!(used_at.and_then(|span| span.slice(TEXT)), Some("*f"));
    assert_eq!(used_at.map(|span| span.file), Some(FileId(3)));
}
