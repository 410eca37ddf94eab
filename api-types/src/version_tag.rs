//! Tags of images that are versions, `1.2.3`, `v1.2`, `1.25.3-alpine`: which one follows which.
//!
//! Registries hold what people write there, so a tag says less than a version of Semantic Versioning does: what stands behind the
//! numbers names a variant (`-alpine`, `-bookworm`) far more often than a version before a release. Only what has the same form is
//! compared, and nobody is moved to another variant.

use std::cmp::Ordering;

/// A tag that is a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionTag {
    /// What stands before the numbers: `v` or nothing.
    prefix: &'static str,
    /// Two or three numbers.
    numbers: Vec<u64>,
    /// What stands behind them, its `-` included.
    variant: String,
}

impl VersionTag {
    /// A tag as a version; none where it is not one.
    pub fn of(tag: &str) -> Option<Self> {
        let (prefix, rest) = tag.strip_prefix('v').map_or(("", tag), |rest| ("v", rest));
        let (version, variant) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
        let numbers: Vec<u64> = version.split('.').map(number).collect::<Option<_>>()?;
        (2..=3).contains(&numbers.len()).then(|| Self { prefix, numbers, variant: variant.to_owned() })
    }

    /// Whether this one may take the place of another: the same form, no break that the numbers announce, and newer.
    pub fn follows(&self, other: &Self) -> bool {
        self.prefix == other.prefix
            && self.variant == other.variant
            && self.numbers.len() == other.numbers.len()
            && self.line() == other.line()
            && self.numbers > other.numbers
    }

    /// The numbers of which a change announces a break: the first one, below 1.0 the second one too.
    fn line(&self) -> &[u64] {
        let length = if self.numbers.first() == Some(&0) { 2 } else { 1 };
        self.numbers.get(..length).unwrap_or(&self.numbers)
    }

    /// Which of two tags of one form is newer.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

/// A number without a sign or zeros before it: what is written otherwise is a date or a hash.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follows(new: &str, old: &str) -> bool {
        let of = |tag| VersionTag::of(tag).unwrap_or_else(|| panic!("{tag} is a version"));
        of(new).follows(&of(old))
    }

    #[test]
    fn a_newer_version_of_the_same_form_and_line_follows() {
        let table = [("1.2.4", "1.2.3"), ("1.10.0", "1.9.9"), ("v1.3", "v1.2"), ("1.26.0-alpine", "1.25.3-alpine")];
        assert_eq!(table.map(|(new, old)| follows(new, old)), [true; 4]);
        assert!(follows("0.4.9", "0.4.2"));
    }

    #[test]
    fn nobody_is_moved_to_a_break_a_variant_an_older_version_or_another_form() {
        let table = [
            ("2.0.0", "1.9.9"),
            ("0.5.0", "0.4.2"),
            ("1.3.0-rc1", "1.2.0"),
            ("1.3.0-alpine", "1.2.0-bookworm"),
            ("v1.3.0", "1.2.0"),
            ("1.3", "1.2.0"),
            ("1.2.3", "1.2.3"),
            ("1.2.2", "1.2.3"),
        ];
        assert_eq!(table.map(|(new, old)| follows(new, old)), [false; 8]);
    }

    #[test]
    fn what_is_no_version_is_none() {
        let tags = [
            "latest",
            "1",
            "1.2.3.4",
            "stable-1.2",
            "20240101",
            "1.02.3",
            "1..2",
            "v",
            "",
            "1.2x",
            "1.99999999999999999999",
        ];
        assert_eq!(tags.map(VersionTag::of), [const { None }; 11]);
    }
}
