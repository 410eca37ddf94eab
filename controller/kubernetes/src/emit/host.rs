//! Paths of the host: what is content becomes content, what is data gets a claim, what is the host's own is refused.

mod generated;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume,
};
use skiff_api::{HostPathVolume, VolumeSource};

use super::building::Building;
use super::moves::Source;
use super::storage::Sharing;
use super::volumes::{Planned, items};
use super::{meta, mounts, moves, storage};
use crate::HostContent;
use crate::ledger::Scope;
use crate::names::{short_digest, suffixed};
use crate::report::{Move, Verdict};
use crate::stack::{Form, Stack, Workload};
use crate::{Emitted, Part};
use generated::Generated;

/// Anybody may read and run it: `r-xr-xr-x`.
const EXECUTABLE: i32 = 0o555;

/// Folders that are the host's own.
const SYSTEM: [&str; 13] = [
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/usr",
    "/var/lib/docker",
    "/var/log",
    "/var/run",
    "/bin",
];

/// What a path of the host becomes.
pub(super) fn path(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    source: &VolumeSource,
    host: &HostPathVolume,
    mut made: Volume,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Planned {
    let HostPathVolume { path, read_only, create, propagation, non_recursive, selinux, consistency } = host;
    let why = "a pod does not share the mounts of its node";
    scope.dropped(propagation, "propagation", why, "");
    scope.dropped(non_recursive, "nonRecursive", why, "");
    scope.dropped(selinux, "selinux", "the runtime labels what it mounts", "");
    scope.dropped(consistency, "consistency", "it is of hosts that run Docker in a virtual machine", "");
    if let Some((why, remedy)) = refusal(path) {
        scope.lost("path", why, remedy);
        scope.dropped(read_only, "readOnly", "it is left out", "");
        scope.dropped(create, "create", "it is left out", "");
        return Planned::left_out(source);
    }
    let base = stack.input.bases.get(workload.key).cloned().unwrap_or_default();
    let is_read_only = *read_only || workload.template.mounts_read_only(&source.name);
    let planned = Planned { read_only: *read_only, ..Planned::of(source, &made.name) };
    scope.exact(read_only, "readOnly", "volumeMounts[].readOnly");
    scope.near(create, "create", "", "what it becomes is always there", "");
    let found = stack.input.host.get(&(base, path.clone()));
    let generated = match found {
        Some(HostContent::File(bytes)) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            Some(Generated::of(BTreeMap::from([(name.to_owned(), Arc::clone(bytes))]), true))
        }
        Some(HostContent::Folder(files)) if !files.is_empty() && (is_read_only || is_config(files)) => {
            Some(Generated::of(files.clone(), false))
        }
        Some(HostContent::Special) => {
            scope.lost("path", "it is a socket, a device or a pipe of the host", "give the pod another way to it");
            return Planned::left_out(source);
        }
        Some(HostContent::Folder(_) | HostContent::Large { .. }) | None => None,
    };
    let Some(generated) = generated else {
        let is_file = matches!(found, Some(HostContent::Large { folder: false }));
        let inner_path = claim(stack, workload, path, is_file, &mut made, scope, building);
        return Planned { is_claim: !is_file, inner_path, ..planned };
    };
    let object = generated.object(workload, &source.name, &building.file);
    let name = object.text("/metadata/name").to_owned();
    let field = if generated.is_secret { "secret" } else { "configMap" };
    let rows = "its bytes are in the object; a change of the file needs an export anew";
    scope.near(&true, "path", field, rows, "");
    if !is_read_only {
        scope.says(
            Verdict::Approximated,
            "path",
            field,
            "content cannot be written to by a pod",
            "mount a volume for what is written",
        );
    }
    for file in &generated.refused {
        let why = format!("Kubernetes mounts no file whose path begins with two dots: {file}");
        scope.lost("path", &why, "give it another name");
    }
    building.extras.push(object);
    let inner_path = generated.single.clone();
    let listed = meta::listed(items(&generated.paths));
    let default_mode = generated.has_programs().then_some(EXECUTABLE);
    if default_mode.is_some() {
        let why = "one of the files is a program by its first bytes; modes of the host are not known here";
        scope.says(Verdict::Defaulted, "path", &format!("{field}.defaultMode"), why, "");
    }
    if generated.is_secret {
        made.secret = Some(SecretVolumeSource { secret_name: Some(name), items: listed, default_mode, optional: None });
    } else {
        made.config_map = Some(ConfigMapVolumeSource { name, items: listed, default_mode, optional: None });
    }
    building.volumes.push(made);
    Planned { inner_path, read_only: true, ..planned }
}

/// Why a path is never taken over, and what to do.
fn refusal(path: &str) -> Option<(&'static str, &'static str)> {
    let is_below = |folder: &str| path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    if path.ends_with("docker.sock") || path.ends_with("containerd.sock") {
        return Some(("whoever has the engine's socket has the node", "use the Kubernetes API with a Role instead"));
    }
    if path == "/etc/localtime" || path == "/etc/timezone" {
        return Some(("a node's time zone is no pod's", "set the variable TZ"));
    }
    if path == "/" || SYSTEM.into_iter().any(is_below) {
        return Some(("it is the host's own", "use a DaemonSet with `hostPath` if it must be the node's"));
    }
    if path.starts_with('~') {
        return Some(("it is in a person's home", "make a ConfigMap or a Secret of what is needed"));
    }
    None
}

