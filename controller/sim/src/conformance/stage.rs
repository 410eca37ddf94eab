//! A stage for scripts: short words for what they make, do and expect.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::{
    Component, Container, ContainerPort, HostPort, Kind, NetworkSpec, ObjectKey, OwnerLabels, PodTemplate, PullPolicy,
    VolumeSpec,
};
use skiff_core::{
    Action, Attachment, BuildImage, Check, ConnectNetwork, ContainerDetail, ContainerRef, ContainerSpec,
    ContainerState, CreateContainer, CreateNetwork, CreateVolume, EngineError, FromImage, InPlace, Namespaces,
    Observed, ObservedContainer, Outcome, PullImage, RunHook, StopContainer, Template, UpdateContainer,
};

use super::{Hand, Subject};

/// How often it is looked before something that should come has not come.
const LOOKS: usize = 500;

/// A subject with words to work on it.
pub struct Stage<'a> {
    subject: &'a mut dyn Subject,
}

impl<'a> Stage<'a> {
    /// A stage for one script.
    pub fn new(subject: &'a mut dyn Subject) -> Self {
        Self { subject }
    }

    pub(super) fn name(&self, name: &str) -> String {
        self.subject.instance().docker_name(name)
    }

    pub(super) fn image(&self) -> String {
        self.subject.image()
    }

    pub(super) fn build(&self) -> BuildImage {
        self.subject.build()
    }

    pub(super) fn container_ref(&self, name: &str) -> ContainerRef {
        ContainerRef { id: None, name: self.name(name) }
    }

    pub(super) fn owner(&self, kind: Kind, name: &str) -> OwnerLabels {
        OwnerLabels {
            instance: self.subject.instance(),
            source: "conformance".to_owned(),
            object: ObjectKey::new(kind, "test", name),
            ordinal: u32::from(kind.is_workload()),
            component: Component::Main,
            run: None,
            revision: 1,
            source_revision: None,
            template_hash: "v1:one".to_owned(),
            template: None,
            content: None,
            image_id: None,
        }
    }

    /// A container that runs a shell command on no network.
    pub(super) fn shell(&self, name: &str, script: &str) -> CreateContainer {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let container = Container { image: self.subject.image(), command: Some(command), ..Container::default() };
        let template = Template {
            hash: "v1:one".to_owned(),
            canonical: String::new(),
            content: BTreeMap::new(),
            identity: "v1:one".to_owned(),
            uses: Vec::new(),
            pod: PodTemplate { container, ..PodTemplate::default() },
            env: Vec::new(),
            mounts: Vec::new(),
            in_place: InPlace::default(),
            base: String::new(),
        };
        let spec = ContainerSpec {
            owner: self.owner(Kind::Deployment, name),
            image: FromImage::whatever(self.subject.image()),
            template: Arc::new(template),
            mounts: Vec::new(),
            carried: BTreeMap::new(),
            first_network: None,
            network_mode: Some("none".to_owned()),
            namespaces: Namespaces::default(),
            volumes_from: Vec::new(),
        };
        CreateContainer { name: self.name(name), spec }
    }

    /// A container that runs until it is stopped.
    pub(super) fn sleeper(&self, name: &str) -> CreateContainer {
        self.shell(name, "sleep 1000")
    }

    /// The same, on a network, with an alias.
    pub(super) fn on_network(&self, name: &str, network: &str, alias: &str) -> CreateContainer {
        let mut create = self.sleeper(name);
        create.spec.network_mode = None;
        create.spec.first_network = Some(self.attachment(network, alias));
        create
    }

    pub(super) fn attachment(&self, network: &str, alias: &str) -> Attachment {
        Attachment { network: self.name(network), aliases: [alias.to_owned()].into(), ..Attachment::default() }
    }

    pub(super) fn create_network(&self, name: &str) -> Action {
        Action::CreateNetwork(CreateNetwork {
            name: self.name(name),
            spec: NetworkSpec::default(),
            owner: self.owner(Kind::Network, name),
            labels: BTreeMap::new(),
        })
    }

