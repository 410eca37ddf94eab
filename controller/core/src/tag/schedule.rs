//! When each registry is asked: at once, then an interval after each answer; after failures twice as long with each, up to an hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use skiff_api::{ImageUpdatePolicy, ObjectKey};

use super::{Newest, TagAnswer, TagAnswers, TagFound, asks_for_digest};
use crate::desired::{Desired, Intent, Workload};

/// However often a registry has failed, it is asked again after so long, or after its interval where that is longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// A question that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagAsk {
    /// Whose image.
    pub object: ObjectKey,
    /// The image as the manifest names it.
    pub reference: String,
    /// Whether the digest of its tag is asked for, else the tags that there are.
    pub digest: bool,
    /// When it was due.
    pub asked_at: Timestamp,
}

/// The followed tags, and when each is asked for next.
#[derive(Debug, Default)]
pub struct TagSchedule(BTreeMap<ObjectKey, Watched>);

#[derive(Debug)]
struct Watched {
    reference: String,
    policy: ImageUpdatePolicy,
    interval: SignedDuration,
    /// None while it is being asked.
    due: Option<Timestamp>,
    failures: u32,
    answer: Option<TagAnswer>,
}

impl Watched {
    fn new(workload: &Workload, now: Timestamp) -> Option<Self> {
        let update = workload.image_update.as_ref()?;
        Some(Self {
            reference: workload.template.pod.container.image.clone(),
            policy: update.policy,
            interval: SignedDuration::try_from(update.interval().to_std()).unwrap_or(LONGEST),
            due: Some(now),
            failures: 0,
            answer: None,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.reference == other.reference && self.policy == other.policy
    }

    /// How long to wait from now on.
    fn pause(&self) -> SignedDuration {
        let factor = 1_i32 << self.failures.min(20);
        self.interval.saturating_mul(factor).min(LONGEST.max(self.interval))
    }
}

impl TagSchedule {
    /// Follows what is declared, and nothing else.
    pub fn aim(&mut self, desired: &Desired, now: Timestamp) {
        let is_followed = |key: &ObjectKey| desired.intent == Intent::Run && desired.workloads.contains_key(key);
        self.0.retain(|key, _| is_followed(key));
        for (key, workload) in desired.workloads.iter().filter(|(key, _)| is_followed(key)) {
            let Some(declared) = Watched::new(workload, now) else {
                self.0.remove(key);
                continue;
            };
            match self.0.get_mut(key).filter(|watched| watched.is_same(&declared)) {
                None => drop(self.0.insert(key.clone(), declared)),
                Some(watched) if watched.interval != declared.interval => {
                    watched.interval = declared.interval;
                    let pause = watched.pause();
                    watched.due = watched.due.map(|due| due.min(later(now, pause)));
                }
                Some(_) => {}
            }
        }
    }

    /// When the next question is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|watched| watched.due).min()
    }

    /// Takes the questions that are due.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<TagAsk> {
        let due = self.0.iter_mut().filter(|(_, watched)| watched.due.is_some_and(|due| due <= now));
        due.map(|(key, watched)| {
            watched.due = None;
            let (reference, digest) = (watched.reference.clone(), asks_for_digest(watched.policy));
            TagAsk { object: key.clone(), reference, digest, asked_at: now }
        })
        .collect()
    }

    /// Takes in an answer; says whether it is another one than before.
    pub fn answer(&mut self, ask: &TagAsk, found: Result<TagFound, String>, now: Timestamp) -> bool {
        let is_meant = |watched: &&mut Watched| {
            watched.due.is_none() && watched.reference == ask.reference && asks_for_digest(watched.policy) == ask.digest
        };
        let Some(watched) = self.0.get_mut(&ask.object).filter(is_meant) else { return false };
        watched.failures = if found.is_ok() { 0 } else { watched.failures.saturating_add(1) };
        watched.due = Some(later(now, watched.pause()));
        let found = found.map(|found| Newest::of(&ask.reference, found));
        let answer = TagAnswer { reference: ask.reference.clone(), asked_at: ask.asked_at, found };
        let is_news = match watched.answer.as_ref().map(|before| &before.found) {
            // In which words a registry refuses is no news.
            Some(Err(_)) => answer.found.is_ok(),
            before => before != Some(&answer.found),
        };
        watched.answer = Some(answer);
        is_news
    }

    /// The last answers.
    pub fn answers(&self) -> TagAnswers {
        self.0.iter().filter_map(|(key, watched)| Some((key.clone(), watched.answer.clone()?))).collect()
    }
}

fn later(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
