//! Fields that take a number or a word: per cents, named ports, host port ranges.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::number_or_text::{ScalarError, number_or_text};

/// A number of replicas, or a percentage of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// So many.
    Int(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl IntOrPercent {
    /// The number out of `total`, rounded up (as Kubernetes does for a surge).
    pub const fn of_rounded_up(self, total: u32) -> u32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => total.saturating_mul(percent).div_ceil(100),
        }
    }

    /// The number out of `total`, rounded down (as Kubernetes does for what may be unavailable).
    pub const fn of_rounded_down(self, total: u32) -> u32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => total.saturating_mul(percent) / 100,
        }
    }
}

impl FromStr for IntOrPercent {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |_| ScalarError::of::<Self>(text);
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().map(Self::Percent).map_err(error),
            None => text.parse().map(Self::Int).map_err(error),
        }
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A container's port by number or by the name that it has in `ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRef {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

impl FromStr for PortRef {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A name has a letter in it.
        let is_name = || text.bytes().any(|byte| !byte.is_ascii_digit());
        let named = |_| is_name().then(|| Self::Name(text.to_owned())).ok_or_else(|| ScalarError::of::<Self>(text));
        text.parse().map(Self::Number).or_else(named)
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A port of the host: one, one out of a range, or (`0`) whichever is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPort {
    /// Whichever the engine finds free.
    Any,
    /// This one.
    Fixed(u16),
    /// The first free one from the first to the last.
    Range(u16, u16),
}

impl FromStr for HostPort {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ScalarError::of::<Self>(text);
        let number = |text: &str| text.parse::<u16>().map_err(|_| error());
        match text.split_once('-') {
            None => Ok(match number(text)? {
                0 => Self::Any,
                port => Self::Fixed(port),
            }),
            Some((first, last)) => match (number(first)?, number(last)?) {
                (0, _) => Err(error()),
                (first, last) if first < last => Ok(Self::Range(first, last)),
                _ => Err(error()),
            },
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("0"),
            Self::Fixed(port) => write!(f, "{port}"),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

number_or_text!(IntOrPercent, format: "int-or-percent", expected: "a number or a percentage such as 25%", fractions: false);
number_or_text!(PortRef, format: "port-ref", expected: "a port's number (1 to 65535) or name", fractions: false);
number_or_text!(HostPort, format: "host-port", expected: "a port of the host (8080), a range (8080-8089) or 0 for any", fractions: false);

/// A number where it is one, as a person would write it.
fn serialize<S: Serializer>(scalar: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    let text = scalar.to_string();
    match text.parse::<u32>() {
        Ok(number) => serializer.serialize_u32(number),
        Err(_) => serializer.serialize_str(&text),
    }
}

impl Serialize for IntOrPercent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

impl Serialize for PortRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

impl Serialize for HostPort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_as_kubernetes_rounds_it() {
        let quarter = IntOrPercent::Percent(25);
        assert_eq!((quarter.of_rounded_up(5), quarter.of_rounded_down(5)), (2, 1));
        assert_eq!("3".parse(), Ok(IntOrPercent::Int(3)));
        assert!("25 %".parse::<IntOrPercent>().is_err());
    }

    #[test]
    fn host_ports_are_one_a_range_or_any() {
        let read = ["8080", "8080-8089", "0", "9-8", "0-3", "x", "70000"].map(|text| text.parse::<HostPort>().ok());
        let expected = [HostPort::Fixed(8080), HostPort::Range(8080, 8089), HostPort::Any].map(Some);
        assert_eq!(read, [expected.as_slice(), &[None; 4]].concat().as_slice());
    }

    #[test]
    fn a_port_is_a_number_that_there_is_or_a_name() {
        let read = ["80", "http", "8080-tcp", "70000", ""].map(|text| text.parse::<PortRef>().ok());
        let name = |text: &str| Some(PortRef::Name(text.to_owned()));
        assert_eq!(read, [Some(PortRef::Number(80)), name("http"), name("8080-tcp"), None, None]);
    }

    #[test]
    fn what_is_a_number_is_written_as_one() {
        assert_eq!(serde_json::to_value(HostPort::Fixed(80)).ok(), Some(serde_json::json!(80)));
        assert_eq!(serde_json::to_value(PortRef::Name("http".to_owned())).ok(), Some(serde_json::json!("http")));
    }
}
