//! Closes the gap between the replicas that are there and those that are declared.
//!
//! Never more than `maxSurge` extra, never fewer available than `replicas − maxUnavailable` by a step of ours (one less where a
//! replica can only be replaced stop-first). What must wait is pending behind what it waits for, so that a plan shows a rollout whole.

mod perform;
mod strategy;

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::StepId;
use super::create::{Ground, lay_ground, replica_name};
use super::draft::Draft;
use super::facts::revision_number;
use super::removal::remove;
use super::replica::{Condition, Replica};
use super::workload::name_taken;
use crate::course::Course;
use crate::desired::{Rollout, StopFirst, Workload};
use crate::held::{HeldReason, Pending};
use crate::reason::Reason;

/// The replicas of a workload, sorted for closing the gap.
pub(super) struct Gap<'d, 'a> {
    workload: &'d Workload,
    /// How replicas are replaced: stop-first as well where one hands on data to the next.
    rollout: Cow<'d, Rollout>,
    wanted: usize,
    /// Current ones that stay.
    current: Vec<&'d Replica<'a>>,
    /// Current ones that go whatever else happens: those whose ordinal another one has, those above the number, which do not serve or
    /// have the highest ordinals, and those that do not serve where a smaller number leaves too many beside the old ones.
    surplus: Vec<&'d Replica<'a>>,
    /// A current one that nobody has judged yet: which of them serve is not known then, and all stay.
    unjudged: Option<&'d Replica<'a>>,
    /// Outdated ones, in the order in which they go: those that do not serve first, then those that have not served for long, then the
    /// highest ordinals.
    /// Of two with one ordinal, as a rename by hand between two steps leaves them, only one stays.
    outdated: Vec<&'d Replica<'a>>,
    /// Outdated ones whose successors are there, as they were made before these could be removed.
    succeeded: Vec<&'d Replica<'a>>,
    /// How many are being removed: what comes for them takes their ordinals, once they have gone.
    leaving: usize,
    /// Ordinals that are in use.
    used: BTreeSet<u32>,
    revision: u64,
    /// The steps that begin what replicas join, where that is replaced in this plan: what joins it goes and comes after them.
    sources: Vec<StepId>,
}

