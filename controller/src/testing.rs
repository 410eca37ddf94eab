//! What unit tests of several modules start from.

use skiff_api::{Component, Instance, ObjectKey, OwnerLabels};

/// The labels of the first replica of an object's first revision.
pub(crate) fn labels_of(object: ObjectKey) -> OwnerLabels {
    OwnerLabels {
        instance: Instance::default(),
        source: "shop".to_owned(),
        object,
        ordinal: 1,
        component: Component::Main,
        run: None,
        revision: 1,
        source_revision: None,
        template_hash: String::new(),
        template: None,
        content: None,
        image_id: None,
    }
}
