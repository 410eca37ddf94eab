//! What others do to the engine and what is on it: by hand, by the kernel, by the host. Each says whether it could be done.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{ContainerPort, HostPort};
use skiff_core::{ContainerRef, ContainerState, Health, InPlace, Outcome};

use super::SimEngine;
use super::container::{DockerRestart, SimContainer, SimEndpoint};
use super::update::merge;

impl SimEngine {
    pub(super) fn with(&mut self, name: &str, change: impl FnOnce(&mut SimContainer) -> bool) -> bool {
        let found = self.containers.values_mut().find(|container| container.name == name || container.id == name);
        found.is_some_and(change)
    }

    fn reference(name: &str) -> ContainerRef {
        ContainerRef { id: None, name: name.to_owned() }
    }

    /// The host's clock is put to another time: nothing happens in between.
    pub const fn set_clock(&mut self, to: jiff::Timestamp) {
        self.now = to;
    }

    /// A running container's process ends with this code.
    pub fn exit(&mut self, name: &str, code: i64) -> bool {
        let id = self.container(name).filter(|container| container.is_up()).map(|container| container.id.clone());
        if let Some(id) = &id {
            self.end(id, code);
        }
        id.is_some()
    }

    /// A running container's process is killed from the host.
    pub fn kill_from_host(&mut self, name: &str) -> bool {
        self.exit(name, 137)
    }

    /// `docker stop`.
    pub fn stop_by_hand(&mut self, name: &str) -> bool {
        self.stop_container(&Self::reference(name)) == Outcome::Done
    }

    /// `docker kill`: to the engine that is a stop, and nothing starts it again.
    pub fn kill_by_hand(&mut self, name: &str) -> bool {
        let up = self.with(name, |container| {
            container.stopped_by_api |= container.is_up();
            container.is_up()
        });
        up && self.exit(name, 137)
    }

    /// `docker start`.
    pub fn start_by_hand(&mut self, name: &str) -> bool {
        self.start_container(&Self::reference(name)) == Ok(Outcome::Done)
    }

    /// `docker rm -f`.
    pub fn remove_by_hand(&mut self, name: &str) -> bool {
        self.remove_container(&Self::reference(name), &[]) == Outcome::Done
    }

    /// `docker pause`.
    pub fn pause(&mut self, name: &str) -> bool {
        self.with(name, |container| {
            let runs = container.state == ContainerState::Running;
            if runs {
                container.state = ContainerState::Paused;
            }
            runs
        })
    }

    /// `docker rename`.
    pub fn rename_by_hand(&mut self, name: &str, to: &str) -> bool {
        self.rename_container(&Self::reference(name), to) == Ok(Outcome::Done)
    }

    /// From now on the container counts as one that somebody else made, under a name of theirs, and that was taken over.
    pub fn take_over(&mut self, name: &str, theirs: &str) -> bool {
        let found = self.container(name).map(|container| (container.id.clone(), container.started_at));
        let Some((id, started_at)) = found.filter(|_| self.rename_by_hand(name, theirs)) else { return false };
        self.adopted.insert(id, started_at);
        true
    }

    /// From now on the container answers to one more name on a network.
    pub fn answer_to(&mut self, name: &str, network: &str, alias: &str) -> bool {
        self.with(name, |container| {
            container.networks.get_mut(network).is_some_and(|endpoint| endpoint.aliases.insert(alias.to_owned()))
        })
    }

    /// Whether a container was taken over in the start that it is in: what was to follow that was seen to by whoever made it.
    pub fn is_as_taken_over(&self, container: &SimContainer) -> bool {
        self.adopted.get(&container.id).is_some_and(|started_at| *started_at == container.started_at)
    }

    /// Whether a container was taken over from others.
    pub fn is_taken_over(&self, id: &str) -> bool {
        self.adopted.contains_key(id)
    }

    /// `docker network disconnect`.
    pub fn disconnect_by_hand(&mut self, name: &str, network: &str) -> bool {
        self.with(name, |container| container.networks.remove(network).is_some())
    }

    /// `docker network connect`, by name or id, without aliases.
    pub fn connect_by_hand(&mut self, name: &str, network: &str) -> bool {
        let found = self.networks.values().find(|known| known.name == network || known.id == network);
        let Some((id, network)) = found.map(|known| (known.id.clone(), known.name.clone())) else { return false };
        self.with(name, |container| {
            let is_new = !container.networks.contains_key(&network);
            if is_new {
                let network_id = container.is_up().then_some(id);
                container.networks.insert(network, SimEndpoint { network_id, ..SimEndpoint::default() });
            }
            is_new
        })
    }

    /// `docker update`.
    pub fn update_by_hand(&mut self, name: &str, to: &InPlace, restart: Option<DockerRestart>) -> bool {
        self.with(name, |container| {
            merge(&mut container.limits, to);
            container.restart = restart.unwrap_or(container.restart);
            true
        })
    }

