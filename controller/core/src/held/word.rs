//! The word for programs: in statuses, and in plans as data.

use super::HeldReason;
use crate::course::Way;

impl HeldReason {
    /// One `PascalCase` word, Kubernetes' own where it has one.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::WaitingFor { .. } => "WaitingFor",
            Self::DependencyIdle { .. } => "DependencyIdle",
            Self::WaitingReady { .. } => "WaitingReady",
            Self::BackOff { .. } => "BackOff",
            Self::ImagePullBackOff { .. } => "ImagePullBackOff",
            Self::ImageBuildBackOff { .. } => "ImageBuildBackOff",
            Self::CrashLoop { .. } | Self::Settling { .. } => "CrashLoopBackOff",
            Self::GaveUp { .. } => "GaveUp",
            Self::Unpaced { .. } => "Unpaced",
            Self::ProbeUnproven { .. } => "ProbeUnproven",
            Self::RevisionFailed { why, way: Way::Back { .. }, .. } if why.is_undone() => "RolloutUndone",
            Self::RevisionFailed { .. } => "RevisionFailed",
            Self::Initializing { .. } => "Initializing",
            Self::InitFailed { .. } => "InitFailed",
            Self::Removing { .. } => "Removing",
            Self::Restarting { .. } => "Restarting",
            Self::NameTaken { .. } => "NameTaken",
            Self::PortTaken { .. } => "PortTaken",
            Self::ExternalMissing { .. } => "ExternalMissing",
            Self::VolumeChanged { .. } => "VolumeChanged",
            Self::PruneUnconfirmed { .. } => "PruneUnconfirmed",
            Self::DeclaredElsewhere { .. } => "DeclaredElsewhere",
            Self::Needed { .. } => "Needed",
            Self::NotMadeBeside { .. } => "NotMadeBeside",
            Self::SourceHasProblems { .. } => "SourceHasProblems",
            Self::Protected => "Protected",
            Self::NetworkInUse { .. } => "NetworkInUse",
            Self::VolumeInUse { .. } => "VolumeInUse",
            Self::Unsupported { .. } => "Unsupported",
            Self::NotRun { .. } => "NotRun",
            Self::Paused => "Paused",
            Self::Suspended => "Suspended",
            Self::Retry { .. } => "Retry",
            Self::RunFailed { outcome } => outcome.word(),
            Self::DiskPressure { .. } => "DiskPressure",
            Self::ContentUnknown { .. } => "ContentUnknown",
            Self::LabelsUnreadable { .. } => "LabelsUnreadable",
            Self::Retained { .. } => "Retained",
        }
    }
}
