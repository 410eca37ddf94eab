//! Creating a container: who has the name, what must be there, and what is made of the spec.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use skiff_api::{Container, OwnerLabels, label, mounts_from};
use skiff_core::{
    Attachment, ContainerSpec, ContentStore, CreateContainer, EngineError, EngineRestart, EnvEntry, EnvValue, InPlace,
    Mount, MountSource, Nameless, ObservedNameless, Outcome,
};

use super::check::Check;
use super::container::{DockerRestart, Program, SimContainer, SimEndpoint};
use super::store::{self, Asked, readable};
use super::{SimEngine, SimImage};

impl SimEngine {
    pub(super) fn create_container(
        &mut self,
        create: &CreateContainer,
        content: &ContentStore,
    ) -> Result<Outcome, EngineError> {
        if let Some(holder) = self.container(&create.name) {
            return judge(holder, &create.spec.owner);
        }
        let spec = &create.spec;
        let image = self.image_to_run(&spec.image)?;
        let env = variables(&spec.template.env, content)?;
        let mut made = new_container(create, &image, env);
        if let Some(path) = host_paths(&made).find(|path| path.starts_with("/nowhere/")) {
            return Err(EngineError::Invalid(format!("bind source path does not exist: {path}")));
        }
        if let Some(missing) = made.file_sets().find(|files| !self.files.contains_key(*files)) {
            return Err(EngineError::Invalid(format!("bind source path does not exist: {missing}")));
        }
        (made.volumes_from, made.mounts) = self.volumes_from(&create.spec)?;
        self.make_missing_volumes(&create.spec.mounts)?;
        made.nameless = self.make_nameless_volumes(&create.spec, &image);
        made.id = self.new_id();
        (made.serial, made.created_at) = (self.serial, Some(self.now));
        self.containers.insert(made.id.clone(), made);
        Ok(Outcome::Done)
    }
}

impl SimEngine {
    /// The containers whose mounts are used, by their ids, as the adapter tells Docker; and all mounts: a container's own, and of those
    /// what is elsewhere.
    fn volumes_from(&self, spec: &ContainerSpec) -> Result<(Vec<String>, Vec<Mount>), EngineError> {
        let (mut ids, mut mounts) = (Vec::new(), spec.mounts.clone());
        for item in &spec.volumes_from {
            let (container, mode) = mounts_from(item);
            let missing =
                || EngineError::Stale(format!("there is no container {container} whose mounts could be used"));
            let other = self.container(container).ok_or_else(missing)?;
            ids.push(mode.map_or_else(|| other.id.clone(), |mode| format!("{}:{mode}", other.id)));
            for mount in &other.mounts {
                if !mounts.iter().any(|own| own.target == mount.target) {
                    mounts.push(Mount { read_only: mount.read_only || mode == Some("ro"), ..mount.clone() });
                }
            }
        }
        Ok((ids, mounts))
    }

    /// Docker makes a volume for each mount that names none, and for what the image asks for and nothing is mounted at; the adapter tells
    /// it of those that are carried over.
    fn make_nameless_volumes(&mut self, spec: &ContainerSpec, image: &SimImage) -> BTreeMap<String, ObservedNameless> {
        let mut made = BTreeMap::new();
        let of_manifest = spec.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Anonymous(Nameless { labels, is_carried }) => {
                let asked = if *is_carried { Asked::Manifest } else { Asked::Empty };
                Some((&mount.target, labels.clone(), asked))
            }
            MountSource::Volume { .. }
            | MountSource::HostPath { .. }
            | MountSource::Files(_)
            | MountSource::Tmpfs(_)
            | MountSource::Image(_)
            | MountSource::NamedPipe(_) => None,
        });
        let is_free = |target: &&String| !spec.mounts.iter().any(|mount| mount.target == **target);
        let of_image = image.volumes.iter().filter(is_free).map(|target| (target, BTreeMap::new(), Asked::Image));
        for (target, labels, asked) in of_manifest.chain(of_image) {
            let told = spec.carried.get(target);
            let volume = self.nameless_volume(told, &labels, asked);
            let is_asked = told.is_none() && asked != Asked::Image;
            made.insert(target.clone(), ObservedNameless { volume, is_asked });
        }
        made
    }

    /// Docker makes the volumes that are missing as the mount says; the adapter looks first for those that must be there.
    fn make_missing_volumes(&mut self, mounts: &[Mount]) -> Result<(), EngineError> {
        let missing = mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume { name, definition, .. } => {
                (!self.volumes.contains_key(name)).then_some((name, definition))
            }
            MountSource::Files(_)
            | MountSource::HostPath { .. }
            | MountSource::Tmpfs(_)
            | MountSource::Anonymous(_)
            | MountSource::Image(_)
            | MountSource::NamedPipe(_) => None,
        });
        let missing: Vec<_> = missing.collect();
        if let Some((name, _)) = missing.iter().find(|(_, definition)| definition.is_none()) {
            return Err(EngineError::Stale(format!("volume {name} is gone")));
        }
        for definition in missing.into_iter().filter_map(|(_, definition)| definition.as_deref()) {
            self.insert_volume(&definition.name, store::all_labels(&definition.labels, &definition.owner));
        }
        Ok(())
    }
}

