//! The rows of the report: what the table says of each attribute that is there, or what was found of its value.

use skiff_yaml::{Node, Span};

use super::Converter;
use crate::attributes::{self, Attribute};
use crate::load::entries;
use crate::schema::{PROJECT, SERVICE, Shape};
use crate::{Row, Verdict};

/// What became of an attribute where its value decides.
#[derive(Debug)]
pub(super) struct Special {
    pub(super) verdict: Verdict,
    pub(super) path: String,
    pub(super) place: Span,
    pub(super) does: String,
    pub(super) remedy: String,
}

/// An attribute that was found.
struct Found {
    path: String,
    place: Span,
    /// Where its value stands.
    value: Span,
    attribute: &'static Attribute,
    /// Whether it is a part of another one that has a row.
    inner: bool,
}

type Lookup = fn(&str) -> Option<&'static Attribute>;

impl Converter<'_, '_, '_> {
    /// What became of a service's attributes.
    pub(super) fn service_rows(&mut self, name: &str, node: &Node, specials: &[Special]) {
        let mut found = Vec::new();
        walk(node, &SERVICE, "", attributes::of_service, false, &mut found);
        let prefix = format!("services.{name}");
        self.rows(&prefix, &found, specials);
        for special in specials {
            let attribute = format!("{prefix}.{}", special.path);
            let (does, remedy) = (special.does.clone().into(), special.remedy.clone().into());
            self.row(Row { attribute, place: special.place, verdict: special.verdict, does, remedy });
        }
    }

    /// What became of everything that is no service.
    pub(super) fn project_rows(&mut self) {
        let model = &self.project.model;
        for section in ["networks", "volumes", "configs", "secrets", "models"] {
            let Some(shape) = section_shape(section) else { continue };
            for (key, node) in entries(model, section) {
                let mut found = Vec::new();
                walk(node, shape, section, attributes::of_project, false, &mut found);
                for it in &mut found {
                    let rest = it.path.strip_prefix(section).unwrap_or_default().to_owned();
                    it.path = format!("{}{rest}", key.name);
                }
                self.rows(section, &found, &[]);
            }
        }
        for (attribute, place) in &self.project.followed {
            let name = attribute.rsplit_once('.').map_or(attribute.as_str(), |(_, name)| name);
            if let Some(known) = attributes::of_project(name).or_else(|| attributes::of_service(name)) {
                self.row(known.row(attribute.clone(), *place));
            }
        }
        for (key, node) in model.as_mapping().unwrap_or_default() {
            if let Some(attribute) = attributes::of_project(&key.name).filter(|it| !it.path.contains('.')) {
                self.row(attribute.row(key.name.clone(), node.place()));
            }
        }
    }

    fn rows(&mut self, prefix: &str, found: &[Found], specials: &[Special]) {
        for it in found {
            let attribute = it.attribute;
            // One that is honoured is so where it stands; what else was found of a value speaks for all of the attribute.
            let is_special = specials.iter().any(|special| {
                special.path == it.path && (special.verdict > Verdict::Honoured || special.place == it.value)
            });
            // What an image would have been built from says nothing where it is not built.
            let is_moot = it.path.starts_with("build.")
                && specials.iter().any(|special| special.path == "build" && special.verdict > Verdict::Honoured);
            // A part of what is refused is refused with it.
            let is_refused_with = |outer: &Found| {
                let rest = it.path.strip_prefix(&outer.path);
                outer.attribute.verdict == Verdict::Refused && rest.is_some_and(|rest| rest.starts_with('.'))
            };
            let told = it.inner && (attribute.verdict == Verdict::Honoured || found.iter().any(is_refused_with));
            let again = |row: &Row| row.place == it.place && row.attribute.ends_with(&it.path);
            if is_special || is_moot || told || self.converted.report.rows.iter().rev().take(8).any(again) {
                continue;
            }
            self.row(attribute.row(format!("{prefix}.{}", it.path), it.place));
        }
    }
}

/// Everything below a node that the table knows.
fn walk(node: &Node, shape: &Shape, path: &str, lookup: Lookup, inner: bool, found: &mut Vec<Found>) {
    let shape = shape.plain();
    if let Shape::List(item) = shape {
        for node in node.as_sequence().unwrap_or_default() {
            walk(node, item, path, lookup, inner, found);
        }
    }
    let entries = node.as_mapping().unwrap_or_default();
    if let Shape::Map(value) = shape {
        for (_, node) in entries {
            walk(node, value, path, lookup, inner, found);
        }
    }
    for (key, node) in entries {
        let Some(field) = shape.fields().iter().find(|field| field.name == key.name) else { continue };
        let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
        let known = lookup(&path);
        let (place, value) = (key.span, node.place());
        found.extend(known.map(|attribute| Found { path: path.clone(), place, value, attribute, inner }));
        walk(node, field.shape, &path, lookup, inner || known.is_some(), found);
    }
}

/// What an entry of a section of the file is made of.
fn section_shape(section: &str) -> Option<&'static Shape> {
    let section = PROJECT.fields().iter().find(|field| field.name == section)?;
    if let Shape::Map(entry) = section.shape { Some(entry) } else { None }
}
