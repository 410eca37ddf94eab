//! The moves of one pass as steps, each behind what must have happened before it.

use super::strategy::Moves;
use super::{Gap, count};
use crate::held::HeldReason;
use crate::plan::StepId;
use crate::plan::create::{Ground, Place, create, replica_name};
use crate::plan::draft::Draft;
use crate::plan::replica::Condition;
use crate::reason::Reason;

impl Gap<'_, '_> {
    pub(super) fn perform(&self, draft: &mut Draft<'_>, moves: &Moves<'_, '_>, ground: &Ground) {
        let pull: Vec<StepId> = ground.got.into_iter().collect();
        let mut gone = Vec::new();
        for (replica, reason) in &moves.remove {
            gone.push(self.remove(draft, replica, reason, &pull));
        }
        let too_many = self.too_many(draft, &gone);
        for replica in &moves.replace {
            let reason = self.reason_of(replica);
            let removed = self.remove(draft, replica, &reason, &pull);
            let follows: Vec<StepId> = too_many.iter().copied().chain([removed]).collect();
            self.create(draft, ground, replica.labels.ordinal, &reason, &follows);
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

    /// The removals without which one that comes in the place of another would be one above what the surge allows.
    fn too_many(&self, draft: &Draft<'_>, gone: &[StepId]) -> Vec<StepId> {
        let surplus = self.surplus.iter().filter_map(|replica| draft.removals.get(&replica.container.id));
        let allowed = self.wanted.saturating_add(count(self.workload.rollout.max_surge));
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
