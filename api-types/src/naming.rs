//! What Docker calls the things that objects become.
//!
//! Names are for people, identity is in labels; but names must not collide, so that all of them are made here.

use std::fmt::{self, Write};

use crate::{Instance, Network, ObjectKey, PodTemplate, Volume};

/// `<namespace>-<name>-<ordinal>`, `<containerNamePrefix>-<ordinal>`, or the template's `containerName`.
pub fn container_name(instance: &Instance, object: &ObjectKey, template: &PodTemplate, ordinal: u32) -> String {
    let mut name = String::new();
    // Writing to a text cannot fail.
    write_container_name(&mut name, instance, object, template, ordinal).ok();
    name
}

/// Whether a container is called as [`container_name`] says. It is asked of every container on every pass, so no text is made.
pub fn is_container_name(
    name: &str,
    instance: &Instance,
    object: &ObjectKey,
    template: &PodTemplate,
    ordinal: u32,
) -> bool {
    let mut rest = Rest(name);
    write_container_name(&mut rest, instance, object, template, ordinal).is_ok() && rest.0.is_empty()
}

fn write_container_name(
    to: &mut impl Write,
    instance: &Instance,
    object: &ObjectKey,
    template: &PodTemplate,
    ordinal: u32,
) -> fmt::Result {
    let (scope, hyphen) = instance.scope();
    let mut all = |pieces: &[&str]| pieces.iter().try_for_each(|piece| to.write_str(piece));
    if let Some(fixed) = &template.container_name {
        return all(&[scope, hyphen, fixed]);
    }
    match &template.container_name_prefix {
        Some(prefix) => all(&[scope, hyphen, prefix, "-"])?,
        None => all(&[scope, hyphen, &object.namespace, "-", &object.name, "-"])?,
    }
    write!(to, "{ordinal}")
}

/// What is left of a text once what is written has been found at its beginning.
struct Rest<'a>(&'a str);

impl Write for Rest<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// `<namespace>-<name>-<run>-<attempt>`, or the template's `containerName`: an attempt of one of several runs.
pub fn run_container_name(
    instance: &Instance,
    object: &ObjectKey,
    template: &PodTemplate,
    run: &str,
    attempt: u32,
) -> String {
    match (&template.container_name, &template.container_name_prefix) {
        (Some(fixed), _) => instance.docker_name(fixed),
        (None, Some(prefix)) => instance.docker_name(&format!("{prefix}-{run}-{attempt}")),
        (None, None) => instance.docker_name(&format!("{}-{}-{run}-{attempt}", object.namespace, object.name)),
    }
}

/// The repository of an image that is built for an object, where the manifest names none.
pub fn built_repository(instance: &Instance, object: &ObjectKey) -> String {
    instance.docker_name(&format!("{}-{}", object.namespace, object.name))
}

/// How many digits the tag of a built image has.
const BUILD_TAG_LENGTH: usize = 16;

/// The tag of an image that is built, by a digest of what it is built from, in hexadecimal.
pub fn build_tag(digest: &str) -> String {
    digest.chars().take(BUILD_TAG_LENGTH).collect()
}

