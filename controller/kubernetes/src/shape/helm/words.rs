//! Words that stand for expressions in an object until it is YAML, so that only texts which are expressions are written as such.

use serde_json::Value;

use crate::Export;
use crate::names::short_digest;

/// The words since the last template, and the expressions that they stand for.
pub(super) struct Words {
    mark: String,
    expressions: Vec<(String, String)>,
}

impl Words {
    pub(super) fn new(export: &Export) -> Self {
        let texts: Vec<String> = export.objects.iter().map(|it| it.value.to_string()).collect();
        let parts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        // Of the digest of all texts, so that it stands in none of them.
        Self { mark: format!("HELM{}", short_digest(&parts, 16)), expressions: Vec::new() }
    }

    /// A word that stands for an expression. Its end is marked, so that none is the beginning of another.
    pub(super) fn word(&mut self, expression: String) -> Value {
        let word = format!("{}N{}E", self.mark, self.expressions.len());
        self.expressions.push((word.clone(), expression));
        Value::String(word)
    }

    /// The YAML of an object as a template: what looks like an expression stays the text that it is, and words become theirs.
    /// They are forgotten then: a chart has too many to look for all of them in every object.
    pub(super) fn template(&mut self, yaml: &str) -> String {
        let text = yaml.replace("{{", "{{ \"{{\" }}");
        let words = std::mem::take(&mut self.expressions);
        words.iter().fold(text, |text, (word, expression)| text.replace(word.as_str(), expression))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Report;

    #[test]
    fn an_object_is_looked_through_for_its_own_words_only() {
        let mut words = Words::new(&Export { objects: Vec::new(), report: Report::default() });
        for index in 0..12 {
            let texts = ["a", "b"].map(|name| words.word(format!("{{{{ .{name}{index} }}}}")));
            assert_eq!(words.expressions.len(), 2, "what is looked for grows with the objects before");
            let yaml: String = texts.iter().filter_map(Value::as_str).collect();
            let expected = format!("{{{{ .a{index} }}}}{{{{ .b{index} }}}} {{{{ \"{{{{\" }}}} x");
            assert_eq!(words.template(&format!("{yaml} {{{{ x")), expected);
        }
    }
}
