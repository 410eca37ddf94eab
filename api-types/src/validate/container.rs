//! The main container and those before it.

use std::collections::BTreeSet;

use super::mounts::{self, Volumes};
use super::words::dns_label;
use super::{build, env, image, limits, modes, ports, probes};
use crate::complaint::At;
use crate::{Complaint, Container, InitContainer};

/// Complains about the main container. `replicas` is how many of it run at the same time.
pub(super) fn check(container: &Container, volumes: Volumes<'_>, replicas: u32, at: &At<'_>, out: &mut Vec<Complaint>) {
    build::check(container, at, out);
    command(container.command.as_ref(), &at.key("command"), out);
    env::check(&container.env, &at.key("env"), out);
    env::check_from(&container.env_from, &at.key("envFrom"), out);
    ports::check(&container.ports, replicas, &at.key("ports"), out);
    mounts::mounts(&container.volume_mounts, volumes, &at.key("volumeMounts"), out);
    working_dir(container.working_dir.as_ref(), &at.key("workingDir"), out);
    probes::check(container, at, out);
    limits::check(container, at, out);
    modes::check(container, at, out);
}

/// Complains about the containers that run before it.
pub(super) fn check_init(containers: &[InitContainer], volumes: Volumes<'_>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let mut names = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let at = at.index(index);
        dns_label(&container.name, &at.key("name"), out);
        if !names.insert(&container.name) {
            out.push(at.key("name").says(format!("another init container is named `{}` too", container.name)));
        }
        if let Some(reference) = &container.image {
            image::check(reference, &at.key("image"), out);
        }
        command(container.command.as_ref(), &at.key("command"), out);
        working_dir(container.working_dir.as_ref(), &at.key("workingDir"), out);
        env::check(&container.env, &at.key("env"), out);
        if let Some(mounts) = &container.volume_mounts {
            mounts::mounts(mounts, volumes, &at.key("volumeMounts"), out);
        }
    }
}

fn command(command: Option<&Vec<String>>, at: &At<'_>, out: &mut Vec<Complaint>) {
    if command.and_then(|command| command.first()).is_some_and(String::is_empty) {
        out.push(at.index(0).says("the program of `command` is empty"));
    }
}

fn working_dir(path: Option<&String>, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some(path) = path.filter(|path| !path.starts_with('/') && !path.contains(':')) {
        out.push(at.says(format!("`workingDir` must be an absolute path, found `{path}`")));
    }
}