    pub(super) fn create_volume(&self, name: &str) -> Action {
        Action::CreateVolume(self.volume(name))
    }

    pub(super) fn volume(&self, name: &str) -> CreateVolume {
        CreateVolume {
            name: self.name(name),
            spec: VolumeSpec::default(),
            owner: self.owner(Kind::Volume, name),
            labels: BTreeMap::from([("tier".to_owned(), "back".to_owned())]),
        }
    }

    pub(super) fn start(&self, name: &str) -> Action {
        Action::StartContainer { container: self.container_ref(name) }
    }

    pub(super) fn stop(&self, name: &str) -> Action {
        Action::StopContainer(StopContainer { container: self.container_ref(name), grace_seconds: 0, pre_stop: None })
    }

    /// Stops a container after a shell script in it, within so many seconds.
    pub(super) fn stop_after(&self, name: &str, script: &str, grace_seconds: u32) -> Action {
        let pre_stop = Some(in_shell(script));
        Action::StopContainer(StopContainer { container: self.container_ref(name), grace_seconds, pre_stop })
    }

    /// Runs a shell script in a container as its postStart hook, for a start.
    pub(super) fn hook(&self, name: &str, started_at: Option<Timestamp>, script: &str) -> Action {
        let (container, started_at) = (self.container_ref(name), started_at.unwrap_or(Timestamp::UNIX_EPOCH));
        Action::RunHook(RunHook { container, started_at, check: in_shell(script) })
    }

    pub(super) fn remove(&self, name: &str) -> Action {
        Action::RemoveContainer { container: self.container_ref(name), volumes: Vec::new() }
    }

    pub(super) fn unpause(&self, name: &str) -> Action {
        Action::UnpauseContainer { container: self.container_ref(name) }
    }

    pub(super) fn rename(&self, name: &str, to: &str) -> Action {
        Action::RenameContainer { container: self.container_ref(name), to: self.name(to) }
    }

    pub(super) fn update(&self, name: &str, to: InPlace) -> Action {
        Action::UpdateContainer(UpdateContainer { container: self.container_ref(name), to })
    }

    pub(super) fn connect(&self, name: &str, network: &str, alias: &str) -> Action {
        let attachment = self.attachment(network, alias);
        Action::ConnectNetwork(ConnectNetwork { container: self.container_ref(name), network_id: None, attachment })
    }

    /// The same, by the network's id.
    pub(super) fn connect_by_id(&self, name: &str, network: &str, id: &str) -> Action {
        let attachment = self.attachment(network, name);
        let network_id = Some(id.to_owned());
        Action::ConnectNetwork(ConnectNetwork { container: self.container_ref(name), network_id, attachment })
    }

    /// The ids of the networks of a name, the oldest first.
    pub(super) fn network_ids(&mut self, name: &str) -> Result<Vec<String>, String> {
        let name = self.name(name);
        let mut found = self.observed()?.networks;
        found.retain(|network| network.name == name);
        found.sort_by_key(|network| network.created_at);
        Ok(found.into_iter().map(|network| network.id).collect())
    }

    /// Takes a container off a network as it was observed on it.
    pub(super) fn disconnect(&mut self, name: &str, network: &str) -> Result<Action, String> {
        let network = self.name(network);
        let network_id = self.container(name)?.networks.get(&network).cloned().unwrap_or_default();
        Ok(Action::DisconnectNetwork { container: self.container_ref(name), network_id, network })
    }

    pub(super) fn remove_network(&mut self, name: &str) -> Result<Action, String> {
        let name = self.name(name);
        let found = self.observed()?.networks.into_iter().find(|network| network.name == name);
        let id = found.ok_or_else(|| format!("no network {name}"))?.id;
        Ok(Action::RemoveNetwork { id, name })
    }

    pub(super) fn pull(&self, image: Option<&str>, policy: PullPolicy) -> Action {
        let image = image.map_or_else(|| self.subject.image(), str::to_owned);
        Action::PullImage(PullImage { image, platform: None, policy })
    }

