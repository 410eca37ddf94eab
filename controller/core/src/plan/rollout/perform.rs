//! The moves of one pass as steps, each behind what must have happened before it.

use super::strategy::Moves;
use skiff_api::naming;

use super::{Gap, count};
use crate::action::Action;
use crate::held::HeldReason;
use crate::plan::StepId;
use crate::plan::create::{Ground, Place, create, replica_name};
use crate::plan::draft::{Draft, observed_ref};
use crate::plan::nameless::Handover;
use crate::plan::removal::stop_where_it_runs;
use crate::plan::replica::{Condition, Replica};
use crate::reason::Reason;

impl Gap<'_, '_> {
    pub(super) fn perform(&self, draft: &mut Draft<'_>, moves: &Moves<'_, '_>, ground: &Ground) {
        let pull: Vec<StepId> = ground.got.into_iter().chain(self.sources.iter().copied()).collect();
        let mut gone = Vec::new();
        for (replica, reason) in &moves.remove {
            gone.push(self.remove(draft, replica, reason, &pull));
        }
        let too_many = self.too_many(draft, &gone);
        let (handing, going): (Vec<_>, Vec<_>) = moves.replace.iter().copied().partition(|replica| replica.hands_on());
        let stopped: Vec<Option<StepId>> = handing.iter().map(|replica| self.stop(draft, replica, &pull)).collect();
        if moves.gone_first {
            gone.extend(stopped.iter().flatten());
        }
        for replica in going {
            let reason = self.reason_of(replica);
            let removed = self.remove(draft, replica, &reason, &pull);
            let follows: Vec<StepId> = too_many.iter().copied().chain([removed]).collect();
            self.create(draft, ground, replica.labels.ordinal, &reason, &follows);
        }
        for (replica, stopped) in handing.into_iter().zip(stopped) {
            let earlier = if moves.gone_first { &gone } else { &too_many };
            let follows: Vec<StepId> = earlier.iter().copied().chain(stopped).chain(pull.clone()).collect();
            self.hand_on(draft, ground, replica, &follows);
        }
        let reason = self.outdated.first().map_or(Reason::Missing, |replica| self.reason_of(replica));
        for (index, ordinal) in moves.create.iter().enumerate() {
            let follows = if moves.gone_first {
                gone.clone()
            } else {
                index.checked_sub(moves.room).and_then(|beyond| gone.get(beyond)).copied().into_iter().collect()
            };
            self.create(draft, ground, *ordinal, &reason, &follows);
        }
        self.wait(draft, moves);
        self.note_starts(draft, moves.create.len() + moves.replace.len());
    }

    fn stop(&self, draft: &mut Draft<'_>, replica: &Replica<'_>, after: &[StepId]) -> Option<StepId> {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        stop_where_it_runs(draft, key, hash, replica.container, &self.reason_of(replica), after)
    }

    /// Makes the successor of a replica that has stopped, with the volumes that it hands on. The old one leaves its name to the new one,
    /// and goes when that is there: only a container says which volumes without a name are whose.
    fn hand_on(&self, draft: &mut Draft<'_>, ground: &Ground, replica: &Replica<'_>, after: &[StepId]) {
        let (key, hash, reason) = (&self.workload.key, &self.workload.template.hash, self.reason_of(replica));
        let mut place = Place::replica(draft, self.workload, replica.labels.ordinal, self.revision);
        let mut follows = after.to_vec();
        if replica.container.name == place.name {
            let to = naming::replaced_name(&replica.container.id, &place.name);
            let rename = Action::RenameContainer { container: observed_ref(replica.container), to };
            follows.push(draft.step(key, hash, rename, reason.clone(), after.iter().copied()));
        }
        place.handover = Some(Handover::of(draft, self.workload, replica));
        let made = create(draft, self.workload, ground, place, &reason, &follows);
        draft.starts.entry(key.clone()).or_default().0.extend(made.started);
    }

    /// The removals without which one that comes in the place of another would be one above what the surge allows.
    fn too_many(&self, draft: &Draft<'_>, gone: &[StepId]) -> Vec<StepId> {
        let surplus = self.surplus.iter().filter_map(|replica| draft.removals.get(&replica.container.id));
        let allowed = self.wanted.saturating_add(count(self.rollout.max_surge));
        let removals: Vec<StepId> = surplus.chain(gone).copied().collect();
        let there = self.total() + self.surplus.len();
        removals.into_iter().take(there.saturating_sub(allowed)).collect()
    }

    fn create(&self, draft: &mut Draft<'_>, ground: &Ground, ordinal: u32, reason: &Reason, after: &[StepId]) {
        let place = Place::replica(draft, self.workload, ordinal, self.revision);
        let made = create(draft, self.workload, ground, place, reason, after);
        draft.starts.entry(self.workload.key.clone()).or_default().0.extend(made.started);
    }

    /// Notes whether, after the starts of this plan, all of the object runs: what depends on it can then follow in one plan.
    pub(super) fn note_starts(&self, draft: &mut Draft<'_>, made: usize) {
        let is_free = self.workload.inits.is_empty();
        let runs = self.current.iter().filter(|replica| {
            let condition = replica.condition;
            condition.is_ready() || condition == Condition::Exited || (is_free && condition == Condition::Created)
        });
        let whole = runs.count() + if is_free { made } else { 0 } >= self.wanted;
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
        let why = match (awaited, made, moves.remove.last()) {
            (Some(replica), _, _) => HeldReason::WaitingReady { container: replica.container.name.clone(), until },
            (None, Some(ordinal), _) => {
                HeldReason::WaitingReady { container: replica_name(draft, self.workload, ordinal), until }
            }
            // Those that go because there shall be fewer make room for the successor of one that stays.
            (None, None, Some((replica, _))) if !moves.names_taken => {
                HeldReason::Removing { container: replica.container.name.clone() }
            }
            // A name that is taken keeps it from going on, and has been said.
            (None, None, _) => return,
        };
        draft.hold_with(&self.workload.key, why, waiting);
    }
}
