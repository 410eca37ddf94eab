//! What is kept of each source: its last good objects, and what is remembered of those that have left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use skiff_api::ObjectKey;
use skiff_core::Departed;

use super::record::{Content, Record};
use super::{Good, Known, SOURCES, State, StateError, file};

impl State {
    /// The sources that are known.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The last good state of a source; empty where there is none.
    pub fn good(&self, source: &str) -> Good {
        self.sources.get(source).map(|known| known.good.clone()).unwrap_or_default()
    }

    /// Keeps a source's last good state; what it no longer has is remembered as departed, and what it has other sources have no more:
    /// the last valid claim wins. Writes only what changed.
    ///
    /// What cannot be written is kept in memory and written with the next call; [`Self::degraded`] then says why.
    pub fn save(&mut self, source: &str, good: Good) {
        let known = self.sources.entry(source.to_owned()).or_default();
        if known.good != good {
            let stays = |key: &ObjectKey| good.objects.contains_key(key);
            let beside = known.good.objects.keys().filter(|key| key.kind.is_workload() && stays(key)).count();
            let left = known.good.departed().into_iter();
            known.departed.extend(left.map(|(key, left)| (key, Departed { beside: Some(beside), ..left })));
            known.departed.retain(|key, _| !stays(key));
            let claimed: Vec<ObjectKey> = good.objects.keys().cloned().collect();
            known.good = good;
            known.unsaved = true;
            self.take_from_others(source, &claimed);
        }
        self.flush();
    }

    fn take_from_others(&mut self, source: &str, claimed: &[ObjectKey]) {
        for (_, other) in self.sources.iter_mut().filter(|(name, _)| *name != source) {
            for key in claimed {
                let had = other.good.objects.remove(key).is_some() | other.departed.remove(key).is_some();
                other.unsaved |= had;
            }
        }
    }

    /// What is remembered of a source's objects, present and departed: for the order and the guards of their removal.
    pub fn departed(&self, source: &str) -> BTreeMap<ObjectKey, Departed> {
        let Some(known) = self.sources.get(source) else { return BTreeMap::new() };
        let mut departed = known.departed.clone();
        departed.extend(known.good.departed());
        for departed in departed.values_mut() {
            departed.source = Some(source.to_owned());
        }
        departed
    }

    /// Forgets departed objects of a source that are really gone from Docker.
    pub fn forget(&mut self, source: &str, gone: &BTreeSet<ObjectKey>) {
        if let Some(known) = self.sources.get_mut(source) {
            let before = known.departed.len();
            known.departed.retain(|key, _| !gone.contains(key));
            known.unsaved |= known.departed.len() != before;
        }
        self.flush();
    }

    /// Forgets a source but for what stays of it: after `down`, its objects are claimed no more.
    pub fn remove(&mut self, source: &str, stays: impl Fn(&Departed) -> bool) {
        let mut left = self.departed(source);
        left.retain(|_, departed| stays(departed));
        if !left.is_empty() {
            let roots = self.good(source).roots;
            let known = Known { good: Good { roots, ..Good::default() }, departed: left, unsaved: true };
            self.sources.insert(source.to_owned(), known);
            self.flush();
        } else if self.sources.remove(source).is_some() && self.writable {
            let removed =
                file::remove(&self.source_path(source)).and_then(|()| file::remove(&self.content_path(source)));
            self.note(removed);
        }
    }

    /// The objects that other sources than these declare.
    pub fn other_claims(&self, ours: &[&str]) -> BTreeSet<ObjectKey> {
        let others = self.sources.iter().filter(|(name, _)| !ours.contains(&name.as_str()));
        others.flat_map(|(_, known)| known.good.objects.keys().cloned()).collect()
    }

    fn flush(&mut self) {
        if !self.writable {
            return;
        }
        let unsaved: Vec<String> =
            self.sources.iter().filter(|(_, known)| known.unsaved).map(|(source, _)| source.clone()).collect();
        for source in unsaved {
            let written = self.write(&source);
            if let (Ok(()), Some(known)) = (&written, self.sources.get_mut(&source)) {
                known.unsaved = false;
            }
            self.note(written);
        }
    }

    /// Content first: a record that names secrets which are nowhere would be no last good state.
    fn write(&self, source: &str) -> Result<(), StateError> {
        let Some(known) = self.sources.get(source) else { return Ok(()) };
        if self.keeps_secrets {
            file::write(&self.content_path(source), &Content::of(&known.good))?;
        }
        file::write(&self.source_path(source), &Record::of(source, &known.good, &known.departed))
    }

    fn source_path(&self, source: &str) -> PathBuf {
        self.folders.state.join(SOURCES).join(format!("{source}.json"))
    }

    pub(super) fn content_path(&self, source: &str) -> PathBuf {
        self.folders.run.join(format!("content-{source}.json"))
    }
}
