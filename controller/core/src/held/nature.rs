//! What sort of reason it is: whether it fails, whether time will end it, whether it is to be said of what runs well.

use super::HeldReason;

impl HeldReason {
    /// Whether something of it fails again and again, though it is tried again.
    pub const fn is_failing(&self) -> bool {
        matches!(
            self,
            Self::BackOff { .. }
                | Self::ImagePullBackOff { .. }
                | Self::ImageBuildBackOff { .. }
                | Self::CrashLoop { .. }
                | Self::Settling { .. }
                | Self::InitFailed { .. }
                | Self::Restarting { .. }
        )
    }

    /// Whether it is to be said of an object that runs well: another is declared than what runs, or is done.
    pub const fn is_said_of_ready(&self) -> bool {
        matches!(self, Self::RevisionFailed { .. } | Self::ProbeUnproven { .. })
    }

    /// Whether time or another step will end it. What is held on purpose is not a change that waits.
    pub const fn is_waiting(&self) -> bool {
        match self {
            Self::WaitingFor { .. }
            | Self::WaitingReady { .. }
            | Self::BackOff { .. }
            | Self::ImagePullBackOff { .. }
            | Self::ImageBuildBackOff { .. }
            | Self::CrashLoop { .. }
            | Self::Settling { .. }
            | Self::Initializing { .. }
            | Self::InitFailed { .. }
            | Self::Retry { .. }
            | Self::Removing { .. }
            | Self::Restarting { .. } => true,
            Self::DependencyIdle { .. }
            | Self::GaveUp { .. }
            | Self::Unpaced { .. }
            | Self::ProbeUnproven { .. }
            | Self::RevisionFailed { .. }
            | Self::NameTaken { .. }
            | Self::PortTaken { .. }
            | Self::ExternalMissing { .. }
            | Self::VolumeChanged { .. }
            | Self::PruneUnconfirmed { .. }
            | Self::DeclaredElsewhere { .. }
            | Self::Needed { .. }
            | Self::NotMadeBeside { .. }
            | Self::SourceHasProblems { .. }
            | Self::Protected
            | Self::NetworkInUse { .. }
            | Self::VolumeInUse { .. }
            | Self::Unsupported { .. }
            | Self::NotRun { .. }
            | Self::Paused
            | Self::Suspended
            | Self::RunFailed { .. }
            | Self::DiskPressure { .. }
            | Self::ContentUnknown { .. }
            | Self::LabelsUnreadable { .. }
            | Self::Retained { .. } => false,
        }
    }
}
