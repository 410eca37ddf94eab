//! What a container uses, as the kernel counts it.

use std::time::Duration;

use serde::Deserialize;
use skiff_core::{EngineError, Timestamp};

use super::client::Client;
use super::path;

/// What a running container has used at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// When it was read.
    pub at: Timestamp,
    /// Processor time since the container was started.
    pub cpu: Duration,
    /// Bytes of memory that the kernel could not have back at once: what is used, without files that were not touched lately.
    pub memory: u64,
}

#[derive(Debug, Deserialize)]
struct Raw {
    read: Timestamp,
    cpu_stats: CpuStats,
    memory_stats: MemoryStats,
}

#[derive(Debug, Deserialize)]
struct CpuStats {
    cpu_usage: CpuUsage,
}

#[derive(Debug, Deserialize)]
struct CpuUsage {
    /// Nanoseconds.
    total_usage: u64,
}

/// Empty where the container does not run.
#[derive(Debug, Deserialize)]
struct MemoryStats {
    usage: Option<u64>,
    #[serde(default)]
    stats: Files,
}

/// The first name is that of the second version of cgroups, the second one that of the first.
#[derive(Debug, Default, Deserialize)]
struct Files {
    inactive_file: Option<u64>,
    total_inactive_file: Option<u64>,
}

impl Raw {
    fn stats(self) -> Option<Stats> {
        let Files { inactive_file, total_inactive_file } = self.memory_stats.stats;
        let idle = total_inactive_file.or(inactive_file).unwrap_or_default();
        Some(Stats {
            at: self.read,
            cpu: Duration::from_nanos(self.cpu_stats.cpu_usage.total_usage),
            memory: self.memory_stats.usage?.saturating_sub(idle),
        })
    }
}

/// Asks once; the kernel's counters need no second look. Nothing where the container is gone or does not run.
pub(super) async fn stats(client: &Client, container: &str) -> Result<Option<Stats>, EngineError> {
    let path = format!("/containers/{}/stats?stream=false&one-shot=true", path::name(container)?);
    let reply = client.get(&path).await?;
    if matches!(reply.status, 404 | 409) {
        return Ok(None);
    }
    let raw: Raw = reply.read("read what a container uses")?;
    Ok(raw.stats())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats_of(text: &str) -> Option<Stats> {
        serde_json::from_str::<Raw>(text).expect("stats").stats()
    }

    #[test]
    fn files_that_nobody_touched_are_not_used_memory_in_either_version_of_cgroups() {
        let cpu = r#""read":"2026-11-26T08:00:00.5Z","cpu_stats":{"cpu_usage":{"total_usage":1500000000}}"#;
        let second = stats_of(&format!(r#"{{{cpu},"memory_stats":{{"usage":100,"stats":{{"inactive_file":30}}}}}}"#));
        let second = second.expect("a container that runs");
        assert_eq!((second.memory, second.cpu), (70, Duration::from_millis(1500)));
        let first = r#"{"usage":100,"max_usage":400,"stats":{"inactive_file":1,"total_inactive_file":40}}"#;
        assert_eq!(stats_of(&format!(r#"{{{cpu},"memory_stats":{first}}}"#)).map(|stats| stats.memory), Some(60));
        assert_eq!(stats_of(&format!(r#"{{{cpu},"memory_stats":{{}}}}"#)), None, "it has ended");
    }
}