/// The paths of the host that it mounts.
fn host_paths(container: &SimContainer) -> impl Iterator<Item = &str> {
    container.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::HostPath { volume, .. } => Some(volume.path.as_str()),
        MountSource::Volume { .. }
        | MountSource::Files(_)
        | MountSource::Tmpfs(_)
        | MountSource::Anonymous(_)
        | MountSource::Image(_)
        | MountSource::NamedPipe(_) => None,
    })
}

/// What it means that a container has the name already.
fn judge(holder: &SimContainer, wanted: &OwnerLabels) -> Result<Outcome, EngineError> {
    let taken = |by: String| EngineError::NameTaken { name: holder.name.clone(), by };
    let has = readable(&holder.labels).ok_or_else(|| taken("somebody else".to_owned()))?;
    let is_of = |owner: &OwnerLabels| (owner.instance.clone(), owner.object.clone(), owner.component);
    let made_from =
        |owner: &OwnerLabels| (owner.ordinal, owner.run.clone(), owner.template_hash.clone(), owner.content.clone());
    if is_of(&has) != is_of(wanted) {
        return Err(taken(format!("a container of {}", has.object)));
    }
    if made_from(&has) != made_from(wanted) {
        return Err(EngineError::Stale(format!("{} is another container by now", holder.name)));
    }
    Ok(Outcome::Already)
}

fn new_container(create: &CreateContainer, image: &SimImage, env: BTreeMap<String, String>) -> SimContainer {
    let ContainerSpec {
        owner,
        image: from,
        template,
        mounts,
        carried: _,
        first_network,
        network_mode,
        namespaces,
        volumes_from: _,
    } = &create.spec;
    let container = &template.pod.container;
    let mut labels = template.pod.metadata.labels.clone();
    labels.extend(owner.to_map());
    labels.insert(label::IMAGE_ID.to_owned(), image.id.clone());
    let command: Vec<String> = container.command.iter().chain(&container.args).flatten().cloned().collect();
    SimContainer {
        name: create.name.clone(),
        labels,
        image: from.reference.clone(),
        image_id: image.id.clone(),
        program: program(&command).unwrap_or(image.program),
        command,
        env,
        mounts: mounts.clone(),
        ports: container.ports.clone(),
        network_mode: network_mode.clone(),
        namespaces: namespaces.clone(),
        hostname: container.hostname.clone(),
        networks: first_network.iter().map(|attachment| (attachment.network.clone(), endpoint(attachment))).collect(),
        limits: limits(&template.in_place),
        restart: restart(template.in_place.restart_policy),
        stop_code: image.stop_code,
        is_broken: image.is_broken || is_nowhere(container),
        check: Check::of(container, image.checks),
        answers: image.answers,
        ..SimContainer::default()
    }
}

/// A shell that is told to `exit N` does so at once; everything else behaves as its image.
fn program(command: &[String]) -> Option<Program> {
    let code = command.last()?.strip_prefix("exit ")?.parse().ok()?;
    Some(Program::Exits { after: SignedDuration::from_millis(10), code })
}

/// A program below `/nowhere` is in no image.
fn is_nowhere(container: &Container) -> bool {
    container.command.iter().flatten().next().is_some_and(|program| program.starts_with("/nowhere/"))
}

/// Docker gives a container with a memory limit as much swap again.
fn limits(wanted: &InPlace) -> InPlace {
    let memory_swap = wanted.memory_swap.or(wanted.memory.map(|memory| memory * 2));
    InPlace { memory_swap, restart_policy: None, ..wanted.clone() }
}

pub(super) const fn restart(policy: Option<EngineRestart>) -> DockerRestart {
    match policy {
        Some(EngineRestart::Always) => DockerRestart::Always,
        Some(EngineRestart::OnFailure) => DockerRestart::OnFailure(None),
        Some(EngineRestart::OnFailureTimes(most)) => DockerRestart::OnFailure(Some(most)),
        Some(EngineRestart::Never) | None => DockerRestart::No,
    }
}

pub(super) fn endpoint(attachment: &Attachment) -> SimEndpoint {
    SimEndpoint {
        network_id: None,
        aliases: attachment.aliases.clone(),
        ipv4_address: attachment.ipv4_address.clone(),
        ipv6_address: attachment.ipv6_address.clone(),
    }
}

fn variables(entries: &[EnvEntry], content: &ContentStore) -> Result<BTreeMap<String, String>, EngineError> {
    let mut env = BTreeMap::new();
    for entry in entries {
        match &entry.value {
            EnvValue::Literal(value) => {
                env.insert(entry.name.clone(), value.clone());
            }
            EnvValue::Key { object, key } => {
                let bytes = content
                    .get(object, key)
                    .ok_or_else(|| EngineError::Invalid(format!("{object} has no key {key}")))?;
                env.insert(entry.name.clone(), String::from_utf8_lossy(bytes).into_owned());
            }
            EnvValue::Unset => {
                env.remove(&entry.name);
            }
        }
    }
    Ok(env)
}
