//! Keys, scalars and tags: what a single token means, and what is wrong with it.

use super::super::graph::{Content, Raw};
use super::super::tag::Tag;
use super::{At, Expander, Halt};
use crate::{Key, Problem, Style, Value, scalar};

impl Expander<'_> {
    pub(super) fn key(&mut self, raw: &Raw, at: At) -> Result<Option<Key>, Halt> {
        let target = if let Content::Alias(target) = &raw.content { self.graph.get(*target) } else { Some(raw) };
        let text = match target.map(|target| &target.content) {
            Some(Content::Scalar(text)) if !text.is_empty() || raw.style != Style::Plain => text,
            Some(Content::Scalar(_)) => {
                self.report(at, Problem::new(raw.span, "a key is missing").with_help("write `\"\"` for an empty key"));
                return Ok(None);
            }
            Some(Content::Sequence(_) | Content::Mapping(_)) => {
                let help = "put a value that starts with `{` or `[` in quotes";
                self.report(at, Problem::new(raw.span, "a key must be a string").with_help(help));
                return Ok(None);
            }
            Some(Content::Alias(_) | Content::Nothing) | None => return Ok(None),
        };
        self.pay_text(text.len(), at.used_at.unwrap_or(raw.span))?;
        Ok(Some(Key { name: text.clone(), span: raw.span }))
    }

    pub(super) fn scalar(&mut self, raw: &Raw, text: &str, at: At) -> Value {
        let tag = raw.tag.as_ref().map(|(tag, _)| tag);
        let string = || Value::String(String::from(text));
        match tag {
            Some(Tag::Text) => return string(),
            None | Some(Tag::Compose(_) | Tag::Unknown(_)) if raw.style != Style::Plain => {
                return string();
            }
            _ => {}
        }
        let Ok(value) = scalar::resolve(text, self.source.profile) else {
            let problem = Problem::new(raw.span, "this is a number that JSON cannot hold");
            self.report(at, problem.with_help("put it in quotes if it is meant as text"));
            return string();
        };
        match (tag, value) {
            (None | Some(Tag::Compose(_) | Tag::Unknown(_)), value)
            | (Some(Tag::Int), value @ (Value::Int(_) | Value::UInt(_)))
            | (Some(Tag::Float), value @ Value::Float(_))
            | (Some(Tag::Bool), value @ Value::Bool(_))
            | (Some(Tag::Null), value @ Value::Null) => value,
            #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
            (Some(Tag::Float), Value::Int(value)) => Value::Float(value as f64),
            (Some(tag), _) => {
                self.report(at, Problem::new(raw.span, format!("the value does not fit its tag `{}`", tag.name())));
                string()
            }
        }
    }

    /// Compose's tags are kept; those that fit no value of this kind, or no reader, are reported.
    pub(super) fn compose_tag(&mut self, raw: &Raw, at: At) -> Option<&'static str> {
        let (tag, span) = raw.tag.as_ref()?;
        match (tag, &raw.content) {
            (Tag::Compose(name), _) => return Some(*name),
            (Tag::Unknown(name), _) => {
                // Its name is not said: it may be the beginning of a password that lacks its quotes. So with aliases.
                let problem = Problem::new(*span, "unknown tag");
                let help = if matches!(name.as_str(), "!reset" | "!override") {
                    "this tag is Compose's; in an overlay, `null` removes and `$patch: replace` replaces"
                } else {
                    "put the value in quotes if the `!` belongs to it"
                };
                self.report(at, problem.with_help(help));
            }
            // What a scalar's tag asks for is checked with its text.
            (Tag::Sequence, Content::Sequence(_)) | (Tag::Mapping, Content::Mapping(_)) | (_, Content::Scalar(_)) => {}
            (tag, _) => {
                self.report(at, Problem::new(*span, format!("the value does not fit its tag `{}`", tag.name())));
            }
        }
        None
    }
}
