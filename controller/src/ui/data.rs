//! Answers for programs: JSON and YAML.

use serde::Serialize;
use serde_json::Value;
use skiff_api::written;

use crate::cli::CliError;

/// Indented JSON with a line break behind it.
///
/// # Errors
/// When the value has a form that JSON does not, such as keys that are not text.
pub fn json<T: Serialize>(answer: &T) -> Result<String, CliError> {
    let mut text = serde_json::to_string_pretty(answer).map_err(unwritable)?;
    text.push('\n');
    Ok(text)
}

/// YAML that every reader understands.
///
/// # Errors
/// As [`json`].
pub fn yaml<T: Serialize>(answer: &T) -> Result<String, CliError> {
    let value = serde_json::to_value(answer).map_err(unwritable)?;
    // Readers of the libyaml family fail on block scalars that begin with a tab.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: !holds_tab(&value) };
    let mut text = serde_saphyr::to_string_with_options(&value, options)
        .map_err(|error| CliError::failed("cannot write YAML", error))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// YAML for people: permissions are octal, as in a manifest. A program might read the same number as decimal.
///
/// # Errors
/// As [`json`].
pub fn manifest(value: &Value) -> Result<String, CliError> {
    let mut marked = value.clone();
    mark_octal(&mut marked);
    Ok(yaml(&marked)?.replace(OCTAL, "0"))
}

/// Stands for the zero of an octal number while it is text, which would be put in quotes. It is no letter of any script.
const OCTAL: char = '\u{E000}';

fn mark_octal(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match written::octal(name, value) {
                    Some(octal) => *value = Value::from(octal.replacen('0', &OCTAL.to_string(), 1)),
                    None => mark_octal(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mark_octal),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn unwritable(error: serde_json::Error) -> CliError {
    CliError::failed("cannot write JSON", error)
}

fn holds_tab(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\t'),
        Value::Array(items) => items.iter().any(holds_tab),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\t') || holds_tab(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_quotes_what_would_be_read_as_something_else() {
        let text =
            yaml(&json!({ "a": "yes", "b": "0644", "c": "line\nline\n", "d": [1, null] })).expect("plain values");
        insta::assert_snapshot!(text, @r#"
        a: "yes"
        b: "0644"
        c: |
          line
          line
        d:
        - 1
        - null
        "#);
    }

    #[test]
    fn permissions_are_octal_for_people_and_a_number_for_programs() {
        let value = json!({ "volumes": { "keys": { "secret": { "defaultMode": 256, "items": [{ "mode": 416 }] } } }, "port": 256 });
        let text = manifest(&value).expect("plain values");
        insta::assert_snapshot!(text, @r"
        volumes:
          keys:
            secret:
              defaultMode: 0400
              items:
              - mode: 0640
        port: 256
        ");
        assert!(yaml(&value).expect("plain values").contains("defaultMode: 256"));
    }

    #[test]
    fn text_with_a_tab_is_escaped_because_other_readers_fail_on_it() {
        let text = yaml(&json!({ "a": "\tone\ntwo\n" })).expect("plain values");
        assert_eq!(text, "a: \"\\tone\\ntwo\\n\"\n");
    }
}
