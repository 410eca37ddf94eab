//! What is held, in words that a person reads in a plan.

use std::fmt;

use jiff::Timestamp;

use super::HeldReason;
use crate::course::Way;
use crate::crash;
use crate::revision::told_lost;

impl fmt::Display for HeldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingFor { dependency, condition } => write!(f, "waiting for {dependency} to be {condition:?}"),
            Self::DependencyIdle { dependency, condition, suspended } => {
                let idle = if *suspended { "suspended" } else { "scaled to 0" };
                write!(f, "needs {dependency} to be {condition:?}, and that is {idle}")
            }
            Self::WaitingReady { container, until: None } => write!(f, "waiting for {container} to be Ready"),
            Self::WaitingReady { container, until: Some(until) } => {
                write!(f, "waiting for {container} to stay Ready until {}", clock(*until))
            }
            Self::BackOff { until, attempts, error } => backs_off(f, *until, (*attempts, "attempt"), error),
            Self::ImagePullBackOff { until, attempts, error } => backs_off(f, *until, (*attempts, "pull"), error),
            Self::ImageBuildBackOff { until, attempts, error } => backs_off(f, *until, (*attempts, "build"), error),
            Self::CrashLoop { container, code, exits, until } => {
                write!(f, "{}: it is started again at {}", ended(container, *exits, *code), clock(*until))
            }
            Self::Settling { container, code, exits, until } => {
                write!(
                    f,
                    "{}: it runs again, and is taken for Ready at {}",
                    ended(container, *exits, *code),
                    clock(*until)
                )
            }
            Self::GaveUp { container, code, attempts } => write!(
                f,
                "{container} ended with {code} and was restarted {}, which is all that restart.maxAttempts allows",
                counted(attempts, "time")
            ),
            Self::Unpaced { fields, engine } => {
                let need = if fields.len() == 1 { "needs" } else { "need" };
                write!(f, "{} {need} `skiff run`; without it Docker restarts it as {engine}", fields.join(" and "))
            }
            Self::ProbeUnproven { container, probe, message } => write!(
                f,
                "{container}: {probe}: {message}; it has not passed once since it was changed, and nothing that runs is restarted for it"
            ),
            Self::RevisionFailed { revision, why, way } => write!(f, "revision {revision} {why}; {way}"),
            Self::Initializing { container, init } => {
                write!(f, "waiting for init container {init} of {container} to succeed")
            }
            Self::InitFailed { container, init: _, code, attempts, until } => write!(
                f,
                "init container {container} exited with {code}, attempt {attempts}: it runs again at {}",
                clock(*until)
            ),
            Self::Removing { container } => write!(f, "waiting for {container} to be removed"),
            Self::Restarting { container, code } => {
                write!(f, "{container} exited with {code} and is being restarted by Docker")
            }
            Self::NameTaken { name, by } => write!(f, "the name {name} is taken by {by}, which is not ours"),
            Self::PortTaken { port, by } => write!(f, "port {port} of the host is taken by {by}"),
            Self::ExternalMissing { name } => write!(f, "{name} is declared external and does not exist"),
            Self::VolumeChanged { changes } => {
                let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
                write!(f, "a volume is never made anew, and its definition changed: {}", changes.join("; "))
            }
            Self::PruneUnconfirmed { source, removed, total } => write!(
                f,
                "{removed} of {} of source {source} would be removed: confirm with --confirm-prune",
                counted(total, "object")
            ),
            Self::DeclaredElsewhere { source, roots } => {
                let names = roots
                    .iter()
                    .map(|root| if root.as_os_str() == "-" { "stdin".to_owned() } else { root.display().to_string() });
                let roots = names.collect::<Vec<_>>().join(", ");
                write!(f, "declared in {roots}, which is not what is loaded as source {source} now")
            }
            Self::Needed { by, source } => write!(f, "{by} of source {source} needs it"),
            Self::NotMadeBeside { name, source } => {
                write!(f, "{name} is source {source}'s to make, and does not exist")
            }
            Self::SourceHasProblems { source, problems } => {
                let problems = counted(problems, "problem");
                write!(f, "source {source} has {problems}; nothing of it is removed until that is mended")
            }
            Self::Protected => f.write_str("protected by skiff.dev/prune: \"false\""),
            Self::NetworkInUse { containers } | Self::VolumeInUse { containers } => {
                write!(f, "in use by {}", containers.join(", "))
            }
            Self::Unsupported { field, needs, has } => {
                write!(f, "{field} needs Docker's API {needs}, this engine has {has}")
            }
            Self::NotRun { why } => f.write_str(why),
            Self::Paused => f.write_str("the rollout is paused"),
            Self::Suspended => f.write_str("it is suspended"),
            Self::Retry { until, failures, limit, code } => write!(
                f,
                "the last attempt exited with {code}; the next one comes at {} ({failures} failed, {limit} may)",
                clock(*until)
            ),
            Self::RunFailed { outcome } => write!(f, "it {outcome}"),
            Self::DiskPressure { free } => write!(f, "the disk is nearly full: {} MiB free", free >> 20),
            Self::ContentUnknown { objects } => {
                write!(f, "whether {} changed cannot be told: digested with another key", objects.join(", "))
            }
            Self::LabelsUnreadable { name, error } => write!(f, "{name} is left alone: {error}"),
            Self::Retained { name } => write!(f, "volume {name} is kept with its data"),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Back { to, lost } => {
                write!(f, "it went back to revision {to} and waits for another manifest")?;
                if lost.is_empty() { Ok(()) } else { write!(f, "; {}", told_lost(lost)) }
            }
            Self::Stays => f.write_str("the rollout is stopped and waits for another manifest"),
            Self::Unknown { to } => {
                write!(f, "revision {to} is not known any more; the rollout is stopped and waits for another manifest")
            }
            Self::Lost { to, why } => write!(
                f,
                "revision {to}, which it went back to, failed: {why}; the rollout is stopped and waits for another manifest"
            ),
        }
    }
}

fn backs_off(f: &mut fmt::Formatter<'_>, until: Timestamp, (attempts, what): (u32, &str), error: &str) -> fmt::Result {
    write!(f, "back-off until {} after {}: {error}", clock(until), counted(attempts, &format!("failed {what}")))
}

/// `web-1 ended 3 times, last with 137`.
fn ended(container: &str, exits: u32, code: Option<i64>) -> String {
    format!("{container} ended {}{}", counted(exits, "time"), crash::last(code))
}

/// The time of day in UTC, as a person reads it in a plan.
fn clock(moment: Timestamp) -> String {
    moment.strftime("%H:%M:%SZ").to_string()
}

/// So many of something: `1 failed pull`, `2 failed pulls`.
fn counted(count: impl fmt::Display, one: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {one}{plural}")
}
