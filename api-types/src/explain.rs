//! What a field means: the documentation of the types, by path, for people who write manifests.

use serde::Serialize;

use crate::shape::{self, Field, Fields, Format, Shape, Word};
use crate::suggest::nearest;
use crate::{API_VERSION, Kind};

/// The documentation of a kind or a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The path, `deployment.spec.strategy`.
    pub path: String,
    /// What stands there: a type's name, `list of ContainerPort`, `text`.
    pub type_name: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it means.
    pub description: String,
    /// The fields below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldLine>,
    /// The words that it can be, where there are only a few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordLine>,
}

/// A field in the list of what is below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldLine {
    /// Its name.
    pub name: String,
    /// What stands there.
    pub type_name: String,
    /// Whether it must be given.
    pub required: bool,
    /// The first line of what it means.
    pub description: String,
}

/// A word that a field can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WordLine {
    /// The word.
    pub word: String,
    /// What it means.
    pub description: String,
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// Its first word is not a kind.
    #[error("`{word}` is not a kind")]
    NoKind {
        /// The word.
        word: String,
        /// The kind that was probably meant.
        nearest: Option<String>,
    },
    /// A field that does not exist.
    #[error("`{parent}` has no field `{word}`")]
    NoField {
        /// The path up to it.
        parent: String,
        /// The word.
        word: String,
        /// The path that was probably meant.
        nearest: Option<String>,
    },
}

/// Explains `deployment`, `deployment.spec.strategy`, `cronjob.spec.jobTemplate.spec.template.container.ports.hostPort`.
///
/// Lists need no index and maps take any key.
///
/// # Errors
/// The first word that does not exist, with the path that was probably meant.
pub fn explain(path: &str) -> Result<Explanation, ExplainError> {
    let mut words = path.split('.').map(|word| word.split('[').next().unwrap_or(word)).filter(|word| !word.is_empty());
    let word = words.next().unwrap_or_default();
    let kind: Kind = word.parse().map_err(|_| ExplainError::NoKind {
        word: word.to_owned(),
        nearest: nearest(&word.to_ascii_lowercase(), Kind::ALL.map(Kind::lower)).map(str::to_owned),
    })?;
    let (fields, description) = shape::of(kind);
    let mut place =
        Place { path: kind.lower().to_owned(), required: true, description, target: Target::Fields(fields) };
    for word in words {
        place = place.descend(word)?;
    }
    Ok(place.explanation(kind))
}

enum Target {
    Fields(&'static Fields),
    Shape(&'static Shape),
}

struct Place {
    path: String,
    required: bool,
    description: &'static str,
    target: Target,
}

impl Place {
    fn fields(&self) -> Option<&'static Fields> {
        match self.target {
            Target::Fields(fields) => Some(fields),
            Target::Shape(shape) => fields_of(shape),
        }
    }

    fn descend(&self, word: &str) -> Result<Self, ExplainError> {
        let path = format!("{}.{word}", self.path);
        if let Target::Shape(Shape::Map(inner)) = self.target {
            return Ok(Self { path, required: false, description: self.description, target: Target::Shape(inner) });
        }
        let fields = self.fields();
        if let Some(Field { description, required, shape, .. }) = fields.and_then(|fields| fields.get(word)) {
            return Ok(Self { path, required: *required, description, target: Target::Shape(shape) });
        }
        let meant = fields.and_then(|fields| nearest(word, fields.names()));
        let nearest = meant.map(|meant| format!("{}.{meant}", self.path));
        Err(ExplainError::NoField { parent: self.path.clone(), word: word.to_owned(), nearest })
    }

    fn explanation(self, kind: Kind) -> Explanation {
        let mut fields: Vec<FieldLine> = match self.target {
            Target::Fields(_) => document_lines(kind),
            Target::Shape(_) => Vec::new(),
        };
        fields.extend(self.fields().into_iter().flat_map(|fields| fields.all.iter().map(field_line)));
        let (type_name, words) = match self.target {
            Target::Fields(fields) => (fields.type_name.clone(), Vec::new()),
            Target::Shape(shape) => (type_name(shape), words_of(shape).iter().map(word_line).collect()),
        };
        let description = self.description.to_owned();
        Explanation { path: self.path, type_name, required: self.required, description, fields, words }
    }
}

/// The fields of an object, or of the items of a list or map of objects.
fn fields_of(shape: &Shape) -> Option<&Fields> {
    match shape {
        Shape::Object(fields) => Some(fields),
        Shape::List(inner) | Shape::Map(inner) => fields_of(inner),
        Shape::Either(shapes) => shapes.iter().find_map(fields_of),
        Shape::Words(_) | Shape::Text | Shape::Integer(..) | Shape::Bool | Shape::Format(_) | Shape::Any => None,
    }
}

fn words_of(shape: &Shape) -> &[Word] {
    match shape {
        Shape::Words(words) => words,
        Shape::List(inner) | Shape::Map(inner) => words_of(inner),
        Shape::Object(_)
        | Shape::Text
        | Shape::Integer(..)
        | Shape::Bool
        | Shape::Format(_)
        | Shape::Either(_)
        | Shape::Any => &[],
    }
}

fn type_name(shape: &Shape) -> String {
    match shape {
        Shape::Object(fields) if fields.type_name.is_empty() => "object".to_owned(),
        Shape::Object(fields) => fields.type_name.clone(),
        Shape::Map(inner) => format!("map of {}", type_name(inner)),
        Shape::List(inner) => format!("list of {}", type_name(inner)),
        Shape::Words(_) => "word".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::Integer(..) => "integer".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Format(format) => format_name(*format).to_owned(),
        Shape::Either(shapes) => shapes.iter().map(type_name).collect::<Vec<_>>().join(" or "),
        Shape::Any => "anything".to_owned(),
    }
}

const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Cpu => "CPU",
        Format::Bytes => "bytes",
        Format::Duration => "duration",
        Format::IntOrPercent => "integer or percentage",
        Format::PortRef => "port or its name",
        Format::HostPort => "port or range",
        Format::MemorySwap => "bytes or -1",
    }
}