    /// The verdict of a running container's health check changes, until the next look.
    pub fn set_health(&mut self, name: &str, health: Health) -> bool {
        let now = self.now;
        self.with(name, |container| {
            let is_checked = container.is_up() && container.check.is_some();
            if is_checked {
                container.upset(health, now);
            }
            is_checked
        })
    }

    /// The containers on every network of a name are taken off it, and it is removed.
    pub fn remove_network_by_hand(&mut self, name: &str) -> bool {
        let ids: BTreeSet<String> =
            self.networks.values().filter(|network| network.name == name).map(|network| network.id.clone()).collect();
        ids.iter().filter(|id| self.remove_network_by_id(id)).count() > 0
    }

    /// A second network of the same name and labels, as a race of two creates leaves it.
    pub fn duplicate_network(&mut self, name: &str) -> bool {
        let Some(network) = self.networks.values().find(|network| network.name == name).cloned() else {
            return false;
        };
        self.insert_network(name, network.labels, network.spec);
        true
    }

    /// Somebody else's network.
    pub fn add_foreign_network(&mut self, name: &str) -> String {
        self.insert_network(name, BTreeMap::new(), skiff_api::NetworkSpec::default())
    }

    /// A network is removed with everything on it, by its id.
    pub fn remove_network_by_id(&mut self, id: &str) -> bool {
        for container in self.containers.values_mut().filter(|container| container.is_up()) {
            container.networks.retain(|_, endpoint| endpoint.network_id.as_deref() != Some(id));
        }
        self.networks.remove(id).is_some()
    }

    /// Somebody else's volume, where the name is free.
    pub fn add_foreign_volume(&mut self, name: &str) -> bool {
        let free = !self.volumes.contains_key(name);
        if free {
            self.insert_volume(name, BTreeMap::new());
        }
        free
    }

    /// `docker volume rm`, which fails while a container has it.
    pub fn remove_volume_by_hand(&mut self, name: &str) -> bool {
        self.remove_volume(name) == Ok(Outcome::Done)
    }

    /// Somebody runs an image that the engine has, in a container of their own.
    pub fn run_by_hand(&mut self, name: &str, reference: &str) -> bool {
        let Some(image_id) = self.image(reference).map(|image| image.id.clone()) else { return false };
        let made = self.add_foreign_container(name, &[], BTreeMap::new());
        let container = made.and_then(|id| self.containers.get_mut(&id));
        container.is_some_and(|container| {
            (container.image, container.image_id) = (reference.to_owned(), image_id);
            true
        })
    }

    /// Somebody else's container, running where its ports are free. `None` where the name is taken.
    pub fn add_foreign_container(
        &mut self,
        name: &str,
        ports: &[u16],
        labels: BTreeMap<String, String>,
    ) -> Option<String> {
        if self.container(name).is_some() {
            return None;
        }
        let id = self.new_id();
        let ports = ports.iter().map(|port| ContainerPort {
            container_port: *port,
            host_port: Some(HostPort::Fixed(*port)),
            ..ContainerPort::default()
        });
        let container = SimContainer {
            id: id.clone(),
            serial: self.serial,
            name: name.to_owned(),
            labels,
            image: "somebody/else:1".to_owned(),
            ports: ports.collect(),
            stop_code: 137,
            ..SimContainer::default()
        };
        self.containers.insert(id.clone(), container);
        // Where its port is busy it stays as it was made.
        drop(self.launch(&id));
        Some(id)
    }

    /// The engine ends and starts again, without live-restore: on SIGTERM it stops what runs, on `kill -9` what runs dies.
    pub fn restart_engine(&mut self, killed: bool) {
        let ids: Vec<String> = self.containers.keys().cloned().collect();
        for id in &ids {
            if let Some(container) = self.containers.get_mut(id) {
                container.halt(self.now);
            }
        }
        for id in ids {
            if self.containers.get(&id).is_some_and(|container| container.comes_back(killed)) {
                // One that cannot start has the reason in its error.
                drop(self.launch(&id));
            }
        }
    }

    /// The host starts again: as after `kill -9`, and what was only in memory is gone.
    pub fn reboot(&mut self) {
        for id in std::mem::take(&mut self.secret_files) {
            self.files.remove(&id);
        }
        self.restart_engine(true);
    }
}

impl SimContainer {
    /// It ends with the engine, and nothing starts it meanwhile.
    fn halt(&mut self, now: jiff::Timestamp) {
        self.restart_at = None;
        self.restart_count = 0;
        if self.is_up() {
            self.exit_code = 137;
            self.finished_at = Some(now);
            self.published.clear();
        }
        if self.is_up() || self.state == ContainerState::Restarting {
            self.state = ContainerState::Exited;
        }
    }
}
