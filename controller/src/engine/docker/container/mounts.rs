//! Mounts. Files and host paths are `Mounts`, which fail where the source is missing; `Binds`, which make a folder there, only
//! where the manifest asks for that (`create`) or for SELinux relabelling, which `Mounts` cannot do. Memory is a `Tmpfs` where it has
//! options that `Mounts` cannot carry.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use skiff_api::{HostPathVolume, ImageVolume, TmpfsVolume, VolumeSpec};
use skiff_core::{CreateVolume, EngineError, Mount, MountSource, Nameless};

use super::Surroundings;
use crate::engine::docker::fields::Fields;
use crate::engine::docker::volume;

/// From here on a folder of a volume can be mounted.
const SUBPATH: (u32, u32) = (1, 45);

/// Mounts in both of Docker's forms.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    list: Vec<Value>,
    binds: Vec<String>,
    /// Options by path.
    tmpfs: BTreeMap<String, String>,
}

impl Mounts {
    pub(super) fn apply(self, host: &mut Fields) {
        host.set("Mounts", self.list).set("Binds", self.binds).set("Tmpfs", self.tmpfs);
    }
}

/// Maps all mounts, and the volumes without a name that are carried over: where the manifest or the image asks for one, and nothing else
/// is mounted.
pub(super) fn mounts(
    mounts: &[Mount],
    carried: &BTreeMap<String, String>,
    around: &Surroundings<'_>,
) -> Result<Mounts, EngineError> {
    let mut all = Mounts::default();
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    let from_before = |target: &str| carried.iter().find(|(path, _)| bare(path) == bare(target)).map(|(_, name)| name);
    for target in around.image_volumes.iter().filter(|target| !mounts.iter().any(|it| bare(&it.target) == bare(target)))
    {
        if let Some(name) = from_before(target) {
            all.list.push(typed("volume", target, false).set("Source", name).build());
        }
    }
    for mount in mounts {
        let Mount { target, read_only, sub_path, source } = mount;
        let (sub_path, read_only) = (sub_path.as_deref(), *read_only);
        match source {
            MountSource::Volume { name, no_copy, definition, object: _, per_replica: _ } => {
                let options = volume_options(sub_path, *no_copy, definition.as_deref(), around.api)?;
                let mut fields = typed("volume", target, read_only);
                all.list.push(fields.set("Source", name).set("VolumeOptions", options).build());
            }
            MountSource::HostPath { volume, base } => {
                host_path(&mut all, target, read_only, sub_path, volume, base)?;
            }
            MountSource::Files(set) => {
                let source = below(&around.files.folder(set), sub_path)?;
                // Read-only whatever the manifest says: the files are Skiff's, and others mount them too.
                all.list.push(typed("bind", target, true).set("Source", text(&source)?).build());
            }
            MountSource::Tmpfs(volume) => {
                no_sub_path(target, sub_path, "memory")?;
                tmpfs(&mut all, target, read_only, volume);
            }
            MountSource::Anonymous(Nameless { labels, is_carried: _ }) => {
                no_sub_path(target, sub_path, "an empty folder")?;
                let options = Fields::default().set("Labels", labels).build();
                let mut fields = typed("volume", target, read_only);
                all.list.push(fields.set("Source", from_before(target)).set("VolumeOptions", options).build());
            }
            MountSource::Image(ImageVolume { reference, sub_path: folder }) => {
                let folder = sub_path.or(folder.as_deref());
                let options = Fields::default().set("Subpath", folder).build();
                all.list
                    .push(typed("image", target, true).set("Source", reference).set("ImageOptions", options).build());
            }
            MountSource::NamedPipe(pipe) => {
                all.list.push(typed("npipe", target, read_only).set("Source", pipe).build());
            }
        }
    }
    Ok(all)
}

fn typed(kind: &str, target: &str, read_only: bool) -> Fields {
    let mut fields = Fields::default();
    fields.set("Type", kind).set("Target", target).set("ReadOnly", read_only);
    fields
}

/// The options of a mounted volume. The engine makes one that is not there: labels and driver are for that case.
fn volume_options(
    sub_path: Option<&str>,
    no_copy: bool,
    definition: Option<&CreateVolume>,
    (major, minor): (u32, u32),
) -> Result<Value, EngineError> {
    if sub_path.is_some() && (major, minor) < SUBPATH {
        return Err(EngineError::Invalid(format!(
            "subPath of a volume needs Docker's API 1.45 and this engine speaks {major}.{minor}: it would mount the whole volume"
        )));
    }
    let mut options = Fields::default();
    options.set("NoCopy", no_copy).set("Subpath", sub_path);
    if let Some(definition) = definition {
        let VolumeSpec { driver, driver_opts, .. } = &definition.spec;
        let driver = Fields::default().set("Name", driver).set("Options", driver_opts).build();
        options.set("Labels", volume::labels(definition)).set("DriverConfig", driver);
    }
    Ok(options.build())
}

