//! Closes the gap between the replicas that are there and those that are declared.
//!
//! Never more than `maxSurge` extra, never fewer available than `replicas − maxUnavailable` by a step of ours (one less where a
//! replica can only be replaced stop-first). What must wait is pending behind what it waits for, so that a plan shows a rollout whole.

use std::collections::BTreeSet;

use super::StepId;
use super::create::{Ground, create, lay_ground, replica_name};
use super::draft::Draft;
use super::removal::remove;
use super::replica::{Condition, Replica};
use super::workload::name_taken;
use crate::desired::Workload;
use crate::held::{HeldReason, Pending};
use crate::reason::Reason;

/// The replicas of a workload, sorted for closing the gap.
struct Gap<'d, 'a> {
    workload: &'d Workload,
    wanted: usize,
    current: Vec<&'d Replica<'a>>,
    /// Outdated ones, in the order in which they go: those that do not serve first, then the highest ordinals.
    outdated: Vec<&'d Replica<'a>>,
    /// Ordinals that are in use.
    used: BTreeSet<u32>,
    revision: u64,
}

pub(super) fn close_gap(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replicas: &[Replica<'_>],
    gate: Result<Vec<StepId>, HeldReason>,
) {
    let gap = Gap::new(workload, replicas);
    let surplus = gap.drop_surplus(draft);
    let missing = gap.wanted.saturating_sub(gap.current.len());
    if gap.outdated.is_empty() && missing == 0 {
        gap.say_failures(draft, gate.err());
        gap.note_starts(draft, 0);
        return;
    }
    let _ = surplus;
    let pending = gap.pending(draft, missing);
    let ground = match gate {
        Err(why) => Err(why),
        Ok(_) if workload.rollout.paused && !gap.outdated.is_empty() => Err(HeldReason::Paused),
        Ok(after) if gap.makes_something(draft, missing) => lay_ground(draft, workload, after),
        Ok(_) => Ok(Ground::default()),
    };
    match ground {
        Err(why) => {
            if !pending.is_empty() {
                draft.hold_with(&workload.key, why, pending);
            }
        }
        Ok(ground) if workload.rollout.recreate => gap.recreate(draft, &ground),
        Ok(ground) if workload.rollout.stop_first.is_some() => gap.stop_first(draft, &ground),
        Ok(ground) => gap.start_first(draft, &ground),
    }
}

impl<'d, 'a> Gap<'d, 'a> {
    fn new(workload: &'d Workload, replicas: &'d [Replica<'a>]) -> Self {
        let there = |replica: &&Replica<'_>| !matches!(replica.condition, Condition::Dead | Condition::Removing);
        let (mut outdated, mut current): (Vec<_>, Vec<_>) =
            replicas.iter().filter(there).partition(|replica| replica.outdated.is_some());
        outdated.sort_by_key(|replica| (replica.condition.is_available(), std::cmp::Reverse(replica.labels.ordinal)));
        current.sort_by_key(|replica| (!replica.condition.is_ready(), replica.labels.ordinal));
        let known = current.iter().map(|replica| replica.labels.revision).max();
        let newest = replicas.iter().map(|replica| replica.labels.revision).max().unwrap_or(0);
        Self {
            workload,
            wanted: usize::try_from(workload.replicas).unwrap_or(usize::MAX),
            current,
            outdated,
            used: replicas.iter().map(|replica| replica.labels.ordinal).collect(),
            revision: known.unwrap_or(newest + 1),
        }
    }

    fn available(&self) -> usize {
        self.current.iter().chain(&self.outdated).filter(|replica| replica.condition.is_available()).count()
    }

    /// Removes current replicas above the number: those that do not serve first, then the highest ordinals.
    fn drop_surplus(&self, draft: &mut Draft<'_>) -> usize {
        let surplus = self.current.iter().skip(self.wanted);
        let count = surplus.clone().count();
        for replica in surplus {
            self.remove(draft, replica, &Reason::Surplus, &[]);
        }
        count
    }

    fn remove(&self, draft: &mut Draft<'_>, replica: &Replica<'_>, reason: &Reason, after: &[StepId]) -> StepId {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        remove(draft, key, hash, replica.container, reason, after)
    }

    /// Says a back-off or full disk that keeps what exists from being started.
    fn say_failures(&self, draft: &mut Draft<'_>, why: Option<HeldReason>) {
        let stuck = |replica: &&&Replica<'_>| matches!(replica.condition, Condition::Exited | Condition::Created);
        let pending: Vec<Pending> = self
            .current
            .iter()
            .filter(stuck)
            .map(|replica| Pending {
                verb: "start container",
                target: replica.container.name.clone(),
                reason: Reason::NotStarted,
            })
            .collect();
        if let (Some(why), false) = (why, pending.is_empty()) {
            draft.hold_with(&self.workload.key, why, pending);
        }
    }

    /// What will be done to these replicas, for a plan that shows a rollout whole.
    fn pending(&self, draft: &Draft<'_>, missing: usize) -> Vec<Pending> {
        let replaced = self.outdated.iter().take(self.wanted).map(|replica| Pending {
            verb: "replace container",
            target: replica.container.name.clone(),
            reason: replica.outdated.clone().unwrap_or(Reason::Missing),
        });
        let created = self.free_ordinals(missing.saturating_sub(self.outdated.len()));
        let created = created.into_iter().map(|ordinal| Pending {
            verb: "create container",
            target: replica_name(draft, self.workload, ordinal),
            reason: Reason::Missing,
        });
        replaced.chain(created).collect()
    }

    /// The lowest ordinals that are free.
    fn free_ordinals(&self, count: usize) -> Vec<u32> {
        (1..=u32::MAX).filter(|ordinal| !self.used.contains(ordinal)).take(count).collect()
    }

    /// Whether this pass makes a replica, so that images, networks and volumes must be there.
    fn makes_something(&self, draft: &Draft<'_>, missing: usize) -> bool {
        let _ = draft;
        if missing == 0 {
            return false;
        }
        let rollout = &self.workload.rollout;
        let total = self.current.len() + self.outdated.len();
        let surge = usize::try_from(rollout.max_surge).unwrap_or(usize::MAX);
        rollout.recreate
            || total < self.wanted.saturating_add(surge)
            || rollout.stop_first.is_some()
            || self.outdated.iter().any(|replica| !replica.condition.is_available())
    }

    /// Plans new replicas on these ordinals; names that somebody else has are held.
    fn create(&self, draft: &mut Draft<'_>, ground: &Ground, ordinals: &[u32], reason: &Reason, after: &[StepId]) {
        for ordinal in ordinals {
            if let Some(taken) = name_taken(draft, self.workload, *ordinal) {
                let target = replica_name(draft, self.workload, *ordinal);
                let pending = vec![Pending { verb: "create container", target, reason: reason.clone() }];
                draft.hold_with(&self.workload.key, taken, pending);
                continue;
            }
            let step = create(draft, self.workload, ground, *ordinal, self.revision, reason, after);
            draft.starts.entry(self.workload.key.clone()).or_default().0.push(step);
        }
    }

    /// Notes whether, after the starts of this plan, all of the object runs: what depends on it can then follow in one plan.
    fn note_starts(&self, draft: &mut Draft<'_>, made: usize) {
        let runs = self.current.iter().filter(|replica| {
            replica.condition.is_ready() || matches!(replica.condition, Condition::Exited | Condition::Created)
        });
        let whole = runs.count() + made >= self.wanted;
        if let Some((_, all)) = draft.starts.get_mut(&self.workload.key) {
            *all = whole;
        }
    }

    /// All old replicas go, then all new ones come.
    fn recreate(&self, draft: &mut Draft<'_>, ground: &Ground) {
        let pull: Vec<StepId> = ground.pull.into_iter().collect();
        let reason = self.reason();
        let mut gone = Vec::new();
        for replica in &self.outdated {
            gone.push(self.remove(draft, replica, &reason, &pull));
        }
        let missing = self.wanted.saturating_sub(self.current.len());
        let kept: BTreeSet<u32> = self.current.iter().map(|replica| replica.labels.ordinal).collect();
        let ordinals: Vec<u32> = (1..=u32::MAX).filter(|ordinal| !kept.contains(ordinal)).take(missing).collect();
        self.create(draft, ground, &ordinals, &reason, &gone);
        self.note_starts(draft, missing);
    }

    /// Each replica goes before its successor comes, on the same ordinal.
    fn stop_first(&self, draft: &mut Draft<'_>, ground: &Ground) {
        let pull: Vec<StepId> = ground.pull.into_iter().collect();
        let total = self.current.len() + self.outdated.len();
        let surplus = total.saturating_sub(self.wanted).min(self.outdated.len());
        let (going, rest) = self.outdated.split_at_checked(surplus).unwrap_or((&[], &[]));
        for replica in going {
            self.remove(draft, replica, &Reason::Surplus, &[]);
        }
        let new = self.free_ordinals(self.wanted.saturating_sub(total));
        let made = new.len();
        self.create(draft, ground, &new, &Reason::Missing, &[]);
        let unavailable = self.wanted.saturating_sub(self.available());
        let allowed = usize::try_from(self.workload.rollout.max_unavailable).unwrap_or(usize::MAX);
        let mut budget = allowed.saturating_sub(unavailable);
        let mut replaced = 0;
        for replica in rest {
            let serves = replica.condition.is_available();
            if serves && budget == 0 {
                break;
            }
            budget -= usize::from(serves);
            replaced += 1;
            let reason = replica.outdated.clone().unwrap_or(Reason::Missing);
            let removed = self.remove(draft, replica, &reason, &pull);
            self.create(draft, ground, &[replica.labels.ordinal], &reason, &[removed]);
        }
        self.wait(draft, rest.get(replaced..).unwrap_or(&[]));
        self.note_starts(draft, made + replaced);
    }

    /// A new replica comes before an old one goes, as far as surge and availability allow.
    fn start_first(&self, draft: &mut Draft<'_>, ground: &Ground) {
        let rollout = &self.workload.rollout;
        let surge = usize::try_from(rollout.max_surge).unwrap_or(usize::MAX);
        let pull: Vec<StepId> = ground.pull.into_iter().collect();
        let (broken, serving): (Vec<&&Replica<'_>>, Vec<&&Replica<'_>>) =
            self.outdated.iter().partition(|replica| !replica.condition.is_available());
        let mut gone = Vec::new();
        for replica in &broken {
            let reason = replica.outdated.clone().unwrap_or(Reason::Missing);
            gone.push(self.remove(draft, replica, &reason, &pull));
        }
        let least = self.wanted.saturating_sub(usize::try_from(rollout.max_unavailable).unwrap_or(usize::MAX));
        let removable = self.available().saturating_sub(least).min(serving.len());
        let (going, staying) = serving.split_at_checked(removable).unwrap_or((&[], &[]));
        for replica in going {
            let reason = replica.outdated.clone().unwrap_or(Reason::Surplus);
            self.remove(draft, replica, &reason, &pull);
        }
        let missing = self.wanted.saturating_sub(self.current.len());
        let total = self.current.len() + serving.len();
        let room = self.wanted.saturating_add(surge).saturating_sub(total);
        let made = missing.min(room);
        let ordinals = self.free_ordinals(made);
        let reason = if self.outdated.is_empty() { Reason::Missing } else { self.reason() };
        self.create(draft, ground, &ordinals, &reason, &[]);
        let staying: Vec<&Replica<'_>> = staying.iter().map(|replica| **replica).collect();
        self.wait(draft, &staying);
        self.note_starts(draft, made);
    }

    fn reason(&self) -> Reason {
        self.outdated.iter().find_map(|replica| replica.outdated.clone()).unwrap_or(Reason::Missing)
    }

    /// Holds the replacement of the rest behind the replica that must be Ready first.
    fn wait(&self, draft: &mut Draft<'_>, rest: &[&Replica<'_>]) {
        if rest.is_empty() {
            return;
        }
        let pending = rest
            .iter()
            .map(|replica| Pending {
                verb: "replace container",
                target: replica.container.name.clone(),
                reason: replica.outdated.clone().unwrap_or(Reason::Missing),
            })
            .collect();
        let awaited = self.current.iter().find(|replica| !replica.condition.is_available());
        let until = awaited.and_then(|replica| match replica.condition {
            Condition::Ready { until } => Some(until),
            _ => None,
        });
        let container = match awaited {
            Some(replica) => replica.container.name.clone(),
            None => self.next_name(draft),
        };
        draft.hold_with(&self.workload.key, HeldReason::WaitingReady { container, until }, pending);
    }

    /// The replica that this plan makes and that the rest waits for.
    fn next_name(&self, draft: &Draft<'_>) -> String {
        let ordinal = match self.workload.rollout.stop_first {
            Some(_) => self.outdated.first().map(|replica| replica.labels.ordinal),
            None => self.free_ordinals(1).first().copied(),
        };
        replica_name(draft, self.workload, ordinal.unwrap_or(1))
    }
}
