//! What there is, by object, from what Docker reports alone: works with and without a controller and its manifests.
//!
//! Pure. A verdict in here is for people; what is done about it decides `skiff-core`, with the manifests at hand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use skiff_api::{Component, Kind, ObjectKey, OwnerLabels, RestartPolicy};
use skiff_core::{Condition, EngineRestart, JobReport, ObjectHistory, Observed, ObservedContainer};

use crate::state::{Fault, Faults, Trouble};

mod data;
pub mod find;
mod replica;
mod workload;

pub use replica::{Replica, Verdict};
pub use workload::Workload;

/// What the last good manifests say of an object, where they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The source that declares it.
    pub source: String,
    /// How many replicas; none for what has none.
    pub replicas: Option<u32>,
    /// When the replicas of a deployment are started again.
    pub restart_policy: Option<RestartPolicy>,
    /// What a job or a schedule has come to.
    pub job: Option<JobReport>,
    /// Where it is declared, `app.yaml:3`.
    pub at: Option<String>,
}

/// An object with everything of it that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The object.
    pub object: ObjectKey,
    /// The source that declares it.
    pub source: String,
    /// Where it is declared, where that is known.
    pub at: Option<String>,
    /// What is wrong with it, where a controller runs and says so.
    pub trouble: Option<Trouble>,
    /// Its probes and hooks, by what they are for.
    pub checks: Vec<(&'static str, String)>,
    /// Its conditions, as Kubernetes has them.
    pub conditions: Vec<Condition>,
    /// What is wrong with its manifest, where a controller runs and says so: something else is in force than what it says.
    pub faults: Vec<Fault>,
    /// What it consists of.
    pub body: Body,
}

/// What an object consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Containers.
    Workload(Workload),
    /// Networks of Docker; two of one name are two.
    Network(Vec<Network>),
    /// Volumes of Docker, one for each replica where each has its own.
    Volume(Vec<Volume>),
    /// Nothing that Docker knows: a config or a secret.
    Declared,
}

/// A network of Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// The containers that are on it.
    pub containers: BTreeSet<String>,
}

/// A volume of Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The containers that mount it.
    pub containers: BTreeSet<String>,
}

/// Every object of ours that exists or is declared, by key.
pub fn views(observed: &Observed, declared: &BTreeMap<ObjectKey, Declared>) -> Vec<View> {
    let mut views: BTreeMap<ObjectKey, View> = BTreeMap::new();
    for (object, declared) in declared {
        entry(&mut views, object, &declared.source).at.clone_from(&declared.at);
    }
    for container in &observed.containers {
        if let Some(labels) = container.owner.labels() {
            let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
            let probed = observed.probes.get(&container.id).filter(|verdict| Some(verdict.started_at) == started_at);
            let may_end = may_end(container, labels, declared.get(&labels.object));
            let mut replica = Replica::new(container, labels, probed, &observed.images, may_end);
            replica.restarts = observed.restarts(container);
            let declared = observed.history.objects.get(&labels.object).and_then(ObjectHistory::declared);
            replica.updated = declared.is_some_and(|revision| revision.is_of(labels));
            add_container(entry(&mut views, &labels.object, &labels.source), replica);
        }
    }
    for network in &observed.networks {
        let Some(labels) = network.owner.labels() else { continue };
        let (name, id) = (network.name.clone(), network.id.clone());
        let containers = users(observed, |container| container.networks.values().any(|on| *on == network.id));
        let network = Network { name, id, created_at: network.created_at, containers };
        if let Body::Network(networks) = &mut entry(&mut views, &labels.object, &labels.source).body {
            networks.push(network);
        }
    }
    for volume in &observed.volumes {
        let Some(labels) = volume.owner.labels() else { continue };
        let containers = users(observed, |container| container.volumes.contains(&volume.name));
        if let Body::Volume(volumes) = &mut entry(&mut views, &labels.object, &labels.source).body {
            volumes.push(Volume { name: volume.name.clone(), containers });
        }
    }
    let finish = |(object, mut view): (ObjectKey, View)| {
        if let Body::Workload(workload) = &mut view.body {
            let declared = declared.get(&object);
            workload.job = declared.and_then(|declared| declared.job.clone());
            let known = observed.history.objects.get(&object).and_then(ObjectHistory::declared);
            workload.finish(declared.and_then(|declared| declared.replicas), known);
        }
        view
    };
    views.into_iter().map(finish).collect()
}

/// Whether a container is not to run for good: all but the replicas of a deployment that always restarts. What the engine would do
/// counts where the manifest is not known; of a crash loop that says nothing, as Skiff restarts it in place of the engine.
fn may_end(container: &ObservedContainer, labels: &OwnerLabels, declared: Option<&Declared>) -> bool {
    let engine =
        || container.detail.as_ref().and_then(|detail| detail.in_place.restart_policy).map(EngineRestart::policy);
    let policy = declared.and_then(|declared| declared.restart_policy).or_else(engine);
    let is_replica = labels.component == Component::Main && labels.object.kind == Kind::Deployment;
    !(is_replica && policy == Some(RestartPolicy::Always))
}

/// Says at each object what is wrong with its manifest. What is declared wrongly from the beginning is nowhere else, and comes in.
pub fn blame(views: &mut Vec<View>, faults: &Faults) {
    let mut by_key: BTreeMap<ObjectKey, View> =
        std::mem::take(views).into_iter().map(|view| (view.object.clone(), view)).collect();
    for (source, faults) in faults {
        for fault in faults {
            for object in fault.objects() {
                if !by_key.contains_key(object)
                    && let Body::Workload(workload) = &mut entry(&mut by_key, object, source).body
                {
                    // How many it wants, only its manifest would say.
                    workload.wanted = 1;
                }
                entry(&mut by_key, object, source).faults.push(fault.clone());
            }
        }
    }
    views.extend(by_key.into_values());
}

fn entry<'a>(views: &'a mut BTreeMap<ObjectKey, View>, object: &ObjectKey, source: &str) -> &'a mut View {
    views.entry(object.clone()).or_insert_with(|| View {
        object: object.clone(),
        source: source.to_owned(),
        at: None,
        trouble: None,
        checks: Vec::new(),
        conditions: Vec::new(),
        faults: Vec::new(),
        body: Body::of(object),
    })
}

fn add_container(view: &mut View, replica: Replica) {
    if let Body::Workload(workload) = &mut view.body {
        let list = match replica.component {
            Component::Main => &mut workload.replicas,
            Component::Init | Component::Hook | Component::Run => &mut workload.others,
        };
        list.push(replica);
    }
}

fn users(observed: &Observed, uses: impl Fn(&ObservedContainer) -> bool) -> BTreeSet<String> {
    observed.containers.iter().filter(|container| uses(container)).map(|container| container.name.clone()).collect()
}

impl Body {
    fn of(object: &ObjectKey) -> Self {
        use skiff_api::Kind::{ConfigMap, CronJob, Deployment, Job, Network, Secret, Volume};
        match object.kind {
            Network => Self::Network(Vec::new()),
            Volume => Self::Volume(Vec::new()),
            Deployment | Job | CronJob => Self::Workload(Workload::default()),
            ConfigMap | Secret => Self::Declared,
        }
    }
}

impl View {
    /// Takes in what keeps containers that run from being Ready, by id.
    pub fn complain(&mut self, complaints: &BTreeMap<String, String>) {
        if let Body::Workload(workload) = &mut self.body {
            workload.complain(complaints);
        }
    }

    /// The object as data, in the form of a Kubernetes resource.
    pub fn to_data(&self) -> Value {
        data::of(self)
    }
}

#[cfg(test)]
mod tests;
