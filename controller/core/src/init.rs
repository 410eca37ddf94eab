//! Init containers as they are observed: which container each of them ran for, and what they came to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use skiff_api::Component;

use crate::observed::{ContainerState, Observed, ObservedContainer};

/// What an init container is for, as its label `run` says it: `<container>.<index>.<attempt>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InitMark<'a> {
    /// The id of the container that waits for it.
    pub(crate) main: &'a str,
    /// Which one it is, from 0.
    pub(crate) index: usize,
    /// Which attempt, from 1.
    pub(crate) attempt: u32,
}

impl<'a> InitMark<'a> {
    pub(crate) fn of(container: &'a ObservedContainer) -> Option<Self> {
        let labels = container.owner.labels().filter(|labels| labels.component == Component::Init)?;
        let mut pieces = labels.run.as_deref()?.split('.');
        let (main, index, attempt) = (pieces.next()?, pieces.next()?.parse().ok()?, pieces.next()?.parse().ok()?);
        Some(Self { main, index, attempt })
    }

    pub(crate) fn text(self) -> String {
        let Self { main, index, attempt } = self;
        format!("{main}.{index}.{attempt}")
    }
}

/// What was done for containers that were not started yet, by their ids.
pub(crate) type Preparations<'a> = BTreeMap<&'a str, Preparation>;

/// What the init containers of one container have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preparation {
    /// When the first of those that are there was started.
    pub(crate) since: Option<Timestamp>,
    /// How the last one that failed ended, and when.
    pub(crate) failed: Option<(i64, Timestamp)>,
}

/// What all init containers that are there have come to.
pub(crate) fn preparations(observed: &Observed) -> Preparations<'_> {
    let mut found = Preparations::new();
    for container in &observed.containers {
        let (Some(mark), Some(detail)) = (InitMark::of(container), &container.detail) else { continue };
        let known = found.entry(mark.main).or_default();
        known.since = known.since.into_iter().chain(detail.started_at).min();
        if container.state == ContainerState::Exited && detail.exit_code != 0 {
            let ended = (detail.exit_code, detail.finished_at.unwrap_or(Timestamp::UNIX_EPOCH));
            known.failed = known.failed.into_iter().chain([ended]).max_by_key(|(_, at)| *at);
        }
    }
    found
}
