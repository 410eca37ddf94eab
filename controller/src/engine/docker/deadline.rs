//! How long the engine may take for what. Every call has a deadline: a frozen daemon connects at once and never answers.

use std::time::Duration;

/// A list or an inspect takes milliseconds, on a loaded host a second or two.
pub(crate) const READ: Duration = Duration::from_secs(10);

/// Creating, starting and removing do work: a start on a loaded host with a slow disk takes tens of seconds.
pub(crate) const WRITE: Duration = Duration::from_secs(60);

/// What a stop may take beyond the grace period: the kill, and the clean-up of networks and mounts.
pub(crate) const STOP_MARGIN: Duration = Duration::from_secs(30);

/// A registry or a disk that says nothing for so long in the middle of a pull will say nothing more.
pub(crate) const PULL_SILENCE: Duration = Duration::from_secs(60);

/// A step of a build may compile for a long time without a word.
pub(crate) const BUILD_SILENCE: Duration = Duration::from_secs(3600);

/// How long a removal that somebody else has begun may take.
pub(crate) const REMOVAL: Duration = Duration::from_secs(30);

/// A credential helper may ask a key ring or a token service, never a person.
pub(crate) const CREDENTIALS: Duration = Duration::from_secs(30);

/// How often a stream of events that says nothing is checked for a daemon that still answers.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(30);
