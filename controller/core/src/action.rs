//! What can be done: each action is one idempotent effect, harmless to repeat, with an exact payload.
//!
//! Nothing in here holds a secret's value: files and variables name the key that they come from, and whoever performs the
//! action looks it up.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::{Build, NetworkSpec, OwnerLabels, PullPolicy, VolumeSpec};

use crate::check::Check;
use crate::desired::{Attachment, InPlace, Mount, Template};
use crate::image::FromImage;

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Get an image where the pull policy asks for it, and know that it is there.
    PullImage(PullImage),
    /// Build an image from a folder of the host, exactly as it was when the manifest was read.
    BuildImage(BuildImage),
    /// Take its names from an image, and remove it where it has no other and no container uses it.
    RemoveImage(RemoveImage),
    /// Make a network.
    CreateNetwork(CreateNetwork),
    /// Remove a network by its id; held back by the engine while containers are on it.
    RemoveNetwork {
        /// The network's id.
        id: String,
        /// Its name, for people.
        name: String,
    },
    /// Make a volume.
    CreateVolume(CreateVolume),
    /// Remove a volume and its data.
    RemoveVolume {
        /// The volume's name.
        name: String,
    },
    /// Write the files of a ConfigMap or Secret where containers mount them from; files of another version give way all at once.
    WriteFiles(FileSet),
    /// Remove files that nothing mounts any more.
    RemoveFiles {
        /// The id of the file set.
        id: String,
    },
    /// Make a container, on its first network, without starting it.
    CreateContainer(Box<CreateContainer>),
    /// Put a container on a network.
    ConnectNetwork(ConnectNetwork),
    /// Take a container off a network.
    DisconnectNetwork {
        /// The container.
        container: ContainerRef,
        /// The network's id.
        network_id: String,
        /// Its name, for people.
        network: String,
    },
    /// Start a container.
    StartContainer {
        /// The container.
        container: ContainerRef,
    },
    /// Run the postStart hook of a container that has started, to its end.
    RunHook(RunHook),
    /// Ask a container to stop, and kill it after its grace period.
    StopContainer(StopContainer),
    /// Remove a container; a running one is killed.
    RemoveContainer {
        /// The container.
        container: ContainerRef,
        /// The names of the volumes that go with it. One that is in use by then stays.
        volumes: Vec<String>,
    },
    /// Give a container another name: its own back, or one that leaves its own to whoever takes its place.
    RenameContainer {
        /// The container, with the name that it has now.
        container: ContainerRef,
        /// The name that it should have.
        to: String,
    },
    /// Let a paused container go on.
    UnpauseContainer {
        /// The container.
        container: ContainerRef,
    },
    /// Change limits and restart policy of a container where it stands.
    UpdateContainer(UpdateContainer),
}

