//! What a template declares to mount, and where its containers mount it.

use std::collections::BTreeSet;

use super::image;
use super::meta::labels;
use super::words::{dns_label, exactly_one, inner_path, mode, one_of};
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{Complaint, HostPathVolume, KeyToPath, UpdatePolicy, VolumeMount, VolumeSource};

const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

/// The volumes of a template, and where they stand.
pub(super) type Volumes<'a> = (&'a [VolumeSource], &'a At<'a>);

/// Complains about `volumes`.
pub(super) fn volumes(volumes: &[VolumeSource], at: &At<'_>, out: &mut Vec<Complaint>) {
    let mut names = BTreeSet::new();
    for (index, volume) in volumes.iter().enumerate() {
        let at = at.index(index);
        dns_label(&volume.name, &at.key("name"), out);
        if !names.insert(&volume.name) {
            out.push(at.key("name").says(format!("another volume is named `{}` too", volume.name)));
        }
        let given = [
            ("volume", volume.volume.is_some()),
            ("hostPath", volume.host_path.is_some()),
            ("tmpfs", volume.tmpfs.is_some()),
            ("emptyDir", volume.empty_dir.is_some()),
            ("anonymous", volume.anonymous.is_some()),
            ("configMap", volume.config_map.is_some()),
            ("secret", volume.secret.is_some()),
            ("image", volume.image.is_some()),
            ("namedPipe", volume.named_pipe.is_some()),
        ];
        exactly_one(&given, &at, out);
        source(volume, &at, out);
    }
}

fn source(volume: &VolumeSource, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some(host) = &volume.host_path {
        host_path(host, &at.key("hostPath"), out);
    }
    if let Some(tmpfs) = &volume.tmpfs {
        mode(tmpfs.mode, &at.key("tmpfs").key("mode"), out);
        tmpfs_options(&tmpfs.options, &at.key("tmpfs").key("options"), out);
    }
    if let Some(empty) = &volume.empty_dir {
        let at = at.key("emptyDir");
        one_of(empty.medium.as_ref(), &["", "Memory"], &at.key("medium"), out);
        labels(empty.labels.keys(), &at.key("labels"), out);
        if empty.medium.as_deref() == Some("Memory") && !empty.labels.is_empty() {
            let complaint = at.key("labels").says("`labels` of what is in memory: there is no volume to carry them");
            out.push(complaint.on_key().help("leave them out, or leave `medium: Memory` out"));
        }
    }
    if let Some(anonymous) = &volume.anonymous {
        labels(anonymous.labels.keys(), &at.key("anonymous").key("labels"), out);
    }
    if let Some(config) = &volume.config_map {
        files(&config.items, config.default_mode, &at.key("configMap"), out);
    }
    if let Some(secret) = &volume.secret {
        files(&secret.items, secret.default_mode, &at.key("secret"), out);
    }
    if let Some(source) = &volume.image {
        let at = at.key("image");
        image::check(&source.reference, &at.key("reference"), out);
        if let Some(path) = &source.sub_path {
            inner_path(path, &at.key("subPath"), out);
        }
    }
}

/// What Docker gives to the kernel for memory, besides what has a field of its own.
const TMPFS_FLAGS: [&str; 17] = [
    "async",
    "atime",
    "dev",
    "diratime",
    "dirsync",
    "mand",
    "noatime",
    "nodev",
    "nodiratime",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "relatime",
    "strictatime",
    "suid",
    "sync",
];
const TMPFS_VALUES: [&str; 3] = ["mpol", "nr_blocks", "nr_inodes"];

/// Whether Docker takes an option for memory that has no field of its own.
pub fn is_tmpfs_option(option: &str) -> bool {
    match option.split_once('=') {
        None => TMPFS_FLAGS.contains(&option),
        Some((name, value)) => TMPFS_VALUES.contains(&name) && !value.is_empty() && !value.contains(','),
    }
}

fn tmpfs_options(options: &[String], at: &At<'_>, out: &mut Vec<Complaint>) {
    for (index, option) in options.iter().enumerate().filter(|(_, option)| !is_tmpfs_option(option)) {
        let complaint = at.index(index).says(format!("`{option}` is no option of memory that Docker knows"));
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        out.push(complaint.help(match name {
            "size" | "mode" | "uid" | "gid" => format!("write `{name}: {value}` beside `options`"),
            "exec" => "write `exec: true` beside `options`".to_owned(),
            "noexec" => "leave it out: it is so unless `exec: true` is said".to_owned(),
            "ro" | "rw" => "write `readOnly` at the mount in `volumeMounts`".to_owned(),
            _ => match nearest(name, TMPFS_FLAGS.into_iter().chain(TMPFS_VALUES)) {
                Some(meant) if meant != name => format!("did you mean `{meant}`?"),
                Some(_) | None => {
                    format!(
                        "it is {}, or {} with a value and no comma",
                        TMPFS_FLAGS.join(", "),
                        TMPFS_VALUES.join(", ")
                    )
                }
            },
        }));
    }
}

