//! The pieces of a template that come from elsewhere: variables, mounts, and the digests of the content behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{
    ConfigMapVolume, EnvVar, Kind, NamedVolume, Object, ObjectKey, PodTemplate, SecretVolume, TmpfsVolume,
    UpdatePolicy, VolumeMount, VolumeSource, naming,
};

use super::layout::Layout;
use super::{CompileInput, DeclaredObject, content_label, reference};
use crate::action::{FileEntry, FileSet};
use crate::content::{ContentStore, digest};
use crate::desired::{EnvEntry, EnvValue, Mount, MountSource, Nameless, Use};

/// What a template needs from elsewhere.
pub(super) struct Pieces {
    pub(super) env: Vec<EnvEntry>,
    pub(super) mounts: Vec<Mount>,
    pub(super) content: BTreeMap<String, String>,
    pub(super) uses: Vec<Use>,
}

/// Under which object the store has the content of another, where it is that of an earlier revision.
pub(super) type Versions = BTreeMap<ObjectKey, ObjectKey>;

struct Builder<'a> {
    input: &'a CompileInput<'a>,
    store: &'a ContentStore,
    versions: &'a Versions,
    key: &'a ObjectKey,
    base: &'a str,
    /// The keys of each object that are used.
    used: BTreeMap<ObjectKey, BTreeSet<String>>,
    content: BTreeMap<String, String>,
    uses: Vec<Use>,
}

pub(super) fn pieces(
    input: &CompileInput<'_>,
    store: &ContentStore,
    versions: &Versions,
    key: &ObjectKey,
    declared: &DeclaredObject,
    pod: &PodTemplate,
) -> Pieces {
    let mut builder = Builder {
        input,
        store,
        versions,
        key,
        base: &declared.base,
        used: BTreeMap::new(),
        content: BTreeMap::new(),
        uses: Vec::new(),
    };
    let env = builder.env(pod);
    let mounts = pod.container.volume_mounts.iter().filter_map(|mount| builder.mount(pod, mount)).collect();
    for profile in pod.container.security_context.seccomp_files() {
        builder.host_file(profile);
    }
    builder.digest_used();
    Pieces { env, mounts, content: builder.content, uses: builder.uses }
}

/// Docker's name of a volume that a template mounts, without an ordinal.
pub(super) fn volume_name(input: &CompileInput<'_>, key: &ObjectKey, volume: &NamedVolume) -> String {
    let object = reference(Kind::Volume, key, volume.namespace.as_deref(), &volume.name);
    match input.find(&object).map(|declared| &declared.object) {
        Some(Object::Volume(found)) => naming::volume_name(input.instance, found, None),
        _ => input.instance.docker_name(&format!("{}-{}", object.namespace, object.name)),
    }
}

