//! Kubernetes expands `$(NAME)` in commands, arguments, variables and the commands of probes; Docker expands nothing.
//!
//! There `$$` stands for a dollar, so that a dollar is doubled where another one or a parenthesis follows, and nowhere else: what
//! comes out of Kubernetes' expansion is then what was written, byte for byte.

/// A text that Kubernetes' expansion gives back as it was.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '$' && chars.peek().is_some_and(|next| ['$', '('].contains(next)) {
            out.push('$');
        }
    }
    out
}

/// The words of a command, escaped.
pub(crate) fn escape_all(words: &[String]) -> Vec<String> {
    words.iter().map(|word| escape(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Kubernetes' own expansion, by its documentation: `$(NAME)` is replaced, `$$` is a dollar, all else is left.
    fn expand(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(index) = rest.find('$') {
            let (before, from) = rest.split_at(index);
            out.push_str(before);
            let behind = from.strip_prefix('$').unwrap_or_default();
            if let Some(behind) = behind.strip_prefix('$') {
                out.push('$');
                rest = behind;
            } else if let Some((_, behind)) = behind.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
                out.push_str("REPLACED");
                rest = behind;
            } else {
                out.push('$');
                rest = behind;
            }
        }
        out.push_str(rest);
        out
    }

    #[test]
    fn only_what_would_be_expanded_is_escaped() {
        let table =
            [("$FOO ${X} 5$", "$FOO ${X} 5$"), ("$(date)", "$$(date)"), ("kill $$", "kill $$$"), ("$$(x)", "$$$$(x)")];
        for (text, escaped) in table {
            assert_eq!(escape(text), escaped);
        }
    }

    proptest! {
        #[test]
        fn what_kubernetes_makes_of_it_is_what_was_written(text in "[$()a{} ]{0,12}") {
            prop_assert_eq!(expand(&escape(&text)), text);
        }
    }
}
