//! Mistakes as they are shown: with the lines of their file, and without.

use anstream::adapter::strip_str;

use super::*;

const WEB: &str = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicaz: 3\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter2\n  \
                      note: |\n    line: of hunter3\n    hunter4\n---\nkind: ConfigMap\ndata:\n  plain: shown\n";

/// The place of a word in a text.
fn place(text: &str, word: &str) -> Place {
    let offset = text.find(word).expect("it is there");
    let before = text.get(..offset).expect("a boundary");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    let number = |count: usize| u32::try_from(count).expect("a small file");
    Place { line: number(line), column: number(column), offset, length: word.len() }
}

fn mistake(file: &str, text: &str, word: &str, message: &str) -> Mistake {
    Mistake {
        file: file.to_owned(),
        place: Some(place(text, word)),
        severity: Severity::Error,
        reason: "UnknownField".to_owned(),
        message: message.to_owned(),
        help: Some("did you mean `replicas`?".to_owned()),
        object: None,
        related: Vec::new(),
        text: Some(text.into()),
    }
}

fn mistakes() -> Vec<Mistake> {
    let there = Related {
        file: "db.yaml".to_owned(),
        place: Some(place(SECRET, "db")),
        message: "first declared here".to_owned(),
    };
    let unreadable = Mistake { place: None, text: None, help: None, ..mistake("a.bin", WEB, "web", "not text") };
    let mut all = vec![
        Mistake { related: vec![there], ..mistake("web.yaml", WEB, "replicaz", "unknown field `replicaz`") },
        mistake("web.yaml", WEB, "kind", "another"),
        unreadable,
    ];
    sort(&mut all);
    all
}

#[test]
fn elsewhere_than_on_a_terminal_a_problem_is_a_line_that_editors_understand() {
    insta::assert_snapshot!(strip_str(&plain(&mistakes())).to_string(), @r"
    a.bin: error: not text
    web.yaml:2:1: error: another
        help: did you mean `replicas`?
    web.yaml:5:3: error: unknown field `replicaz`
        db.yaml:4:9: first declared here
        help: did you mean `replicas`?
    3 problems in 2 files
    ");
}

#[test]
fn on_a_terminal_the_line_is_shown() {
    insta::assert_snapshot!(strip_str(&graphical(&mistakes(), 80)).to_string(), @r"
    a.bin: error: not text
      × another
       ╭─[web.yaml:2:1]
     1 │ apiVersion: skiff.dev/v1
     2 │ kind: Deployment
       · ────
     3 │ metadata: { name: web }
       ╰────
      help: did you mean `replicas`?

      × unknown field `replicaz`
       ╭─[web.yaml:5:3]
     4 │ spec:
     5 │   replicaz: 3
       ·   ────────
       ╰────
      help: did you mean `replicas`?
            db.yaml:4:9: first declared here

    3 problems in 2 files
    ");
}

#[test]
fn programs_get_file_line_and_column() {
    let value = serde_json::to_string(&mistakes()).expect("plain data");
    insta::assert_snapshot!(value, @r#"
    [{"file":"a.bin","severity":"error","reason":"UnknownField","message":"not text"},{"file":"web.yaml","line":2,"column":1,"severity":"error","reason":"UnknownField","message":"another","help":"did you mean `replicas`?"},{"file":"web.yaml","line":5,"column":3,"severity":"error","reason":"UnknownField","message":"unknown field `replicaz`","help":"did you mean `replicas`?","related":[{"file":"db.yaml","line":4,"column":9,"message":"first declared here"}]}]
    "#);
}

#[test]
fn no_value_of_a_secret_is_shown_wherever_the_mistake_is() {
    for word in ["hunter2", "password", "hunter3", "hunter4", "note", "kind: ConfigMap"] {
        let text = strip_str(&graphical(&[mistake("db.yaml", SECRET, word, "wrong")], 80)).to_string();
        assert!(!text.contains("hunter"), "{text}");
    }
    let text = graphical(&[mistake("db.yaml", SECRET, "hunter2", "must be text")], 80);
    insta::assert_snapshot!(strip_str(&text).to_string(), @r"
      × must be text
       ╭─[db.yaml:6:13]
     5 │ stringData:
     6 │   password: ******
       ·             ──────
     7 │   note: ******
       ╰────
      help: did you mean `replicas`?

    1 problem in 1 file
    ");
}

#[test]
fn secrets_in_other_notations_are_masked_too() {
    let flow = "{ apiVersion: v1, kind: Secret, metadata: { name: db }, data: { a: hunter2 } }\n";
    let json = "{\n  \"kind\": \"Secret\",\n  \"stringData\": {\n    \"a\": \"hunter2\"\n  }\n}\n";
    let folded = "kind: Secret\nstringData:\n  ? a\n  : hunter2\n  b: 'x\n    hunter2: still'\n";
    let keys = "kind: Secret\nstringData:\n  name: hunter2\n  type: hunter2\ntype: Opaque\n";
    let braces = "kind: Secret\nstringData: {\nname: hunter2,\n'a b': hunter2 }\n";
    for text in [flow, json, folded, keys, braces] {
        assert!(!mask::mask(text).text.contains("hunter"), "{}", mask::mask(text).text);
    }
}