/// Memory. Both of Docker's forms mean the same; engines of these days take options besides size and mode in one of them only.
fn tmpfs(all: &mut Mounts, target: &str, read_only: bool, volume: &TmpfsVolume) {
    let TmpfsVolume { size, mode, uid, gid, exec, options } = volume;
    let size = size.map(skiff_api::Bytes::get);
    if uid.is_none() && gid.is_none() && !exec && options.is_empty() {
        let options = Fields::default().set("SizeBytes", size).set("Mode", mode).build();
        all.list.push(typed("tmpfs", target, read_only).set("TmpfsOptions", options).build());
        return;
    }
    let valued = [
        size.map(|size| format!("size={size}")),
        mode.map(|mode| format!("mode={mode:o}")),
        uid.map(|uid| format!("uid={uid}")),
        gid.map(|gid| format!("gid={gid}")),
    ];
    let flags = [read_only.then(|| "ro".to_owned()), exec.then(|| "exec".to_owned())];
    let words: Vec<String> = flags.into_iter().chain(valued).flatten().chain(options.iter().cloned()).collect();
    all.tmpfs.insert(target.to_owned(), words.join(","));
}

fn host_path(
    all: &mut Mounts,
    target: &str,
    read_only: bool,
    sub_path: Option<&str>,
    volume: &HostPathVolume,
    base: &str,
) -> Result<(), EngineError> {
    let HostPathVolume { path, read_only: source_read_only, create, propagation, non_recursive, selinux, consistency } =
        volume;
    let source = below(&resolved(base, path)?, sub_path)?;
    let source = text(&source)?;
    let read_only = read_only || *source_read_only;
    if !create && selinux.is_none() {
        let options = Fields::default().set("Propagation", propagation).set("NonRecursive", non_recursive).build();
        let mut fields = typed("bind", target, read_only);
        all.list.push(fields.set("Source", source).set("Consistency", consistency).set("BindOptions", options).build());
        return Ok(());
    }
    if *non_recursive || [source, target].iter().any(|path| path.contains(':')) {
        return Err(EngineError::Invalid(format!(
            "the hostPath {source}: `create` and `selinux` go neither with `nonRecursive` nor with a colon in a path"
        )));
    }
    let label = selinux.as_deref().map(selinux_word).transpose()?;
    let words = [read_only.then_some("ro"), label, propagation.as_deref(), consistency.as_deref()];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let separator = if words.is_empty() { "" } else { ":" };
    all.binds.push(format!("{source}:{target}{separator}{}", words.join(",")));
    Ok(())
}

fn selinux_word(word: &str) -> Result<&'static str, EngineError> {
    match word {
        "shared" | "z" => Ok("z"),
        "private" | "Z" => Ok("Z"),
        other => Err(EngineError::Invalid(format!("selinux: `{other}` is neither `shared` nor `private`"))),
    }
}

fn no_sub_path(target: &str, sub_path: Option<&str>, what: &str) -> Result<(), EngineError> {
    match sub_path {
        None => Ok(()),
        Some(_) => Err(EngineError::Invalid(format!("the mount at {target}: a subPath of {what} has nothing in it"))),
    }
}

/// A path of the host as the manifest writes it: a relative one starts at the manifest's folder, `..` goes up.
pub(super) fn resolved(base: &str, path: &str) -> Result<PathBuf, EngineError> {
    let joined = Path::new(base).join(path);
    if !joined.is_absolute() {
        return Err(EngineError::Invalid(format!(
            "the hostPath {path} is relative and its manifest has no folder: write an absolute path"
        )));
    }
    let mut normal = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    Ok(normal)
}

/// A path below a folder, which it must not leave.
fn below(folder: &Path, sub_path: Option<&str>) -> Result<PathBuf, EngineError> {
    let Some(sub_path) = sub_path else { return Ok(folder.to_owned()) };
    let stays = Path::new(sub_path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays {
        Ok(folder.join(sub_path))
    } else {
        Err(EngineError::Invalid(format!("the subPath `{sub_path}` leaves its volume")))
    }
}

fn text(path: &Path) -> Result<&str, EngineError> {
    path.to_str().ok_or_else(|| EngineError::Invalid(format!("the path {} is not UTF-8", path.display())))
}

#[cfg(test)]
mod tests;
