//! Lengths of time, written as Go and Compose write them: `1h30m`, `500ms`, `1.5s`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time in nanoseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    nanos: u64,
}

/// A length of time that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration, such as 30s, 1h30m or 500ms")]
pub struct DurationError(pub String);

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl Duration {
    /// So many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// So many whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { nanos: secs.saturating_mul(1_000_000_000) }
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Whole seconds, rounded up: Docker takes only whole ones where it stops a container.
    pub const fn secs_ceil(self) -> u64 {
        self.nanos.div_ceil(1_000_000_000)
    }

    /// As the standard library's.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.nanos)
    }
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DurationError(text.to_owned());
        if text == "0" {
            return Ok(Self::default());
        }
        let mut rest = text;
        let mut nanos: u64 = 0;
        while !rest.is_empty() {
            let (part, behind) = leading_part(rest).ok_or_else(error)?;
            nanos = nanos.checked_add(part).ok_or_else(error)?;
            rest = behind;
        }
        if text.is_empty() { Err(error()) } else { Ok(Self { nanos }) }
    }
}

/// Reads one number with its unit from the front, `1.5h` of `1.5h30m`, and returns its nanoseconds and what is behind it.
fn leading_part(text: &str) -> Option<(u64, &str)> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, behind) = text.split_at(number_end);
    let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
    let (unit, rest) = behind.split_at(unit_end);
    let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 18 {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let places = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let parts = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    let below = u64::try_from(parts * u128::from(factor) / places).ok()?;
    Some((whole.checked_mul(factor)?.checked_add(below)?, rest))
}

/// As Go prints it, without the parts that are zero: `1h30m`, `1.5s` as `1s500ms`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.nanos;
        let shown = [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)];
        for (unit, factor) in shown.into_iter().chain([("ms", 1_000_000), ("us", 1_000), ("ns", 1)]) {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<u64> {
        text.parse::<Duration>().ok().map(Duration::nanos)
    }

    #[test]
    fn the_grammar_of_go_is_read() {
        let read = ["30s", "1h30m", "500ms", "1.5s", ".5s", "0", "10us", "1d"].map(nanos);
        let second = 1_000_000_000;
        let expected = [30 * second, 5400 * second, second / 2, 3 * second / 2, second / 2, 0, 10_000, 86_400 * second];
        assert_eq!(read, expected.map(Some));
    }

    #[test]
    fn anything_else_is_refused() {
        let refused = ["", "5", "PT5M", "5m ago", "1h 30m", "-5s", "s", ".s", "99999999999h"].map(nanos);
        assert_eq!(refused, [None; 9]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(nanos: u64) {
            proptest::prop_assert_eq!(Duration::from_nanos(nanos).to_string().parse(), Ok(Duration::from_nanos(nanos)));
        }
    }
}
