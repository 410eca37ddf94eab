//! What is read for an export: where fields stand, what relative host paths hold, what Compose's attributes became.
//!
//! The export itself is decided by `skiff_kubernetes`, from this alone.

mod host;
#[cfg(test)]
mod tests;
pub mod usage;

use std::collections::BTreeMap;

use skiff_api::{Object, ObjectKey};
use skiff_kubernetes::{Export, HostContent, Input, Options, Place, Places, Remark, Usage, export};
use skiff_yaml::Span;

use crate::source::Loaded;

/// Exports what was loaded.
pub fn kubernetes(loaded: &Loaded, options: &Options, usage: Option<&BTreeMap<ObjectKey, Usage>>) -> Export {
    let objects: BTreeMap<ObjectKey, Object> =
        loaded.objects.iter().map(|(key, declared)| (key.clone(), declared.object.clone())).collect();
    let bases: BTreeMap<ObjectKey, String> =
        loaded.objects.iter().map(|(key, declared)| (key.clone(), declared.base.display().to_string())).collect();
    let host: BTreeMap<(String, String), HostContent> = host::contents(loaded);
    let remarks = remarks(loaded);
    let input =
        Input { objects: &objects, bases: &bases, places: &Origins(loaded), host: &host, usage, remarks: &remarks };
    export(&input, options)
}

/// Where the fields of what was loaded stand.
struct Origins<'l>(&'l Loaded);

impl Places for Origins<'_> {
    fn place(&self, object: &ObjectKey, pointer: &str) -> Place {
        let Some(declared) = self.0.objects.get(object) else { return Place::default() };
        match declared.origin.place(pointer, true) {
            Some(span) => place(self.0, span),
            None => Place { file: declared.origin.file.display().to_string(), line: declared.origin.line },
        }
    }
}

fn place(loaded: &Loaded, span: Span) -> Place {
    let file = loaded.texts.get(span.file).map(|text| text.path.display().to_string());
    Place { file: file.unwrap_or_default(), line: span.start.line }
}

/// What Compose's attributes became that is not what they mean there.
fn remarks(loaded: &Loaded) -> Vec<Remark> {
    let remark = |row: &skiff_compose::Row| {
        let skiff_compose::Row { attribute, place: span, verdict: _, does, remedy } = row;
        let path = attribute.strip_prefix("services.").and_then(|rest| rest.split_once('.')).map(|(_, path)| path);
        let known = path.and_then(|path| skiff_compose::attributes::service().find(|known| known.path == path));
        Remark {
            place: place(loaded, *span),
            key: attribute.clone(),
            lost: known.is_some_and(|known| known.becomes.is_empty()),
            why: format!("before the export: {does}"),
            remedy: remedy.clone().into_owned(),
        }
    };
    loaded.approximated.iter().map(remark).collect()
}
