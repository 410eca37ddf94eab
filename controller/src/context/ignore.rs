//! `.dockerignore`, as Docker reads it: one pattern a line, the last one that fits decides, `!` takes back, what fits a folder fits
//! all that is in it.
//!
//! In a pattern `*` and `?` stay within a name, `**` goes through folders, `[a-z]` is one letter of a class, `\` takes a letter as it
//! is. Rules: <https://docs.docker.com/build/concepts/context/#dockerignore-files>.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::ContextError;

/// What of a context is not sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignore(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: Vec<Piece>,
    takes_back: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// This letter.
    Letter(char),
    /// One letter, not a slash.
    Any,
    /// Letters of a name.
    Name,
    /// Letters, slashes too.
    Path,
    /// Nothing, or folders up to a slash.
    Folders,
    /// One letter of ranges, or none of them.
    Class { ranges: Vec<(char, char)>, negated: bool },
}

impl Ignore {
    /// Reads a file; one that is not there ignores nothing.
    pub(super) fn read(path: &Path) -> Result<Self, ContextError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ContextError::unreadable(path, &error)),
        }
    }

    fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(Rule::parse).collect())
    }

    /// Whether anything is taken back, so that folders which are ignored must be looked into.
    pub(super) fn has_exceptions(&self) -> bool {
        self.0.iter().any(|rule| rule.takes_back)
    }

    /// Whether a path of the context is left out.
    pub(super) fn ignores(&self, path: &Path) -> bool {
        let paths: Vec<Vec<char>> = path
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| path.to_string_lossy().chars().collect())
            .collect();
        let decides = |rule: &&Rule| paths.iter().any(|path| fits(&rule.pattern, path));
        self.0.iter().rev().find(decides).is_some_and(|rule| !rule.takes_back)
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let (takes_back, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
        let cleaned = clean(pattern)?;
        Some(Self { pattern: pieces(&cleaned), takes_back })
    }
}

/// The pattern without slashes around it, `.` and `..` resolved; nothing where nothing is left of it.
fn clean(pattern: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut letters = pattern.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '*' if letters.next_if_eq(&'*').is_some() => {
                while letters.next_if_eq(&'*').is_some() {}
                if letters.next_if_eq(&'/').is_some() { Piece::Folders } else { Piece::Path }
            }
            '*' => Piece::Name,
            '?' => Piece::Any,
            '[' => class(&mut letters),
            '\\' => Piece::Letter(letters.next().unwrap_or('\\')),
            letter => Piece::Letter(letter),
        });
    }
    pieces
}

fn class(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Piece {
    let negated = letters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while let Some(from) = letters.next().filter(|letter| *letter != ']') {
        let from = if from == '\\' { letters.next().unwrap_or(from) } else { from };
        let to = if letters.next_if_eq(&'-').is_some() { letters.next().unwrap_or(from) } else { from };
        ranges.push((from, to));
    }
    Piece::Class { ranges, negated }
}

/// Whether a pattern fits a whole path: piece by piece, with all places at which the rest of the path may begin.
fn fits(pattern: &[Piece], path: &[char]) -> bool {
    let mut places: Vec<bool> = (0..=path.len()).map(|place| place == 0).collect();
    for piece in pattern {
        places = step(piece, &places, path);
    }
    places.last().copied().unwrap_or_default()
}

fn step(piece: &Piece, places: &[bool], path: &[char]) -> Vec<bool> {
    let mut next = vec![false; places.len()];
    let mut carried = false;
    for (index, slot) in next.iter_mut().enumerate() {
        let before = index.checked_sub(1).and_then(|before| path.get(before)).copied();
        let was = index.checked_sub(1).and_then(|before| places.get(before)).copied().unwrap_or_default();
        let is = places.get(index).copied().unwrap_or_default();
        *slot = match piece {
            Piece::Letter(letter) => was && before == Some(*letter),
            Piece::Any => was && before != Some('/'),
            Piece::Class { ranges, negated } => {
                was && before.is_some_and(|letter| in_class(letter, ranges) != *negated)
            }
            Piece::Name => {
                carried = is || carried && before != Some('/');
                carried
            }
            Piece::Path => {
                carried |= is;
                carried
            }
            Piece::Folders => {
                let after_folder = carried && before == Some('/');
                carried |= is;
                is || after_folder
            }
        };
    }
    next
}

fn in_class(letter: char, ranges: &[(char, char)]) -> bool {
    letter != '/' && ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(text: &str, paths: &[&'static str]) -> Vec<&'static str> {
        let ignore = Ignore::parse(text);
        paths.iter().copied().filter(|path| ignore.ignores(Path::new(path))).collect()
    }

    #[test]
    fn patterns_are_rooted_at_the_context_and_stars_stay_within_a_name() {
        let paths = ["a.log", "sub/a.log", "tmp", "tmp/x", "tmpx", "sub/tmp"];
        assert_eq!(ignored("*.log\n/tmp/\n", &paths), ["a.log", "tmp", "tmp/x"]);
        assert_eq!(ignored("*/*.log", &paths), ["sub/a.log"]);
        assert_eq!(ignored("tmp?", &paths), ["tmpx"]);
    }

    #[test]
    fn two_stars_go_through_folders() {
        let paths = ["a.log", "x/a.log", "x/y/a.log", "node_modules/m/i.js", "x/node_modules/i.js", "log"];
        assert_eq!(ignored("**/*.log", &paths), ["a.log", "x/a.log", "x/y/a.log"]);
        assert_eq!(ignored("**/node_modules", &paths), ["node_modules/m/i.js", "x/node_modules/i.js"]);
        assert_eq!(ignored("x/**", &paths), ["x/a.log", "x/y/a.log", "x/node_modules/i.js"]);
        assert_eq!(ignored("x/**/a.log", &paths), ["x/a.log", "x/y/a.log"]);
    }

    #[test]
    fn the_last_line_that_fits_decides() {
        let paths = ["a.md", "README.md", "docs/a.md"];
        assert_eq!(ignored("*.md\n!README.md\n", &paths), ["a.md"]);
        assert_eq!(ignored("!README.md\n*.md\n", &paths), ["a.md", "README.md"]);
        assert_eq!(
            ignored("**\n!docs\n", &paths),
            ["a.md", "README.md"],
            "a folder is taken back with all that is in it"
        );
    }

    #[test]
    fn comments_and_empty_lines_and_spaces_say_nothing_and_a_backslash_takes_a_letter_as_it_is() {
        let paths = ["#x", "a", "[b]", "b"];
        assert_eq!(ignored("# a\n\n  a  \n.\n", &paths), ["a"]);
        assert_eq!(ignored("\\[b\\]\n", &paths), ["[b]"]);
        assert_eq!(ignored("[a-b]\n", &paths), ["a", "b"]);
        assert_eq!(ignored("[^a]\n", &paths), ["b"]);
    }
}
