//! What follows a tag must have one, that can move.

use crate::complaint::At;
use crate::{Complaint, Container, Duration, ImageName, ImageUpdate, ImageUpdatePolicy, PullPolicy, VersionTag};

/// More often than this a registry is not asked.
const SHORTEST: Duration = Duration::from_secs(1);

/// Complains about an image that cannot be followed so.
pub(super) fn check(update: &ImageUpdate, container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    if update.interval.is_some_and(|interval| interval < SHORTEST) {
        let complaint = at.key("interval").says("`interval` is below a second");
        out.push(complaint.help("5m, the default, is often enough for most images"));
    }
    let refuse = |message: &str, help: &str| at.says(message).on_key().help(help);
    if container.build.is_some() {
        out.push(refuse("`imageUpdate` beside `build`", "leave it out: what is built changes with its files"));
        return;
    }
    if container.image_pull_policy == PullPolicy::Never {
        let help = "leave one of them out: an image that has moved must be pulled";
        out.push(refuse("`imageUpdate` with `imagePullPolicy: Never`", help));
    }
    if container.image.is_empty() {
        return;
    }
    let name = ImageName::of(&container.image);
    if name.digest.is_some() || container.image.starts_with("sha256:") {
        let help = "write the tag alone; which digest runs is recorded with each revision";
        out.push(refuse("`imageUpdate` follows a tag, and `image` names a digest", help));
    } else if update.policy == ImageUpdatePolicy::Semver && name.tag.as_deref().and_then(VersionTag::of).is_none() {
        let help = "write a tag like `1.2.3`, `v1.2` or `1.25.3-alpine`; or `policy: Digest`, which follows any tag";
        let message = format!("`policy: Semver` follows versions, and the tag of `{}` is none", container.image);
        out.push(at.key("policy").says(message).help(help));
    }
}