/// Whether a tag may be one of an image that was built.
pub fn is_build_tag(tag: &str) -> bool {
    tag.len() == BUILD_TAG_LENGTH && tag.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// `<container>.<init>`: no generated name has a dot, so that it is no other object's.
pub fn init_container_name(container: &str, init: &str) -> String {
    format!("{container}.{init}")
}

/// `<first digits of its id>_<container>`, as Compose writes it: what a container is called that has left its name to its successor.
pub fn replaced_name(id: &str, container: &str) -> String {
    format!("{}_{container}", id.get(..SHORT_ID).unwrap_or(id))
}

/// So many digits of an id stand for it.
const SHORT_ID: usize = 12;

/// `<namespace>-<name>`, or the network's `networkName`. An external network is called as it is, by default by its own name.
pub fn network_name(instance: &Instance, network: &Network) -> String {
    let (meta, spec) = (&network.metadata, &network.spec);
    owned_or_external(instance, spec.external, spec.network_name.as_deref(), meta.namespace_or_default(), &meta.name)
}

/// `<namespace>-default`: the network of whatever names no other.
pub fn default_network_name(instance: &Instance, namespace: &str) -> String {
    instance.docker_name(&format!("{namespace}-default"))
}

/// `<namespace>-<name>`, or the volume's `volumeName`; with an ordinal, that replica's own: `<volume>-<ordinal>`.
///
/// An external volume is called as it is, by default by its own name.
pub fn volume_name(instance: &Instance, volume: &Volume, ordinal: Option<u32>) -> String {
    let (meta, spec) = (&volume.metadata, &volume.spec);
    let fixed = spec.volume_name.as_deref();
    let name = owned_or_external(instance, spec.external, fixed, meta.namespace_or_default(), &meta.name);
    match ordinal {
        Some(ordinal) => format!("{name}-{ordinal}"),
        None => name,
    }
}

fn owned_or_external(inst: &Instance, external: bool, fixed: Option<&str>, namespace: &str, name: &str) -> String {
    match (external, fixed) {
        (true, fixed) => fixed.unwrap_or(name).to_owned(),
        (false, Some(fixed)) => inst.docker_name(fixed),
        (false, None) => inst.docker_name(&format!("{namespace}-{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, NetworkSpec, ObjectMeta, VolumeSpec};

    fn meta(name: &str) -> ObjectMeta {
        ObjectMeta { name: name.to_owned(), namespace: Some("shop".to_owned()), ..ObjectMeta::default() }
    }

    #[test]
    fn an_instance_other_than_the_default_stands_in_front_of_what_is_its_own() {
        let network =
            |external| Network { metadata: meta("web"), spec: NetworkSpec { external, ..Default::default() } };
        let volume = Volume { metadata: meta("data"), spec: VolumeSpec::default() };
        let names = |instance: &Instance| {
            [
                container_name(instance, &ObjectKey::new(Kind::Job, "shop", "api"), &PodTemplate::default(), 3),
                network_name(instance, &network(false)),
                network_name(instance, &network(true)),
                default_network_name(instance, "shop"),
                volume_name(instance, &volume, None),
                volume_name(instance, &volume, Some(2)),
            ]
        };
        let test: Instance = "test".parse().expect("an instance name");
        let plain = ["shop-api-3", "shop-web", "web", "shop-default", "shop-data", "shop-data-2"];
        assert_eq!(names(&Instance::default()), plain);
        assert_eq!(
            names(&test),
            plain.map(|name| if name == "web" { name.to_owned() } else { format!("test-{name}") })
        );
    }

    #[test]
    fn a_name_is_told_from_every_other() {
        let (key, template) = (ObjectKey::new(Kind::Deployment, "shop", "api"), PodTemplate::default());
        let test: Instance = "test".parse().expect("an instance name");
        let is = |name: &str| is_container_name(name, &test, &key, &template, 12);
        assert!(is(&container_name(&test, &key, &template, 12)));
        for other in
            ["", "test-shop-api-1", "test-shop-api-120", "test-shop-api-012", "shop-api-12", "test-shop-web-12"]
        {
            assert!(!is(other), "{other}");
        }
        let fixed = PodTemplate { container_name: Some("db".to_owned()), ..PodTemplate::default() };
        assert!(is_container_name("test-db", &test, &key, &fixed, 12));
        assert!(!is_container_name("db", &test, &key, &fixed, 12));
    }

    #[test]
    fn a_fixed_name_is_taken_as_it_is() {
        let template = PodTemplate { container_name: Some("db".to_owned()), ..PodTemplate::default() };
        let key = ObjectKey::new(Kind::Deployment, "shop", "db");
        assert_eq!(container_name(&Instance::default(), &key, &template, 1), "db");
    }

    #[test]
    fn what_stands_before_the_ordinal_can_be_given() {
        let prefix = Some("Shop_db".to_owned());
        let template = PodTemplate { container_name_prefix: prefix, ..PodTemplate::default() };
        let (key, test) = (ObjectKey::new(Kind::Job, "shop", "db"), "test".parse().expect("an instance name"));
        assert_eq!(container_name(&test, &key, &template, 2), "test-Shop_db-2");
        assert!(is_container_name("test-Shop_db-2", &test, &key, &template, 2));
        assert_eq!(run_container_name(&test, &key, &template, "a1", 3), "test-Shop_db-a1-3");
    }
}
