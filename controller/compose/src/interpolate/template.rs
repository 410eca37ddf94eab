//! One text with variables: `$NAME`, `${NAME}`, and what may stand behind the name. `$$` is a dollar.
//!
//! What stands behind the operator may hold variables itself; it is looked at only where it is used. A dollar that begins
//! nothing stays. Source of the grammar: the Compose Specification, `12-interpolation.md`.

use std::collections::BTreeSet;

/// How deep variables may stand inside each other.
const DEPTH: usize = 32;

/// The variables that are not set and have no default.
#[derive(Debug, Default)]
pub(crate) struct Unset {
    pub(crate) names: BTreeSet<String>,
}

/// Why a text cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    pub(crate) message: String,
    pub(crate) help: String,
    /// Where in the text the variable begins, in bytes.
    pub(crate) at: usize,
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces the variables of a text.
pub(crate) fn expand(text: &str, lookup: Lookup<'_>, unset: &mut Unset) -> Result<String, TemplateError> {
    Expansion { lookup, unset }.expand(text, 0, 0)
}

struct Expansion<'a> {
    lookup: Lookup<'a>,
    unset: &'a mut Unset,
}

impl Expansion<'_> {
    /// Replaces the variables of a part of the text, which begins at `at` and stands `depth` deep.
    fn expand(&mut self, text: &str, at: usize, depth: usize) -> Result<String, TemplateError> {
        if depth > DEPTH {
            let message = format!("variables stand more than {DEPTH} deep inside each other");
            return Err(TemplateError {
                message,
                help: "give the inner ones names of their own in `.env`".to_owned(),
                at,
            });
        }
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            expanded.push_str(before);
            if let Some(behind) = behind.strip_prefix('$') {
                expanded.push('$');
                rest = behind;
            } else if let Some(inner) = behind.strip_prefix('{') {
                let here = at + text.len() - behind.len() - 1;
                let end = closing(inner).ok_or_else(|| unclosed(inner, here))?;
                let (braced, behind) = inner.split_at(end);
                expanded.push_str(&self.variable(braced, here, depth)?);
                rest = behind.strip_prefix('}').unwrap_or(behind);
            } else {
                let (name, behind) = behind.split_at(name_length(behind));
                if name.is_empty() {
                    expanded.push('$');
                } else {
                    expanded.push_str(&self.plain(name));
                }
                rest = behind;
            }
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    /// What `${…}` becomes.
    fn variable(&mut self, braced: &str, at: usize, depth: usize) -> Result<String, TemplateError> {
        let (name, operation) = braced.split_at(name_length(braced));
        if name.is_empty() {
            return Err(malformed(braced, at));
        }
        let (counts_empty, operation) = match operation.strip_prefix(':') {
            Some(operation) => (true, operation),
            None => (false, operation),
        };
        let value = (self.lookup)(name);
        let given = value.as_ref().is_some_and(|value| !counts_empty || !value.is_empty());
        let mut chars = operation.chars();
        let operator = chars.next();
        let word = chars.as_str();
        // Behind `${` and what stands before the word.
        let inside = at + 2 + braced.len() - word.len();
        match operator {
            None if !counts_empty => Ok(self.plain(name)),
            Some('-' | '?') if given => Ok(value.unwrap_or_default()),
            Some('-') => self.expand(word, inside, depth + 1),
            Some('+') if given => self.expand(word, inside, depth + 1),
            Some('+') => Ok(String::new()),
            Some('?') => {
                let why = self.expand(word, inside, depth + 1)?;
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                let message = format!("the variable `{name}` is required and not set{why}");
                Err(TemplateError { message, help: format!("set `{name}` in the environment or in `.env`"), at })
            }
            _ => Err(malformed(braced, at)),
        }
    }

    fn plain(&mut self, name: &str) -> String {
        (self.lookup)(name).unwrap_or_else(|| {
            self.unset.names.insert(name.to_owned());
            String::new()
        })
    }
}

/// How many bytes at the front of a text are a name.
fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if starts { end } else { 0 }
}

/// Where the brace that closes `${` stands, with those inside passed over.
fn closing(inner: &str) -> Option<usize> {
    let (mut open, mut dollar) = (0_usize, false);
    for (index, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' if dollar => open += 1,
            b'}' if open == 0 => return Some(index),
            b'}' => open -= 1,
            _ => {}
        }
        // Two dollars are one that begins nothing.
        dollar = byte == b'$' && !dollar;
    }
    None
}

fn unclosed(inner: &str, at: usize) -> TemplateError {
    let shown: String = inner.chars().take(24).collect();
    TemplateError {
        message: format!("`${{{shown}` has no closing brace"),
        help: "close it, or write `$$` for a dollar".to_owned(),
        at,
    }
}

fn malformed(braced: &str, at: usize) -> TemplateError {
    let shown: String = braced.chars().take(24).collect();
    TemplateError {
        message: format!("`${{{shown}}}` is no variable"),
        help: "write `${NAME}`, `${NAME:-default}`, `${NAME:?message}` or `${NAME:+value}`; `$$` is a dollar"
            .to_owned(),
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let lookup = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            "_b2" => Some("b".to_owned()),
            _ => None,
        };
        expand(text, &lookup, &mut Unset::default()).map_err(|error| error.message)
    }

    #[test]
    fn every_form_means_what_the_specification_says() {
        let table = [
            ("$A-$_b2.", "a-b."),
            ("${A}${_b2}", "ab"),
            ("$$A $$$A", "$A $a"),
            ("$ 5 $1 $", "$ 5 $1 $"),
            ("[$NONE][${NONE}]", "[][]"),
            ("${A:-d}${EMPTY:-d}${NONE:-d}", "add"),
            ("${A-d}${EMPTY-d}${NONE-d}", "ad"),
            ("${A:+r}${EMPTY:+r}${NONE:+r}", "r"),
            ("${A+r}${EMPTY+r}${NONE+r}", "rr"),
            ("${A:?e}${EMPTY?e}", "a"),
            ("${NONE:-${EMPTY:-${A}}}", "a"),
            ("${NONE:-{x}}", "{x}"),
            ("${NONE:-$$5}", "$5"),
            ("${A:-${NONE:?never asked}}", "a"),
            ("${NONE:-a:b-c?d+e}", "a:b-c?d+e"),
            ("${NONE-}", ""),
        ];
        for (text, expanded) in table {
            assert_eq!(read(text).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn what_is_required_or_malformed_says_so() {
        let table = [
            ("${NONE:?set it, ${A}}", "the variable `NONE` is required and not set: set it, a"),
            ("${EMPTY:?}", "the variable `EMPTY` is required and not set"),
            ("${NONE?x}", "the variable `NONE` is required and not set: x"),
            ("${A", "`${A` has no closing brace"),
            ("${}", "`${}` is no variable"),
            ("${1}", "`${1}` is no variable"),
            ("${A b}", "`${A b}` is no variable"),
            ("${A:}", "`${A:}` is no variable"),
            ("${NONE:-${A}", "`${NONE:-${A}` has no closing brace"),
        ];
        for (text, message) in table {
            assert_eq!(read(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "${X:-".repeat(4_000), "}".repeat(4_000));
        assert!(read(&deep).is_err_and(|message| message.contains("deep")));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\$|\\{|\\}|:|-|\\?|\\+|A|é|\\PC){0,60}") {
            read(&text).ok();
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            read(&String::from_utf8_lossy(&bytes)).ok();
        }

        #[test]
        fn a_text_with_its_dollars_doubled_stays(text in "\\PC{0,40}") {
            proptest::prop_assert_eq!(read(&text.replace('$', "$$")), Ok(text));
        }
    }
}
