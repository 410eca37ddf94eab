//! Fields that take a number or a text, and that a parser of ours reads: `cpu: 2` and `cpu: "2"` are the same.
//!
//! One visitor, one schema and one error for all of them.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Unexpected};

/// A number or a word that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ScalarError {
    /// What was read.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}

impl ScalarError {
    /// That a text is none of these.
    pub(crate) fn of<T: NumberOrText>(text: &str) -> Self {
        Self { text: text.to_owned(), expected: T::EXPECTED }
    }
}

/// What has a parser of its own.
pub(crate) trait NumberOrText: FromStr<Err = ScalarError> {
    /// What would be right.
    const EXPECTED: &'static str;
    /// Whether a number may have a fraction.
    const FRACTIONS: bool;
}

pub(crate) struct Visitor<T>(pub(crate) PhantomData<T>);

impl<T: NumberOrText> de::Visitor<'_> for Visitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        if T::FRACTIONS {
            self.visit_str(&number.to_string())
        } else {
            Err(E::invalid_type(Unexpected::Float(number), &self))
        }
    }
}

/// Reads a type from a number or a text, and says so in its schema.
macro_rules! number_or_text {
    ($type:ty, format: $format:literal, expected: $expected:literal, fractions: $fractions:literal) => {
        impl crate::number_or_text::NumberOrText for $type {
            const EXPECTED: &'static str = $expected;
            const FRACTIONS: bool = $fractions;
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(crate::number_or_text::Visitor(std::marker::PhantomData))
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "x-kubernetes-int-or-string": true, "format": $format })
            }
        }
    };
}

pub(crate) use number_or_text;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Bytes, Cpu, HostPort, IntOrPercent, PortRef};

    fn read<T: serde::de::DeserializeOwned + ToString>(value: Value) -> Option<String> {
        serde_json::from_value::<T>(value).ok().map(|value| value.to_string())
    }

    #[test]
    fn a_number_and_its_text_are_the_same_and_a_fraction_is_for_amounts_only() {
        let amounts = [json!(2), json!("2"), json!(1.5), json!("1.5"), json!(-1), json!(true)].map(read::<Cpu>);
        let expected = [Some("2"), Some("2"), Some("1500m"), Some("1500m"), None, None];
        assert_eq!(amounts, expected.map(|text| text.map(str::to_owned)));
        assert_eq!(read::<Bytes>(json!(64)), Some("64".to_owned()));
        let fractions = [read::<PortRef>(json!(1.5)), read::<HostPort>(json!(1.5)), read::<IntOrPercent>(json!(1.5))];
        assert_eq!(fractions, [None, None, None]);
        assert_eq!(read::<PortRef>(json!(80)), read::<PortRef>(json!("80")));
    }
}