    pub(super) fn port(number: u16) -> ContainerPort {
        ContainerPort { container_port: 80, host_port: Some(HostPort::Fixed(number)), ..ContainerPort::default() }
    }

    pub(super) fn ports(&mut self, count: u16) -> Result<u16, String> {
        self.subject.ports(count)
    }

    pub(super) fn try_to(&mut self, action: &Action) -> Result<Outcome, EngineError> {
        self.subject.perform(action)
    }

    /// Performs actions all at once and says how often each outcome came.
    pub(super) fn at_once(&mut self, actions: &[Action]) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        for result in self.subject.perform_at_once(actions) {
            let word = match result {
                Ok(Outcome::Done | Outcome::Warned { .. }) => "Done".to_owned(),
                Ok(Outcome::Already) => "Already".to_owned(),
                Err(error) => error.reason().to_owned(),
            };
            *outcomes.entry(word).or_default() += 1;
        }
        outcomes
    }

    /// Performs an action that must be done.
    pub(super) fn does(&mut self, action: Action) -> Result<(), String> {
        match self.subject.perform(&action) {
            Ok(Outcome::Done | Outcome::Warned { .. }) => Ok(()),
            other => Err(format!("{} {} came to {other:?}", action.verb(), action.target())),
        }
    }

    /// Performs an action that has been done before.
    pub(super) fn has_done(&mut self, action: Action) -> Result<(), String> {
        match self.subject.perform(&action) {
            Ok(Outcome::Already) => Ok(()),
            other => Err(format!("again, {} {} came to {other:?}", action.verb(), action.target())),
        }
    }

    /// Performs an action that must fail for this reason.
    pub(super) fn fails(&mut self, action: Action, reason: &str) -> Result<(), String> {
        match self.subject.perform(&action) {
            Err(error) if error.reason() == reason => Ok(()),
            other => Err(format!("{} {} came to {other:?}, not to {reason}", action.verb(), action.target())),
        }
    }

    pub(super) fn makes(&mut self, create: CreateContainer) -> Result<(), String> {
        self.does(Action::CreateContainer(Box::new(create)))
    }

    /// Makes a container and starts it.
    pub(super) fn runs(&mut self, name: &str, create: CreateContainer) -> Result<(), String> {
        self.makes(create)?;
        let start = self.start(name);
        self.does(start)
    }

    pub(super) fn hand(&mut self, hand: &Hand) -> Result<(), String> {
        self.subject.hand(hand)
    }

    pub(super) fn observed(&mut self) -> Result<Observed, String> {
        self.subject.observe().map_err(|error| error.to_string())
    }

    pub(super) fn container(&mut self, name: &str) -> Result<ObservedContainer, String> {
        let name = self.name(name);
        let found = self.observed()?.containers.into_iter().find(|container| container.name == name);
        found.ok_or_else(|| format!("no container {name}"))
    }

    pub(super) fn detail(&mut self, name: &str) -> Result<ContainerDetail, String> {
        self.container(name)?.detail.ok_or_else(|| format!("{name} was not inspected"))
    }

    /// Lets a tenth of a second pass.
    pub(super) fn pass_time(&mut self) {
        self.subject.pass_time();
    }

    /// Waits until a container is as a predicate says.
    pub(super) fn until(&mut self, name: &str, wanted: impl Fn(&ObservedContainer) -> bool) -> Result<(), String> {
        for _ in 0..LOOKS {
            if wanted(&self.container(name)?) {
                return Ok(());
            }
            self.subject.pass_time();
        }
        Err(format!("{name} is never as expected: {:?}", self.container(name)?))
    }

    pub(super) fn until_state(&mut self, name: &str, state: ContainerState) -> Result<(), String> {
        self.until(name, |container| container.state == state)
    }
}

/// Says what differs.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what} is {is:?} and should be {should:?}")) }
}

fn in_shell(script: &str) -> Check {
    Check::Exec { command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec() }
}
