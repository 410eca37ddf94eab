//! What a person can do about what is held, where its words do not say it.

use super::{Held, HeldReason};

impl Held {
    /// What to do; nothing where waiting is all there is to do, or where somebody wanted it so.
    pub fn remedy(&self) -> Option<String> {
        let name = &self.object.name;
        Some(match &self.why {
            HeldReason::DependencyIdle { dependency, suspended, .. } => {
                let start = if *suspended { "resume it, or take its `suspend: true` out" } else { "give it replicas" };
                format!("{start}, or take {} out of `dependsOn`", dependency.name)
            }
            HeldReason::NameTaken { by, .. } | HeldReason::PortTaken { by, .. } => {
                format!("remove or rename {by}, or change the manifest; what is not Skiff's is never touched")
            }
            HeldReason::Restarting { container, .. }
            | HeldReason::CrashLoop { container, .. }
            | HeldReason::Settling { container, .. }
            | HeldReason::InitFailed { container, .. }
            | HeldReason::GaveUp { container, .. } => {
                format!("look at `docker logs {container}`, or `skiff logs {name}`")
            }
            HeldReason::ExternalMissing { name } => {
                format!("make {name}, or take `external: true` out of the manifest")
            }
            HeldReason::RevisionFailed { .. } => {
                format!("`skiff rollout history {name}` tells what failed; change the manifest to try again")
            }
            HeldReason::RunFailed { .. } => {
                format!(
                    "`skiff logs {}` tells why; change the manifest, or run it again with `skiff run-now job/{name}`",
                    self.object
                )
            }
            HeldReason::DiskPressure { .. } => "free some space, for example with `docker image prune`".to_owned(),
            HeldReason::VolumeChanged { .. } => {
                "change it back, or back up the data, remove the volume by hand and let Skiff make it anew".to_owned()
            }
            HeldReason::PruneUnconfirmed { .. } => {
                "put the manifests back, or say that it is meant: `skiff up PATH --confirm-prune`, or begin `skiff run` anew with it; \
                 another folder of the same name wants `--source NAME`"
                    .to_owned()
            }
            HeldReason::DeclaredElsewhere { source, .. } => format!(
                "give either folder a name of its own with `--source NAME`; if this one is {source} now, say so: `--source {source}`, \
                 or once `--confirm-prune`"
            ),
            HeldReason::Needed { source, .. } => {
                format!("change {source} first, or take it down: `skiff down --source {source}`")
            }
            HeldReason::NotMadeBeside { source, .. } => format!("`skiff up` or `skiff run` of {source} makes it"),
            HeldReason::SourceHasProblems { .. } => {
                "mend them; `skiff validate PATH` shows each with its line".to_owned()
            }
            HeldReason::NetworkInUse { .. } => {
                "disconnect them with `docker network disconnect`, or take their source down".to_owned()
            }
            HeldReason::VolumeInUse { .. } => "remove them, or take their source down".to_owned(),
            HeldReason::Unsupported { field, .. } => format!("update Docker, or take {field} out of the manifest"),
            HeldReason::ContentUnknown { .. } => {
                format!("nothing, if it has not; `skiff rollout restart {name}` brings what is declared either way")
            }
            HeldReason::ProbeUnproven { probe, .. } => format!("look at the {probe}: it asks for what is not there"),
            HeldReason::LabelsUnreadable { name, .. } => format!("remove {name} by hand if it is no use"),
            HeldReason::WaitingFor { .. }
            | HeldReason::WaitingReady { .. }
            | HeldReason::BackOff { .. }
            | HeldReason::ImagePullBackOff { .. }
            | HeldReason::ImageBuildBackOff { .. }
            | HeldReason::Initializing { .. }
            | HeldReason::Removing { .. }
            | HeldReason::Protected
            | HeldReason::NotRun { .. }
            | HeldReason::Paused
            | HeldReason::Suspended
            | HeldReason::Retry { .. }
            | HeldReason::Unpaced { .. }
            | HeldReason::Retained { .. } => return None,
        })
    }
}
