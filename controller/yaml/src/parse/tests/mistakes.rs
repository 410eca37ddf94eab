//! Mistakes of meaning: the document is yielded, marked, and all of them are reported.

use super::{complaints, documents, render};
use crate::{FileId, Limits, Profile, parse};

#[test]
fn a_key_twice_is_reported_with_both_places() {
    let text = "a: 1\nb: {c: 1, c: 2}\n\"a\": 3\n";
    insta::assert_snapshot!(complaints(text).join("\n"), @r"
    2:11 `c` is defined twice [2:5 first defined here]
    3:1 `a` is defined twice [1:1 first defined here]
    ");
    assert_eq!(documents(text), [r#"0 false {"a":1,"b":{"c":1}}"#]);
}

#[test]
fn a_mistake_in_an_anchored_value_is_reported_once() {
    assert_eq!(complaints("a: &x {c: 1, c: 2}\nb: *x\nd: {<<: *x}\n").len(), 1);
    assert_eq!(complaints("a: &x {<<: 1}\nb: *x\nd: {<<: *x}\n").len(), 1);
}

#[test]
fn a_key_that_is_no_string_is_refused() {
    insta::assert_snapshot!(complaints("? [a, b]\n: c\n{{ value }}: x\n: y\n'': z\n").join("\n"), @r#"
    1:3 a key must be a string (put a value that starts with `{` or `[` in quotes)
    3:1 a key must be a string (put a value that starts with `{` or `[` in quotes)
    4:1 a key is missing (write `""` for an empty key)
    "#);
}

#[test]
fn an_unquoted_template_placeholder_is_told_apart() {
    insta::assert_snapshot!(complaints("image: {{ image }}\n").join("\n"), @"1:9 a key must be a string (put a value that starts with `{` or `[` in quotes)");
}

#[test]
fn yaml_s_own_tags_choose_the_type() {
    assert_eq!(
        documents("[!!str 1, ! 2, !!int '3', !!float 4, !!bool 'yes', !!null '', !!seq [], !!map {}, !!str]"),
        [r#"0 true ["1","2",3,4.0,true,null,[],{},""]"#]
    );
    insta::assert_snapshot!(complaints("[!!int x, !!bool 1, !!seq {}, !!map [], !!float '']").join("\n"), @r"
    1:8 the value does not fit its tag `!!int`
    1:18 the value does not fit its tag `!!bool`
    1:21 the value does not fit its tag `!!seq`
    1:31 the value does not fit its tag `!!map`
    1:49 the value does not fit its tag `!!float`
    ");
}

#[test]
fn an_unknown_tag_is_reported_where_it_stands() {
    insta::assert_snapshot!(complaints("a: !secret x\nb: !!binary aGk=\nc: !foo\n  d: 1\ne: !reset\nf: !<tag:x> 1\n").join("\n"), @"
    1:4 unknown tag (put the value in quotes if the `!` belongs to it)
    2:4 unknown tag (put the value in quotes if the `!` belongs to it)
    3:4 unknown tag (put the value in quotes if the `!` belongs to it)
    5:4 unknown tag (this tag is Compose's; in an overlay, `null` removes and `$patch: replace` replaces)
    6:4 unknown tag (put the value in quotes if the `!` belongs to it)
    ");
}

#[test]
fn compose_s_tags_are_kept_on_the_value() {
    let text = "a: !reset\nb: !reset []\nc: !override {d: 1}\ne: !override yes\nf: !reset 'null'\ng: !other 1\n";
    let parsed = parse(text, FileId(0), Profile::Compose, &Limits::default());
    let root = &parsed.documents.first().expect("one document").root;
    let tags: Vec<_> = root.as_mapping().expect("a mapping").iter().map(|(_, node)| node.tag).collect();
    let (reset, set) = (Some("!reset"), Some("!override"));
    assert_eq!(tags, [reset, reset, set, set, reset, None]);
    assert_eq!(root.to_json().to_string(), r#"{"a":null,"b":[],"c":{"d":1},"e":"yes","f":"null","g":1}"#);
    let problems: Vec<String> = parsed.problems.iter().map(render).collect();
    insta::assert_snapshot!(problems.join("\n"), @"6:4 unknown tag (put the value in quotes if the `!` belongs to it)");
}

#[test]
fn a_number_without_end_is_reported() {
    insta::assert_snapshot!(complaints("a: .inf\nb: '.inf'\n").join("\n"), @"1:4 this is a number that JSON cannot hold (put it in quotes if it is meant as text)");
}

#[test]
fn syntax_errors_say_what_to_do() {
    let texts =
        ["a:\n\tb: 1\n", "a: b: c\n", "a: [1\n", "a: \"x\n", "a: \"\\q\"\n", "a: 1\n  b: 2\n", "a\nb: 1\n", "a: `x`\n"];
    let lines: Vec<String> = texts.iter().flat_map(|text| complaints(text)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    2:1 a tab indents this line (indent with spaces; YAML does not allow tabs there)
    1:5 mapping values are not allowed in this context (put a value that holds `: ` in quotes, or check the indentation)
    1:4 unclosed bracket '[' (close it, or put the value in quotes)
    2:1 invalid indentation in multiline quoted scalar (close the quotes, or indent the lines that continue them)
    1:4 while parsing a quoted scalar, found unknown escape character (write a backslash as `\\`, or use single quotes)
    2:4 mapping values are not allowed in this context (put a value that holds `: ` in quotes, or check the indentation)
    2:2 mapping values are not allowed in this context (put a value that holds `: ` in quotes, or check the indentation)
    1:4 unexpected character: ``' (put the value in quotes)
    ");
}

#[test]
fn a_tab_is_pointed_at_with_what_to_do() {
    let texts = [
        "a:\n\tb: 1\n",
        "a:\n  b:\n  \tc: 1\n",
        "a:\n  b: 1\n\tc: 2\n",
        "a:\n  - x\n\t- y\n",
        "a: {\n\tb: 1}\n",
        "a: |\n\tx\n",
        "a: >\n  x\n\ty\n",
        "a: x\n\n\ty\n",
        "a: \"x\n\ty\"\n",
    ];
    let places: Vec<String> = texts.iter().flat_map(|text| complaints(text)).collect();
    let help = "a tab indents this line (indent with spaces; YAML does not allow tabs there)";
    let expected = ["2:1", "3:3", "3:1", "3:1", "2:1", "2:1", "3:1", "3:1", "2:1"].map(|at| format!("{at} {help}"));
    assert_eq!(places, expected);
}

#[test]
fn control_characters_are_refused_with_their_place() {
    insta::assert_snapshot!(complaints("a: 1\nb: x\u{7}\n").join("\n"), @r#"2:5 control character U+0007 (remove it, or write it as an escape in double quotes, such as "\u0007")"#);
    for text in ["\0", "a: \u{1b}[31m", "\u{7f}", "\u{9b}", "a\u{8}"] {
        assert_eq!(complaints(text).len(), 1, "{text:?}");
        assert_eq!(documents(text), [""; 0], "{text:?}");
    }
    assert_eq!(documents("a: \"\\u0007\"\n"), [r#"0 true {"a":"\u0007"}"#]);
}
