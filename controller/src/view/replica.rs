//! One container of an object, and how it fares in a word or two.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;
use skiff_api::{Component, ImageName, Kind, ObjectKey, OwnerLabels};
use skiff_core::{
    ContainerDetail, ContainerState, Health, Images, JobReport, ObservedContainer, ProbeVerdict, PublishedPort,
    Readiness, RunOutcome,
};

/// A container of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Docker's name.
    pub name: String,
    /// The full id.
    pub id: String,
    /// Which part of the object it is.
    pub component: Component,
    /// The replica's ordinal, the attempt's number.
    pub ordinal: u32,
    /// The run of a job that it is of.
    pub run: Option<String>,
    /// The revision that it is of.
    pub revision: u64,
    /// The hash of its template.
    pub template_hash: String,
    /// Its template in canonical form, where it was small enough for a label.
    pub template: Option<Value>,
    /// The id of its image.
    pub image_id: String,
    /// The name with the digest by which the image's registry knows it, where it came from one and the engine still has it.
    pub digest: Option<String>,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// Whether it is of the declared template; of the latest where that is not known.
    pub updated: bool,
    /// How it fares.
    pub verdict: Verdict,
    /// What a probe says that does not pass.
    pub complaint: Option<String>,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// How often it was started again, by the engine or by Skiff, for all that is known.
    pub restarts: i64,
    /// Whether the kernel killed it for memory the last time.
    pub oom_killed: bool,
    /// What the engine said of its last start, empty where it said nothing.
    pub error: String,
    /// The ports of the host that lead to it.
    pub ports: Vec<PublishedPort>,
    /// The networks that it is on, with its address.
    pub networks: BTreeMap<String, Option<String>>,
    /// The volumes that it mounts.
    pub volumes: Vec<String>,
}

/// How a container or an object fares; what is worse is greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It runs, and its health check passes where it has one.
    Ready,
    /// It has no replicas, as declared.
    Scaled,
    /// It ended well.
    Completed,
    /// It runs when its time comes.
    Scheduled,
    /// The manifest keeps it from running.
    Suspended,
    /// A job runs.
    Running,
    /// A job waits for something.
    Waiting,
    /// A job waits after an attempt that failed.
    BackOff,
    /// It runs and its health is not known yet.
    Starting,
    /// It runs, and its probes have not been asked often enough to say whether it can serve.
    Unknown,
    /// It runs, and a probe says that it cannot serve.
    NotReady,
    /// As many replicas as are wanted are Ready, and one that is to take the place of another is on its way.
    RollingOut,
    /// It was made and not started.
    Created,
    /// It is being removed.
    Removing,
    /// Its processes are frozen.
    Paused,
    /// A replica is not there.
    Missing,
    /// The engine waits before it starts it again.
    Restarting(i64),
    /// Its health check fails.
    Unhealthy,
    /// It ended with an error, or well where it was not to end.
    Exited(i64),
    /// It could not be started.
    StartFailed,
    /// It could not be removed whole.
    Dead,
    /// A job has failed.
    Failed,
}

impl Verdict {
    /// `may_end` says that it is not to run for good, so that an end with 0 is its completion.
    fn of(container: &ObservedContainer, probed: Option<&ProbeVerdict>, may_end: bool) -> Self {
        let (code, error) = container.detail.as_ref().map_or((0, ""), |detail| (detail.exit_code, &detail.error));
        // Where Skiff asks the engine's own check before the engine does, that it passed is enough.
        let passed_early = probed.is_some_and(|verdict| verdict.passed_early);
        let health = container.health.filter(|health| !(passed_early && *health == Health::Starting));
        match container.state {
            ContainerState::Created if error.is_empty() => Self::Created,
            ContainerState::Created => Self::StartFailed,
            ContainerState::Running if probed.is_some_and(|verdict| verdict.failed.is_some()) => Self::Unhealthy,
            ContainerState::Running => match (health, probed.map(|verdict| &verdict.readiness)) {
                (Some(Health::Unhealthy), _) => Self::Unhealthy,
                (Some(Health::Starting), _) => Self::Starting,
                (None | Some(Health::Healthy), Some(Readiness::Not { .. })) => Self::NotReady,
                (None | Some(Health::Healthy), Some(Readiness::Undecided { .. })) => Self::Unknown,
                (None | Some(Health::Healthy), Some(Readiness::Since(_)) | None) => Self::Ready,
            },
            ContainerState::Paused => Self::Paused,
            ContainerState::Restarting => Self::Restarting(code),
            ContainerState::Removing => Self::Removing,
            ContainerState::Exited if !error.is_empty() => Self::StartFailed,
            ContainerState::Exited if code == 0 && may_end => Self::Completed,
            ContainerState::Exited => Self::Exited(code),
            ContainerState::Dead => Self::Dead,
        }
    }

    /// What a job or a schedule has come to.
    pub(super) fn of_job(job: &JobReport) -> Self {
        let run = job.runs.last().filter(|_| job.schedule.is_none());
        match run.and_then(|run| run.end) {
            Some(end) if end.outcome == RunOutcome::Succeeded => Self::Completed,
            Some(_) => Self::Failed,
            None if job.suspended => Self::Suspended,
            None if job.schedule.is_some() => Self::Scheduled,
            None if run.is_some_and(|run| run.active > 0) => Self::Running,
            None if run.is_some_and(|run| run.retry_at.is_some()) => Self::BackOff,
            None => Self::Waiting,
        }
    }

