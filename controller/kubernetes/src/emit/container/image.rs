//! The image of a container, and what it was built from.

use skiff_api::{Build, PullPolicy};

use crate::emit::image;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::Stack;

/// The image, as the cluster asks for it.
pub(super) fn reference(
    stack: &Stack<'_>,
    reference: &str,
    build: Option<&Build>,
    scope: &mut Scope<'_, '_>,
) -> String {
    let pushed = image::pushed(stack.options, reference, scope.ledger());
    taken_from(reference, &pushed, scope);
    if let Some(build) = build {
        let has_registry = image::has_registry(stack.options, &pushed);
        if has_registry {
            let why = "a cluster builds no images: the one that is built on this host is pushed";
            scope.says(Verdict::Approximated, "build/context", "image", why, "see \"Images to push\"");
        } else {
            let why = "a cluster builds no images, and this one names no registry that it could be pushed to";
            let remedy = "give `--image-registry`, or name the image after a registry that the cluster reaches";
            scope.says(Verdict::NeedsInput, "build/context", "image", why, remedy);
        }
        built(build, scope);
        scope.ledger().push(reference, &pushed, true, has_registry);
    }
    pushed
}

/// The rows of what an image was built from.
fn built(build: &Build, scope: &mut Scope<'_, '_>) {
    let Build {
        context,
        dockerfile,
        dockerfile_inline,
        args,
        target,
        network,
        extra_hosts,
        shm_size,
        ulimits,
        labels,
        cache_from,
        no_cache,
        pull,
        tags,
    } = build;
    debug_assert!(!context.is_empty(), "validation wants a context");
    let in_image = [
        (dockerfile.is_some(), "dockerfile"),
        (dockerfile_inline.is_some(), "dockerfileInline"),
        (!args.is_empty(), "args"),
        (target.is_some(), "target"),
        (!labels.is_empty(), "labels"),
    ];
    let while_built = [
        (network.is_some(), "network"),
        (!extra_hosts.is_empty(), "extraHosts"),
        (shm_size.is_some(), "shmSize"),
        (!ulimits.is_empty(), "ulimits"),
        (!cache_from.is_empty(), "cacheFrom"),
        (*no_cache, "noCache"),
        (*pull, "pull"),
        (!tags.is_empty(), "tags"),
    ];
    for (is_said, key) in in_image {
        scope.near(&is_said, &format!("build/{key}"), "image", "it is in the image that is pushed", "");
    }
    for (is_said, key) in while_built {
        scope.near(&is_said, &format!("build/{key}"), "image", "it is for the build, which this host does", "");
    }
}

/// The row of an image that is said.
pub(super) fn taken_from(image: &str, reference: &str, scope: &mut Scope<'_, '_>) {
    if reference == image {
        scope.exact(&true, "image", "image");
    } else {
        let remedy = "push it there, see \"Images to push\"";
        scope.near(&true, "image", "image", "it is taken from another registry", remedy);
    }
}

/// When it is pulled.
pub(super) const fn pull_policy(policy: PullPolicy) -> &'static str {
    match policy {
        PullPolicy::Always => "Always",
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Never => "Never",
    }
}
