//! The schedules of all probes: which are due, what their answers come to, which containers they are about.
//!
//! Pure: whoever holds it tells the time, asks what is due and brings the answers. At most one question is open per container and probe.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::plan::ProbeSpec;
use super::state::{ProbeSample, ProbeState, judge};
use super::target::{ProbeTarget, probe_targets};
use super::{ProbeKind, ProbeVerdict, ProbeVerdicts, Readiness, UNASKED};
use crate::desired::Desired;
use crate::history::History;
use crate::observed::{ContainerState, Observed};

/// The probes of all containers.
#[derive(Clone, Debug, Default)]
pub struct ProbeSchedule {
    watched: BTreeMap<String, Watched>,
    due: BTreeSet<(Timestamp, String, ProbeKind)>,
    /// What is being asked; an answer closes it, whatever has become of the container.
    open: BTreeSet<(String, ProbeKind)>,
    /// The starts of all containers that ran at the last look; `None` before the first one.
    seen: Option<BTreeSet<(String, Timestamp)>>,
    generations: u64,
    /// The latest moment that anybody told.
    now: Timestamp,
}

/// A probe that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeAsk {
    /// The container's id.
    pub container: String,
    /// Which probe.
    pub probe: ProbeKind,
    /// What is asked, and how long the answer may take.
    pub spec: ProbeSpec,
    /// When it was taken.
    pub asked_at: Timestamp,
    /// Which of the container's plans it belongs to.
    generation: u64,
}

/// What an answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeNews {
    /// Nothing.
    None,
    /// The words of the verdict.
    Words,
    /// What the verdict means, so that plans may change.
    Meaning,
}

impl ProbeNews {
    fn between(before: &ProbeVerdict, now: &ProbeVerdict) -> Self {
        if before == now {
            Self::None
        } else if before.means_the_same(now) {
            Self::Words
        } else {
            Self::Meaning
        }
    }
}

#[derive(Clone, Debug)]
struct Watched {
    target: ProbeTarget,
    state: ProbeState,
    /// What is known; after a change of the probes it stands until their answers decide.
    verdict: ProbeVerdict,
    /// Grows with every change of start or plan, so that late answers are told apart.
    generation: u64,
    /// When its probes are due, but for those that are being asked.
    due: BTreeMap<ProbeKind, Timestamp>,
}

impl ProbeSchedule {
    /// Takes in what is declared and observed now, and says what is new: the first verdict on what ran before anybody asked may already be one.
    pub fn aim(&mut self, desired: &Desired, observed: &Observed, now: Timestamp) -> ProbeNews {
        let targets = probe_targets(desired, observed);
        let gone: Vec<String> = self.watched.keys().filter(|id| !targets.contains_key(*id)).cloned().collect();
        for id in &gone {
            self.unplan(id);
            self.watched.remove(id);
        }
        let mut news = ProbeNews::None;
        for target in targets.into_values() {
            let known = self.watched.get(&target.container).map(|known| known.target.clone());
            if known.as_ref() != Some(&target) {
                let is_other_start = known.is_none_or(|known| known.started_at != target.started_at);
                let verdict = self.watch(target, observed, now);
                // Younger ones were taken for well, and of those that are not decided their answers will tell.
                let was_unjudged = is_other_start && now.duration_since(verdict.started_at) > UNASKED;
                let says_more = was_unjudged && matches!(verdict.readiness, Readiness::Since(_));
                news = if says_more { ProbeNews::Meaning } else { news };
            }
        }
        self.seen = Some(starts(observed));
        if now < self.now {
            // The clock was put back: what was entered by it before would come too late.
            let all: Vec<String> = self.watched.keys().cloned().collect();
            for id in &all {
                self.plan(id, now);
            }
        }
        self.now = now;
        news
    }

    fn watch(&mut self, target: ProbeTarget, observed: &Observed, now: Timestamp) -> ProbeVerdict {
        let id = target.container.clone();
        self.unplan(&id);
        let known = self.watched.remove(&id);
        let same_start = known.as_ref().filter(|known| known.target.started_at == target.started_at);
        let (state, verdict) = if let Some(known) = same_start {
            // With other probes, what is known stands until they have answered; with the same ones, of what has another name or address, all of it.
            let has_started = known.verdict.started;
            let is_same = known.target.questions == target.questions;
            let changed = || ProbeState::changed(target.started_at, has_started);
            (if is_same { known.state.clone() } else { changed() }, known.verdict.clone())
        } else {
            let state = self.first_state(&target, &observed.history, now);
            let verdict = state.verdict(&target.plan);
            (state, verdict)
        };
        self.generations += 1;
        let (generation, due, told) = (self.generations, BTreeMap::new(), verdict.clone());
        self.watched.insert(id.clone(), Watched { target, state, verdict, generation, due });
        self.plan(&id, now);
        told
    }

