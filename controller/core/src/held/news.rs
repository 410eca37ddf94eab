//! What is new of what is held: each hold is worth a word when it begins, when it changes and when it ends, not at every pass.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use skiff_api::ObjectKey;

use super::{Held, HeldReason};

/// What has changed since it was last told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldNews {
    /// What is held now and was not, or for another reason of the same kind.
    pub begun: Vec<Held>,
    /// What is held no longer.
    pub ended: Vec<Held>,
    /// What is told with this: the next comparison begins here.
    pub told: Vec<Held>,
}

/// Compares what was told with what is held now.
///
/// Nothing is planned for an object in flight, so that nothing of it is held either: what was told of it stands.
pub fn hold_news(told: &[Held], now: &[Held], in_flight: &BTreeSet<ObjectKey>) -> HoldNews {
    let stands = told.iter().filter(|held| in_flight.contains(&held.object));
    let next: Vec<Held> = now.iter().chain(stands).cloned().collect();
    let (before, after) = (by_object(told), by_object(&next));
    let is_in = |there: &BTreeMap<&ObjectKey, Vec<&Held>>, held: &Held, same: fn(&HeldReason, &HeldReason) -> bool| {
        there.get(&held.object).is_some_and(|those| those.iter().any(|other| same(&other.why, &held.why)))
    };
    let begun: Vec<Held> = next.iter().filter(|held| !is_in(&before, held, is_same)).cloned().collect();
    let changed = by_object(&begun);
    let gone = told.iter().filter(|held| !is_in(&after, held, is_same) && !is_in(&changed, held, is_alike));
    let ended = gone.cloned().collect();
    HoldNews { begun, ended, told: next }
}

fn by_object(held: &[Held]) -> BTreeMap<&ObjectKey, Vec<&Held>> {
    let mut by_object: BTreeMap<&ObjectKey, Vec<&Held>> = BTreeMap::new();
    for one in held {
        by_object.entry(&one.object).or_default().push(one);
    }
    by_object
}

/// Whether two reasons say the same to a person. How much of a disk is free is another number each time.
fn is_same(one: &HeldReason, other: &HeldReason) -> bool {
    one == other || matches!((one, other), (HeldReason::DiskPressure { .. }, HeldReason::DiskPressure { .. }))
}

fn is_alike(one: &HeldReason, other: &HeldReason) -> bool {
    discriminant(one) == discriminant(other)
}

#[cfg(test)]
mod tests {
    use skiff_api::Kind;

    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new(Kind::Deployment, "shop", name)
    }

    fn held(name: &str, why: HeldReason) -> Held {
        Held { object: key(name), why, pending: Vec::new() }
    }

    fn taken(by: &str) -> HeldReason {
        HeldReason::PortTaken { port: "8080/tcp".to_owned(), by: by.to_owned() }
    }

    /// What is told over several passes, one line each: `+` begins, `-` ends.
    fn told(passes: &[(&[Held], &[&str])]) -> Vec<String> {
        let mut told = Vec::new();
        let mut lines = Vec::new();
        for (now, in_flight) in passes {
            let in_flight = in_flight.iter().map(|name| key(name)).collect();
            let news = hold_news(&told, now, &in_flight);
            let line = |sign: &'static str| move |held: &Held| format!("{sign} {}: {}", held.object.name, held.why);
            let told_now = news.begun.iter().map(line("+")).chain(news.ended.iter().map(line("-")));
            lines.push(told_now.collect::<Vec<_>>().join(", "));
            told = news.told;
        }
        lines
    }

    #[test]
    fn a_hold_is_told_when_it_begins_changes_and_ends_and_not_in_between() {
        let (by_a, by_b) = ([held("web", taken("a"))], [held("web", taken("b"))]);
        let passes: [(&[Held], &[&str]); 5] = [(&by_a, &[]), (&by_a, &[]), (&by_b, &[]), (&[], &[]), (&[], &[])];
        assert_eq!(
            told(&passes),
            [
                "+ web: port 8080/tcp of the host is taken by a",
                "",
                "+ web: port 8080/tcp of the host is taken by b",
                "- web: port 8080/tcp of the host is taken by b",
                "",
            ]
        );
    }

    #[test]
    fn each_hold_of_an_object_is_one_of_its_own() {
        let both = [held("web", taken("a")), held("web", HeldReason::Paused), held("db", HeldReason::Paused)];
        let one = [held("web", taken("a")), held("db", HeldReason::Paused)];
        assert_eq!(told(&[(&both, &[]), (&one, &[])]).last().map(String::as_str), Some("- web: the rollout is paused"));
    }

    #[test]
    fn what_was_told_of_an_object_in_flight_stands() {
        let now = [held("web", taken("a"))];
        let lines = told(&[(&now, &[]), (&[], &["web"]), (&now, &[]), (&[], &["web"]), (&[], &[])]);
        let (began, ended) = ("port 8080/tcp of the host is taken by a", "port 8080/tcp of the host is taken by a");
        assert_eq!(
            lines,
            [format!("+ web: {began}"), String::new(), String::new(), String::new(), format!("- web: {ended}")]
        );
    }

    #[test]
    fn a_number_that_always_changes_is_no_news() {
        let free = |mebibytes: u64| [held("web", HeldReason::DiskPressure { free: mebibytes << 20 })];
        let lines = told(&[(&free(400), &[]), (&free(399), &[]), (&[], &[])]);
        assert_eq!(
            lines,
            ["+ web: the disk is nearly full: 400 MiB free", "", "- web: the disk is nearly full: 399 MiB free"]
        );
    }
}
