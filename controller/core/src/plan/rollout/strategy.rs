//! What goes and what comes in one pass, by the strategy: all at once, one in the place of another, or one before another.

use std::collections::BTreeSet;

use super::{Gap, count};
use crate::plan::replica::Replica;
use crate::reason::Reason;

/// What one pass does to close the gap.
#[derive(Default)]
pub(super) struct Moves<'d, 'a> {
    /// Replicas that go.
    pub(super) remove: Vec<(&'d Replica<'a>, Reason)>,
    /// Replicas that go and come back on their ordinals.
    pub(super) replace: Vec<&'d Replica<'a>>,
    /// Ordinals that come.
    pub(super) create: Vec<u32>,
    /// Whether those that come wait until those that go have gone.
    pub(super) gone_first: bool,
    /// How many of those that come have room beside those that go; each further one follows one that has gone.
    pub(super) room: usize,
    /// Replicas whose turn comes later.
    pub(super) rest: Vec<&'d Replica<'a>>,
    /// Whether some of those that come cannot, as somebody else has their names.
    pub(super) names_taken: bool,
}

impl<'d, 'a> Gap<'d, 'a> {
    /// All old replicas go, then all new ones come. Those that hand on data go last, each for the one that comes on its ordinal.
    pub(super) fn recreate(&self, missing: usize) -> Moves<'d, 'a> {
        let mut kept: BTreeSet<u32> = self.current.iter().map(|replica| replica.labels.ordinal).collect();
        let mut handing: Vec<&Replica<'_>> =
            self.outdated.iter().copied().filter(|replica| replica.hands_on()).collect();
        handing.sort_by_key(|replica| replica.labels.ordinal);
        handing.retain(|replica| !kept.contains(&replica.labels.ordinal));
        handing.truncate(missing);
        kept.extend(handing.iter().map(|replica| replica.labels.ordinal));
        let is_handing = |replica: &Replica<'_>| handing.iter().any(|one| one.container.id == replica.container.id);
        let going = self.outdated.iter().filter(|replica| !is_handing(replica));
        Moves {
            remove: going.map(|replica| (*replica, self.reason_of(replica))).collect(),
            create: (1..=u32::MAX)
                .filter(|ordinal| !kept.contains(ordinal))
                .take(missing.saturating_sub(handing.len()))
                .collect(),
            replace: handing,
            gone_first: true,
            ..Moves::default()
        }
    }

    /// Each replica goes before its successor comes, on the same ordinal; for those above the number none comes.
    pub(super) fn stop_first(&self) -> Moves<'d, 'a> {
        let total = self.total();
        let mut surplus = total.saturating_sub(self.wanted);
        let least = self.wanted.saturating_sub(count(self.rollout.max_unavailable));
        let mut spare = self.available().saturating_sub(least);
        let mut moves = Moves {
            create: self.free_ordinals(self.wanted.saturating_sub(total + self.leaving)),
            room: usize::MAX,
            ..Moves::default()
        };
        let missed = self.missed();
        for replica in &self.outdated {
            if replica.may_serve() && spare == 0 || missed.contains(replica.container.id.as_str()) {
                moves.rest.push(replica);
                continue;
            }
            spare = spare.saturating_sub(usize::from(replica.may_serve()));
            if surplus > 0 {
                surplus -= 1;
                moves.remove.push((replica, Reason::Surplus));
            } else {
                moves.replace.push(replica);
            }
        }
        moves
    }

    /// A new replica comes before an old one goes, as far as surge and availability allow. What does not serve goes as well, but for what
    /// worked and is missed: it is put right until the new ones serve. What has no room beside it comes after it.
    pub(super) fn start_first(&self, missing: usize) -> Moves<'d, 'a> {
        let rollout = &self.rollout;
        let least = self.wanted.saturating_sub(count(rollout.max_unavailable));
        // One that nobody has judged yet stays while it might be missed.
        let spare = self.available() >= least;
        let (serving, mut broken): (Vec<&Replica<'_>>, Vec<&Replica<'_>>) =
            self.outdated.iter().partition(|replica| replica.serves() || (replica.may_serve() && !spare));
        broken.sort_by_key(|replica| !replica.has_process());
        let missed = self.missed();
        broken.retain(|replica| !missed.contains(replica.container.id.as_str()));
        let in_the_way = broken.iter().filter(|replica| replica.has_process()).count();
        let removable = self.available().saturating_sub(least).min(serving.len());
        let (going, staying) = serving.split_at_checked(removable).unwrap_or((&[], &[]));
        let room = self.most().saturating_sub(self.current.len() + serving.len() + missed.len());
        Moves {
            remove: broken.iter().chain(going).map(|replica| (*replica, self.reason_of(replica))).collect(),
            create: self.free_ordinals(missing.min(room)),
            room: room.saturating_sub(in_the_way),
            rest: staying.iter().copied().chain(self.outdated_of(&missed)).collect(),
            ..Moves::default()
        }
    }

    fn outdated_of(&self, ids: &BTreeSet<&str>) -> impl Iterator<Item = &'d Replica<'a>> {
        self.outdated.iter().copied().filter(|replica| ids.contains(replica.container.id.as_str()))
    }

    /// The old ones that do not serve and are missed, as they worked and fewer serve than must: they are put right, as without a rollout,
    /// and stay until others serve.
    pub(in crate::plan) fn missed(&self) -> BTreeSet<&'d str> {
        let least = self.wanted.saturating_sub(count(self.rollout.max_unavailable));
        let lacking = if self.rollout.recreate { 0 } else { least.saturating_sub(self.available()) };
        let mut room = self.most().saturating_sub(self.current.len() + self.old_processes());
        let mendable = self.outdated.iter().copied().filter(|replica| replica.is_mendable && !replica.may_serve());
        let has_room = |replica: &&Replica<'_>| {
            let has_room = replica.has_process() || room > 0;
            room = room.saturating_sub(usize::from(!replica.has_process()));
            has_room
        };
        mendable.filter(has_room).take(lacking).map(|replica| replica.container.id.as_str()).collect()
    }
}