    /// A start that was not there at the last look has just been; one that was, or at the first look, may be long ago.
    fn first_state(&self, target: &ProbeTarget, history: &History, now: Timestamp) -> ProbeState {
        let start = (target.container.clone(), target.started_at);
        if self.seen.as_ref().is_some_and(|seen| !seen.contains(&start)) {
            return ProbeState::begun(target.started_at);
        }
        let known = history.start(&target.object, &target.container, target.started_at);
        let has_started = known.is_some_and(|known| known.started);
        if known.is_some_and(|known| known.doubted) {
            return ProbeState::changed(target.started_at, has_started);
        }
        ProbeState::adopted(target.started_at, has_started).found(&target.plan, now)
    }

    /// Whether a container is probed.
    pub fn watches(&self, container: &str) -> bool {
        self.watched.contains_key(container)
    }

    /// When the next probe is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, ..)| *at)
    }

    /// Takes the probes that are due.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<ProbeAsk> {
        let mut asks = Vec::new();
        while self.next().is_some_and(|at| at <= now)
            && let Some((_, id, probe)) = self.due.pop_first()
        {
            let Some(watched) = self.watched.get_mut(&id) else { continue };
            let Some(spec) = watched.target.plan.get(probe).cloned() else { continue };
            watched.due.remove(&probe);
            self.open.insert((id.clone(), probe));
            asks.push(ProbeAsk { container: id, probe, spec, asked_at: now, generation: watched.generation });
        }
        asks
    }

    /// Takes in an answer, and says what is new.
    pub fn answer(&mut self, ask: &ProbeAsk, result: Result<(), String>, now: Timestamp) -> ProbeNews {
        self.open.remove(&(ask.container.clone(), ask.probe));
        let Some(watched) = self.watched.get_mut(&ask.container) else { return ProbeNews::None };
        let mut news = ProbeNews::None;
        if watched.generation == ask.generation {
            let (started_at, probe, asked_at) = (watched.target.started_at, ask.probe, ask.asked_at);
            let sample = ProbeSample { started_at, probe, asked_at, result };
            watched.state = judge(&watched.target.plan, watched.state.clone(), sample, now);
            let verdict = watched.state.verdict(&watched.target.plan);
            if watched.verdict.is_undecided() || !verdict.is_undecided() {
                news = ProbeNews::between(&watched.verdict, &verdict);
                watched.verdict = verdict;
            }
        }
        self.plan(&ask.container, now);
        news
    }

    /// What is known of all containers.
    pub fn verdicts(&self) -> ProbeVerdicts {
        self.watched.iter().map(|(id, watched)| (id.clone(), watched.verdict.clone())).collect()
    }

    /// Enters when each probe of a container is due next, but for those that are being asked.
    fn plan(&mut self, id: &str, now: Timestamp) {
        self.unplan(id);
        let Some(watched) = self.watched.get_mut(id) else { return };
        for probe in ProbeKind::ALL {
            if self.open.contains(&(id.to_owned(), probe)) {
                continue;
            }
            if let Some(at) = watched.state.due(&watched.target.plan, probe, now) {
                watched.due.insert(probe, at);
                self.due.insert((at, id.to_owned(), probe));
            }
        }
    }

    fn unplan(&mut self, id: &str) {
        let Some(watched) = self.watched.get_mut(id) else { return };
        for (probe, at) in std::mem::take(&mut watched.due) {
            self.due.remove(&(at, id.to_owned(), probe));
        }
    }
}

/// The starts of all containers that run.
fn starts(observed: &Observed) -> BTreeSet<(String, Timestamp)> {
    let running = observed.containers.iter().filter(|container| container.state == ContainerState::Running);
    running.filter_map(|container| Some((container.id.clone(), container.detail.as_ref()?.started_at?))).collect()
}
