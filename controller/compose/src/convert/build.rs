//! `build`: what is built from a folder, by the engine's classic builder, and named by what it is built from.
//!
//! Where `image` stands beside it, one of them has to win. What `pull_policy` says of the image does; without a word of it, the image is
//! built where there is something to build it from, and taken by its name on hosts that have the Compose file alone.

use skiff_api::ImageName;
use skiff_yaml::{Key, Node, Value};

use super::Converter;
use super::network::host_entry;
use super::service::{Service, is_true};
use crate::load::entries;
use crate::manifest::text;
use crate::paths;

/// Where a manifest says what its image is built from.
const BUILD: &str = "template/container/build";

/// Attributes that go into a field of it as they are.
const COPIED: [(&str, &str); 10] = [
    ("context", "context"),
    ("dockerfile", "dockerfile"),
    ("dockerfile_inline", "dockerfileInline"),
    ("target", "target"),
    ("network", "network"),
    ("shm_size", "shmSize"),
    ("ulimits", "ulimits"),
    ("no_cache", "noCache"),
    ("pull", "pull"),
    ("tags", "tags"),
];

/// What becomes of a service's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// It is built.
    Built,
    /// It is taken by its name.
    Named(&'static str),
}

impl Converter<'_, '_, '_> {
    /// The image that is named, or what it is built from.
    pub(super) fn image(&mut self, service: &mut Service<'_>) {
        let Some(build) = service.attribute("build") else { return };
        let source = self.source(service, build);
        let image = service.attribute("image").and_then(Node::text);
        let named = image.clone().unwrap_or_else(|| format!("{}-{}", self.project.name, service.name));
        let place = service.attribute("image").unwrap_or(build).place();
        if let Source::Named(why) = source {
            service.approximated("build", build.place(), why, "write `pull_policy: build` to have it built");
            return service.put("template/container/image", text(named, place));
        }
        let repository = ImageName::of(&named).repository();
        if image.is_some_and(|image| image != repository) {
            let does = "its tag says what it is built from, not what is written here";
            service.approximated("image", place, does, "refer to it by what `skiff describe` shows, or name no tag");
        }
        service.put("template/container/image", text(repository, place));
        for (name, field) in COPIED {
            if let Some(node) = build.get(name) {
                service.put(&format!("{BUILD}/{field}"), node.clone());
            }
        }
        if build.get("context").is_none() {
            service.put(&format!("{BUILD}/context"), text(".", build.place()));
        }
        for (key, value) in entries(build, "args") {
            if let Some(value) = self.argument(key, value) {
                service.entry(&format!("{BUILD}/args"), &key.name, value);
            }
        }
        for (key, value) in entries(build, "labels") {
            let value = text(value.text().unwrap_or_default(), value.place());
            service.entry(&format!("{BUILD}/labels"), &key.name, value);
        }
        for host in build.get("extra_hosts").and_then(Node::as_sequence).unwrap_or_default() {
            if let Some(entry) = host_entry(host) {
                service.push(&format!("{BUILD}/extraHosts"), entry);
            }
        }
        cache(service, build);
    }

    /// The value of an argument; one without has that of the environment, or is not given.
    fn argument(&self, key: &Key, value: &Node) -> Option<Node> {
        let given = if value.is_null() { self.environment().get(&key.name) } else { value.text() };
        Some(text(given?, value.place()))
    }

    fn source(&mut self, service: &Service<'_>, build: &Node) -> Source {
        const AS_BUILT: Source = Source::Named("the image is taken as it was built last");
        const PULLED: Source = Source::Named("the image is pulled by its name, as `pull_policy` says");
        let has_image = service.attribute("image").is_some();
        match service.text("pull_policy").as_deref() {
            Some("never") => AS_BUILT,
            Some("build") => Source::Built,
            Some(_) if has_image => PULLED,
            None if has_image && !self.is_buildable(build) => {
                Source::Named("the image is pulled by its name: there is nothing here to build it from")
            }
            Some(_) | None => Source::Built,
        }
    }

    /// Whether there is a Dockerfile. What comes from elsewhere or is written into the file is told by who reads the rest.
    fn is_buildable(&mut self, build: &Node) -> bool {
        let field = |name: &str| build.get(name).and_then(Node::text);
        let context = field("context").unwrap_or_else(|| ".".to_owned());
        if paths::is_elsewhere(&context) || build.get("dockerfile_inline").is_some() {
            return true;
        }
        let folder = paths::resolve(&self.project.directory, &context);
        let dockerfile = field("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
        self.files.has(&paths::resolve(&folder, &dockerfile))
    }
}

/// Which layers are used again.
fn cache(service: &mut Service<'_>, build: &Node) {
    let filter = build.get("no_cache_filter").filter(|stages| stages.as_sequence().is_some_and(|it| !it.is_empty()));
    if let (Some(stages), false) = (filter, is_true(build.get("no_cache"))) {
        service.set(&format!("{BUILD}/noCache"), Value::Bool(true), stages.place());
    }
    for source in build.get("cache_from").and_then(Node::as_sequence).unwrap_or_default() {
        let (line, place) = (source.text().unwrap_or_default(), source.place());
        if line.contains('=') {
            let does = "caches that are no images are left out, as BuildKit alone reads them";
            service.approximated("build.cache_from", place, does, "name an image that the engine has, or leave it out");
        } else {
            service.push(&format!("{BUILD}/cacheFrom"), text(line, place));
        }
    }
}

/// Whether the image of a service is built.
pub(super) fn is_built(service: &Service<'_>) -> bool {
    service.field("template/container/build").is_some_and(|build| !matches!(build.value, Value::Null))
}
