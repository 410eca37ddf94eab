//! The kinds, one file each, and what they are made of.

mod config;
mod container;
mod deployment;
mod image_update;
mod job;
mod mountable;
mod network;
mod object;
mod template;
mod volume;

pub(crate) use config::decode_base64;
pub use config::{ConfigMap, Secret};
pub use container::*;
pub use deployment::{Deployment, DeploymentSpec, DeploymentStatus, OnFailure, RollingUpdate, Strategy, StrategyType};
pub use image_update::{ImageUpdate, ImageUpdatePolicy};
pub use job::{ConcurrencyPolicy, CronJob, CronJobSpec, Job, JobSpec, JobTemplate};
pub use mountable::{
    AnonymousVolume, ConfigMapVolume, EmptyDirVolume, HostPathVolume, ImageVolume, KeyToPath, NamedVolume,
    SecretVolume, TmpfsVolume, UpdatePolicy, VolumeSource,
};
pub use network::{Ipam, IpamConfig, Network, NetworkSpec};
pub use object::Object;
pub use template::{
    Dependency, DependencyCondition, Joined, NetworkAttachment, PodTemplate, RestartPolicy, RestartSettings,
    TemplateMeta, mounts_from,
};
pub use volume::{ReclaimPolicy, Volume, VolumeSpec};
