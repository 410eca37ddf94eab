//! A lease, and what it allows: until when its owner may act, when it is to be renewed, when it must be taken for lost.
//!
//! Time is an argument: the host's own, counted from its start, suspend included. A lease lives for so long from when etcd has heard of
//! it, which is later than when it was asked. Whoever counts from the asking, and ends a little before, never acts beyond it.

use std::time::Duration;

/// A moment: so long after the host started.
pub type Moment = Duration;

/// A lease that was granted, and what has come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    life: Duration,
    /// When it was asked for what was answered last.
    renewed: Moment,
    /// When it was tried last in vain, since then.
    failed: Option<Moment>,
    elected: bool,
    over: bool,
}

/// What its owner may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Wait: another one leads, or nobody does yet.
    Waiting,
    /// Act, until this moment and not beyond it.
    Leading {
        /// The moment.
        until: Moment,
    },
    /// Nothing: the lease is over, or may be. It does not come back.
    Lost,
}

/// Of ten parts of a lease so many are used: the rest is for clocks that do not go alike, and for a write that takes its time.
const USED: u32 = 9;
/// A lease is renewed so many times in its life.
const BEATS: u32 = 4;
/// After a failure it is tried again after this part of its life.
const AGAIN: u32 = 20;

impl Term {
    /// A lease that was asked for at a moment, and granted for so long.
    pub const fn granted(asked: Moment, life: Duration) -> Self {
        Self { life, renewed: asked, failed: None, elected: false, over: false }
    }

    /// It was renewed: it is heard now of what was asked at a moment. What was lost meanwhile stays lost.
    pub fn renewed(&mut self, asked: Moment, now: Moment) {
        if self.standing(now) != Standing::Lost && asked >= self.renewed {
            (self.renewed, self.failed) = (asked, None);
        }
    }

    /// It could not be renewed. That says nothing of the lease.
    pub const fn failed(&mut self, now: Moment) {
        self.failed = Some(now);
    }

    /// Its owner was elected.
    pub const fn elected(&mut self) {
        self.elected = true;
    }

    /// It is known to be no more, or to lead no more.
    pub const fn ended(&mut self) {
        self.over = true;
    }

    /// What its owner may do now. It is lost from the first time that this says so.
    pub fn standing(&mut self, now: Moment) -> Standing {
        let until = self.until();
        self.over |= now >= until;
        match (self.over, self.elected) {
            (true, _) => Standing::Lost,
            (false, true) => Standing::Leading { until },
            (false, false) => Standing::Waiting,
        }
    }

    fn until(&self) -> Moment {
        self.renewed + self.life / 10 * USED
    }

    /// When it is to be renewed next: never later than it ends.
    pub fn next_beat(&self) -> Moment {
        let next = self.failed.map_or(self.renewed + self.life / BEATS, |failed| failed + self.life / AGAIN);
        next.min(self.until())
    }

    /// How long an attempt to renew it may take, so that there is time for another.
    pub fn patience(&self) -> Duration {
        self.life / BEATS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIFE: Duration = secs(10);

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn elected_at(asked: Moment) -> Term {
        let mut term = Term::granted(asked, LIFE);
        term.elected();
        term
    }

    #[test]
    fn whoever_is_not_elected_waits_and_whoever_is_acts_until_a_little_before_the_lease_ends() {
        let mut term = Term::granted(secs(100), LIFE);
        assert_eq!(term.standing(secs(101)), Standing::Waiting);
        term.elected();
        assert_eq!(term.standing(secs(101)), Standing::Leading { until: secs(109) });
        assert_eq!(term.standing(secs(109)), Standing::Lost);
    }

    #[test]
    fn a_lease_counts_from_the_asking_and_not_from_the_answer() {
        let mut term = elected_at(secs(100));
        // The answer came at 108; etcd may have heard of it right after it was asked.
        term.renewed(secs(103), secs(108));
        assert_eq!(term.standing(secs(108)), Standing::Leading { until: secs(112) });
        // One that was overtaken on its way says nothing new.
        term.renewed(secs(101), secs(108));
        assert_eq!(term.standing(secs(108)), Standing::Leading { until: secs(112) });
    }

    #[test]
    fn what_is_lost_stays_lost_whatever_is_answered_afterwards() {
        let mut term = elected_at(secs(100));
        term.renewed(secs(105), secs(110));
        assert_eq!(term.standing(secs(110)), Standing::Lost);
        let mut term = elected_at(secs(100));
        term.ended();
        term.renewed(secs(101), secs(101));
        assert_eq!(term.standing(secs(101)), Standing::Lost);
    }

    #[test]
    fn a_lease_is_renewed_often_enough_and_sooner_after_a_failure() {
        let mut term = elected_at(secs(100));
        assert_eq!(term.next_beat(), Duration::from_millis(102_500));
        term.failed(secs(105));
        assert_eq!(term.next_beat(), Duration::from_millis(105_500));
        term.failed(Duration::from_millis(108_900));
        assert_eq!(term.next_beat(), secs(109), "it is looked at when it ends");
        term.renewed(secs(106), secs(107));
        assert_eq!(term.next_beat(), Duration::from_millis(108_500));
    }

    proptest! {
        /// The witness is etcd: it hears of an asking later than it was asked, and lets the lease go its life after that.
        #[test]
        fn nobody_acts_on_a_lease_that_etcd_has_given_to_another(
            steps in prop::collection::vec((0_u64..6_000, 0_u64..3_000, any::<bool>()), 1..40),
            looks in prop::collection::vec(0_u64..60_000, 1..20),
        ) {
            let millis = Duration::from_millis;
            let (mut term, mut now, mut lives_until) = (elected_at(millis(1_000)), millis(1_000), millis(1_000) + LIFE);
            let mut looks = looks.into_iter();
            for (pause, way, answered) in steps {
                now += millis(pause);
                let heard = now + millis(way);
                // One that etcd has let go is not renewed.
                if heard < lives_until {
                    lives_until = heard + LIFE;
                    if answered {
                        term.renewed(now, now + millis(way));
                    }
                }
                let look = now + millis(looks.next().unwrap_or_default());
                if let Standing::Leading { until } = term.clone().standing(look) {
                    prop_assert!(look < until && until < lives_until, "at {look:?} it acts until {until:?}, and etcd keeps it until {lives_until:?}");
                }
            }
        }
    }
}
