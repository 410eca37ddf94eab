//! The image of the main container: named, or built.

use super::{image, limits, modes};
use crate::complaint::At;
use crate::{Build, Complaint, Container, ImageName, PullPolicy, naming};

/// Complains about what a container is made from.
pub(super) fn check(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_image = at.key("image");
    let Some(build) = &container.build else {
        if container.image.is_empty() {
            let complaint = at.says("`image` is missing").for_want_of(&at_image).for_want_of(&at.key("build"));
            out.push(complaint.help("add `image`: the image, with tag or digest; or `build`, to have it built"));
        } else {
            image::check(&container.image, &at_image, out);
        }
        return;
    };
    if !container.image.is_empty() {
        image::check(&container.image, &at_image, out);
        repository(&container.image, &at_image, out);
    }
    if container.image_pull_policy == PullPolicy::Always {
        let complaint = at.key("imagePullPolicy").says("`imagePullPolicy: Always` beside `build`").on_key();
        out.push(complaint.help("leave it out: what is built is not pulled"));
    }
    self::build(build, &at.key("build"), out);
}

/// Beside `build` an image names the repository alone: its tag says what it was built from, and is Skiff's to give.
fn repository(reference: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    let name = ImageName::of(reference);
    let is_ours = name.tag.as_deref().is_none_or(naming::is_build_tag);
    if name.digest.is_none() && is_ours {
        return;
    }
    let complaint = at.says("`image` has a tag or digest beside `build`, where the tag says what it was built from");
    out.push(complaint.help(format!("write `image: {}`, or leave it out", name.repository())));
}

fn build(build: &Build, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_context = at.key("context");
    if build.context.is_empty() {
        out.push(at_context.says("`context` is empty").help("name the folder: `.` is that of the manifest"));
    } else if build.context.contains("://") || build.context.starts_with("git@") {
        let complaint = at_context.says(format!("`context` must be a folder, found `{}`", build.context));
        out.push(complaint.help("fetch it beside the manifest, and name the folder"));
    }
    dockerfile(build, at, out);
    for name in build.args.keys().filter(|name| name.is_empty() || name.contains(['=', ' '])) {
        out.push(at.key("args").key(name).says(format!("`{name}` cannot be the name of an `ARG`")).on_key());
    }
    if build.target.as_deref() == Some("") {
        out.push(at.key("target").says("`target` is empty").help("leave it out to build the last stage"));
    }
    surroundings(build, at, out);
    names(build, at, out);
}

fn dockerfile(build: &Build, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some(text) = &build.dockerfile_inline {
        let at_inline = at.key("dockerfileInline");
        if build.dockerfile.is_some() {
            let complaint = at_inline.says("`dockerfileInline` and `dockerfile` exclude each other").on_key();
            out.push(complaint.help("leave one of them out"));
        }
        if text.trim().is_empty() {
            out.push(at_inline.says("`dockerfileInline` is empty").help("write the Dockerfile's text: `FROM …`"));
        }
    }
    let dockerfile = build.dockerfile();
    if dockerfile.is_empty() || dockerfile.starts_with('/') || dockerfile.split('/').any(|part| part == "..") {
        let complaint =
            at.key("dockerfile").says(format!("`dockerfile` must lie in the context, found `{dockerfile}`"));
        out.push(complaint.help("write its path from the context's folder"));
    }
}

/// What a step of the build finds around it.
fn surroundings(build: &Build, at: &At<'_>, out: &mut Vec<Complaint>) {
    if build.network.as_deref() == Some("") {
        out.push(at.key("network").says("`network` is empty").help("leave it out for the engine's own"));
    }
    modes::hosts(&build.extra_hosts, &at.key("extraHosts"), out);
    limits::shm_size(build.shm_size, at, out);
    limits::ulimits(&build.ulimits, &at.key("ulimits"), out);
}

/// The images that are named beside the one that is built.
fn names(build: &Build, at: &At<'_>, out: &mut Vec<Complaint>) {
    for (field, references) in [("cacheFrom", &build.cache_from), ("tags", &build.tags)] {
        let at_field = at.key(field);
        for (index, reference) in references.iter().enumerate() {
            image::check(reference, &at_field.index(index), out);
        }
    }
    let at_tags = at.key("tags");
    for (index, tag) in build.tags.iter().enumerate() {
        let name = ImageName::of(tag);
        if name.digest.is_some() || name.tag.as_deref().is_some_and(naming::is_build_tag) {
            let complaint = at_tags.index(index).says(format!("`{tag}` cannot be given to an image"));
            out.push(complaint.help("write a name with a tag of your own: `shop/web:1.2`"));
        }
    }
}
