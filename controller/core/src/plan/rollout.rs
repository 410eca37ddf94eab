//! Closes the gap between the replicas that are there and those that are declared.
//!
//! Never more than `maxSurge` extra, never fewer available than `replicas − maxUnavailable` by a step of ours (one less where a
//! replica can only be replaced stop-first). What must wait is pending behind what it waits for, so that a plan shows a rollout whole.

use std::collections::BTreeSet;

use super::StepId;
use super::create::{Ground, Place, create, lay_ground, replica_name};
use super::draft::Draft;
use super::removal::remove;
use super::replica::{Condition, Replica};
use super::workload::name_taken;
use crate::course::Course;
use crate::desired::Workload;
use crate::held::{HeldReason, Pending};
use crate::history::ObjectHistory;
use crate::reason::Reason;

/// The replicas of a workload, sorted for closing the gap.
struct Gap<'d, 'a> {
    workload: &'d Workload,
    wanted: usize,
    current: Vec<&'d Replica<'a>>,
    /// Current ones whose ordinal another one has.
    doubles: Vec<&'d Replica<'a>>,
    /// Outdated ones, in the order in which they go: those that do not serve first, then the highest ordinals.
    /// Of two with one ordinal, as a rename by hand between two steps leaves them, only one stays.
    outdated: Vec<&'d Replica<'a>>,
    /// How many are being removed: what comes for them takes their ordinals, once they have gone.
    leaving: usize,
    /// Ordinals that are in use.
    used: BTreeSet<u32>,
    revision: u64,
}

/// What one pass does to close the gap.
#[derive(Default)]
struct Moves<'d, 'a> {
    /// Replicas that go.
    remove: Vec<(&'d Replica<'a>, Reason)>,
    /// Replicas that go and come back on their ordinals.
    replace: Vec<&'d Replica<'a>>,
    /// Ordinals that come.
    create: Vec<u32>,
    /// Whether those that come wait until those that go have gone.
    gone_first: bool,
    /// Replicas whose turn comes later.
    rest: Vec<&'d Replica<'a>>,
}

