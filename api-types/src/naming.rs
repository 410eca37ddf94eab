//! What Docker calls the things that objects become.
//!
//! Names are for people, identity is in labels; but names must not collide, so that all of them are made here.

use crate::{Instance, Network, ObjectKey, PodTemplate, Volume};

/// `<namespace>-<name>-<ordinal>`, or the template's `containerName`.
pub fn container_name(instance: &Instance, object: &ObjectKey, template: &PodTemplate, ordinal: u32) -> String {
    match &template.container_name {
        Some(fixed) => instance.docker_name(fixed),
        None => instance.docker_name(&format!("{}-{}-{ordinal}", object.namespace, object.name)),
    }
}

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
    fn a_fixed_name_is_taken_as_it_is() {
        let template = PodTemplate { container_name: Some("db".to_owned()), ..PodTemplate::default() };
        let key = ObjectKey::new(Kind::Deployment, "shop", "db");
        assert_eq!(container_name(&Instance::default(), &key, &template, 1), "db");
    }
}