impl Action {
    /// The imperative verb, as it stands in plans and logs.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::PullImage(_) => "pull image",
            Self::BuildImage(_) => "build image",
            Self::RemoveImage(_) => "remove image",
            Self::CreateNetwork(_) => "create network",
            Self::RemoveNetwork { .. } => "remove network",
            Self::CreateVolume(_) => "create volume",
            Self::RemoveVolume { .. } => "remove volume",
            Self::WriteFiles(_) => "write files",
            Self::RemoveFiles { .. } => "remove files",
            Self::CreateContainer(_) => "create container",
            Self::ConnectNetwork(_) => "connect",
            Self::DisconnectNetwork { .. } => "disconnect",
            Self::StartContainer { .. } => "start container",
            Self::RunHook(_) => "run postStart hook",
            Self::StopContainer(_) => "stop container",
            Self::RemoveContainer { .. } => "remove container",
            Self::RenameContainer { .. } => "rename container",
            Self::UnpauseContainer { .. } => "unpause container",
            Self::UpdateContainer(_) => "update container",
        }
    }

    /// The `PascalCase` word for programs once it has been done.
    pub const fn done(&self) -> &'static str {
        match self {
            Self::PullImage(_) => "Pulled",
            Self::BuildImage(_) => "Built",
            Self::RemoveImage(_) => "ImageRemoved",
            Self::CreateNetwork(_) => "NetworkCreated",
            Self::RemoveNetwork { .. } => "NetworkRemoved",
            Self::CreateVolume(_) => "VolumeCreated",
            Self::RemoveVolume { .. } => "VolumeRemoved",
            Self::WriteFiles(_) => "FilesWritten",
            Self::RemoveFiles { .. } => "FilesRemoved",
            Self::CreateContainer(_) => "Created",
            Self::ConnectNetwork(_) => "Connected",
            Self::DisconnectNetwork { .. } => "Disconnected",
            Self::StartContainer { .. } => "Started",
            Self::RunHook(_) => "HookSucceeded",
            Self::StopContainer(_) => "Stopped",
            Self::RemoveContainer { .. } => "Removed",
            Self::RenameContainer { .. } => "Renamed",
            Self::UnpauseContainer { .. } => "Unpaused",
            Self::UpdateContainer(_) => "Updated",
        }
    }

    /// Whether it gets an image, which may take minutes, and leaves nothing half done when it is dropped where it stands.
    pub const fn gets_image(&self) -> bool {
        matches!(self, Self::PullImage(_) | Self::BuildImage(_))
    }

    /// Whether it is a hook, which may take long: its object is not left alone meanwhile, as a plan needs it least when it hangs.
    pub const fn is_hook(&self) -> bool {
        matches!(self, Self::RunHook(_))
    }

    /// What the verb is about, by Docker's name.
    pub fn target(&self) -> String {
        match self {
            Self::PullImage(pull) => pull.image.clone(),
            Self::BuildImage(build) => build.image.clone(),
            Self::RemoveImage(removed) => removed.names.first().unwrap_or(&removed.id).clone(),
            Self::CreateNetwork(create) => create.name.clone(),
            Self::CreateVolume(create) => create.name.clone(),
            Self::RemoveNetwork { name, .. } | Self::RemoveVolume { name } => name.clone(),
            Self::WriteFiles(files) => files.id.clone(),
            Self::RemoveFiles { id } => id.clone(),
            Self::CreateContainer(create) => create.name.clone(),
            Self::ConnectNetwork(connect) => format!("{} to {}", connect.container.name, connect.attachment.network),
            Self::DisconnectNetwork { container, network, .. } => format!("{} from {network}", container.name),
            Self::StartContainer { container }
            | Self::RemoveContainer { container, .. }
            | Self::UnpauseContainer { container } => container.name.clone(),
            Self::RunHook(hook) => hook.container.name.clone(),
            Self::StopContainer(stop) => stop.container.name.clone(),
            Self::RenameContainer { container, to } => format!("{} to {to}", container.name),
            Self::UpdateContainer(update) => update.container.name.clone(),
        }
    }
}

/// A container: by id where it was observed, by name where an earlier step makes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerRef {
    /// The full id, where it is known.
    pub id: Option<String>,
    /// The name.
    pub name: String,
}

impl ContainerRef {
    /// What the engine is asked with.
    pub fn handle(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.name)
    }
}

/// An image to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullImage {
    /// The reference as the manifest writes it.
    pub image: String,
    /// The platform, where it is not the engine's own.
    pub platform: Option<String>,
    /// When it is pulled. With `Never` a missing image is an error.
    pub policy: PullPolicy,
}

/// An image to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildImage {
    /// The name that it gets: the tag is a digest of all that it is built from, so that what has changed since is refused.
    pub image: String,
    /// The folder of the manifest, from which a relative context starts.
    pub base: String,
    /// What it is built from, as the manifest writes it.
    pub build: Build,
    /// The platform, where it is not the engine's own.
    pub platform: Option<String>,
}

/// An image to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveImage {
    /// Its id: a name that means another image by now is left.
    pub id: String,
    /// Its names with tags; none where it has lost them.
    pub names: Vec<String>,
}