impl<'d, 'a> Gap<'d, 'a> {
    pub(super) fn new(draft: &Draft<'_>, workload: &'d Workload, replicas: &'d [Replica<'a>]) -> Self {
        let (there, leaving): (Vec<_>, Vec<_>) = replicas.iter().partition(|replica| !replica.is_leaving());
        let (outdated, mut current): (Vec<_>, Vec<_>) =
            there.into_iter().partition(|replica| replica.outdated.is_some());
        let taken: BTreeSet<u32> = current.iter().map(|replica| replica.labels.ordinal).collect();
        let (succeeded, mut outdated): (Vec<_>, Vec<_>) =
            outdated.into_iter().partition(|replica| taken.contains(&replica.labels.ordinal));
        let worth = |replica: &Replica<'_>| (replica.serves(), replica.condition.is_available());
        outdated.sort_by_key(|replica| (worth(replica), std::cmp::Reverse(replica.labels.ordinal)));
        current.sort_by_key(|replica| (!replica.serves(), !replica.condition.is_ready(), replica.labels.ordinal));
        let mut ordinals = BTreeSet::new();
        let (mut current, mut surplus): (Vec<&Replica<'_>>, Vec<_>) =
            current.into_iter().partition(|replica| ordinals.insert(replica.labels.ordinal));
        let wanted = count(workload.replicas);
        let serving = |replicas: &[&Replica<'_>]| replicas.iter().filter(|replica| replica.serves()).count();
        let rollout = rollout(workload, &outdated);
        let room = wanted.saturating_add(count(rollout.max_surge)).saturating_sub(serving(&outdated));
        let kept = serving(&current).max(room).min(wanted);
        surplus.extend(current.iter().skip(kept));
        let unjudged = current.iter().copied().find(|replica| replica.condition.is_unknown());
        if unjudged.is_none() {
            current.truncate(kept);
        }
        Self {
            workload,
            rollout,
            wanted,
            current,
            surplus,
            unjudged,
            outdated,
            succeeded,
            leaving: leaving.len(),
            used: replicas.iter().map(|replica| replica.labels.ordinal).collect(),
            revision: revision_number(draft, workload, replicas),
            sources: Vec::new(),
        }
    }

    /// Lets what goes and comes follow these steps. Images do not: they are there before anything is stopped.
    pub(super) fn follow(&mut self, sources: Vec<StepId>) {
        self.sources = sources;
    }

    /// Removes what is surplus, and lets the others come and go as far as the gate and the strategy allow.
    pub(super) fn close(&self, draft: &mut Draft<'_>, gate: Result<Vec<StepId>, HeldReason>) {
        self.drop_succeeded(draft);
        self.drop_surplus(draft);
        let missing = self.wanted.saturating_sub(self.current.len() + self.leaving);
        if self.outdated.is_empty() && missing == 0 {
            self.say_failures(draft, gate.err());
            self.note_starts(draft, 0);
            return;
        }
        let recreate = self.rollout.recreate.then_some(&StopFirst::Recreate);
        let old_first = recreate.or(self.rollout.stop_first.as_ref());
        if let (Some(why), false) = (old_first, self.outdated.is_empty()) {
            draft.old_first.insert(self.workload.key.clone(), why.clone());
        }
        match gate {
            Err(why) => self.hold_all(draft, why, missing),
            // Why it is stopped has been said.
            Ok(_) if self.rollout.paused && !self.outdated.is_empty() => {
                self.hold_all(draft, HeldReason::Paused, missing);
            }
            Ok(after) => self.move_on(draft, after, missing),
        }
    }

    /// Outdated replicas that nobody would miss, as enough others serve: those that do not, and of the others those that are too many.
    fn needless(&self) -> impl Iterator<Item = &'d Replica<'a>> {
        let spare = self.available().checked_sub(self.wanted);
        let idle = self.outdated.iter().filter(move |replica| spare.is_some() && !replica.may_serve());
        let serving = self.outdated.iter().filter(|replica| replica.serves());
        idle.chain(serving.take(spare.unwrap_or(0))).copied()
    }

    /// Whether a replica goes and nothing comes for it, or may as soon as the others are judged, so that nothing else is done to it.
    pub(super) fn is_surplus(&self, replica: &Replica<'_>) -> bool {
        let beside = if replica.outdated.is_some() { self.outdated.as_slice() } else { &[] };
        let serving = self.current.iter().chain(beside).filter(|other| other.may_serve()).count();
        if !replica.may_serve() && serving >= self.wanted {
            return true;
        }
        let surplus = self.surplus.iter().copied().filter(|_| self.unjudged.is_none());
        surplus
            .chain(self.succeeded.iter().copied())
            .chain(self.needless())
            .any(|surplus| surplus.container.id == replica.container.id)
    }

    /// How many more processes are wanted than replicas have.
    pub(super) fn wanted_processes(&self) -> usize {
        self.wanted.saturating_sub(self.current.len() + self.old_processes())
    }

    fn old_processes(&self) -> usize {
        self.outdated.iter().filter(|replica| replica.has_process() || replica.serves()).count()
    }

    /// How many replicas there may be.
    fn most(&self) -> usize {
        self.wanted.saturating_add(count(self.rollout.max_surge))
    }

    /// Removes those whose successors are there, unless one that serves would be missed, as the engine has started it again meanwhile.
    fn drop_succeeded(&self, draft: &mut Draft<'_>) {
        let least = self.wanted.saturating_sub(count(self.rollout.max_unavailable.max(1)));
        let serving = self.succeeded.iter().filter(|replica| replica.may_serve()).count();
        let mut spare = (self.available() + serving).saturating_sub(least);
        for replica in &self.succeeded {
            if replica.may_serve() && spare == 0 {
                continue;
            }
            spare = spare.saturating_sub(usize::from(replica.may_serve()));
            self.remove(draft, replica, &self.reason_of(replica), &[]);
        }
    }

    fn drop_surplus(&self, draft: &mut Draft<'_>) {
        let Some(unjudged) = self.unjudged else {
            for replica in &self.surplus {
                self.remove(draft, replica, &Reason::Surplus, &[]);
            }
            return;
        };
        let removal =
            |replica: &&Replica<'_>| pending("remove container", replica.container.name.clone(), Reason::Surplus);
        let waiting: Vec<Pending> = self.surplus.iter().map(removal).collect();
        if !waiting.is_empty() {
            let why = HeldReason::WaitingReady { container: unjudged.container.name.clone(), until: None };
            draft.hold_with(&self.workload.key, why, waiting);
        }
    }

    fn replacement(&self, replica: &Replica<'_>) -> Pending {
        pending("replace container", replica.container.name.clone(), self.reason_of(replica))
    }

    /// Why a replica is replaced.
    fn reason_of(&self, replica: &Replica<'_>) -> Reason {
        match (&self.workload.course, &replica.outdated) {
            (Course::Back { from, why, .. }, Some(_)) => Reason::RolledBack { from: *from, why: why.clone() },
            (_, Some(reason)) => reason.clone(),
            (_, None) => Reason::Surplus,
        }
    }

    fn available(&self) -> usize {
        self.current.iter().chain(&self.outdated).filter(|replica| replica.serves()).count()
    }

    fn total(&self) -> usize {
        self.current.len() + self.outdated.len()
    }

    fn remove(&self, draft: &mut Draft<'_>, replica: &Replica<'_>, reason: &Reason, after: &[StepId]) -> StepId {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        remove(draft, key, hash, replica.container, reason, after)
    }

    /// Says what keeps what exists from being started, but for back-offs, which are said of each replica.
    fn say_failures(&self, draft: &mut Draft<'_>, why: Option<HeldReason>) {
        let is_back_off = why.as_ref().is_some_and(HeldReason::is_failing);
        let stuck = |replica: &&Replica<'_>| {
            let (verb, reason) = match (&replica.condition, &replica.complaint) {
                (Condition::Created, _) => ("start container", Reason::NotStarted),
                (Condition::Exited, _) if !is_back_off => ("start container", Reason::NotStarted),
                (Condition::Unhealthy, Some(complaint)) if !is_back_off => ("restart container", complaint.reason()),
                _ => return None,
            };
            Some(pending(verb, replica.container.name.clone(), reason))
        };
        let pending: Vec<Pending> = self.current.iter().filter_map(stuck).collect();
        if let (Some(why), false) = (why, pending.is_empty()) {
            draft.hold_with(&self.workload.key, why, pending);
        }
    }

    /// Holds everything, but for outdated replicas that nobody would miss.
    fn hold_all(&self, draft: &mut Draft<'_>, why: HeldReason, missing: usize) {
        let needless: BTreeSet<&str> = self.needless().map(|replica| replica.container.id.as_str()).collect();
        let (going, kept): (Vec<_>, Vec<_>) =
            self.outdated.iter().partition(|replica| needless.contains(replica.container.id.as_str()));
        for replica in going {
            self.remove(draft, replica, &Reason::Surplus, &[]);
        }
        let mut waiting: Vec<Pending> =
            kept.into_iter().take(self.wanted).map(|replica| self.replacement(replica)).collect();
        for ordinal in self.free_ordinals(missing.saturating_sub(self.outdated.len())) {
            waiting.push(pending("create container", replica_name(draft, self.workload, ordinal), Reason::Missing));
        }
        draft.hold_with(&self.workload.key, why, waiting);
    }

    /// The lowest ordinals that are free.
    fn free_ordinals(&self, count: usize) -> Vec<u32> {
        (1..=u32::MAX).filter(|ordinal| !self.used.contains(ordinal)).take(count).collect()
    }

    fn move_on(&self, draft: &mut Draft<'_>, gate: Vec<StepId>, missing: usize) {
        let mut moves = if self.rollout.recreate {
            self.recreate(missing)
        } else if self.rollout.stop_first.is_some() {
            self.stop_first()
        } else {
            self.start_first(missing)
        };
        let wanted = moves.create.len();
        moves.create = self.free_names(draft, std::mem::take(&mut moves.create));
        moves.names_taken = moves.create.len() < wanted;
        if moves.names_taken {
            // Nothing goes for a successor that cannot come.
            moves.remove.retain(|(replica, _)| replica.serves());
            if !moves.gone_first {
                moves.create.truncate(moves.room);
            }
        }
        let ground = if moves.create.is_empty() && moves.replace.is_empty() {
            Ok(Ground::default())
        } else {
            lay_ground(draft, self.workload, gate)
        };
        match ground {
            Ok(mut ground) => {
                ground.after.extend(&self.sources);
                self.perform(draft, &moves, &ground);
            }
            Err(why) => self.hold_all(draft, why, missing),
        }
    }

    /// The ordinals whose names nobody else has; the others are held.
    fn free_names(&self, draft: &mut Draft<'_>, ordinals: Vec<u32>) -> Vec<u32> {
        let mut free = Vec::with_capacity(ordinals.len());
        for ordinal in ordinals {
            match name_taken(draft, self.workload, ordinal) {
                None => free.push(ordinal),
                Some(taken) => {
                    let target = replica_name(draft, self.workload, ordinal);
                    let waiting = vec![pending("create container", target, Reason::Missing)];
                    draft.hold_with(&self.workload.key, taken, waiting);
                }
            }
        }
        free
    }
}

/// How replicas are replaced. Two of them must not write one volume, so that one that hands on what it has goes first.
fn rollout<'d>(workload: &'d Workload, outdated: &[&Replica<'_>]) -> Cow<'d, Rollout> {
    let declared = &workload.rollout;
    let handed_on = outdated.iter().find_map(|replica| replica.nameless.carried.keys().next());
    match handed_on {
        Some(path) if !declared.recreate && declared.stop_first.is_none() => Cow::Owned(Rollout {
            stop_first: Some(StopFirst::Nameless(path.clone())),
            max_surge: 0,
            max_unavailable: declared.max_unavailable.max(1),
            ..declared.clone()
        }),
        Some(_) | None => Cow::Borrowed(declared),
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn pending(verb: &'static str, target: String, reason: Reason) -> Pending {
    Pending { verb, target, reason }
}