/// Whether the files of a folder look like settings, and not like data or a program's source.
fn is_config(files: &BTreeMap<String, Arc<[u8]>>) -> bool {
    const ENDINGS: [&str; 16] = [
        "conf",
        "cfg",
        "cnf",
        "ini",
        "json",
        "toml",
        "yaml",
        "yml",
        "properties",
        "env",
        "xml",
        "pem",
        "crt",
        "key",
        "sql",
        "sh",
    ];
    files.keys().all(|path| path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending)))
}

/// A claim for data of the host, and what of it is mounted where that is not all.
fn claim(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    path: &str,
    is_file: bool,
    made: &mut Volume,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Option<String> {
    // The same path of another workload is the same data.
    let stem = path.trim_matches(['.', '/']).rsplit('/').next().unwrap_or_default();
    let base = stack.input.bases.get(workload.key).map_or("", String::as_str);
    let base = if path.starts_with('/') { "" } else { base };
    // The same wherever the sources lie.
    let digest = short_digest(&[stack.below_sources(base).as_bytes(), path.as_bytes()], 8);
    let name = suffixed(&crate::names::label(if stem.is_empty() { "data" } else { stem }, 40), &digest);
    let what = if is_file { "a file that is too large for a ConfigMap" } else { "data of the host" };
    let why = format!("{what} is not copied by an export: it gets a claim");
    scope.says(Verdict::NeedsInput, "path", "persistentVolumeClaim", &why, "copy the data, see \"Data to move\"");
    storage::defaults(stack, scope, "spec");
    let pods: u32 = stack.host_users(base, path).map(Workload::replicas).sum();
    let sharing = storage::sharing(stack, pods > 1, workload.form == Form::DaemonSet);
    storage::shared_row(sharing, "path", scope);
    if sharing == Sharing::OneNode {
        building.stays_with(&name);
    }
    let metadata = meta::named(&name, &workload.namespace, meta::common(&workload.key.namespace));
    let spec = Some(storage::claim_spec(stack, sharing));
    let file = stack.file(&workload.namespace, "volumes", false);
    let object = PersistentVolumeClaim { metadata, spec, status: None };
    building.extras.push(Emitted::new(&file, Part::Base, &object));
    building.has_claims = true;
    let inner = if is_file { file_name(path) } else { folder_of_database(stack, base, path) };
    let folder = inner.filter(|_| !is_file);
    let commands = moves::copy(stack, &moved(path, is_file), (&name, folder), &workload.namespace);
    let (claim, namespace) = (name.clone(), workload.namespace.clone());
    scope.ledger().moves(Move { from: path.to_owned(), claim, namespace, commands });
    moves::pause(stack, stack.host_users(base, path), scope.ledger());
    made.persistent_volume_claim = Some(PersistentVolumeClaimVolumeSource { claim_name: name, read_only: None });
    building.volumes.push(std::mem::take(made));
    inner.map(str::to_owned)
}

fn file_name(path: &str) -> Option<&str> {
    path.rsplit('/').next()
}

/// The folder of the claim that stands for all of the data, where one of those that mount it would refuse the claim's root.
fn folder_of_database(stack: &Stack<'_>, base: &str, path: &str) -> Option<&'static str> {
    stack.host_users(base, path).find_map(|user| {
        let is_it = |it: &&VolumeSource| it.host_path.as_ref().is_some_and(|host| host.path == path);
        let names: Vec<&String> = user.template.volumes.iter().filter(is_it).map(|it| &it.name).collect();
        let container = &user.template.container;
        let mut own = container.volume_mounts.iter().filter(|mount| names.contains(&&mount.name));
        own.find_map(|mount| mounts::inner_folder(container, mount))
    })
}

/// A path of the host as Docker mounts it; of a file the folder that it is in.
fn moved(path: &str, is_file: bool) -> Source {
    let shown = if path.starts_with('/') { path.to_owned() } else { format!("$PWD/{}", path.trim_start_matches("./")) };
    let (mount, what) = match shown.rsplit_once('/').filter(|_| is_file) {
        Some((folder, file)) => (folder, file),
        None => (shown.as_str(), "."),
    };
    let mount = if mount.is_empty() { "/" } else { mount };
    Source { check: format!("test -e \"{shown}\""), mount: format!("\"{mount}\""), what: format!("\"{what}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_is_refused_and_a_folder_of_data_is_not() {
        let refused = ["/var/run/docker.sock", "/", "/proc", "/etc/ssl", "/sys/fs/cgroup", "~/.ssh"].map(refusal);
        assert!(refused.iter().all(Option::is_some));
        assert!(["./data", "/srv/data", "/etcetera", "/var/lib/shop"].map(refusal).iter().all(Option::is_none));
    }
}
