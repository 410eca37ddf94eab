//! Tags: YAML's own say how to read a scalar, `!reset` and `!override` are Compose's, all others are mistakes.

use std::borrow::Cow;

use crate::Profile;

/// What a tag asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    /// Text, whatever it looks like: `!!str` and the bare `!`.
    Text,
    Int,
    Float,
    Bool,
    Null,
    Sequence,
    Mapping,
    /// `!reset` and `!override`, as written.
    Compose(&'static str),
    /// Any other, as written.
    Unknown(String),
}

impl Tag {
    pub(super) fn of(tag: Option<Cow<'_, granit_parser::Tag>>, profile: Profile) -> Option<Self> {
        let tag = tag?;
        let known = match (tag.core_suffix(), tag.parts(), profile) {
            (Some("str"), ..) | (None, ("", "!"), _) => Some(Self::Text),
            (Some("int"), ..) => Some(Self::Int),
            (Some("float"), ..) => Some(Self::Float),
            (Some("bool"), ..) => Some(Self::Bool),
            (Some("null"), ..) => Some(Self::Null),
            (Some("seq"), ..) => Some(Self::Sequence),
            (Some("map"), ..) => Some(Self::Mapping),
            (None, ("!", "reset"), Profile::Compose) => Some(Self::Compose("!reset")),
            (None, ("!", "override"), Profile::Compose) => Some(Self::Compose("!override")),
            _ => None,
        };
        Some(known.unwrap_or_else(|| Self::Unknown(tag.original())))
    }

    /// What the tag is called in messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Text => "!!str",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Bool => "!!bool",
            Self::Null => "!!null",
            Self::Sequence => "!!seq",
            Self::Mapping => "!!map",
            Self::Compose(name) => name,
            Self::Unknown(name) => name,
        }
    }
}
