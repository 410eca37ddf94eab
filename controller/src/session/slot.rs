//! One of the sources that are kept: what it said last, and what of that is in force.

use std::sync::Arc;

use skiff_core::{Event, Severity, Timestamp};
use skiff_remote::git::{Commit, CommitId};
use tokio::sync::watch;

use super::origin::GitOrigin;
use crate::metrics::SourceFact;
use crate::source::{Beside, Loaded, Problem, SourceOptions};
use crate::state::Good;

/// A source that is kept.
pub(super) struct Slot {
    pub(super) kind: SlotKind,
    /// What it said last.
    pub(super) raw: Loaded,
    /// Why it cannot be asked now.
    pub(super) trouble: Option<Problem>,
    /// The problems and warnings that were logged last.
    reported: Option<(Vec<Problem>, Vec<Problem>)>,
    /// The commit that is in force, and the one that was told to be refused.
    in_force: Option<CommitId>,
    told_refused: Option<CommitId>,
    /// When it was last asked and answered.
    spoken: Option<Timestamp>,
    /// The digest of what it said when it was first asked and answered, and whether it has said anything else since.
    first: Option<String>,
    has_changed: bool,
}

/// Where it comes from.
pub(super) enum SlotKind {
    /// From the disk.
    Disk {
        /// What to load.
        options: Box<SourceOptions>,
        /// What else is to be watched.
        beside: watch::Sender<Beside>,
    },
    /// From a repository.
    Git(Arc<GitOrigin>),
    /// From etcd.
    Etcd,
}

impl Slot {
    pub(super) fn new(kind: SlotKind, raw: Loaded, good: &Good) -> Self {
        let in_force = good.commit.as_ref().map(|commit| commit.id.clone());
        let (reported, told_refused, spoken) = (None, None, None);
        let (first, has_changed) = (None, false);
        Self { kind, raw, trouble: None, reported, in_force, told_refused, spoken, first, has_changed }
    }

    /// Notes that it was asked and answered what it says now.
    pub(super) fn spoke(&mut self) {
        self.trouble = None;
        self.spoken = Some(Timestamp::now());
        let first = self.first.get_or_insert_with(|| self.raw.fingerprint.clone());
        self.has_changed |= *first != self.raw.fingerprint;
    }

    /// Whether it has said anything else since it was first asked and answered. A repository that was not reached yet has said nothing.
    pub(super) const fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// What is told of it in numbers; `before` was told last.
    pub(super) fn fact(&self, loaded: &Loaded, before: Option<&SourceFact>) -> SourceFact {
        SourceFact {
            commit: loaded.commit.clone(),
            objects: loaded.objects.len(),
            problems: loaded.problems.len(),
            is_up: self.trouble.is_none(),
            succeeded: self.succeeded(loaded.problems.len(), before),
        }
    }

    /// When it last answered with nothing wrong.
    pub(super) fn succeeded(&self, problems: usize, before: Option<&SourceFact>) -> Option<Timestamp> {
        self.spoken.filter(|_| problems == 0).or_else(|| before.and_then(|before| before.succeeded))
    }

    /// What it says now, with why it cannot be asked where it never could be: an empty source would be taken at its word.
    pub(super) fn said(&self) -> Loaded {
        let mut said = self.raw.clone();
        if said.revision.is_none() {
            said.problems.extend(self.trouble.clone());
        }
        said
    }

    /// Adds why it cannot be asked to what is in force: that is a problem of the source, and no mistake of the commit.
    pub(super) fn complete(&self, loaded: &mut Loaded) {
        if self.raw.revision.is_some() {
            loaded.problems.extend(self.trouble.clone());
        }
    }

    /// Whether what is wrong or odd is to be logged: it is another than last time.
    pub(super) fn is_news(&mut self, loaded: &Loaded) -> bool {
        let now = (loaded.problems.clone(), loaded.warnings.clone());
        self.reported.replace(now.clone()).is_none_or(|before| before != now)
    }

    /// What is odd about the source as a whole, which nobody would look for in a file, and was not when that was logged last.
    pub(super) fn oddities(&self, loaded: &Loaded, now: Timestamp) -> Vec<Event> {
        let was_odd = |odd: &Problem| self.reported.as_ref().is_some_and(|(_, warnings)| warnings.contains(odd));
        let is_of_source = |odd: &Problem| odd.file.is_none() && odd.object.is_none();
        let odd = loaded.warnings.iter().filter(|odd| is_of_source(odd) && !was_odd(odd));
        let event = |odd: &Problem| {
            let help = odd.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            let event = Event::of_source(now, &loaded.source, odd.reason, format!("{}{help}", odd.message));
            Event { severity: Severity::Warning, ..event }
        };
        odd.map(event).collect()
    }

    /// What is to be told of commits: which one is in force now, which one is not.
    pub(super) fn news(&mut self, loaded: &Loaded, rewritten: bool, now: Timestamp) -> Vec<Event> {
        let mut news = Vec::new();
        if let Some(commit) = loaded.commit.as_ref().filter(|commit| self.in_force.as_ref() != Some(&commit.id)) {
            let before = self.in_force.replace(commit.id.clone());
            news.push(Event::of_source(
                now,
                &loaded.source,
                "CommitApplied",
                applied(commit, before.as_ref(), rewritten),
            ));
            self.told_refused = None;
        }
        match loaded.refused.as_ref() {
            Some(commit) if self.told_refused.as_ref() != Some(&commit.id) => {
                self.told_refused = Some(commit.id.clone());
                let message = refused(commit, loaded);
                let event = Event::of_source(now, &loaded.source, "CommitRefused", message);
                news.push(Event { severity: Severity::Warning, ..event });
            }
            Some(_) | None => {}
        }
        news
    }

    /// The commit that the last good state is to be remembered as; none where there is nothing new.
    pub(super) fn is_good(&self, loaded: &Loaded) -> Option<CommitId> {
        let sound = loaded.refused.is_none() && self.raw.commit == loaded.commit;
        loaded.commit.as_ref().filter(|_| sound).map(|commit| commit.id.clone())
    }
}

fn applied(commit: &Commit, before: Option<&CommitId>, rewritten: bool) -> String {
    match before {
        Some(before) if rewritten => {
            let before = before.short();
            format!("{commit} is in force; the branch was written anew, {before} is no part of it any more")
        }
        Some(before) => format!("{commit} is in force, after {}", before.short()),
        None => format!("{commit} is in force"),
    }
}

fn refused(commit: &Commit, loaded: &Loaded) -> String {
    let count = loaded.problems.len();
    let mistakes = if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
    let stays = match &loaded.commit {
        Some(good) => format!("{} stays in force", good.id.short()),
        None => "nothing of it is in force".to_owned(),
    };
    format!("{commit} is not applied, because of {mistakes}; {stays}")
}
