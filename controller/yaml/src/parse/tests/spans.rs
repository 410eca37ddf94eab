//! Where everything stands.

use super::{tree, walk};

/// Every value and key in order: from, to, and the text between.
fn places(text: &str) -> String {
    let mut lines = Vec::new();
    walk(&tree(text), &mut |span, node| {
        let kind = if node.is_some() { "" } else { "key " };
        lines.push(format!("{kind}{}-{} {:?}", span.start, span.end, span.slice(text).unwrap_or("?")));
    });
    lines.join("\n")
}

#[test]
fn block_collections_end_with_their_last_value() {
    insta::assert_snapshot!(places("a:\n  b: 1\n  c:\n  - x\n  - y z \n\n# end\nd:\n"), @r#"
    1:1-8:2 "a:\n  b: 1\n  c:\n  - x\n  - y z \n\n# end\nd"
    key 1:1-1:2 "a"
    2:3-5:8 "b: 1\n  c:\n  - x\n  - y z"
    key 2:3-2:4 "b"
    2:6-2:7 "1"
    key 3:3-3:4 "c"
    4:5-5:8 "x\n  - y z"
    4:5-4:6 "x"
    5:5-5:8 "y z"
    key 8:1-8:2 "d"
    8:2-8:2 ""
    "#);
}

#[test]
fn flow_collections_end_with_their_bracket() {
    insta::assert_snapshot!(places("{a: [1, 'x'], \"b\": {}, c: [d: e]}"), @r#"
    1:1-1:34 "{a: [1, 'x'], \"b\": {}, c: [d: e]}"
    key 1:2-1:3 "a"
    1:5-1:13 "[1, 'x']"
    1:6-1:7 "1"
    1:9-1:12 "'x'"
    key 1:15-1:18 "\"b\""
    1:20-1:22 "{}"
    key 1:24-1:25 "c"
    1:27-1:33 "[d: e]"
    1:28-1:32 "d: e"
    key 1:28-1:29 "d"
    1:31-1:32 "e"
    "#);
}

#[test]
fn a_pair_in_brackets_ends_with_its_value() {
    insta::assert_snapshot!(places("[d: e , f]"), @r#"
    1:1-1:11 "[d: e , f]"
    1:2-1:6 "d: e"
    key 1:2-1:3 "d"
    1:5-1:6 "e"
    1:9-1:10 "f"
    "#);
}

#[test]
fn block_scalars_reach_from_their_content_to_its_end() {
    insta::assert_snapshot!(places("a: |\n  one\n  two\n\n\nb: >-\n  three\n  four\nc: |\nd: 'x\n  y'\n"), @r#"
    1:1-11:5 "a: |\n  one\n  two\n\n\nb: >-\n  three\n  four\nc: |\nd: 'x\n  y'"
    key 1:1-1:2 "a"
    2:3-3:6 "one\n  two"
    key 6:1-6:2 "b"
    7:3-8:7 "three\n  four"
    key 9:1-9:2 "c"
    10:1-10:1 ""
    key 10:1-10:2 "d"
    10:4-11:5 "'x\n  y'"
    "#);
}

#[test]
fn a_tag_and_an_anchor_are_not_part_of_the_value() {
    insta::assert_snapshot!(places("a: !!str &x 12\nb: *x\nc: !!map\n  d: &y\n"), @r#"
    1:1-4:8 "a: !!str &x 12\nb: *x\nc: !!map\n  d: &y"
    key 1:1-1:2 "a"
    1:13-1:15 "12"
    key 2:1-2:2 "b"
    1:13-1:15 "12"
    key 3:1-3:2 "c"
    4:3-4:8 "d: &y"
    key 4:3-4:4 "d"
    4:8-4:8 ""
    "#);
}

#[test]
fn lines_may_end_in_carriage_return_and_newline() {
    insta::assert_snapshot!(places("a: 1\r\nb: |\r\n  x\r\n  y\r\nc: 2\r\n"), @r#"
    1:1-5:5 "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: 2"
    key 1:1-1:2 "a"
    1:4-1:5 "1"
    key 2:1-2:2 "b"
    3:3-4:4 "x\r\n  y"
    key 5:1-5:2 "c"
    5:4-5:5 "2"
    "#);
}

#[test]
fn columns_count_characters_and_offsets_count_bytes() {
    insta::assert_snapshot!(places("größe: ä ö # 世\n世界: [é,\t🦀]\n"), @r#"
    1:1-2:11 "größe: ä ö # 世\n世界: [é,\t🦀]"
    key 1:1-1:6 "größe"
    1:8-1:11 "ä ö"
    key 2:1-2:3 "世界"
    2:5-2:11 "[é,\t🦀]"
    2:6-2:7 "é"
    2:9-2:10 "🦀"
    "#);
}

#[test]
fn a_byte_order_mark_counts_as_bytes_only() {
    insta::assert_snapshot!(places("\u{feff}a: 1\n"), @r#"
    1:1-1:5 "a: 1"
    key 1:1-1:2 "a"
    1:4-1:5 "1"
    "#);
}
