//! Where volumes are mounted.

use k8s_openapi::api::core::v1::VolumeMount;
use skiff_api::Container;

use super::volumes::Planned;
use crate::ledger::Scope;
use crate::report::Verdict;

/// A folder in which a database would find the `lost+found` of a fresh disk, and refuse it.
const POSTGRES: &str = "/var/lib/postgresql";
/// Databases that refuse it wherever they have their data, by what the names of their images hold.
const DATABASES: [&str; 6] = ["postgres", "postgis", "timescaledb", "mysql", "mariadb", "percona"];

/// Why a folder of a claim stands for all of it.
const FRESH: &str = "a fresh disk holds `lost+found`, which the database takes for another's data";

/// The folder of a claim that is mounted instead of its root, where the program of the container would refuse that.
pub(super) fn inner_folder(container: &Container, mount: &skiff_api::VolumeMount) -> Option<&'static str> {
    let path = skiff_api::ImageName::of(&container.image).path;
    let is_database = || DATABASES.iter().any(|name| path.contains(name));
    let refuses = mount.mount_path.starts_with(POSTGRES) || is_database();
    (mount.sub_path.is_none() && refuses).then_some("data")
}

/// The mounts of a container.
pub(super) fn mounts(
    mounts: &[skiff_api::VolumeMount],
    planned: &[Planned],
    scope: &mut Scope<'_, '_>,
) -> Vec<VolumeMount> {
    let mut written = Vec::new();
    for (index, mount) in mounts.iter().enumerate() {
        let mut scope = scope.at(&format!("volumeMounts/{index}"), &format!("volumeMounts[{}]", mount.name));
        written.extend(one(mount, planned, &mut scope));
    }
    written
}

fn one(mount: &skiff_api::VolumeMount, planned: &[Planned], scope: &mut Scope<'_, '_>) -> Option<VolumeMount> {
    let skiff_api::VolumeMount { name, mount_path, sub_path, read_only } = mount;
    let volume = planned.iter().find(|volume| volume.source_name == *name)?;
    let Some(pod_name) = &volume.pod_name else {
        scope.lost("", "what it mounts is left out", "see the volume");
        return None;
    };
    scope.exact(name, "name", "name");
    scope.exact(mount_path, "mountPath", "mountPath");
    scope.exact(read_only, "readOnly", "readOnly");
    let inner = volume.inner_path.as_deref();
    let sub_path = match (sub_path.as_deref(), inner) {
        (None, Some(inner)) => {
            if volume.is_claim {
                scope.says(Verdict::Defaulted, "", "subPath", FRESH, "");
            }
            Some(inner.to_owned())
        }
        (Some(path), None) if volume.takes_sub_path => {
            scope.exact(&true, "subPath", "subPath");
            Some(path.to_owned())
        }
        (Some(_), None) => {
            scope.lost("subPath", "this version mounts all of it", "use a newer version, or another path in the image");
            None
        }
        (Some(path), Some(inner)) => {
            scope.exact(&true, "subPath", "subPath");
            Some(format!("{}/{path}", inner.trim_end_matches('/')))
        }
        (None, None) => None,
    };
    let read_only = *read_only || volume.read_only;
    Some(VolumeMount {
        name: pod_name.clone(),
        mount_path: mount_path.clone(),
        sub_path,
        read_only: read_only.then_some(true),
        mount_propagation: volume.propagation.clone(),
        ..VolumeMount::default()
    })
}
