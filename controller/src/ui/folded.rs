//! Events that say the same of the same object, told once with how often and since when, as kubectl does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use skiff_core::Event;

use super::age::age;

/// Something that happened, perhaps again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The last time that it did.
    pub event: Event,
    /// How often it did.
    pub count: usize,
    /// The first time that it did.
    pub first: Timestamp,
}

/// Folds events that differ in nothing but their time; what happened last stands last.
pub fn folded(events: impl IntoIterator<Item = Event>) -> Vec<Folded> {
    let mut places: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut folded: Vec<Option<Folded>> = Vec::new();
    for event in events {
        let place = places.entry((event.subject(), event.reason.clone(), event.message.clone())).or_insert(usize::MAX);
        let before = folded.get_mut(*place).and_then(Option::take);
        *place = folded.len();
        let (count, first) = before.map_or((0, event.at), |before| (before.count, before.first));
        folded.push(Some(Folded { event, count: count + 1, first }));
    }
    folded.into_iter().flatten().collect()
}

impl Folded {
    /// How long ago: `12s`, or `12s (x10 over 5m)`.
    pub fn age(&self, now: Timestamp) -> String {
        let last = age(self.event.at, now);
        if self.count == 1 { last } else { format!("{last} (x{} over {})", self.count, age(self.first, now)) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use skiff_api::{Kind, ObjectKey};

    use super::*;

    #[test]
    fn what_happens_again_is_told_once_with_how_often_and_since_when() {
        let key = |name: &str| ObjectKey::new(Kind::Deployment, "shop", name);
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let pull = |seconds, name: &str| Event::warning(at(seconds), &key(name), "ImagePullFailed", "not found");
        let events = vec![
            pull(0, "web"),
            pull(5, "web"),
            Event::normal(at(6), &key("web"), "Created", "made"),
            pull(7, "db"),
            pull(60, "web"),
        ];
        let told = folded(events);
        let lines: Vec<String> =
            told.iter().map(|it| format!("{} {} {}", it.age(at(70)), it.event.subject(), it.event.reason)).collect();
        assert_eq!(
            lines,
            [
                "64s deployment/shop/web Created",
                "63s deployment/shop/db ImagePullFailed",
                "10s (x3 over 70s) deployment/shop/web ImagePullFailed",
            ]
        );
    }
}
