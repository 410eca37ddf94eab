//! Files of variables: `.env` and `env_file`.
//!
//! One variable a line, `NAME=value` or `NAME: value`, with `export` before it or not. Single quotes keep everything, double
//! quotes know escapes and variables and go over lines, a bare value ends at ` #`. A name alone is that of the environment.
//! The raw format takes what stands behind the sign as it is. Source: the Compose Specification, `05-services.md`.

use std::collections::BTreeMap;

use crate::interpolate::{Unset, expand};

/// What stands there may be a part of a secret: it is not shown.
const BAD_NAME: &str = "this line has no name of a variable before `=`";

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LineError {
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads a file of variables. `lookup` is asked for variables that the file uses and does not set.
pub(crate) fn parse(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Vec<LineError>> {
    parse_after(text, lookup, &BTreeMap::new())
}

/// Reads a file of variables behind others. What those say is seen where neither `lookup` nor the file itself knows a variable.
pub(crate) fn parse_after(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    earlier: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<LineError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser { rest: text, line: 1, lookup, earlier, variables: BTreeMap::new(), errors: Vec::new() };
    parser.run();
    if parser.errors.is_empty() { Ok(parser.variables) } else { Err(parser.errors) }
}

/// Reads a file whose values are taken as they stand.
pub(crate) fn parse_raw(text: &str) -> Result<BTreeMap<String, String>, Vec<LineError>> {
    let (mut variables, mut errors) = (BTreeMap::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        match clean_name(name) {
            Some(name) => drop(variables.insert(name.to_owned(), value.to_owned())),
            None => errors.push(LineError { line: index + 1, message: BAD_NAME.to_owned() }),
        }
    }
    if errors.is_empty() { Ok(variables) } else { Err(errors) }
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    earlier: &'a BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    errors: Vec<LineError>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) {
        while !self.rest.is_empty() {
            let at = self.line;
            if let Err(message) = self.statement() {
                self.errors.push(LineError { line: at, message });
                self.take_line();
            }
        }
    }

    /// The rest of the line, without its end.
    fn take_line(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn statement(&mut self) -> Result<(), String> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        if self.rest.starts_with(['#', '\n', '\r']) || self.rest.is_empty() {
            self.take_line();
            return Ok(());
        }
        if let Some(behind) = self.rest.strip_prefix("export").filter(|it| it.starts_with([' ', '\t'])) {
            self.rest = behind.trim_start_matches([' ', '\t']);
        }
        let end = self.rest.find(['=', ':', '\n']).unwrap_or(self.rest.len());
        let (name, behind) = self.rest.split_at(end);
        let clean = clean_name(name).ok_or(BAD_NAME)?.to_owned();
        if behind.is_empty() || behind.starts_with('\n') {
            self.take_line();
            if let Some(value) = (self.lookup)(&clean) {
                self.variables.insert(clean, value);
            }
            return Ok(());
        }
        self.rest = behind.get(1..).unwrap_or_default().trim_start_matches([' ', '\t']);
        let value = self.value()?;
        self.variables.insert(clean, value);
        Ok(())
    }

    fn value(&mut self) -> Result<String, String> {
        if let Some(quote @ ('\'' | '"')) = self.rest.chars().next() {
            return self.quoted(quote);
        }
        let line = self.take_line();
        self.expand(bare(line))
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = closing(inner, quote).ok_or_else(|| format!("the quote {quote} is not closed"))?;
        let (content, behind) = inner.split_at(end);
        self.line += content.matches('\n').count();
        self.rest = behind.get(1..).unwrap_or_default();
        let trailing = self.take_line().trim_start();
        if !trailing.is_empty() && !trailing.starts_with('#') {
            return Err("something stands behind the closing quote".to_owned());
        }
        if quote == '\'' {
            return Ok(content.replace("\\'", "'"));
        }
        self.expand(&unescape(content))
    }

    fn expand(&self, text: &str) -> Result<String, String> {
        let read = |name: &str| self.variables.get(name).or_else(|| self.earlier.get(name)).cloned();
        let own = |name: &str| (self.lookup)(name).or_else(|| read(name));
        // What the value is may be a secret: it is not shown.
        expand(text, &own, &mut Unset::default())
            .map_err(|_| "a variable in this value is malformed, or required and not set; `$$` is a dollar".to_owned())
    }
}

/// A bare value: up to a comment, without the space around it.
fn bare(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    let end = line
        .match_indices('#')
        .map(|(index, _)| index)
        .find(|index| line.get(..*index).is_some_and(|before| before.ends_with([' ', '\t'])));
    end.and_then(|end| line.get(..end)).unwrap_or(line).trim()
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(index)
    })
}

