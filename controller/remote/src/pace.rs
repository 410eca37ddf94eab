//! How long to wait before a source is asked again: a little more or less than what was said, longer and longer while it is away.

use std::time::Duration;

/// How often a source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two answers.
    pub interval: Duration,
}

/// The longest wait while a source is away, unless it is asked less often anyway.
const LONGEST: Duration = Duration::from_secs(300);

impl Pace {
    /// The wait after so many failures in a row. `chance` is from 0 to 1 (outside of it counts as the nearer one): hosts that were
    /// started together must not ask together.
    pub fn wait(self, failures: u32, chance: f64) -> Duration {
        let longest = LONGEST.max(self.interval);
        let backed_off = self.interval.checked_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).unwrap_or(longest);
        backed_off.min(longest).mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_waits_longer_while_the_source_is_away_and_never_longer_than_five_minutes() {
        let pace = Pace { interval: Duration::from_secs(30) };
        let waits = [0, 1, 2, 3, 4, 40].map(|failures| pace.wait(failures, 0.5).as_secs());
        assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
        assert_eq!(Pace { interval: Duration::from_secs(3600) }.wait(5, 0.5).as_secs(), 3600);
    }

    proptest! {
        #[test]
        fn it_is_at_most_a_tenth_off(interval in 1_u64..100_000, failures in 0_u32..100, chance in any::<f64>()) {
            let pace = Pace { interval: Duration::from_secs(interval) };
            let (middle, wait) = (pace.wait(failures, 0.5).as_secs_f64(), pace.wait(failures, chance).as_secs_f64());
            if !chance.is_nan() {
                prop_assert!((wait - middle).abs() <= middle * 0.1 + 1e-6);
            }
        }
    }
}
