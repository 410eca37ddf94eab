//! A manifest → an object, read as every manifest is. What is wrong is told at the place in the Compose file, and in its words.

use skiff_api::{Complaint, Object, ObjectKey, parse_object, validate_object};
use skiff_yaml::{Node, Positions};

use super::Converter;
use crate::Declared;
use crate::load::entries;
use crate::manifest::Manifest;
use crate::problem::first_line;
use crate::problems::Problems;
use crate::words::{attribute_at, called, field_at, in_words, is_called_otherwise};

/// An entry of a section of the file: `("services", "web")`.
type Entry<'a> = (&'static str, &'a str);

impl Converter<'_, '_, '_> {
    /// Takes an object, with its tree: overlays are laid over that.
    pub(super) fn declare(&mut self, mut manifest: Manifest, (section, name): Entry<'_>) {
        let document = manifest.root.to_json();
        // What is right is known sooner without the words for what may be wrong.
        let right = Object::from_manifest(&document).ok().filter(|object| validate_object(object).is_empty());
        match right.map_or_else(|| parse_object(&document), Ok) {
            Ok(object) => {
                let place = manifest.root.place();
                manifest.root.shrink();
                let (key, called) = (object.key(), called(section, name));
                self.converted.objects.push(Declared { key, manifest: manifest.root, place, called });
            }
            Err(complaints) => {
                let positions = manifest.root.positions();
                let written = entries(&self.project.model, section).iter().find(|(key, _)| key.name == name);
                let path = format!("{section}.{name}");
                for complaint in complaints {
                    complain(complaint, &positions, (&path, written.map(|(_, node)| node)), self.problems);
                }
            }
        }
    }
}

/// Says what is wrong with a manifest of what an entry of the file says.
fn complain(complaint: Complaint, positions: &Positions, entry: (&str, Option<&Node>), problems: &mut Problems) {
    let Complaint { pointer, at_key, message, help, .. } = complaint;
    let place = positions.nearest(&pointer);
    let value = place.used_at.unwrap_or(place.value);
    let place = if at_key { place.key.unwrap_or(value) } else { value };
    let (path, written) = entry;
    let attribute = written.and_then(|node| attribute_at(node, first_line(place), path));
    // What stands below `x-skiff` is a manifest's own.
    if attribute.as_ref().is_some_and(|attribute| attribute.contains(".x-skiff")) {
        let problem = problems.wrong(place, message);
        if let Some(help) = help {
            problem.help(help);
        }
        return;
    }
    // What is wrong with one object by itself names no other.
    let none = |_: &ObjectKey| None;
    let field = field_at(&pointer);
    let rest = message.strip_prefix(&format!("`{field}`")).filter(|_| !is_called_otherwise(&field));
    let said = rest.zip(attribute).map(|(rest, attribute)| format!("`{attribute}`{}", in_words(rest, &none)));
    let problem = problems.wrong(place, said.unwrap_or_else(|| in_words(&message, &none)));
    if let Some(help) = help {
        problem.help(in_words(&help, &none));
    }
}
