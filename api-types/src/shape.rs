//! The form of each kind's documents, compiled once from the types' JSON Schemas.
//!
//! What schemars derives is nested in references and alternatives; checking and explaining want a plain tree.
//! An unknown construct becomes [`Shape::Any`], so that a new type can never make good documents fail; a test shows that there is none.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::{Kind, schema};

/// What may stand at a place.
#[derive(Debug)]
pub(crate) enum Shape {
    /// An object with these fields and no others.
    Object(Fields),
    /// An object with any keys.
    Map(Box<Self>),
    /// A list.
    List(Box<Self>),
    /// One of a few words.
    Words(Vec<Word>),
    /// Text.
    Text,
    /// A whole number from the first to the second.
    Integer(i128, i128),
    /// `true` or `false`.
    Bool,
    /// A scalar that a parser of ours reads.
    Format(Format),
    /// Any of these forms.
    Either(Vec<Self>),
    /// Anything.
    Any,
}

/// The scalars with parsers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Cpu,
    Bytes,
    Duration,
    IntOrPercent,
    PortRef,
    HostPort,
    MemorySwap,
}

/// A word that an enumeration allows.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) word: String,
    pub(crate) description: String,
}

/// The fields of an object, in the order of declaration.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) type_name: String,
    pub(crate) all: Vec<Field>,
    index: BTreeMap<String, usize>,
}

/// One field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
}

impl Fields {
    /// The field of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.all.get(*self.index.get(name)?)
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|field| field.name.as_str())
    }
}

/// The fields of a kind's documents, besides `apiVersion` and `kind`, with the description of the kind.
pub(crate) fn of(kind: Kind) -> &'static (Fields, String) {
    /// Those of each kind, compiled when it is met first: most manifests are of few kinds, and each takes a millisecond.
    static SHAPES: [OnceLock<(Fields, String)>; Kind::ALL.len()] = [const { OnceLock::new() }; Kind::ALL.len()];
    static NOTHING: (Fields, String) =
        (Fields { type_name: String::new(), all: Vec::new(), index: BTreeMap::new() }, String::new());
    let place = Kind::ALL.iter().position(|known| *known == kind).and_then(|place| SHAPES.get(place));
    place.map_or(&NOTHING, |shape| shape.get_or_init(|| compile(&schema::derived(kind))))
}

fn compile(root: &Value) -> (Fields, String) {
    let empty = Map::new();
    let definitions = root.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let title = text(root, "title");
    (Compiler { definitions }.fields(root, title), text(root, "description"))
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

struct Compiler<'a> {
    definitions: &'a Map<String, Value>,
}

impl Compiler<'_> {
    fn fields(&self, schema: &Value, type_name: String) -> Fields {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let fields: Vec<Field> = properties
            .map(|(name, property)| Field {
                name: name.clone(),
                description: text(property, "description"),
                required: required.contains(&name.as_str()),
                shape: self.shape(property, ""),
            })
            .collect();
        let index = fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect();
        Fields { type_name, all: fields, index }
    }

    fn shape(&self, schema: &Value, type_name: &str) -> Shape {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/")) {
            return self.definitions.get(name).map_or(Shape::Any, |definition| self.shape(definition, name));
        }
        if let Some(format) = schema.get("format").and_then(Value::as_str).and_then(Format::named) {
            return Shape::Format(format);
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
                return self.either(choices, type_name);
            }
        }
        match type_word(schema) {
            Some("object") => self.object(schema, type_name),
            Some("array") => Shape::List(Box::new(schema.get("items").map_or(Shape::Any, |item| self.shape(item, "")))),
            Some("string") => Shape::Text,
            Some("boolean") => Shape::Bool,
            Some("integer") => bounds(schema),
            _ => Shape::Any,
        }
    }

    fn object(&self, schema: &Value, type_name: &str) -> Shape {
        match schema.get("additionalProperties") {
            Some(items @ Value::Object(_)) => Shape::Map(Box::new(self.shape(items, ""))),
            _ if schema.get("properties").is_some() => Shape::Object(self.fields(schema, type_name.to_owned())),
            _ => Shape::Any,
        }
    }

    fn either(&self, choices: &[Value], type_name: &str) -> Shape {
        let word = |choice: &Value| {
            let word = choice.get("const")?.as_str()?.to_owned();
            Some(Word { word, description: text(choice, "description") })
        };
        if let Some(words) = choices.iter().map(word).collect() {
            return Shape::Words(words);
        }
        let not_null = choices.iter().filter(|choice| type_word(choice) != Some("null"));
        let mut shapes: Vec<Shape> = not_null.map(|choice| self.shape(choice, type_name)).collect();
        match shapes.pop() {
            Some(only) if shapes.is_empty() => only,
            Some(last) => {
                shapes.push(last);
                Shape::Either(shapes)
            }
            None => Shape::Any,
        }
    }
}

/// The type, without the `null` that stands for an optional field.
fn type_word(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(word) => Some(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).find(|word| *word != "null"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn bounds(schema: &Value) -> Shape {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, i128::from(u8::MAX)),
        Some("uint16") => (0, i128::from(u16::MAX)),
        Some("uint32") => (0, i128::from(u32::MAX)),
        Some("uint64") => (0, i128::from(u64::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    Shape::Integer(least, most)
}

impl Format {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "cpu" => Self::Cpu,
            "bytes" => Self::Bytes,
            "duration" => Self::Duration,
            "int-or-percent" => Self::IntOrPercent,
            "port-ref" => Self::PortRef,
            "host-port" => Self::HostPort,
            "memory-swap" => Self::MemorySwap,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anything(shape: &Shape) -> usize {
        match shape {
            Shape::Any => 1,
            Shape::Object(fields) => fields.all.iter().map(|field| anything(&field.shape)).sum(),
            Shape::Map(inner) | Shape::List(inner) => anything(inner),
            Shape::Either(shapes) => shapes.iter().map(anything).sum(),
            Shape::Words(_) | Shape::Text | Shape::Integer(..) | Shape::Bool | Shape::Format(_) => 0,
        }
    }

    #[test]
    fn every_field_of_every_kind_has_a_form() {
        let unknown = Kind::ALL.map(|kind| of(kind).0.all.iter().map(|field| anything(&field.shape)).sum::<usize>());
        assert_eq!(unknown, [0; 7]);
        assert!(Kind::ALL.into_iter().all(|kind| of(kind).0.get("metadata").is_some_and(|field| field.required)));
    }
}
