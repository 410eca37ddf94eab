//! Who may pull: registries that ask who it is, and the Secret that answers them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, LocalObjectReference, Volume};
use skiff_api::{ImageName, Kind};

use crate::ledger::Ledger;
use crate::stack::{Stack, Workload};

/// Registries that give most of what they have to anybody.
const OPEN: [&str; 8] =
    ["docker.io", "gcr.io", "ghcr.io", "lscr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io", "registry.k8s.io"];

/// What the Secret that pods pull with is called, where one is given.
pub(super) fn name(stack: &Stack<'_>, namespace: &str) -> Option<String> {
    let name = stack.options.image_pull_secret.as_deref()?;
    Some(stack.content(Kind::Secret, namespace, name).name)
}

/// What a pod pulls its images with. Says what must be there for it.
pub(super) fn secrets<'c>(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    containers: impl Iterator<Item = &'c Container>,
    volumes: &[Volume],
    ledger: &mut Ledger<'_>,
) -> Option<Vec<LocalObjectReference>> {
    let volumes = volumes.iter().filter_map(|volume| volume.image.as_ref()?.reference.as_deref());
    let images = containers.filter_map(|container| container.image.as_deref()).chain(volumes);
    let registries: BTreeSet<String> = images.map(|image| ImageName::of(image).registry).collect();
    let own = registries.iter().filter(|registry| !OPEN.contains(&registry.as_str()));
    let namespace = &workload.namespace;
    let make = |secret: &str, registry: &str| {
        format!(
            "`kubectl -n {namespace} create secret docker-registry {secret} --docker-server={registry} --docker-username=USER --docker-password=PASSWORD`"
        )
    };
    let Some(secret) = stack.options.image_pull_secret.as_deref() else {
        for registry in own {
            let why =
                format!("if it asks who pulls, {}, and export with `--image-pull-secret NAME`", make("NAME", registry));
            ledger.requires("Image registry", registry, namespace, why);
        }
        return None;
    };
    let reference = stack.content(Kind::Secret, &workload.key.namespace, secret);
    if !reference.is_known {
        let registries: Vec<&str> = own.map(String::as_str).collect();
        let registry = if registries.is_empty() { "REGISTRY" } else { &registries.join(",") };
        let why = format!("every pod pulls its images with it: {}", make(&reference.name, registry));
        ledger.requires(Kind::Secret.as_str(), &reference.name, namespace, why);
    }
    Some(vec![LocalObjectReference { name: reference.name }])
}