/// A network to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateNetwork {
    /// Docker's name.
    pub name: String,
    /// What is wanted.
    pub spec: NetworkSpec,
    /// Our labels.
    pub owner: OwnerLabels,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateVolume {
    /// Docker's name.
    pub name: String,
    /// What is wanted.
    pub spec: VolumeSpec,
    /// Our labels.
    pub owner: OwnerLabels,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
}

/// Files of one ConfigMap or Secret, laid out for one mount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSet {
    /// The name of the folder that holds them: object, layout and (keyed, for secrets) content are in it. Of files that are updated
    /// in place it says what the mount asks for instead, and stays the same whatever they hold.
    pub id: String,
    /// What files that are updated in place hold, as a digest of layout and content; `None` where the id says it.
    pub version: Option<String>,
    /// The object that the content comes from.
    pub object: skiff_api::ObjectKey,
    /// Whether they may be only in memory, in a folder that only root can enter.
    pub secret: bool,
    /// The files.
    pub files: Vec<FileEntry>,
}

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileEntry {
    /// Its path below the folder of the set, without `..`.
    pub path: String,
    /// The key of the object that holds its content.
    pub key: String,
    /// Its permissions.
    pub mode: u32,
    /// Its owner, root where nothing is said.
    pub uid: Option<u32>,
    /// Its group, root where nothing is said.
    pub gid: Option<u32>,
}

/// A container to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateContainer {
    /// Docker's name.
    pub name: String,
    /// What it is made from.
    pub spec: ContainerSpec,
}

/// What a container is made from, with everything that depends on the ordinal resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSpec {
    /// Our labels; the adapter adds the image's id.
    pub owner: OwnerLabels,
    /// The image; not always what the template's reference means now.
    pub image: FromImage,
    /// The template of the revision.
    pub template: Arc<Template>,
    /// The mounts, volume names resolved for the ordinal.
    pub mounts: Vec<Mount>,
    /// The volumes without a name that it gets from the container whose place it takes, by path: mounted where it or its image asks for one.
    pub carried: BTreeMap<String, String>,
    /// The network that it is created on; `None` where the template has a network mode.
    pub first_network: Option<Attachment>,
    /// The network mode, resolved: `none`, `host`, `bridge`, `container:NAME`.
    pub network_mode: Option<String>,
    /// Whose processes and memory it shares.
    pub namespaces: Namespaces,
    /// The containers whose mounts it gets as well, resolved: `NAME` or `NAME:ro`. They must be there when it is made.
    pub volumes_from: Vec<String>,
}

/// The namespaces of a container, resolved: `host`, `private`, `container:NAME`; Docker's own where none is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Of its processes.
    pub pid: Option<String>,
    /// Of its shared memory.
    pub ipc: Option<String>,
}

/// A container to put on a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectNetwork {
    /// The container.
    pub container: ContainerRef,
    /// The network's id, where it is there and the container runs: another network may have its name. One that does not run
    /// is told the name, which is all that Docker keeps until it starts.
    pub network_id: Option<String>,
    /// The network, with names and addresses on it.
    pub attachment: Attachment,
}

/// A hook to run in a container. A command of it that still runs there, as a controller that died has left it, is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHook {
    /// The container.
    pub container: ContainerRef,
    /// The start that the hook belongs to: another one has its own.
    pub started_at: Timestamp,
    /// What is run.
    pub check: Check,
}

/// A container to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopContainer {
    /// The container.
    pub container: ContainerRef,
    /// Seconds until the kill.
    pub grace_seconds: u32,
    /// What is run before the stop signal. It shares the grace period, of which at least two seconds are left for the stop; the
    /// container is stopped whatever comes of it.
    pub pre_stop: Option<Check>,
}

/// A container to change where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateContainer {
    /// The container.
    pub container: ContainerRef,
    /// The values that it shall have; what is `None` is left as it is.
    pub to: InPlace,
}
