//! Variables as Docker takes them: `NAME=value`, and `NAME` alone to take one of the image away.

use skiff_core::{ContentStore, EngineError, EnvEntry, EnvValue};

/// The variables in order, looked up where they come from a ConfigMap or Secret.
pub(super) fn variables(entries: &[EnvEntry], content: &ContentStore) -> Result<Vec<String>, EngineError> {
    entries.iter().map(|entry| variable(entry, content)).collect()
}

fn variable(EnvEntry { name, value }: &EnvEntry, content: &ContentStore) -> Result<String, EngineError> {
    match value {
        EnvValue::Literal(text) => Ok(format!("{name}={text}")),
        EnvValue::Unset => Ok(name.clone()),
        EnvValue::Key { object, key } => {
            // The errors name the key and never what it holds.
            let complaint =
                |what: &str| EngineError::Invalid(format!("the variable {name}: {what} `{key}` of {object}"));
            let bytes = content.get(object, key).ok_or_else(|| complaint("there is no key"))?;
            let text = str::from_utf8(bytes)
                .map_err(|_| complaint("a variable must be UTF-8 text without zero bytes; mount as a file the key"))?;
            if text.contains('\0') {
                return Err(complaint("a variable cannot hold a zero byte; mount as a file the key"));
            }
            Ok(format!("{name}={text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use skiff_api::{Kind, ObjectKey};

    use super::*;

    #[test]
    fn a_value_that_is_no_text_is_refused_without_being_shown() {
        let object = ObjectKey::new(Kind::Secret, "shop", "db");
        let mut content = ContentStore::default();
        content.insert(object.clone(), "key".to_owned(), b"hunter2\xff".as_slice());
        let entry = EnvEntry { name: "PASSWORD".to_owned(), value: EnvValue::Key { object, key: "key".to_owned() } };
        let error = variables(&[entry], &content).expect_err("it is not UTF-8").to_string();
        assert!(
            error.contains("PASSWORD") && error.contains("secret/shop/db") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