pub(super) fn close_gap(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replicas: &[Replica<'_>],
    gate: Result<Vec<StepId>, HeldReason>,
) {
    let gap = Gap::new(draft, workload, replicas);
    gap.drop_surplus(draft);
    let missing = gap.wanted.saturating_sub(gap.current.len() + gap.leaving);
    if gap.outdated.is_empty() && missing == 0 {
        gap.say_failures(draft, gate.err());
        gap.note_starts(draft, 0);
        return;
    }
    match gate {
        Err(why) => gap.hold_all(draft, why, missing),
        // Why it is stopped has been said.
        Ok(_) if workload.rollout.paused && !gap.outdated.is_empty() => {
            gap.hold_all(draft, HeldReason::Paused, missing);
        }
        Ok(after) => gap.move_on(draft, after, missing),
    }
}

impl<'d, 'a> Gap<'d, 'a> {
    fn new(draft: &Draft<'_>, workload: &'d Workload, replicas: &'d [Replica<'a>]) -> Self {
        let (there, leaving): (Vec<_>, Vec<_>) =
            replicas.iter().partition(|replica| !matches!(replica.condition, Condition::Dead | Condition::Removing));
        let (mut outdated, mut current): (Vec<_>, Vec<_>) =
            there.into_iter().partition(|replica| replica.outdated.is_some());
        outdated.sort_by_key(|replica| (replica.serves(), std::cmp::Reverse(replica.labels.ordinal)));
        current.sort_by_key(|replica| (!replica.condition.is_ready(), replica.labels.ordinal));
        let mut ordinals = BTreeSet::new();
        let (current, doubles): (Vec<_>, Vec<_>) =
            current.into_iter().partition(|replica| ordinals.insert(replica.labels.ordinal));
        Self {
            workload,
            wanted: usize::try_from(workload.replicas).unwrap_or(usize::MAX),
            current,
            doubles,
            outdated,
            leaving: leaving.len(),
            used: replicas.iter().map(|replica| replica.labels.ordinal).collect(),
            revision: revision_number(draft, workload, replicas),
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

    /// Removes current replicas above the number: those that do not serve first, then the highest ordinals.
    fn drop_surplus(&self, draft: &mut Draft<'_>) {
        let surplus = self.doubles.iter().chain(self.current.iter().skip(self.wanted));
        // Which of them serve is not known before all are judged.
        if let Some(unjudged) = self.current.iter().find(|replica| replica.condition == Condition::Unjudged) {
            let waiting: Vec<Pending> = surplus
                .map(|replica| pending("remove container", replica.container.name.clone(), Reason::Surplus))
                .collect();
            if !waiting.is_empty() {
                let why = HeldReason::WaitingReady { container: unjudged.container.name.clone(), until: None };
                draft.hold_with(&self.workload.key, why, waiting);
            }
            return;
        }
        for replica in surplus {
            self.remove(draft, replica, &Reason::Surplus, &[]);
        }
    }

    fn remove(&self, draft: &mut Draft<'_>, replica: &Replica<'_>, reason: &Reason, after: &[StepId]) -> StepId {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        remove(draft, key, hash, replica.container, reason, after)
    }

    /// Says a back-off or full disk that keeps what exists from being started.
    fn say_failures(&self, draft: &mut Draft<'_>, why: Option<HeldReason>) {
        let stuck = |replica: &&Replica<'_>| {
            let (verb, reason) = match (&replica.condition, &replica.complaint) {
                (Condition::Exited | Condition::Created, _) => ("start container", Reason::NotStarted),
                (Condition::Unhealthy, Some(complaint)) => ("restart container", complaint.reason()),
                _ => return None,
            };
            Some(pending(verb, replica.container.name.clone(), reason))
        };
        let pending: Vec<Pending> = self.current.iter().filter_map(stuck).collect();
        if let (Some(why), false) = (why, pending.is_empty()) {
            draft.hold_with(&self.workload.key, why, pending);
        }
    }

    /// Holds everything, but for outdated replicas that are more than needed.
    fn hold_all(&self, draft: &mut Draft<'_>, why: HeldReason, missing: usize) {
        let needless = self.available().saturating_sub(self.wanted).min(self.outdated.len());
        let (kept, going) = self.outdated.split_at_checked(self.outdated.len() - needless).unwrap_or((&[], &[]));
        for replica in going.iter().filter(|replica| replica.serves()) {
            self.remove(draft, replica, &Reason::Surplus, &[]);
        }
        let mut waiting: Vec<Pending> =
            kept.iter().take(self.wanted).map(|replica| self.replacement(replica)).collect();
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
        let rollout = &self.workload.rollout;
        let mut moves = if rollout.recreate {
            self.recreate(missing)
        } else if rollout.stop_first.is_some() {
            self.stop_first()
        } else {
            self.start_first(missing)
        };
        let wanted = moves.create.len();
        moves.create = self.free_names(draft, std::mem::take(&mut moves.create));
        if moves.create.len() < wanted {
            // Nothing goes for a successor that cannot come.
            moves.remove.retain(|(replica, _)| replica.serves());
        }
        let ground = if moves.create.is_empty() && moves.replace.is_empty() {
            Ok(Ground::default())
        } else {
            lay_ground(draft, self.workload, gate)
        };
        match ground {
            Ok(ground) => self.perform(draft, &moves, &ground),
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

    /// All old replicas go, then all new ones come.
    fn recreate(&self, missing: usize) -> Moves<'d, 'a> {
        let kept: BTreeSet<u32> = self.current.iter().map(|replica| replica.labels.ordinal).collect();
        Moves {
            remove: self.outdated.iter().map(|replica| (*replica, self.reason_of(replica))).collect(),
            create: (1..=u32::MAX).filter(|ordinal| !kept.contains(ordinal)).take(missing).collect(),
            gone_first: true,
            ..Moves::default()
        }
    }

    /// Each replica goes before its successor comes, on the same ordinal.
    fn stop_first(&self) -> Moves<'d, 'a> {
        let total = self.total();
        let surplus = total.saturating_sub(self.wanted).min(self.outdated.len());
        let (going, staying) = self.outdated.split_at_checked(surplus).unwrap_or((&[], &[]));
        let unavailable = self.wanted.saturating_sub(self.available());
        let mut budget = count(self.workload.rollout.max_unavailable).saturating_sub(unavailable);
        let mut moves = Moves {
            remove: going.iter().map(|replica| (*replica, Reason::Surplus)).collect(),
            create: self.free_ordinals(self.wanted.saturating_sub(total + self.leaving)),
            ..Moves::default()
        };
        for replica in staying {
            if !replica.may_serve() {
                moves.replace.push(replica);
            } else if budget > 0 {
                budget -= 1;
                moves.replace.push(replica);
            } else {
                moves.rest.push(replica);
            }
        }
        moves
    }

    /// A new replica comes before an old one goes, as far as surge and availability allow.
    fn start_first(&self, missing: usize) -> Moves<'d, 'a> {
        let rollout = &self.workload.rollout;
        let least = self.wanted.saturating_sub(count(rollout.max_unavailable));
        // One that nobody has judged yet stays while it might be missed.
        let spare = self.available() >= least;
        let (serving, broken): (Vec<&Replica<'_>>, Vec<&Replica<'_>>) =
            self.outdated.iter().partition(|replica| replica.serves() || (replica.may_serve() && !spare));
        let removable = self.available().saturating_sub(least).min(serving.len());
        let (going, staying) = serving.split_at_checked(removable).unwrap_or((&[], &[]));
        let room = self.wanted.saturating_add(count(rollout.max_surge));
        let room = room.saturating_sub(self.current.len() + serving.len());
        Moves {
            remove: broken.iter().chain(going).map(|replica| (*replica, self.reason_of(replica))).collect(),
            create: self.free_ordinals(missing.min(room)),
            rest: staying.to_vec(),
            ..Moves::default()
        }
    }

    fn perform(&self, draft: &mut Draft<'_>, moves: &Moves<'_, '_>, ground: &Ground) {
        let pull: Vec<StepId> = ground.pull.into_iter().collect();
        let mut gone = Vec::new();
        for (replica, reason) in &moves.remove {
            gone.push(self.remove(draft, replica, reason, &pull));
        }
        for replica in &moves.replace {
            let reason = self.reason_of(replica);
            let removed = self.remove(draft, replica, &reason, &pull);
            self.create(draft, ground, replica.labels.ordinal, &reason, &[removed]);
        }
        let reason = self.outdated.first().map_or(Reason::Missing, |replica| self.reason_of(replica));
        let after = if moves.gone_first { gone } else { Vec::new() };
        for ordinal in &moves.create {
            self.create(draft, ground, *ordinal, &reason, &after);
        }
        self.wait(draft, moves);
        self.note_starts(draft, moves.create.len() + moves.replace.len());
    }

    fn create(&self, draft: &mut Draft<'_>, ground: &Ground, ordinal: u32, reason: &Reason, after: &[StepId]) {
        let place = Place::replica(draft, self.workload, ordinal, self.revision);
        let made = create(draft, self.workload, ground, place, reason, after);
        draft.starts.entry(self.workload.key.clone()).or_default().0.push(made.started);
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

    /// Holds the replacement of the rest behind the replica that must be Ready first.
    fn wait(&self, draft: &mut Draft<'_>, moves: &Moves<'_, '_>) {
        if moves.rest.is_empty() {
            return;
        }
        let waiting = moves.rest.iter().map(|replica| self.replacement(replica)).collect();
        let all = self.current.iter().chain(&self.outdated);
        let awaited =
            all.into_iter().find(|replica| !replica.serves() && (replica.outdated.is_none() || replica.may_serve()));
        let until = awaited.and_then(|replica| replica.condition.ready_until());
        let made = moves.replace.first().map(|replica| replica.labels.ordinal).or(moves.create.first().copied());
        let container = match (awaited, made) {
            (Some(replica), _) => replica.container.name.clone(),
            (None, Some(ordinal)) => replica_name(draft, self.workload, ordinal),
            // A name that is taken keeps it from going on, and has been said.
            (None, None) => return,
        };
        draft.hold_with(&self.workload.key, HeldReason::WaitingReady { container, until }, waiting);
    }
}

/// The number of the revision that new replicas carry: as remembered, else as those carry that are there already.
fn revision_number(draft: &Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) -> u64 {
    let remembered = draft.observed.history.objects.get(&workload.key).and_then(ObjectHistory::wanted);
    if let Some(revision) = remembered.filter(|revision| revision.identity == workload.template.identity) {
        return revision.number;
    }
    let labels = || replicas.iter().map(|replica| (replica.outdated.is_none(), replica.labels.revision));
    let current = labels().filter(|(current, _)| *current).map(|(_, revision)| revision).max();
    current.unwrap_or_else(|| labels().map(|(_, revision)| revision).max().unwrap_or(0) + 1)
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn pending(verb: &'static str, target: String, reason: Reason) -> Pending {
    Pending { verb, target, reason }
}
