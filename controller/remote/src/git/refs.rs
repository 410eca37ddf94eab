//! Which commit of a repository is meant: a branch, a tag, one commit, or whatever its HEAD is.

use std::fmt;
use std::str::FromStr;

use super::CommitId;

/// What is followed of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// The branch that the repository itself shows first.
    #[default]
    Head,
    /// A branch or a tag, by its name or whole (`refs/heads/main`).
    Named(String),
    /// This commit and no other.
    Commit(CommitId),
}

/// What a repository says of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The commit, or the tag object that leads to it.
    pub id: CommitId,
    /// What to fetch.
    pub name: String,
    /// A tag of the name of the branch that is meant.
    pub twin: Option<String>,
}

impl Reference {
    /// The names to ask a repository for.
    pub fn patterns(&self) -> Vec<String> {
        match self {
            Self::Head => vec!["HEAD".to_owned()],
            Self::Named(name) if name.starts_with("refs/") => vec![name.clone()],
            Self::Named(name) => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
            Self::Commit(_) => Vec::new(),
        }
    }

    /// What the answer of `git ls-remote` means: lines of an id, a tab, and a name. A branch comes before a tag of its name.
    pub fn find(&self, listing: &str) -> Option<Found> {
        if let Self::Commit(id) = self {
            return Some(Found { id: id.clone(), name: id.to_string(), twin: None });
        }
        let lines = || listing.lines().filter_map(|line| line.split_once('\t'));
        let patterns = self.patterns();
        let mut found = patterns.iter().filter_map(|pattern| {
            let (id, name) = lines().find(|(_, name)| name == pattern)?;
            Some((id.parse().ok()?, name.to_owned()))
        });
        let (id, name) = found.next()?;
        Some(Found { id, name, twin: found.next().map(|(_, name): (CommitId, String)| name) })
    }

    /// Whether it looks like the first digits of a commit, which name none on the other side.
    pub fn is_short_commit(&self) -> bool {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        matches!(self, Self::Named(name) if (7..40).contains(&name.len()) && name.bytes().all(is_digit))
    }
}

impl FromStr for Reference {
    type Err = String;

    /// Git's own rules for names, so that nothing is taken for a flag or a pattern.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Commit(id));
        }
        let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let is_lock = |part: &str| part.strip_suffix("lock").is_some_and(|rest| rest.ends_with('.'));
        let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !is_lock(part);
        let fits = !text.starts_with('-')
            && !text.contains("..")
            && !text.contains("@{")
            && !text.ends_with('.')
            && text != "@"
            && !text.contains(forbidden)
            && text.split('/').all(is_part);
        match text {
            "HEAD" => Ok(Self::Head),
            _ if fits => Ok(Self::Named(text.to_owned())),
            _ => Err(format!("`{}` is no name of a branch or tag", text.escape_default())),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("HEAD"),
            Self::Named(name) => f.write_str(name),
            Self::Commit(id) => f.write_str(id.short()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba98";

    fn found(reference: &str, listing: &str) -> Option<String> {
        let reference: Reference = reference.parse().expect("a reference");
        reference.find(listing).map(|found| format!("{} {}", found.id.short(), found.name))
    }

    #[test]
    fn a_branch_comes_before_a_tag_of_its_name_and_a_longer_name_is_another() {
        let listing = format!("{OTHER}\trefs/tags/v1\n{ID}\trefs/heads/v1\n{OTHER}\trefs/heads/team/v1\n");
        assert_eq!(found("v1", &listing).as_deref(), Some("0123456 refs/heads/v1"));
        assert_eq!(found("refs/tags/v1", &listing).as_deref(), Some("fedcba9 refs/tags/v1"));
        assert_eq!(found("team/v1", &listing).as_deref(), Some("fedcba9 refs/heads/team/v1"));
        assert_eq!(found("main", &listing), None);
        let twin = |reference: &str| reference.parse::<Reference>().ok()?.find(&listing)?.twin;
        assert_eq!((twin("v1").as_deref(), twin("refs/tags/v1"), twin("team/v1")), (Some("refs/tags/v1"), None, None));
    }

    #[test]
    fn the_first_digits_of_a_commit_look_like_it() {
        let is_short = |text: &str| text.parse::<Reference>().is_ok_and(|reference| reference.is_short_commit());
        assert!(is_short("0123456") && is_short("fedcba987654"));
        assert!(!is_short(ID) && !is_short("012345") && !is_short("feature") && !is_short("v1.2.3"));
    }

    #[test]
    fn a_commit_is_itself_whatever_the_repository_lists() {
        assert_eq!(found(ID, "").as_deref(), Some(format!("0123456 {ID}").as_str()));
    }

    #[test]
    fn what_git_would_not_take_as_a_name_or_would_take_as_a_flag_is_refused() {
        for wrong in [
            "", "-main", "a..b", "a b", "a~1", "a:b", "*", "@", "a@{1}", "a//b", "/a", "a/", ".a", "a.lock", "a\n",
            "a.",
        ] {
            assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
        }
        for right in ["main", "release/1.2", "refs/heads/main", "v1.2.3", "feature-x", "läden"] {
            assert!(right.parse::<Reference>().is_ok(), "{right}");
        }
    }
}