fn field_line(field: &Field) -> FieldLine {
    FieldLine {
        name: field.name.clone(),
        type_name: type_name(&field.shape),
        required: field.required,
        description: field.description.lines().next().unwrap_or_default().to_owned(),
    }
}

fn word_line(word: &Word) -> WordLine {
    WordLine { word: word.word.clone(), description: word.description.clone() }
}

/// What every document begins with.
fn document_lines(kind: Kind) -> Vec<FieldLine> {
    let line = |name: &str, description: String| FieldLine {
        name: name.to_owned(),
        type_name: "text".to_owned(),
        required: true,
        description,
    };
    vec![line("apiVersion", format!("`{API_VERSION}`.")), line("kind", format!("`{kind}`."))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An explanation as text.
    fn shown(path: &str) -> String {
        let found = match explain(path) {
            Ok(found) => found,
            Err(error) => return format!("{error}: {error:?}"),
        };
        let required = |required: bool| if required { ", required" } else { "" };
        let head = format!("{}: {}{}: {}", found.path, found.type_name, required(found.required), found.description);
        let fields = found.fields.iter();
        let fields =
            fields.map(|it| format!("  {}: {}{}: {}", it.name, it.type_name, required(it.required), it.description));
        let words = found.words.iter().map(|word| format!("  = {}: {}", word.word, word.description));
        [head].into_iter().chain(fields).chain(words).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_path_is_explained_with_what_is_below_it() {
        let paths = [
            "volume",
            "deployment.spec.strategy",
            "deploy.spec.strategy.type",
            "job.spec.template.container.ports[0].hostPort",
            "deployment.spec.template.container.ulimits.nofile",
        ];
        insta::assert_snapshot!(paths.map(shown).join("\n"), @r"
    volume: Volume, required: A named volume, or one that exists already.
      apiVersion: text, required: `skiff.dev/v1`.
      kind: text, required: `Volume`.
      metadata: ObjectMeta, required: Name, namespace, labels and annotations.
      spec: VolumeSpec: What is wanted.
    deployment.spec.strategy: Strategy: How replicas are replaced.
      type: word: Replace replicas a few at a time, or all at once. `RollingUpdate` unless said otherwise.
      rollingUpdate: RollingUpdate: How many at a time.
      rollback: RollingUpdate: How many at a time on the way back from a revision that failed. As `rollingUpdate` unless said otherwise.
      onFailure: word: What happens when the new revision fails. `Rollback` unless said otherwise.
    deployment.spec.strategy.type: word: Replace replicas a few at a time, or all at once. `RollingUpdate` unless said otherwise.
      = RollingUpdate: A few at a time, so that the others keep serving.
      = Recreate: All old ones go before the first new one starts.
    job.spec.template.container.ports.hostPort: port or range: The host's port, a range, or 0 for any. Not published unless said otherwise.
    deployment.spec.template.container.ulimits.nofile: integer or Ulimit: Limits of its processes by name, `nofile`.
      soft: integer, required: What a process starts with.
      hard: integer, required: What it may raise it to.
    ");
    }

    #[test]
    fn a_path_that_leads_nowhere_names_the_nearest() {
        insta::assert_snapshot!(["deploymnt.spec", "deployment.spec.stratgy", "volume.metadata.name.x"].map(shown).join("\n"), @r#"
    `deploymnt` is not a kind: NoKind { word: "deploymnt", nearest: Some("deployment") }
    `deployment.spec` has no field `stratgy`: NoField { parent: "deployment.spec", word: "stratgy", nearest: Some("deployment.spec.strategy") }
    `volume.metadata.name` has no field `x`: NoField { parent: "volume.metadata.name", word: "x", nearest: None }
    "#);
    }
}
