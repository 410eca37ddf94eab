//! What a template declares to mount: volumes, folders of the host, memory, files of configs and secrets, images.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bytes, is_default};

/// Something to mount; exactly one of the sources is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeSource {
    /// The name that `volumeMounts` use.
    pub name: String,
    /// A Volume object.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volume: Option<NamedVolume>,
    /// A file or folder of the host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_path: Option<HostPathVolume>,
    /// Memory that goes with the container.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tmpfs: Option<TmpfsVolume>,
    /// Disk space (or memory) that goes with the container.
    #[serde(default, skip_serializing_if = "is_default")]
    pub empty_dir: Option<EmptyDirVolume>,
    /// A volume without a name: it is carried over to the container that takes this one's place, and stays when none does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub anonymous: Option<AnonymousVolume>,
    /// The files of a ConfigMap.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config_map: Option<ConfigMapVolume>,
    /// The files of a Secret.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret: Option<SecretVolume>,
    /// The files of an image. Needs Docker's API 1.48.
    #[serde(default, skip_serializing_if = "is_default")]
    pub image: Option<ImageVolume>,
    /// A named pipe of a Windows host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub named_pipe: Option<String>,
}

/// A Volume object as something to mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedVolume {
    /// The Volume's name.
    pub name: String,
    /// The Volume's namespace, this object's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespace: Option<String>,
    /// Whether each ordinal gets a volume of its own, `<volume>-<ordinal>`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_replica: bool,
    /// Whether it is mounted read-only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Whether an empty volume is left empty instead of being filled from the image.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_copy: bool,
}

/// A file or folder of the host as something to mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostPathVolume {
    /// The path; a relative one starts at the folder of the manifest.
    pub path: String,
    /// Whether it is mounted read-only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Whether a missing folder is made. A missing path fails the start unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub create: bool,
    /// How mounts below it spread: `rprivate` (the default), `private`, `rshared`, `shared`, `rslave`, `slave`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub propagation: Option<String>,
    /// Whether mounts below it are left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub non_recursive: bool,
    /// SELinux relabelling: `shared` (`z`) or `private` (`Z`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub selinux: Option<String>,
    /// How fresh the view is on hosts that run Docker in a virtual machine: `consistent`, `cached`, `delegated`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub consistency: Option<String>,
}

/// Memory as something to mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TmpfsVolume {
    /// The most that it holds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub size: Option<Bytes>,
    /// The permissions of its root, an octal number such as 01777.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Option<u32>,
    /// The owner of its root, by number. Root unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uid: Option<u32>,
    /// The group of its root, by number. Root's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gid: Option<u32>,
    /// Whether programs in it may be run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exec: bool,
    /// Further options of the mount as the kernel takes them, `nr_inodes=10k`, `noatime`. Docker adds `nosuid` and `nodev`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Vec<String>,
}

/// Space that goes with the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmptyDirVolume {
    /// `Memory` for a tmpfs; on disk unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub medium: Option<String>,
    /// The most that it holds, where it is in memory.
    #[serde(default, skip_serializing_if = "is_default")]
    pub size_limit: Option<Bytes>,
    /// Labels of the volume that Docker makes for it, where it is on disk. Keys under `skiff.dev/` are Skiff's own and refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
}

/// A volume that has no name, as Docker makes it for a bare path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnonymousVolume {
    /// Labels of the volume, where it is made. Keys under `skiff.dev/` are Skiff's own and refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
}

/// A key and the file that it becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyToPath {
    /// The key.
    pub key: String,
    /// The file's path below the mount.
    pub path: String,
    /// The file's permissions, an octal number such as 0400.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Option<u32>,
}

/// What a change of content does to the containers that mount it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum UpdatePolicy {
    /// They are replaced, one after the other.
    #[default]
    Replace,
    /// The files are replaced under them, all at once, and they go on. A variable from the same key still replaces them.
    InPlace,
}

/// The keys of an object as files. Only the field that names the object differs, as in Kubernetes; a flattened part would take
/// unknown fields for its own.
macro_rules! files_of {
    ($(#[$about:meta])* $type:ident, $(#[$about_name:meta])* $name:ident, $(#[$about_optional:meta])* optional) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $type {
            $(#[$about_name])*
            pub $name: String,
            /// Only these keys. All of them unless said otherwise.
            #[serde(default, skip_serializing_if = "is_default")]
            pub items: Vec<KeyToPath>,
            /// The files' permissions, an octal number. 0644 unless said otherwise.
            #[serde(default, skip_serializing_if = "is_default")]
            pub default_mode: Option<u32>,
            $(#[$about_optional])*
            #[serde(default, skip_serializing_if = "is_default")]
            pub optional: bool,
            /// What a change of the content does to running containers. They are replaced unless said otherwise.
            #[serde(default, skip_serializing_if = "is_default")]
            pub update_policy: UpdatePolicy,
            /// The files' owner.
            #[serde(default, skip_serializing_if = "is_default")]
            pub uid: Option<u32>,
            /// The files' group.
            #[serde(default, skip_serializing_if = "is_default")]
            pub gid: Option<u32>,
        }
    };
}

files_of! {
    /// The files of a ConfigMap.
    ConfigMapVolume,
    /// The ConfigMap's name.
    name,
    /// Whether the ConfigMap or a key may be missing.
    optional
}

files_of! {
    /// The files of a Secret, from memory.
    SecretVolume,
    /// The Secret's name.
    secret_name,
    /// Whether the Secret or a key may be missing.
    optional
}

/// The files of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageVolume {
    /// The image.
    pub reference: String,
    /// A folder of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sub_path: Option<String>,
}
