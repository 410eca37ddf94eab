//! Names that Kubernetes takes, each once.
//!
//! A name that does not fit is cut or changed, and gets a part of its digest so that two such names stay two.

use std::collections::BTreeSet;
use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The most characters of a label, and of everything that becomes one.
const LONGEST: usize = 63;

/// The first digits of a digest.
pub(crate) fn short_digest(parts: &[&[u8]], digits: usize) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    let mut text = hex(&hasher.finalize());
    text.truncate(digits);
    text
}

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// A DNS label (RFC 1123) of at most so many characters that is, or stands for, a text.
pub(crate) fn label(text: &str, longest: usize) -> String {
    if skiff_api::validate::is_dns_label(text) && text.len() <= longest {
        return text.to_owned();
    }
    let fitted: String =
        text.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let fitted = fitted.trim_matches('-');
    if fitted.len() <= longest && skiff_api::validate::is_dns_label(fitted) {
        return fitted.to_owned();
    }
    let digest = short_digest(&[text.as_bytes()], 8);
    let stem: String = fitted.chars().take(longest.saturating_sub(9)).collect();
    let stem = stem.trim_matches('-');
    if stem.is_empty() { format!("x{digest}") } else { format!("{stem}-{digest}") }
}

/// A name with something behind it, short enough to be a label.
pub(crate) fn suffixed(name: &str, suffix: &str) -> String {
    format!("{}-{suffix}", label(name, LONGEST.saturating_sub(suffix.len() + 1)))
}

/// Whether a Service may have the name: a DNS label that begins with a letter (RFC 1035), as clusters before 1.36 want it.
pub(crate) fn is_service_name(text: &str) -> bool {
    skiff_api::validate::is_dns_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a text can be a label's value.
pub(crate) fn is_label_value(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.is_empty()
        || (text.len() <= LONGEST
            && text.starts_with(ends)
            && text.ends_with(ends)
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)))
}

/// Whether a text can be the key of a label or an annotation: a name, with a DNS subdomain before it or not.
pub(crate) fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let is_subdomain = |text: &str| text.len() <= 253 && text.split('.').all(skiff_api::validate::is_dns_label);
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_subdomain)
}

/// Names that are taken, by kind and namespace.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<(&'static str, String, String)>,
}

impl Names {
    /// The name if it is free, else one like it.
    pub(crate) fn claim(&mut self, kind: &'static str, namespace: &str, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut count = 2_u32;
        while !self.taken.insert((kind, namespace.to_owned(), name.clone())) {
            name = suffixed(wanted, &count.to_string());
            count += 1;
        }
        name
    }

    /// Whether a name is taken.
    pub(crate) fn has(&self, kind: &'static str, namespace: &str, name: &str) -> bool {
        self.taken.contains(&(kind, namespace.to_owned(), name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_that_fits_is_kept_and_one_that_does_not_is_like_it() {
        assert_eq!(label("web", 63), "web");
        assert_eq!(label("my_db", 63), "my-db");
        assert_eq!(label("a-very-long-name-of-a-port", 15), "a-very-72d91074");
        assert!(!is_service_name("1web") && is_service_name("web1"));
    }

    #[test]
    fn a_name_is_given_once_in_a_namespace() {
        let mut names = Names::default();
        let given = ["a", "b", "a"].map(|namespace| names.claim("Service", namespace, "web"));
        assert_eq!(given, ["web", "web", "web-2"]);
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_becomes_a_label(text in "\\PC{0,80}", longest in 15_usize..64) {
            let label = label(&text, longest);
            prop_assert!(skiff_api::validate::is_dns_label(&label) && label.len() <= longest, "{}", label);
        }
    }
}
