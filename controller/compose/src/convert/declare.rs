//! A manifest → an object, read as every manifest is. What is wrong is told at the place in the Compose file.

use skiff_api::{Complaint, Object, parse_object, validate_object};
use skiff_yaml::Positions;

use super::Converter;
use crate::Declared;
use crate::manifest::Manifest;
use crate::problems::Problems;

impl Converter<'_, '_, '_> {
    /// Takes an object, with its tree: overlays are laid over that.
    pub(super) fn declare(&mut self, mut manifest: Manifest) {
        let document = manifest.root.to_json();
        // What is right is known sooner without the words for what may be wrong.
        let right = Object::from_manifest(&document).ok().filter(|object| validate_object(object).is_empty());
        match right.map_or_else(|| parse_object(&document), Ok) {
            Ok(object) => {
                let place = manifest.root.place();
                manifest.root.shrink();
                self.converted.objects.push(Declared { key: object.key(), manifest: manifest.root, place });
            }
            Err(complaints) => {
                let positions = manifest.root.positions();
                for complaint in complaints {
                    complain(complaint, &positions, self.problems);
                }
            }
        }
    }
}

fn complain(complaint: Complaint, positions: &Positions, problems: &mut Problems) {
    let Complaint { pointer, at_key, message, help, .. } = complaint;
    let place = positions.nearest(&pointer);
    let value = place.used_at.unwrap_or(place.value);
    let problem = problems.wrong(if at_key { place.key.unwrap_or(value) } else { value }, message);
    if let Some(help) = help {
        problem.help(help);
    }
}
