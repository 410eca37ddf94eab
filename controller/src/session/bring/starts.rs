//! What runs since when, and what has crashed meanwhile: the engine restarts containers without being asked, and between two crashes
//! each looks as if all were well. What is finished runs no more, however often it ended.
//!
//! Pure.

use std::collections::BTreeMap;

use skiff_api::{Component, Kind, ObjectKey};
use skiff_core::{Observed, ObservedContainer, Timestamp};

/// The starts and crashes of the replicas of deployments since the first look.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// Whether there was a look.
    has_looked: bool,
    /// The newest start at the last look.
    newest: Option<Timestamp>,
    /// How often each container had ended at the first look, by id: what ended before says nothing of what is brought about.
    before: BTreeMap<String, Ends>,
    /// Whether one that is there has crashed since.
    pub(super) has_crashed: bool,
}

/// How often a container ended: as the engine counts its own restarts, and as Skiff counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    restarts: i64,
    exits: u32,
}

impl Starts {
    /// Takes in a look; says whether something was started since the last one.
    pub(super) fn look(&mut self, observed: &Observed, is_finished: impl Fn(&ObjectKey) -> bool) -> bool {
        let newest = replicas(observed).filter_map(|replica| replica.detail.as_ref()?.started_at).max();
        let known = std::mem::replace(&mut self.newest, newest);
        if !std::mem::replace(&mut self.has_looked, true) {
            self.before = replicas(observed).map(|replica| (replica.id.clone(), ends(observed, replica))).collect();
            return false;
        }
        let goes_on =
            |replica: &&ObservedContainer| replica.owner.labels().is_some_and(|labels| !is_finished(&labels.object));
        self.has_crashed = replicas(observed).filter(goes_on).any(|replica| {
            let (before, now) = (self.before.get(&replica.id).copied().unwrap_or_default(), ends(observed, replica));
            now.restarts > before.restarts || now.exits > before.exits
        });
        newest > known
    }
}

fn replicas(observed: &Observed) -> impl Iterator<Item = &ObservedContainer> {
    observed.containers.iter().filter(|container| {
        let labels = container.owner.labels();
        labels.is_some_and(|labels| labels.component == Component::Main && labels.object.kind == Kind::Deployment)
    })
}

fn ends(observed: &Observed, replica: &ObservedContainer) -> Ends {
    let restarts = replica.detail.as_ref().map_or(0, |detail| detail.restart_count);
    Ends { restarts, exits: observed.crashes.get(&replica.id).map_or(0, |crash| crash.exits) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skiff_core::{ContainerDetail, Crash, Owner};

    use super::*;
    use crate::testing::labels_of;

    fn seen(started: i64, restarts: i64, exits: u32) -> Observed {
        let labels = labels_of(ObjectKey::new(Kind::Deployment, "shop", "web"));
        let container = ObservedContainer {
            id: "one".to_owned(),
            owner: Owner::Ours(Box::new(labels)),
            detail: Some(ContainerDetail {
                started_at: Timestamp::from_second(started).ok(),
                restart_count: restarts,
                ..ContainerDetail::default()
            }),
            ..ObservedContainer::default()
        };
        let crash: Crash = serde_json::from_value(json!({ "exits": exits })).expect("a record");
        let crashes = BTreeMap::from([("one".to_owned(), crash)]);
        Observed { containers: vec![container], crashes, ..Observed::default() }
    }

    const fn goes_on(_: &ObjectKey) -> bool {
        false
    }

    #[test]
    fn what_is_finished_need_not_be_seen_to_run() {
        let mut starts = Starts::default();
        starts.look(&seen(10, 0, 0), goes_on);
        assert!(!starts.look(&seen(10, 0, 1), |_| true) && !starts.has_crashed);
        assert!(!starts.look(&seen(10, 0, 1), goes_on) && starts.has_crashed, "what is to go on has crashed");
    }

    #[test]
    fn what_ran_and_crashed_before_the_first_look_is_no_news() {
        let mut starts = Starts::default();
        assert!(!starts.look(&seen(10, 3, 2), goes_on));
        assert!(!starts.look(&seen(10, 3, 2), goes_on) && !starts.has_crashed);
    }

    #[test]
    fn a_start_by_the_engine_is_one_and_the_end_before_it_a_crash() {
        let mut starts = Starts::default();
        starts.look(&Observed::default(), goes_on);
        assert!(starts.look(&seen(10, 0, 0), goes_on) && !starts.has_crashed, "made and started");
        assert!(starts.look(&seen(12, 1, 0), goes_on) && starts.has_crashed, "restarted by the engine");
        assert!(!starts.look(&seen(12, 1, 0), goes_on) && starts.has_crashed, "it has crashed for good");
    }

    #[test]
    fn an_end_that_only_skiff_counts_is_a_crash() {
        let mut starts = Starts::default();
        starts.look(&seen(10, 3, 2), goes_on);
        assert!(!starts.look(&seen(10, 3, 3), goes_on) && starts.has_crashed);
    }
}
