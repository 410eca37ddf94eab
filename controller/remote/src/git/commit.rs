//! A commit, as far as people are told of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of a commit: all its hexadecimal digits, 40 or 64 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// Its name.
    pub id: CommitId,
    /// Who wrote it.
    pub author: String,
    /// Its first line.
    pub subject: String,
    /// When it was written.
    pub authored: Option<Timestamp>,
    /// The commits before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<CommitId>,
}

/// How long a subject is shown; a hostile one would fill the screen.
const LONGEST: usize = 120;

impl CommitId {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What git calls the format of objects with such names: <https://git-scm.com/docs/hash-function-transition>.
    pub fn object_format(&self) -> &'static str {
        if self.0.len() == 64 { "sha256" } else { "sha1" }
    }

    /// Enough of it for people.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for CommitId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = [40, 64].contains(&text.len()) && text.bytes().all(is_digit);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("a commit is named by 40 hexadecimal digits, or 64".to_owned())
        }
    }
}

impl TryFrom<String> for CommitId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Commit {
    /// Reads what `git cat-file commit` says of one. Total: what is missing is left empty, for it is only told.
    pub fn parse(id: CommitId, text: &str) -> Self {
        let (head, message) = text.split_once("\n\n").unwrap_or((text, ""));
        let of = |word: &'static str| head.lines().filter_map(move |line| line.strip_prefix(word));
        let (author, authored) = of("author ").next().map(author).unwrap_or_default();
        Self {
            id,
            author,
            subject: plain(message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()),
            authored,
            parents: of("parent ").filter_map(|id| id.trim().parse().ok()).collect(),
        }
    }
}

/// `1a2b3c4 Raise the limit (Ann)`.
impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id.short(), self.subject)?;
        if self.author.is_empty() { Ok(()) } else { write!(f, " ({})", self.author) }
    }
}

/// `Ann <ann@example.com> 1732590000 +0100`.
fn author(line: &str) -> (String, Option<Timestamp>) {
    let (name, rest) = line.split_once('<').unwrap_or((line, ""));
    let (mail, time) = rest.split_once('>').unwrap_or((rest, ""));
    let name = plain(name);
    let seconds = time.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    (if name.is_empty() { plain(mail) } else { name }, seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()))
}

/// A line that anybody may have written, fit for a terminal.
fn plain(text: &str) -> String {
    let is_harmless = |c: &char| {
        !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let kept: String = text.trim().chars().filter(is_harmless).take(LONGEST + 1).collect();
    match kept.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", kept.get(..end).unwrap_or_default()),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(text: &str) -> Commit {
        Commit::parse("0123456789abcdef0123456789abcdef01234567".parse().expect("an id"), text)
    }

    #[test]
    fn author_subject_time_and_parents_are_read() {
        let text = "tree 1\nparent fedcba9876543210fedcba9876543210fedcba98\nauthor Ann Lee <ann@example.com> 1732590000 +0100\n\
                    committer Bob <bob@example.com> 1732590001 +0000\ngpgsig -----BEGIN\n author no\n\n\nRaise the limit\n\nbecause\n";
        let commit = commit(text);
        assert_eq!(commit.to_string(), "0123456 Raise the limit (Ann Lee)");
        assert_eq!(commit.authored.map(Timestamp::as_second), Some(1_732_590_000));
        assert_eq!(commit.parents.iter().map(CommitId::short).collect::<Vec<_>>(), ["fedcba9"]);
    }

    #[test]
    fn what_would_steer_a_terminal_or_fill_it_is_taken_out() {
        let text = format!("author \x1b[31mEve\u{202e} <e@e> x y\n\n\x1b]0;t\x07{}", "a".repeat(1000));
        let commit = commit(&text);
        assert_eq!((commit.author.as_str(), commit.authored), ("[31mEve", None));
        assert_eq!(commit.subject.chars().count(), LONGEST + 1);
        assert!(commit.subject.starts_with("]0;ta") && commit.subject.ends_with('…'));
    }

    #[test]
    fn a_commit_that_says_nothing_is_still_one() {
        assert_eq!(commit("").to_string(), "0123456 ");
        assert_eq!(commit("author <ann@example.com> 1 +0000\n\nx").author, "ann@example.com");
    }

    #[test]
    fn only_a_whole_name_is_a_name() {
        for wrong in
            ["", "0123456", "0123456789ABCDEF0123456789abcdef01234567", "-123456789abcdef0123456789abcdef01234567"]
        {
            assert!(wrong.parse::<CommitId>().is_err(), "{wrong}");
        }
    }
}
