//! References to images, as the cluster asks for them.

use skiff_api::ImageName;

use crate::Options;
use crate::ledger::Ledger;

/// The small image that waits and copies, pinned.
pub(super) const TOOL: &str = "busybox:1.37.0";

/// An image as it is called in the registry that was asked for. Images of other registries than Docker's own keep the name of
/// theirs in the path, so that no two become one; what is there already is called as it is.
pub(super) fn in_registry(options: &Options, image: &str) -> String {
    let Some(registry) = &options.image_registry else { return image.to_owned() };
    let registry = registry.trim_end_matches('/');
    let name = ImageName::of(image);
    let is_there = format!("{}/{}", name.registry, name.path).starts_with(&format!("{registry}/"));
    if is_there || image.starts_with(&format!("{registry}/")) {
        return image.to_owned();
    }
    // The colon of a registry's port cannot stand in a path.
    let path = name.repository().replace(':', "-");
    match (name.tag, name.digest) {
        // What is pushed keeps its tag.
        (Some(tag), _) => format!("{registry}/{path}:{tag}"),
        // A digest is another one there, and nothing can be tagged with one.
        (None, Some(digest)) => format!("{registry}/{path}:{}", digest.replace(':', "-")),
        (None, None) => format!("{registry}/{path}:latest"),
    }
}

/// The same, noted among the images to push.
pub(super) fn pushed(options: &Options, image: &str, ledger: &mut Ledger<'_>) -> String {
    let to = in_registry(options, image);
    if to != image {
        ledger.push(image, &to, false, true);
    }
    to
}

/// Whether an image is named after a registry that this host can push to and a cluster reaches. What names none is looked for among
/// Docker's own images.
pub(super) fn has_registry(options: &Options, image: &str) -> bool {
    let registry = ImageName::of(image).registry;
    options.image_registry.is_some() || !(registry == "docker.io" || registry.starts_with("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_keeps_its_path_and_tag_in_another_registry() {
        let options = Options { image_registry: Some("registry.example.com/apps/".to_owned()), ..Options::default() };
        let table = [
            ("nginx", "registry.example.com/apps/nginx:latest"),
            ("docker.io/bitnami/redis:8", "registry.example.com/apps/bitnami/redis:8"),
            ("quay.io/bitnami/redis:8", "registry.example.com/apps/quay.io/bitnami/redis:8"),
            ("localhost:5000/api", "registry.example.com/apps/localhost-5000/api:latest"),
            ("a/b@sha256:00", "registry.example.com/apps/a/b:sha256-00"),
            ("registry.example.com/apps/web:1", "registry.example.com/apps/web:1"),
        ];
        for (image, expected) in table {
            assert_eq!(in_registry(&options, image), expected);
            assert_eq!(in_registry(&Options::default(), image), image);
        }
    }
}
