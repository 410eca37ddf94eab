//! Values as people write them, where JSON has another form: permissions in octal, `0400` and not `256`.

use serde_json::Value;

/// The fields that hold permissions.
const PERMISSIONS: [&str; 2] = ["mode", "defaultMode"];

/// Permissions in octal; `None` where the field holds something else.
pub fn octal(field: &str, value: &Value) -> Option<String> {
    let mode = value.as_u64().filter(|_| PERMISSIONS.contains(&field))?;
    Some(format!("0{mode:o}"))
}

/// The value of a field on one line: text as it is, everything else in YAML's flow style.
pub fn flow(field: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => inner(field, value),
    }
}

fn inner(field: &str, value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            octal(field, value).unwrap_or_else(|| value.to_string())
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inner("", item)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), inner(name, value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn permissions_are_octal_wherever_they_stand_and_nothing_else_is() {
        let table = [
            ("defaultMode", json!(256), "0400"),
            ("mode", json!(1023), "01777"),
            ("mode", json!(0), "00"),
            ("hostPort", json!(256), "256"),
            ("networkMode", json!("host"), "host"),
            (
                "items",
                json!([{ "key": "a \"b\"", "mode": 256, "path": "p" }]),
                r#"[{"key":"a \"b\"","mode":0400,"path":"p"}]"#,
            ),
            ("args", json!(["mode", 256, true, null]), r#"["mode",256,true,null]"#),
        ];
        for (field, value, text) in table {
            assert_eq!(flow(field, &value), text, "{field}");
        }
    }
}
