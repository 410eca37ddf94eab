//! What went wrong lately, and when it is tried again.
//!
//! One second, doubling to five minutes, ±20 % by the name of what failed; forgotten when the object is declared anew or after ten
//! minutes without a failure.

mod all;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::action::{Action, CreateContainer};
use crate::desired::MountSource;
use crate::engine::EngineError;
use crate::plan::{POST_START, Step};
use crate::reason::Reason;

pub use all::Failures;

/// The failures of an object or a replica since it last was well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// How many in a row.
    pub attempts: u32,
    /// The last one's words.
    pub error: String,
    /// When the last one was.
    pub at: Timestamp,
    /// When it is tried again.
    pub retry_at: Timestamp,
    /// The template that it was tried with: another one is tried at once.
    pub template_hash: String,
    /// The `PascalCase` word of the last one.
    #[serde(deserialize_with = "word")]
    pub reason: Word,
    /// Whether the engine refused an update in place, so that only a replacement helps.
    pub update_refused: bool,
    /// What it says of the revision.
    pub cause: Cause,
}

/// A word that the program knows.
type Word = &'static str;

/// What a failure says of the revision that it was met with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// Nothing: it may be the engine, the host, or somebody else.
    #[default]
    Other,
    /// Its image cannot be had now.
    Image,
    /// No container can be made as its template asks.
    Template,
}

const FIRST: SignedDuration = SignedDuration::from_secs(1);
const LONGEST: SignedDuration = SignedDuration::from_secs(300);
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(600);

/// The word for what failed without an error of the engine.
pub(crate) const UNHEALTHY: &str = "Unhealthy";

impl Failure {
    /// The failures of `whose` after one more of its checks, or whatever is no error of a step.
    fn after(previous: Option<&Self>, whose: &str, template_hash: &str, error: String, now: Timestamp) -> Self {
        let counted = previous.filter(|failure| {
            failure.template_hash == template_hash && now.duration_since(failure.at) < FORGOTTEN_AFTER
        });
        let attempts = counted.map_or(0, |failure| failure.attempts).saturating_add(1);
        Self {
            attempts,
            error,
            at: now,
            retry_at: now.saturating_add(delay(whose, attempts)).unwrap_or(Timestamp::MAX),
            template_hash: template_hash.to_owned(),
            reason: UNHEALTHY,
            update_refused: counted.is_some_and(|failure| failure.update_refused),
            cause: Cause::Other,
        }
    }

    /// The failures of an object or a replica after a step failed with an error. One that says nothing of it lets the wait not grow; yet
    /// an engine that answers every look and no other call is not to be stormed.
    fn of(previous: Option<&Self>, whose: &str, step: &Step, error: &EngineError, now: Timestamp) -> Self {
        let after = |previous, error| Self::after(previous, whose, &step.hash, error, now);
        let mut failure = after(previous, error.to_string());
        failure.reason = error.reason();
        failure.update_refused |= matches!(error, EngineError::UpdateRefused(_));
        failure.cause = match (&step.action, error) {
            (_, EngineError::Image { .. }) => Cause::Image,
            // Files that went with a reboot are written again; they are no fault of what asks for them.
            (Action::CreateContainer(create), EngineError::Invalid(why)) if !is_of_our_files(create, why) => {
                Cause::Template
            }
            _ => Cause::Other,
        };
        if !error.counts() {
            failure.attempts = failure.attempts.saturating_sub(1).max(1);
            failure.retry_at = after(None, String::new()).retry_at;
        }
        failure
    }

    /// Whether the object must be left alone now, when its template is this one.
    pub fn holds(&self, template_hash: &str, now: Timestamp) -> bool {
        self.template_hash == template_hash && now < self.retry_at
    }
}

/// The word that was written; another version of the program may have had words of its own.
fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    let written = String::deserialize(from)?;
    let mut known = EngineError::REASONS.into_iter().chain([UNHEALTHY]);
    Ok(known.find(|word| *word == written).unwrap_or("Failed"))
}

/// Whether an error names files that Skiff writes.
fn is_of_our_files(create: &CreateContainer, why: &str) -> bool {
    create.spec.mounts.iter().any(|mount| matches!(&mount.source, MountSource::Files(files) if why.contains(&files.id)))
}

/// What a step that was done says against its object: a container that had to be stopped for its checks has failed, though the step
/// has not. `None` where it says nothing.
fn failure_behind(step: &Step) -> Option<String> {
    match (&step.action, &step.reason) {
        // A hook that failed has been counted when it did.
        (Action::StopContainer(_), Reason::Unhealthy { check, .. }) if check == POST_START => None,
        (Action::StopContainer(_), reason @ Reason::Unhealthy { .. }) => Some(reason.to_string()),
        _ => None,
    }
}

/// How long to wait after so many failures in a row; `whose` spreads what failed together.
pub(crate) fn delay(whose: &str, attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(9);
    let plain = FIRST.checked_mul(1 << doublings).unwrap_or(LONGEST).min(LONGEST);
    let percent = 80 + i32::from(spread(whose, attempts) % 41);
    plain.checked_mul(percent).unwrap_or(LONGEST) / 100
}

/// A byte that differs from object to object, so that what failed together is not retried together.
fn spread(whose: &str, attempts: u32) -> u8 {
    let digest = Sha256::digest(format!("{whose}#{attempts}"));
    digest.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_five_minutes_and_spreads_by_a_fifth() {
        let mut failure: Option<Failure> = None;
        let mut now = Timestamp::UNIX_EPOCH;
        for doubling in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let next = Failure::after(failure.as_ref(), "web", "v1:a", "no".to_owned(), now);
            let wait = next.retry_at.duration_since(now).as_secs_f64();
            let plain = f64::from(doubling);
            assert!((plain * 0.8..=plain * 1.2).contains(&wait), "{wait} for {doubling}");
            now = next.retry_at;
            failure = Some(next);
        }
    }

    #[test]
    fn another_template_is_tried_at_once_and_ten_good_minutes_forget() {
        let now = Timestamp::UNIX_EPOCH;
        let first = Failure::after(None, "web", "v1:a", "no".to_owned(), now);
        let second = Failure::after(Some(&first), "web", "v1:a", "no".to_owned(), now);
        assert_eq!(second.attempts, 2);
        assert!(second.holds("v1:a", now) && !second.holds("v1:b", now));
        let later = now + SignedDuration::from_secs(601);
        assert_eq!(Failure::after(Some(&second), "web", "v1:a", "no".to_owned(), later).attempts, 1);
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let invalid = EngineError::Invalid("no such user".to_owned());
        let reasons = EngineError::REASONS.into_iter().chain([UNHEALTHY]);
        assert!(EngineError::REASONS.contains(&invalid.reason()));
        for reason in reasons {
            let failure = Failure::after(None, "web", "v1:a", "no".to_owned(), Timestamp::UNIX_EPOCH);
            let failure = Failure { reason, cause: Cause::Template, ..failure };
            let written = serde_json::to_string(&failure).expect("plain data");
            assert_eq!(serde_json::from_str::<Failure>(&written).expect("what was written"), failure);
        }
    }

    #[test]
    fn a_check_that_failed_has_a_word_for_programs() {
        let failure = Failure::after(None, "web", "v1:a", "startupProbe: refused".to_owned(), Timestamp::UNIX_EPOCH);
        assert_eq!(failure.reason, "Unhealthy");
    }
}
