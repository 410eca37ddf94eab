//! What the kernel says of a process and of the machine.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// CPU time of a process so far, user and system, in clock ticks of a hundredth of a second.
pub(super) fn cpu_ticks(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command's name is in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("no stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).context("no CPU time");
    Ok(field(11)? + field(12)?)
}

/// Resident memory of a process in KiB: all of it, and the part that is not file pages.
pub(super) fn resident(pid: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Ok((field("VmRSS:").context("no VmRSS")?, field("RssAnon:").context("no RssAnon")?))
}

/// The share of one core that so many ticks in a time are, in per cent.
#[expect(clippy::cast_precision_loss, reason = "a few thousand ticks")]
pub(super) fn share(ticks: u64, time: Duration) -> f64 {
    ticks as f64 / time.as_secs_f64()
}

/// Kernel and processors in a line.
pub(super) fn machine() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{processors} processors, Linux {}", kernel.trim())
}
