//! Ports of the host for what scenarios publish.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};

/// The ports that are given out: below those that Linux gives to outgoing connections (`ip_local_port_range` begins at 32768), of
/// which any may be taken by the time the scenario publishes it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on and that no other caller in this process is given.
///
/// # Errors
///
/// Fails when all of them are taken.
pub fn free_port() -> Result<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Two test runs on one machine begin in different places.
    let start = u16::try_from(std::process::id() % u32::from(COUNT))?;
    let free = |port: &u16| TcpListener::bind(("0.0.0.0", *port)).is_ok();
    (0..COUNT)
        .map(|_| FIRST + start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .find(free)
        .context("a port that nobody listens on")
}
