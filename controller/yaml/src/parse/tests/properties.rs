//! What holds for any text.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{read, walk};
use crate::{FileId, Limits, Position, Profile, Style, parse};

/// Pieces that YAML gives a meaning, in any order.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "&x ",
        "*x",
        "<<: ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "# c",
        "---\n",
        "...\n",
        "!!str ",
        "!reset ",
        "!t ",
        "0644",
        "yes",
        "~",
        "ü世🦀",
        "\t",
        "\\",
        "%YAML 1.2\n",
        "\u{feff}",
        " ",
        "x y",
        "1.5",
        "\r",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![yamlish(), any::<String>(), "[ -~\n]{0,80}"]
}

/// JSON without the characters that no YAML reader takes raw.
fn json() -> impl Strategy<Value = Value> {
    let text = any::<String>().prop_map(|text| text.replace(|c: char| c.is_control() && c > ' ' && c != '\u{85}', ""));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Exact in any notation; of others, serde_json's own reading is at times off by one bit.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 64.0)),
        text.clone().prop_map(Value::from),
        "[a-z~/<&*!|>'%@`#:,0-9 .-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        let entries = prop::collection::btree_map(text.clone(), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            entries.prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Line and column of an offset, counted anew. A byte order mark at the start has no column.
fn position(text: &str, offset: u32) -> Position {
    let before = text.get(..offset as usize).unwrap_or_default();
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    Position { offset, ..Position::START.after(before) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn any_text_is_read_to_its_end_and_every_span_lies_in_it(text in any_text()) {
        for profile in [Profile::Kubernetes, Profile::Compose] {
            let parsed = parse(&text, FileId(0), profile, &Limits::default());
            for problem in &parsed.problems {
                prop_assert!(problem.span.slice(&text).is_some());
            }
            for document in &parsed.documents {
                let mut spans = Vec::new();
                walk(&document.root, &mut |span, _| spans.push(span));
                for span in spans {
                    prop_assert!(span.start <= span.end && span.slice(&text).is_some(), "{span:?}");
                }
                prop_assert!(document.sound || !parsed.problems.is_empty());
            }
        }
    }

    #[test]
    fn lines_and_columns_agree_with_offsets(text in yamlish()) {
        let bom = if text.starts_with('\u{feff}') { "\u{feff}" } else { "" };
        let text = format!("{bom}{}", text.replace('\u{feff}', ""));
        for document in read(&text).documents {
            let mut points = Vec::new();
            walk(&document.root, &mut |span, _| points.extend([span.start, span.end]));
            for point in points {
                prop_assert_eq!(point, position(&text, point.offset));
            }
        }
    }

    #[test]
    fn a_plain_scalar_on_one_line_is_what_its_span_covers(text in yamlish()) {
        for document in read(&text).documents.into_iter().filter(|document| document.sound) {
            let mut scalars = Vec::new();
            walk(&document.root, &mut |span, node| {
                let plain = node.filter(|node| node.style == Style::Plain && node.value.is_scalar());
                scalars.extend(plain.and_then(|node| Some((span, node.text()?))));
            });
            for (span, written) in scalars {
                let covered = span.slice(&text).unwrap_or_default();
                prop_assert!(span.start.line != span.end.line || covered.is_empty() || covered == written, "{covered} {written}");
            }
        }
    }

    #[test]
    fn json_reads_as_serde_json_reads_it(value in json(), pretty in any::<bool>(), tabs in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("a value has a text");
        let text = if tabs { text.replace("\n  ", "\n\t") } else { text };
        let expected: Value = serde_json::from_str(&text).expect("legal JSON");
        let parsed = read(&text);
        prop_assert_eq!(&parsed.problems, &[]);
        prop_assert_eq!(parsed.documents.len(), 1);
        for document in parsed.documents {
            prop_assert_eq!(document.root.to_json(), expected.clone());
        }
    }
}
