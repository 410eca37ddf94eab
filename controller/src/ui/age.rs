//! How long ago or how long something took, as a person reads it.

use jiff::{SignedDuration, Timestamp};

/// `12s`, `5m`, `3h12m`, `4d6h`: two units at most, as kubectl shows ages.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    short(now.duration_since(since))
}

/// The same for a length of time. What is negative (two clocks differ) is shown as no time at all.
pub fn short(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => with_rest(minutes, "m", seconds % 60, "s"),
        () if hours < 3 => format!("{minutes}m"),
        () if hours < 8 => with_rest(hours, "h", minutes % 60, "m"),
        () if days < 2 => format!("{hours}h"),
        () if days < 8 => with_rest(days, "d", hours % 24, "h"),
        () => format!("{days}d"),
    }
}

fn with_rest(many: i64, unit: &str, rest: i64, rest_unit: &str) -> String {
    if rest == 0 { format!("{many}{unit}") } else { format!("{many}{unit}{rest}{rest_unit}") }
}

/// `0.4 s`, `9.8 s`, `2 min 05 s`: how long something took.
pub fn took(length: std::time::Duration) -> String {
    let seconds = length.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", length.as_secs_f64());
    }
    if seconds < 3600 {
        return format!("{} min {:02} s", seconds / 60, seconds % 60);
    }
    format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
}

/// `512 B`, `3.4 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| count >= *size) else {
        return format!("{count} B");
    };
    // Tenths in whole numbers: no figure that a person reads needs more.
    let tenths = u128::from(count) * 10 / u128::from(size);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units_at_most() {
        let seconds = [-5, 0, 119, 120, 599, 600, 10_800, 12_000, 28_800, 172_800, 180_000, 700_000];
        let shown = seconds.map(|seconds| short(SignedDuration::from_secs(seconds)));
        assert_eq!(shown, ["0s", "0s", "119s", "2m", "9m59s", "10m", "3h", "3h20m", "8h", "2d", "2d2h", "8d"]);
    }

    #[test]
    fn sizes_have_one_decimal() {
        assert_eq!([0, 1023, 1024, 3_566_158].map(bytes), ["0 B", "1023 B", "1.0 KiB", "3.4 MiB"]);
    }
}