fn host_path(host: &HostPathVolume, at: &At<'_>, out: &mut Vec<Complaint>) {
    if host.path.is_empty() {
        out.push(
            at.key("path")
                .says("`path` is empty")
                .help("write `/srv/data`, or `./data` for a folder beside the manifest"),
        );
    } else if host.path.starts_with('~') {
        let complaint = at.key("path").says(format!("`path` cannot be `{}`: there is no home folder", host.path));
        out.push(complaint.help("write the whole path, or one that starts at the manifest's folder with `./`"));
    }
    one_of(host.propagation.as_ref(), &PROPAGATIONS, &at.key("propagation"), out);
    one_of(host.selinux.as_ref(), &["shared", "private"], &at.key("selinux"), out);
    one_of(host.consistency.as_ref(), &["default", "consistent", "cached", "delegated"], &at.key("consistency"), out);
}

fn files(items: &[KeyToPath], default_mode: Option<u32>, at: &At<'_>, out: &mut Vec<Complaint>) {
    mode(default_mode, &at.key("defaultMode"), out);
    let mut paths = BTreeSet::new();
    let at = at.key("items");
    for (index, item) in items.iter().enumerate() {
        let at = at.index(index);
        inner_path(&item.path, &at.key("path"), out);
        if item.path.starts_with("..") && !item.path.starts_with("../") && item.path != ".." {
            out.push(at.key("path").says(format!("`path` cannot begin with two dots, found `{}`", item.path)));
        }
        mode(item.mode, &at.key("mode"), out);
        if !paths.insert(&item.path) {
            out.push(at.key("path").says(format!("another key becomes the file `{}` too", item.path)));
        }
    }
}

/// Complains about `volumeMounts` of the volumes that a template declares.
pub(super) fn mounts(
    mounts: &[VolumeMount],
    (volumes, at_volumes): Volumes<'_>,
    at: &At<'_>,
    out: &mut Vec<Complaint>,
) {
    let any_volume = at_volumes.any();
    let mut paths = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let at = at.index(index);
        let volume = volumes.iter().find(|volume| volume.name == mount.name);
        if volume.is_none() {
            out.push(undeclared(mount, volumes, &at).for_want_of(&any_volume.key("name")));
        }
        let is_pipe = volume.is_some_and(|volume| volume.named_pipe.is_some());
        let path = mount.mount_path.trim_end_matches('/');
        if !is_pipe && !mount.mount_path.starts_with('/') {
            let message = format!("`mountPath` must be an absolute path, found `{}`", mount.mount_path);
            // A named pipe is mounted at a path of Windows.
            let wanting = [at.key("name"), any_volume.key("name"), any_volume.key("namedPipe")];
            out.push(wanting.iter().fold(at.key("mountPath").says(message), Complaint::for_want_of));
        } else if !is_pipe && path.is_empty() {
            out.push(at.key("mountPath").says("`mountPath` cannot be `/`: nothing would be left of the image"));
        } else if !paths.insert(path) {
            out.push(at.key("mountPath").says(format!("something else is mounted at `{path}` too")));
        }
        if let Some(path) = &mount.sub_path {
            inner_path(path, &at.key("subPath"), out);
            if volume.is_some_and(is_updated_in_place) {
                out.push(frozen(mount, &at));
            }
        }
    }
}

fn is_updated_in_place(volume: &VolumeSource) -> bool {
    let config = volume.config_map.as_ref().map(|config| config.update_policy);
    let secret = volume.secret.as_ref().map(|secret| secret.update_policy);
    config.or(secret) == Some(UpdatePolicy::InPlace)
}

/// The kernel ties a mount of one file to that very file: what is put in its place later is never seen.
fn frozen(mount: &VolumeMount, at: &At<'_>) -> Complaint {
    let message = format!(
        "`subPath` cannot be updated in place, as volume `{}` asks for: it stays the file that it was",
        mount.name
    );
    let help = "mount the whole volume into a folder of its own, or take out `updatePolicy: InPlace`";
    at.key("subPath").says(message).help(help)
}

fn undeclared(mount: &VolumeMount, volumes: &[VolumeSource], at: &At<'_>) -> Complaint {
    let complaint = at.key("name").says(format!("no volume is named `{}` in `template.volumes`", mount.name));
    match nearest(&mount.name, volumes.iter().map(|volume| volume.name.as_str())) {
        Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
        None => complaint.help(format!("add `- {{ name: {}, … }}` to `template.volumes`", mount.name)),
    }
}
