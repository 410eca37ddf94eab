//! Durations of one kind, their median and their spread.

use std::fmt;
use std::time::Duration;

/// What was measured of one kind, in seconds.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a measurement.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration.as_secs_f64());
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one, in seconds; of an even number the lower of the two.
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    fn ends(&self) -> (f64, f64) {
        let at = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        (at(self.0.first()), at(self.0.last()))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = self.ends();
        write!(f, "{} ({}–{})", seconds(self.median()), seconds(least), seconds(most))
    }
}

/// Seconds in the unit that fits them.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        value if value >= 1.0 => format!("{value:.2} s"),
        value if value >= 0.001 => format!("{:.1} ms", value * 1e3),
        value => format!("{:.0} µs", value * 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_and_the_spread_are_the_ends() {
        let mut sample = Sample::default();
        for millis in [30, 10, 20, 2000, 40] {
            sample.add(Duration::from_millis(millis));
        }
        assert_eq!(sample.to_string(), "30.0 ms (10.0 ms–2.00 s)");
    }
}
