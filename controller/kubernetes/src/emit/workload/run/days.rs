//! Days of the week in a schedule: 7 is Sunday as well for cron, and nothing for Kubernetes.

use std::collections::BTreeSet;

/// The schedule with its days as Kubernetes takes them, the same where it takes them as they are.
pub(super) fn kubernetes(schedule: &str) -> String {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [rest @ .., days] = fields.as_slice() else { return schedule.to_owned() };
    match days.contains('7').then(|| numbers(days)).flatten() {
        Some(days) if rest.len() == 4 => {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            format!("{} {}", rest.join(" "), days.join(","))
        }
        _ => schedule.to_owned(),
    }
}

/// The days of a field; nothing where it does not read as one.
fn numbers(field: &str) -> Option<BTreeSet<u8>> {
    let mut days = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (first, last) = match range {
            "*" => (0, 6),
            range => {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (day(first)?, day(last)?)
            }
        };
        let step: usize = step.parse().ok().filter(|step| *step > 0)?;
        days.extend((first..=last).step_by(step).map(|day| day % 7));
    }
    Some(days)
}

fn day(text: &str) -> Option<u8> {
    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let named = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text));
    named.and_then(|day| u8::try_from(day).ok()).or_else(|| text.parse().ok()).filter(|day| *day <= 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sunday_is_no_seventh_day() {
        assert_eq!(kubernetes("0 3 * * 7"), "0 3 * * 0");
        assert_eq!(kubernetes("0 3 * * 5-7"), "0 3 * * 0,5,6");
        assert_eq!(kubernetes("0 3 * * 1-7/2"), "0 3 * * 0,1,3,5");
        assert_eq!(kubernetes("0 3 * * mon,7"), "0 3 * * 0,1");
    }

    #[test]
    fn what_kubernetes_takes_stays_as_it_is_written() {
        for schedule in ["*/7 7 7 7 *", "0 3 * * MON-FRI", "@daily", "0 3 * * 0"] {
            assert_eq!(kubernetes(schedule), schedule);
        }
    }
}
