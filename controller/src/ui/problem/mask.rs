//! Takes the values out of Secrets before a line of them is shown.
//!
//! Works on lines rather than on the parsed document, because what is shown is often what could not be parsed. Rather too
//! much is taken out than too little: of a document that looks like a Secret only keys and a few harmless values stay.

/// A text that can be shown, with the way from its places to those of the original.
pub(super) struct Masked {
    pub(super) text: String,
    /// For each line that was cut: where it began and was cut in the original, and where it begins in the text.
    cuts: Vec<Line>,
}

struct Line {
    original: usize,
    shown: usize,
    /// Bytes of the line that were kept; all of them where nothing was taken out.
    kept: Option<usize>,
    /// Whether a blank was put between a key and the stars.
    after_key: bool,
}

const STARS: &str = "******";
const HARMLESS: [&str; 5] = ["apiVersion", "kind", "name", "namespace", "type"];

impl Masked {
    /// The range in the shown text that stands for one of the original.
    pub(super) fn range(&self, offset: usize, length: usize) -> (usize, usize) {
        let index = self.cuts.partition_point(|line| line.original <= offset).saturating_sub(1);
        let Some(line) = self.cuts.get(index) else { return (offset, length) };
        let within = offset - line.original;
        match line.kept {
            None => (line.shown + within, length),
            Some(kept) if within < kept => (line.shown + within, length.min(kept - within)),
            Some(kept) => (line.shown + kept + usize::from(line.after_key), STARS.len()),
        }
    }
}

/// The text with the values of all Secrets replaced by stars, always as many.
pub(super) fn mask(text: &str) -> Masked {
    let mut masked = Masked { text: String::with_capacity(text.len()), cuts: Vec::new() };
    let mut original = 0;
    for document in documents(text) {
        let mut lines = looks_secret(document).then(SecretLines::default);
        for line in document.split_inclusive('\n') {
            let kept = lines.as_mut().and_then(|lines| lines.harmless_part(line));
            let after_key = kept.and_then(|kept| line.get(..kept)).is_some_and(|shown| shown.ends_with(':'));
            masked.cuts.push(Line { original, shown: masked.text.len(), kept, after_key });
            match kept {
                None => masked.text.push_str(line),
                Some(kept) => {
                    let shown = line.get(..kept).unwrap_or_default();
                    masked.text.push_str(shown);
                    masked.text.push_str(if after_key { " " } else { "" });
                    masked.text.push_str(STARS);
                    masked.text.push_str(if line.ends_with('\n') { "\n" } else { "" });
                }
            }
            original += line.len();
        }
    }
    masked
}

/// The parts between lines that begin with `---`.
fn documents(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let (mut begin, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") && at > begin {
            documents.extend(text.get(begin..at));
            begin = at;
        }
        at += line.len();
    }
    documents.extend(text.get(begin..));
    documents
}

/// Whether it says `kind: Secret` in any notation, or merges or overrides one.
fn looks_secret(document: &str) -> bool {
    let plain: String = document.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
    plain.contains("kind:Secret") || plain.contains("stringData:")
}

/// What the lines of a Secret before this one say about it.
#[derive(Default)]
struct SecretLines {
    data: Option<Data>,
}

/// The lines below `data:` or `stringData:`.
struct Data {
    indent: usize,
    /// Where its keys begin; what begins elsewhere belongs to a value.
    keys: Option<usize>,
    /// Braces have no indentation to tell where they end.
    to_the_end: bool,
}

impl SecretLines {
    /// How much of a line may be shown; `None` for all of it.
    fn harmless_part(&mut self, line: &str) -> Option<usize> {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if content.is_empty() || content == "---" {
            return None;
        }
        if self.data.as_ref().is_some_and(|data| indent <= data.indent && !data.to_the_end) {
            self.data = None;
        }
        let (key, value) = split_key(content);
        let is_key = self.data.as_mut().map(|data| *data.keys.get_or_insert(indent) == indent);
        match is_key {
            Some(false) => Some(indent),
            Some(true) => Some(key.map_or(indent, |key| key.len() + 1)),
            None => {
                let name = key.unwrap_or_default().trim().trim_matches(['"', '\'']);
                if matches!(name, "data" | "stringData") {
                    self.data = Some(Data { indent, keys: None, to_the_end: !value.is_empty() });
                }
                let harmless = value.is_empty() || HARMLESS.contains(&name) && !value.contains(['{', '[', ',', ':']);
                if key.is_some() && harmless { None } else { Some(key.map_or(indent, |key| key.len() + 1)) }
            }
        }
    }
}

/// The key of a line with its indentation, and what is behind its colon.
fn split_key(content: &str) -> (Option<&str>, &str) {
    let is_name = |key: &str| {
        let name = key.trim().trim_matches(['"', '\'']);
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'))
    };
    match content.split_once(':') {
        Some((key, value)) if is_name(key) && (value.is_empty() || value.starts_with([' ', '\t'])) => {
            (Some(key), value.trim())
        }
        Some(_) | None => (None, content.trim()),
    }
}
