//! Several documents a file, and what a mistake in one leaves of the others.

use super::{complaints, documents};

#[test]
fn documents_without_content_are_skipped_but_counted() {
    assert_eq!(documents(""), [""; 0]);
    assert_eq!(documents("# only a comment\n"), [""; 0]);
    assert_eq!(
        documents("---\n# nothing\n---\na: 1\n...\n---\n---\nb: 2\n"),
        [r#"1 true {"a":1}"#, r#"3 true {"b":2}"#]
    );
    assert_eq!(documents("---\nnull\n--- ~\n--- ''\n"), ["0 true null", "1 true null", r#"2 true """#]);
}

#[test]
fn a_syntax_error_costs_its_own_document_only() {
    let broken =
        ["b: [1, 2", "b: \"x", "b: {\n  c: \"x", "b: c: d", "b:\n\tc: 1", "b: 'x' y", "- b\nc", "b: @", "b: [1]]"];
    for middle in broken {
        let text = format!("a: 1\n---\n{middle}\n---\nc: 3\n");
        assert_eq!(documents(&text), [r#"0 true {"a":1}"#, r#"2 true {"c":3}"#], "{middle:?}");
        assert_eq!(complaints(&text).len(), 1, "{middle:?}");
    }
}

#[test]
fn what_the_parser_takes_for_a_whole_document_before_an_error_is_doubted() {
    let text = "  a: 1\n b: 2\n---\nc: 3\n";
    assert_eq!(documents(text), [r#"0 false {"a":1}"#, r#"1 true {"c":3}"#]);
    insta::assert_snapshot!(complaints(text).join("\n"), @"2:2 did not find expected <document start> (check the indentation of this line, or start a new document with `---`)");
}

#[test]
fn no_half_of_a_document_passes_for_sound() {
    let broken = ["  a: 1\n @x\n", "  a: 1\n ]\n", "[1] @\n", "[1]\nb: 2\n", "'x' y\n", "  - a\n - b\n", "a: 1\n%X\n"];
    for text in broken {
        assert!(!documents(text).iter().any(|document| document.contains("true")), "{text:?}");
        assert_eq!(complaints(text).len(), 1, "{text:?}");
    }
}

#[test]
fn an_error_behind_an_ended_document_leaves_it_sound() {
    assert_eq!(documents("a: 1\n...\n]\n---\nc: 3\n"), [r#"0 true {"a":1}"#, r#"2 true {"c":3}"#]);
}

#[test]
fn anchors_do_not_cross_documents() {
    insta::assert_snapshot!(complaints("a: &x 1\n---\nb: *x\n").join("\n"), @"3:4 this alias has no anchor above it (mark the value that it stands for with `&` and the alias's name, or put text that begins with `*` in quotes)");
    assert_eq!(documents("a: &x 1\n---\nb: *x\n"), [r#"0 true {"a":1}"#, r#"1 false {"b":null}"#]);
}
