//! What the adapter reports of the engine: everything, in Docker's order, details for what is ours.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Instance, OwnerLabels};
use skiff_core::{
    ContainerDetail, Endpoint, EngineError, EngineFacts, EngineRestart, InPlace, Observed, ObservedContainer,
    ObservedNetwork, ObservedVolume, Owner, SignedDuration, TakenOver, Timestamp,
};

use super::SimEngine;
use super::container::{DockerRestart, SimContainer};

impl SimEngine {
    /// Reports what there is, for one instance.
    ///
    /// # Errors
    /// When the engine does not answer. Never an empty list instead, unless that was asked for.
    pub fn observe(&mut self, instance: &Instance) -> Result<Observed, EngineError> {
        if self.down {
            return Err(EngineError::Unreachable("connection refused".to_owned()));
        }
        let mut observed = self.look(instance);
        if self.empty_lists > 0 {
            self.empty_lists -= 1;
            observed.containers.clear();
        }
        Ok(observed)
    }

    /// What there is, whatever the engine's faults.
    pub fn look(&self, instance: &Instance) -> Observed {
        let owner = |labels: &BTreeMap<String, String>| owner(labels, instance);
        let mut containers: Vec<&SimContainer> = self.containers.values().collect();
        containers.sort_by_key(|container| std::cmp::Reverse(container.serial));
        Observed {
            engine: EngineFacts {
                id: "SIMU:LATE".to_owned(),
                version: "20.10.24".to_owned(),
                api_version: (1, 41),
                low_disk: self.low_disk,
            },
            containers: containers.into_iter().map(|container| self.seen(container, instance)).collect(),
            networks: self
                .networks
                .values()
                .map(|network| ObservedNetwork {
                    id: network.id.clone(),
                    name: network.name.clone(),
                    owner: owner(&network.labels),
                    created_at: Some(network.created_at),
                })
                .collect(),
            volumes: self
                .volumes
                .values()
                .map(|volume| ObservedVolume { name: volume.name.clone(), owner: owner(&volume.labels) })
                .collect(),
            images: self.listed_images(),
            files: self.files.iter().map(|(id, files)| (id.clone(), files.version.clone())).collect(),
            ..Observed::default()
        }
    }
}

/// How long after its start a container is listed with its addresses.
const ADDRESSED: SignedDuration = SignedDuration::from_millis(40);

impl SimEngine {
    fn seen(&self, container: &SimContainer, instance: &Instance) -> ObservedContainer {
        let adopted = self.adopted.get(&container.id).map(|started_at| TakenOver { started_at: *started_at });
        ObservedContainer { adopted, ..container.observed(owner(&container.labels, instance), self.now()) }
    }
}

fn owner(labels: &BTreeMap<String, String>, instance: &Instance) -> Owner {
    if labels.get(skiff_api::label::INSTANCE).map(String::as_str) != Some(instance.as_str()) {
        return Owner::Foreign;
    }
    match OwnerLabels::parse(labels) {
        None => Owner::Foreign,
        Some(Ok(labels)) => Owner::Ours(Box::new(labels)),
        Some(Err(error)) => Owner::Unreadable(error),
    }
}

impl SimContainer {
    fn observed(&self, owner: Owner, now: Timestamp) -> ObservedContainer {
        let detail = (owner != Owner::Foreign).then(|| self.detail());
        let networks = self.networks.iter();
        ObservedContainer {
            id: self.id.clone(),
            name: self.name.clone(),
            owner,
            adopted: None,
            state: self.state,
            health: self.health,
            image_id: self.image_id.clone(),
            ports: self.published.clone(),
            networks: networks
                .map(|(name, endpoint)| (name.clone(), endpoint.network_id.clone().unwrap_or_default()))
                .collect(),
            network_mode: self
                .network_mode
                .clone()
                .or_else(|| self.networks.keys().next().cloned())
                .unwrap_or_default(),
            addresses: self.addresses(now),
            volumes: self.volume_names().map(str::to_owned).collect(),
            files: self.file_sets().map(str::to_owned).collect(),
            binds: BTreeSet::new(),
            lost: BTreeSet::new(),
            detail,
        }
    }

    /// While it runs, an address on each of its networks, made from its number. A list that Docker makes while it starts a container has
    /// none yet.
    fn addresses(&self, now: Timestamp) -> BTreeMap<String, String> {
        let starts =
            self.started_at.is_some_and(|at| (SignedDuration::ZERO..ADDRESSED).contains(&now.duration_since(at)));
        let address = format!("10.{}.{}.{}", self.serial >> 16 & 255, self.serial >> 8 & 255, self.serial & 255);
        let networks = self.networks.keys().filter(|_| self.is_up() && !starts);
        networks.map(|name| (name.clone(), address.clone())).collect()
    }

    fn detail(&self) -> ContainerDetail {
        let endpoints = self.networks.iter().map(|(name, endpoint)| {
            let seen = Endpoint {
                // The host name comes with the first start.
                aliases: endpoint
                    .aliases
                    .iter()
                    .chain(self.hostname.iter().filter(|_| endpoint.network_id.is_some()))
                    .cloned()
                    .collect(),
                ipv4_address: endpoint.ipv4_address.clone(),
                ipv6_address: endpoint.ipv6_address.clone(),
                current_address: None,
            };
            (name.clone(), seen)
        });
        ContainerDetail {
            health_output: None,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            exit_code: self.exit_code,
            error: self.error.clone(),
            oom_killed: false,
            restart_count: self.restart_count,
            in_place: InPlace { restart_policy: self.restart.observed(), ..self.limits.clone() },
            pid_mode: self.namespaces.pid.clone().unwrap_or_default(),
            ipc_mode: self.namespaces.ipc.clone().unwrap_or_default(),
            volumes_from: self.volumes_from.clone(),
            nameless: self.nameless.clone(),
            endpoints: endpoints.collect(),
        }
    }
}

impl DockerRestart {
    /// As the adapter reads it; what we never set is not one of ours.
    const fn observed(self) -> Option<EngineRestart> {
        match self {
            Self::No => Some(EngineRestart::Never),
            Self::Always => Some(EngineRestart::Always),
            Self::OnFailure(None) => Some(EngineRestart::OnFailure),
            Self::OnFailure(Some(most)) => Some(EngineRestart::OnFailureTimes(most)),
            Self::UnlessStopped => None,
        }
    }
}