/// The escapes of double quotes. A dollar that is escaped stays one when variables are replaced.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('$') => plain.push_str("$$"),
            Some(other @ ('\\' | '"' | '\'')) => plain.push(other),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

/// A name without space around it: letters, digits, `_`, `.` and `-`.
fn clean_name(text: &str) -> Option<&str> {
    let name = text.trim();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<LineError>> {
        let lookup = |name: &str| (name == "HOME").then(|| "/root".to_owned());
        Ok(parse(text, &lookup)?.into_iter().collect())
    }

    fn one(text: &str) -> String {
        let variables = read(text).expect("a sound file");
        assert_eq!(variables.len(), 1, "{text:?}");
        let lines: Vec<String> = variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.join("\n")
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        let table = [
            ("A=b", "A=b"),
            ("export A=b", "A=b"),
            ("A = b ", "A=b"),
            ("A: b", "A=b"),
            ("A=b # c", "A=b"),
            ("A=b#c", "A=b#c"),
            ("A=#c", "A="),
            ("A=", "A="),
            ("A='b # $HOME' # c", "A=b # $HOME"),
            ("A='it\\'s'", "A=it's"),
            ("A=\"b\\n$HOME \\$x \\\"q\\\"\"", "A=b\n/root $x \"q\""),
            ("A=${HOME:-x}/y", "A=/root/y"),
            ("A=${NONE:-x}", "A=x"),
            ("A=\"one\ntwo\"", "A=one\ntwo"),
            ("# c\r\n\r\nA=b\r\n", "A=b"),
            ("\u{feff}A=b", "A=b"),
            ("HOME", "HOME=/root"),
            ("A=b=c", "A=b=c"),
        ];
        for (text, variable) in table {
            assert_eq!(one(text), variable, "{text:?}");
        }
        assert_eq!(read("NONE\n"), Ok(Vec::new()));
    }

    #[test]
    fn a_later_value_may_use_an_earlier_one() {
        let variables = read("A=1\nB=${A}2\nA=3\nHOME=mine\nC=$HOME").expect("a sound file");
        let texts: Vec<String> = variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(texts, ["A=3", "B=12", "C=/root", "HOME=mine"]);
    }

    #[test]
    fn every_line_that_is_wrong_is_told() {
        let errors = read("A=1\nb c=2\nD='x\n").expect_err("two mistakes");
        let told: Vec<(usize, &str)> = errors.iter().map(|error| (error.line, error.message.as_str())).collect();
        assert_eq!(told, [(2, BAD_NAME), (3, "the quote ' is not closed")]);
    }

    #[test]
    fn the_raw_format_takes_what_stands_there() {
        let variables = parse_raw("A='b' # $c\n# note\nB=").expect("a sound file");
        assert_eq!(variables.get("A").map(String::as_str), Some("'b' # $c"));
        assert_eq!(variables.get("B").map(String::as_str), Some(""));
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic(text in "(A|=|'|\"|\\\\|\\$|\\{|\\}|#| |\n|:|é|\\PC){0,80}") {
            read(&text).ok();
            parse_raw(&text).ok();
        }
    }
}
