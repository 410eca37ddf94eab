//! Any object that a manifest can declare.

use serde::Serialize;

use super::{ConfigMap, CronJob, Dependency, Deployment, Job, Network, PodTemplate, Secret, Volume};
use crate::{Kind, ObjectKey, ObjectMeta};

/// An object of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Object {
    /// A network.
    Network(Network),
    /// A volume.
    Volume(Volume),
    /// Files and environment.
    ConfigMap(ConfigMap),
    /// Secret files and environment.
    Secret(Secret),
    /// A replicated container.
    Deployment(Deployment),
    /// A container that runs to completion.
    Job(Job),
    /// A job on a schedule.
    CronJob(CronJob),
}

impl Object {
    /// What it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Network(_) => Kind::Network,
            Self::Volume(_) => Kind::Volume,
            Self::ConfigMap(_) => Kind::ConfigMap,
            Self::Secret(_) => Kind::Secret,
            Self::Deployment(_) => Kind::Deployment,
            Self::Job(_) => Kind::Job,
            Self::CronJob(_) => Kind::CronJob,
        }
    }

    /// Its metadata.
    pub const fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Network(object) => &object.metadata,
            Self::Volume(object) => &object.metadata,
            Self::ConfigMap(object) => &object.metadata,
            Self::Secret(object) => &object.metadata,
            Self::Deployment(object) => &object.metadata,
            Self::Job(object) => &object.metadata,
            Self::CronJob(object) => &object.metadata,
        }
    }

    /// Its metadata, to fill in what was left out.
    pub const fn metadata_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Network(object) => &mut object.metadata,
            Self::Volume(object) => &mut object.metadata,
            Self::ConfigMap(object) => &mut object.metadata,
            Self::Secret(object) => &mut object.metadata,
            Self::Deployment(object) => &mut object.metadata,
            Self::Job(object) => &mut object.metadata,
            Self::CronJob(object) => &mut object.metadata,
        }
    }

    /// What must be there before it starts.
    pub fn depends_on(&self) -> &[Dependency] {
        match self {
            Self::Deployment(object) => &object.spec.depends_on,
            Self::Job(object) => &object.spec.depends_on,
            Self::CronJob(object) => &object.spec.job_template.spec.depends_on,
            Self::Network(_) | Self::Volume(_) | Self::ConfigMap(_) | Self::Secret(_) => &[],
        }
    }

    /// What its containers are made from.
    pub fn template(&self) -> Option<&PodTemplate> {
        match self {
            Self::Deployment(object) => Some(&object.spec.template),
            Self::Job(object) => Some(&object.spec.template),
            Self::CronJob(object) => Some(&object.spec.job_template.spec.template),
            Self::Network(_) | Self::Volume(_) | Self::ConfigMap(_) | Self::Secret(_) => None,
        }
    }

    /// Its identity; the namespace is `default` where none was filled in.
    pub fn key(&self) -> ObjectKey {
        let meta = self.metadata();
        ObjectKey::new(self.kind(), meta.namespace_or_default(), meta.name.as_str())
    }
}
