//! The files of an image as a volume, where the cluster's version has such.

use k8s_openapi::api::core::v1::ImageVolumeSource;
use skiff_api::ImageVolume;

use super::Planned;
use crate::emit::image;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::Stack;
use crate::version::Feature;

pub(super) fn image_volume(
    stack: &Stack<'_>,
    files: &ImageVolume,
    scope: &mut Scope<'_, '_>,
    planned: &mut Planned,
) -> Option<ImageVolumeSource> {
    let ImageVolume { reference, sub_path } = files;
    let version = stack.options.version;
    if !version.has(Feature::ImageVolume) {
        let why = format!("Kubernetes {version} has no volumes of images");
        scope.lost("reference", &why, "export for 1.33 or later, or copy the files in an init container");
        scope.dropped(sub_path, "subPath", &why, "");
        return None;
    }
    let why = "it counts only where the feature gate ImageVolume is on, as it is from 1.35";
    scope.says(Verdict::Approximated, "reference", "reference", why, "");
    if version.has(Feature::ImageVolumeSubPath) {
        scope.exact(sub_path, "subPath", "volumeMounts[].subPath");
        planned.inner_path.clone_from(sub_path);
    } else {
        scope.dropped(
            sub_path,
            "subPath",
            &format!("Kubernetes {version} mounts whole images only"),
            "export for 1.33 or later",
        );
        planned.takes_sub_path = false;
    }
    let reference = image::pushed(stack.options, reference, scope.ledger());
    Some(ImageVolumeSource { reference: Some(reference), pull_policy: None })
}
