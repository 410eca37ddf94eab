//! Amounts of CPU and of bytes, written as in Kubernetes (`500m`, `2Gi`) and, for bytes, as in Docker (`512m` is refused: say `512Mi`).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::number_or_text::{ScalarError, number_or_text};

/// An amount of CPU in thousandths of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu {
    millis: u64,
}

impl Cpu {
    /// An amount of so many thousandths of a core.
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis }
    }

    /// Thousandths of a core.
    pub const fn millis(self) -> u64 {
        self.millis
    }

    /// Billionths of a core, as Docker counts.
    pub const fn nanos(self) -> u64 {
        self.millis.saturating_mul(1_000_000)
    }
}

impl FromStr for Cpu {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ScalarError::of::<Self>(text);
        let (number, per_core) = match text.strip_suffix('m') {
            Some(number) => (number, 1),
            None => (text, 1000),
        };
        let millis = Decimal::parse(number).and_then(|decimal| decimal.times(per_core)).ok_or_else(error)?;
        Ok(Self { millis })
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millis.is_multiple_of(1000) {
            write!(f, "{}", self.millis / 1000)
        } else {
            write!(f, "{}m", self.millis)
        }
    }
}

/// An amount of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes {
    bytes: u64,
}

/// The suffixes of Kubernetes with their factors, binary ones first so that display prefers them.
const SUFFIXES: [(&str, u64); 12] = [
    ("Ei", 1 << 60),
    ("Pi", 1 << 50),
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("E", 1_000_000_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1_000),
];

impl Bytes {
    /// An amount of so many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self { bytes }
    }

    /// So many mebibytes.
    pub const fn mebibytes(count: u64) -> Self {
        Self { bytes: count << 20 }
    }

    /// Bytes.
    pub const fn get(self) -> u64 {
        self.bytes
    }
}

impl FromStr for Bytes {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ScalarError::of::<Self>(text);
        let (number, factor) = SUFFIXES
            .iter()
            .find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|number| (number, *factor)))
            .unwrap_or((text, 1));
        let bytes = Decimal::parse(number).and_then(|decimal| decimal.times(factor)).ok_or_else(error)?;
        Ok(Self { bytes })
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, factor): &&(&str, u64)| self.bytes != 0 && self.bytes.is_multiple_of(*factor);
        match SUFFIXES.iter().find(fits) {
            Some((suffix, factor)) => write!(f, "{}{suffix}", self.bytes / factor),
            None => write!(f, "{}", self.bytes),
        }
    }
}

/// A decimal number without a sign, exact: `1.25` is 125 with two places.
struct Decimal {
    digits: u128,
    places: u32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let readable = !whole.is_empty() && digits.len() <= 24 && digits.bytes().all(|byte| byte.is_ascii_digit());
        readable
            .then(|| Some(Self { digits: digits.parse().ok()?, places: u32::try_from(fraction.len()).ok()? }))
            .flatten()
    }

    /// The product, rounded up as Kubernetes rounds.
    fn times(&self, factor: u64) -> Option<u64> {
        let product = self.digits.checked_mul(u128::from(factor))?;
        u64::try_from(product.div_ceil(10_u128.checked_pow(self.places)?)).ok()
    }
}

number_or_text!(Cpu, format: "cpu", expected: "an amount of CPU, such as 500m, 2 or 1.5", fractions: true);
number_or_text!(Bytes, format: "bytes", expected: "an amount of bytes, such as 512Mi, 2Gi or 64000000", fractions: true);

impl Serialize for Cpu {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