    /// Whether it needs nothing more.
    pub const fn is_ready(&self) -> bool {
        matches!(self, Self::Ready | Self::Scaled | Self::Completed | Self::Scheduled | Self::Suspended)
    }

    /// Whether it is on its way by itself.
    pub const fn is_coming(&self) -> bool {
        let of_job = matches!(self, Self::Running | Self::Waiting | Self::BackOff);
        let begins = matches!(self, Self::Starting | Self::Unknown | Self::NotReady | Self::Created | Self::Missing);
        of_job || begins || matches!(self, Self::RollingOut | Self::Removing)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("Ready"),
            Self::Scaled => f.write_str("Scaled to 0"),
            Self::Completed => f.write_str("Completed"),
            Self::Scheduled => f.write_str("Scheduled"),
            Self::Suspended => f.write_str("Suspended"),
            Self::Running => f.write_str("Running"),
            Self::Waiting => f.write_str("Waiting"),
            Self::BackOff => f.write_str("BackOff"),
            Self::Failed => f.write_str("Failed"),
            Self::Starting => f.write_str("Starting"),
            Self::Unknown => f.write_str("Unknown"),
            Self::NotReady => f.write_str("NotReady"),
            Self::RollingOut => f.write_str("RollingOut"),
            Self::Created => f.write_str("Created"),
            Self::Removing => f.write_str("Removing"),
            Self::Paused => f.write_str("Paused"),
            Self::Missing => f.write_str("Missing"),
            Self::Restarting(code) => write!(f, "Restarting ({code})"),
            Self::Unhealthy => f.write_str("Unhealthy"),
            Self::Exited(code) => write!(f, "Exited ({code})"),
            Self::StartFailed => f.write_str("StartFailed"),
            Self::Dead => f.write_str("Dead"),
        }
    }
}

impl Replica {
    pub(super) fn new(
        container: &ObservedContainer,
        labels: &OwnerLabels,
        probed: Option<&ProbeVerdict>,
        images: &Images,
        may_end: bool,
    ) -> Self {
        let complaint = probed.and_then(|verdict| match (&verdict.failed, &verdict.readiness) {
            (Some(failure), _) => Some(format!("{}: {}", failure.probe, failure.message)),
            (None, Readiness::Not { message } | Readiness::Undecided { message }) => Some(message.clone()),
            (None, Readiness::Since(_)) => None,
        });
        let ContainerDetail { started_at, error, oom_killed, restart_count, endpoints, health_output, .. } =
            container.detail.clone().unwrap_or_default();
        let verdict = Verdict::of(container, probed, may_end);
        let health = health_output.filter(|_| matches!(verdict, Verdict::Starting | Verdict::Unhealthy));
        let complaint = complaint.or_else(|| Some(format!("healthCheck: {}", health?.told()?)));
        let address = |network: &String| endpoints.get(network).and_then(|endpoint| endpoint.current_address.clone());
        let running = matches!(container.state, ContainerState::Running | ContainerState::Paused);
        let replica = Self {
            name: container.name.clone(),
            id: container.id.clone(),
            component: labels.component,
            ordinal: labels.ordinal,
            run: labels.run.clone(),
            revision: labels.revision,
            template_hash: labels.template_hash.clone(),
            template: labels.template.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            image_id: container.image_id.clone(),
            digest: None,
            source_revision: labels.source_revision.clone(),
            updated: false,
            verdict,
            complaint,
            started_at: started_at.filter(|_| running),
            restarts: restart_count,
            oom_killed,
            error,
            ports: container.ports.clone(),
            networks: container.networks.keys().map(|network| (network.clone(), address(network))).collect(),
            volumes: container.volumes.iter().cloned().collect(),
        };
        let digest = replica.image().and_then(|image| images.get(&container.image_id)?.digest_for(&image).cloned());
        Self { digest, ..replica }
    }

    /// What it is called among the containers of an object of that name: `api-2`, and with the run in it where there are several.
    pub fn short_name(&self, object: &ObjectKey) -> String {
        let run = self.run.as_ref().filter(|_| object.kind == Kind::CronJob || self.component == Component::Run);
        match run {
            Some(run) => format!("{}-{run}-{}", object.name, self.ordinal),
            None => format!("{}-{}", object.name, self.ordinal),
        }
    }

    /// What it runs, exactly: the image's name with its digest, or its id where no registry knows it.
    pub fn exact_image(&self) -> &str {
        self.digest.as_deref().unwrap_or(&self.image_id)
    }

    /// The image, as the manifest writes it; the digest behind a tag is told by [`Replica::exact_image`].
    pub fn image(&self) -> Option<String> {
        let image = self.template.as_ref()?.pointer("/container/image")?.as_str()?;
        let tagged = image.split_once('@').filter(|_| ImageName::of(image).tag.is_some());
        Some(tagged.map_or(image, |(tagged, _)| tagged).to_owned())
    }
}