impl Builder<'_> {
    /// The object under which the store has the content of another.
    fn kept_as<'o>(&'o self, object: &'o ObjectKey) -> &'o ObjectKey {
        self.versions.get(object).unwrap_or(object)
    }

    fn bytes(&self, object: &ObjectKey, key: &str) -> Option<&Arc<[u8]>> {
        self.store.get(self.kept_as(object), key)
    }

    /// The variables in order: those from whole objects first, so that single ones win.
    fn env(&mut self, pod: &PodTemplate) -> Vec<EnvEntry> {
        let mut entries: Vec<EnvEntry> = Vec::new();
        let mut set = |entry: EnvEntry| match entries.iter_mut().find(|known| known.name == entry.name) {
            Some(known) => *known = entry,
            None => entries.push(entry),
        };
        for source in &pod.container.env_from {
            let (kind, from) = match (&source.config_map_ref, &source.secret_ref) {
                (Some(from), _) => (Kind::ConfigMap, from),
                (None, Some(from)) => (Kind::Secret, from),
                (None, None) => continue,
            };
            let object = reference(kind, self.key, None, &from.name);
            let keys: Vec<String> = self.store.keys(self.kept_as(&object)).into_iter().flatten().cloned().collect();
            for key in keys {
                self.used.entry(object.clone()).or_default().insert(key.clone());
                let name = format!("{}{key}", source.prefix.as_deref().unwrap_or_default());
                set(EnvEntry { name, value: EnvValue::Key { object: self.kept_as(&object).clone(), key } });
            }
        }
        for variable in &pod.container.env {
            if let Some(value) = self.env_value(variable) {
                set(EnvEntry { name: variable.name.clone(), value });
            }
        }
        entries
    }

    /// The value of a variable; `None` where its key may be missing and is.
    fn env_value(&mut self, variable: &EnvVar) -> Option<EnvValue> {
        if variable.unset {
            return Some(EnvValue::Unset);
        }
        let Some(source) = &variable.value_from else {
            return Some(EnvValue::Literal(variable.value.clone().unwrap_or_default()));
        };
        let (kind, selector) = match (&source.config_map_key_ref, &source.secret_key_ref) {
            (Some(selector), _) => (Kind::ConfigMap, selector),
            (None, Some(selector)) => (Kind::Secret, selector),
            (None, None) => return None,
        };
        let object = reference(kind, self.key, None, &selector.name);
        self.bytes(&object, &selector.key)?;
        self.used.entry(object.clone()).or_default().insert(selector.key.clone());
        Some(EnvValue::Key { object: self.kept_as(&object).clone(), key: selector.key.clone() })
    }

    fn mount(&mut self, pod: &PodTemplate, mount: &VolumeMount) -> Option<Mount> {
        let volume = pod.volumes.iter().find(|volume| volume.name == mount.name)?;
        let (source, read_only) = self.source(volume)?;
        Some(Mount {
            target: mount.mount_path.clone(),
            read_only: mount.read_only || read_only,
            sub_path: mount.sub_path.clone(),
            source,
        })
    }

    /// What is mounted, and whether it is read-only whatever the mount says.
    fn source(&mut self, volume: &VolumeSource) -> Option<(MountSource, bool)> {
        if let Some(named) = &volume.volume {
            let source = MountSource::Volume {
                object: reference(Kind::Volume, self.key, named.namespace.as_deref(), &named.name),
                name: volume_name(self.input, self.key, named),
                per_replica: named.per_replica,
                no_copy: named.no_copy,
                definition: None,
            };
            return Some((source, named.read_only));
        }
        if let Some(path) = &volume.host_path {
            self.host_file(&path.path);
            return Some((MountSource::HostPath { volume: path.clone(), base: self.base.to_owned() }, path.read_only));
        }
        if let Some(config) = &volume.config_map {
            return Some((self.config_files(config)?, true));
        }
        if let Some(secret) = &volume.secret {
            return Some((self.secret_files(secret)?, true));
        }
        if let Some(empty) = &volume.empty_dir {
            let in_memory = TmpfsVolume { size: empty.size_limit, ..TmpfsVolume::default() };
            let memory = empty.medium.as_deref() == Some("Memory");
            let on_disk = || MountSource::Anonymous(Nameless { labels: empty.labels.clone(), is_carried: false });
            return Some((if memory { MountSource::Tmpfs(in_memory) } else { on_disk() }, false));
        }
        if let Some(anonymous) = &volume.anonymous {
            let nameless = Nameless { labels: anonymous.labels.clone(), is_carried: true };
            return Some((MountSource::Anonymous(nameless), false));
        }
        let tmpfs = volume.tmpfs.clone().map(MountSource::Tmpfs);
        let pipe = volume.named_pipe.clone().map(MountSource::NamedPipe);
        let image = volume.image.clone().map(MountSource::Image);
        tmpfs.or(pipe).map(|source| (source, false)).or(image.map(|source| (source, true)))
    }

    /// A small file of the host that is mounted read-only, or is a seccomp profile, is content: it rolls its users when it changes.
    fn host_file(&mut self, path: &str) {
        let known = self.input.host_files.get(&(self.base.to_owned(), path.to_owned()));
        if let Some(bytes) = known {
            self.content.insert(format!("file/{path}"), digest(&[bytes]));
        }
    }

    fn config_files(&mut self, volume: &ConfigMapVolume) -> Option<MountSource> {
        let ConfigMapVolume { name, items, default_mode, optional: _, update_policy, uid, gid } = volume;
        let layout = Layout { items, default_mode: *default_mode, uid: *uid, gid: *gid, update: *update_policy };
        self.files(reference(Kind::ConfigMap, self.key, None, name), &layout)
    }

    fn secret_files(&mut self, volume: &SecretVolume) -> Option<MountSource> {
        let SecretVolume { secret_name, items, default_mode, optional: _, update_policy, uid, gid } = volume;
        let layout = Layout { items, default_mode: *default_mode, uid: *uid, gid: *gid, update: *update_policy };
        self.files(reference(Kind::Secret, self.key, None, secret_name), &layout)
    }

    fn files(&mut self, object: ObjectKey, layout: &Layout<'_>) -> Option<MountSource> {
        // What is updated in place holds what the object holds now, whatever revision mounts it.
        let holder = match layout.update {
            UpdatePolicy::Replace => self.kept_as(&object).clone(),
            UpdatePolicy::InPlace => object.clone(),
        };
        let keys: Vec<&String> = self.store.keys(&holder)?.collect();
        let files = layout.files(&keys);
        let held = self.digest_files(&object, &holder, &files);
        let (told_apart_by, version) = match layout.update {
            UpdatePolicy::Replace => {
                self.used.entry(object.clone()).or_default().extend(files.iter().map(|file| file.key.clone()));
                (held, None)
            }
            // The folder stays, whatever it holds: no container is outdated by that.
            UpdatePolicy::InPlace => (layout.digest(), Some(held)),
        };
        let id = format!("{}-{}-{}-{told_apart_by}", object.kind.lower(), object.namespace, object.name);
        let secret = object.kind == Kind::Secret;
        Some(MountSource::Files(FileSet { id, version, object: holder, secret, files }))
    }

    /// Changes with layout and content, keyed for secrets, so that a folder named by it never changes.
    fn digest_files(&self, object: &ObjectKey, holder: &ObjectKey, files: &[FileEntry]) -> String {
        let mut parts: Vec<Vec<u8>> = vec![object.to_string().into_bytes()];
        for file in files {
            let layout = format!("{}\0{:o}\0{:?}\0{:?}", file.path, file.mode, file.uid, file.gid);
            parts.push(layout.into_bytes());
            parts.push(self.store.get(holder, &file.key).map(|bytes| bytes.to_vec()).unwrap_or_default());
        }
        self.digest(object, &parts).replace(':', "-")
    }

    fn digest(&self, object: &ObjectKey, parts: &[Vec<u8>]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        if object.kind == Kind::Secret { self.input.digest_key.digest(&parts) } else { digest(&parts) }
    }

    /// One digest for each object over the keys of it that are used.
    fn digest_used(&mut self) {
        for (object, keys) in &self.used {
            let mut parts: Vec<Vec<u8>> = Vec::new();
            for key in keys {
                parts.push(key.clone().into_bytes());
                parts.push(self.bytes(object, key).map(|bytes| bytes.to_vec()).unwrap_or_default());
            }
            let digest = self.digest(object, &parts);
            self.content.insert(content_label(object), digest.clone());
            self.uses.push(Use {
                object: object.clone(),
                kept_as: self.kept_as(object).clone(),
                digest,
                keys: keys.clone(),
            });
        }
    }
}
