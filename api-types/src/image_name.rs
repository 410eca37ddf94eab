//! Names of images as Docker shows them: `docker.io/library/nginx` is `nginx:latest` to it.
//!
//! References are valid here; of what is not one nothing sensible is said.

/// The registry of images that name none.
const HUB: &str = "docker.io";

/// A reference to an image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    /// The registry, `docker.io` where the reference names none.
    pub registry: String,
    /// The path in the registry, `library/nginx`.
    pub path: String,
    /// The tag, where it has one.
    pub tag: Option<String>,
    /// The digest, where it has one: `sha256:` and 64 digits.
    pub digest: Option<String>,
}

impl ImageName {
    /// Takes a reference apart.
    pub fn of(reference: &str) -> Self {
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (reference, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            Some(_) | None => (rest, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (first, path),
            Some(_) | None => (HUB, name),
        };
        let registry = if registry == "index.docker.io" { HUB } else { registry };
        let is_official = registry == HUB && !path.contains('/');
        let path = if is_official { format!("library/{path}") } else { path.to_owned() };
        Self { registry: registry.to_owned(), path, tag, digest }
    }

    /// The name without tag and digest, as Docker shows it.
    pub fn repository(&self) -> String {
        if self.registry != HUB {
            return format!("{}/{}", self.registry, self.path);
        }
        self.path.strip_prefix("library/").unwrap_or(&self.path).to_owned()
    }

    /// The name with its tag, `latest` where it has none, as Docker shows it.
    pub fn tagged(&self) -> String {
        format!("{}:{}", self.repository(), self.tag.as_deref().unwrap_or("latest"))
    }

    /// The name with a digest, as Docker shows it.
    pub fn at_digest(&self, digest: &str) -> String {
        format!("{}@{digest}", self.repository())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_docker_shows_them() {
        let table = [
            ("nginx", "nginx:latest"),
            ("docker.io/library/nginx:1.27", "nginx:1.27"),
            ("index.docker.io/shop/api", "shop/api:latest"),
            ("localhost/a", "localhost/a:latest"),
            ("localhost:5000/a/b:c", "localhost:5000/a/b:c"),
            ("nginx:1@sha256:00", "nginx:1"),
        ];
        for (reference, shown) in table {
            assert_eq!(ImageName::of(reference).tagged(), shown, "{reference}");
        }
    }

    #[test]
    fn a_reference_is_taken_apart() {
        let name = ImageName::of("nginx:1@sha256:00");
        assert_eq!((name.registry.as_str(), name.path.as_str()), ("docker.io", "library/nginx"));
        assert_eq!((name.tag.as_deref(), name.digest.as_deref()), (Some("1"), Some("sha256:00")));
        assert_eq!(name.at_digest("sha256:11"), "nginx@sha256:11");
    }
}
