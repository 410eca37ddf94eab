//! Which steps make one line: all that happens to one container, network or volume of an object.

use std::collections::BTreeMap;

use skiff_api::ObjectKey;
use skiff_core::{Action, Held, Plan, Reason, Step, StopFirst};

/// What comes, changes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Create,
    Change,
    Remove,
    /// Images and files, which others need: not counted.
    Aside,
}

impl Mark {
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Remove => '-',
            Self::Aside => '·',
        }
    }
}

/// An object with what is done to it and what is not.
pub(super) struct Group<'a> {
    pub(super) object: &'a ObjectKey,
    pub(super) lines: Vec<Line<'a>>,
    pub(super) held: Vec<HeldLine<'a>>,
    /// Why replicas go before their successors come, where they do.
    pub(super) old_first: Option<&'a StopFirst>,
}

/// What is done to one thing, and why.
pub(super) struct Line<'a> {
    pub(super) mark: Mark,
    pub(super) words: String,
    pub(super) reason: &'a Reason,
}

/// What is not done, and why.
pub(super) struct HeldLine<'a> {
    pub(super) why: String,
    pub(super) waits: bool,
    pub(super) remedy: Option<String>,
    pub(super) pending: Vec<Line<'a>>,
}

/// The plan by object, in the order in which the objects first appear.
pub(super) fn groups(plan: &Plan, wide: bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut steps: Vec<Vec<&Step>> = Vec::new();
    for step in &plan.steps {
        let index = place(&mut groups, &step.object);
        steps.resize_with(groups.len(), Vec::new);
        if let Some(steps) = steps.get_mut(index) {
            steps.push(step);
        }
    }
    for (group, steps) in groups.iter_mut().zip(&steps) {
        group.lines = if wide { every(steps) } else { collapsed(steps) };
    }
    for held in &plan.held {
        let index = place(&mut groups, &held.object);
        if let Some(group) = groups.get_mut(index) {
            group.held.push(held_line(held));
        }
    }
    for group in &mut groups {
        group.old_first = plan.old_first.get(group.object);
    }
    groups
}

fn place<'a>(groups: &mut Vec<Group<'a>>, object: &'a ObjectKey) -> usize {
    // Steps of one object mostly follow each other.
    groups.iter().rposition(|group| group.object == object).unwrap_or_else(|| {
        groups.push(Group { object, lines: Vec::new(), held: Vec::new(), old_first: None });
        groups.len() - 1
    })
}

fn held_line(held: &Held) -> HeldLine<'_> {
    let pending = held.pending.iter().map(|pending| Line {
        mark: mark_of_verb(pending.verb),
        words: format!("{} {}", pending.verb, pending.target),
        reason: &pending.reason,
    });
    let waits = held.why.is_waiting();
    let remedy = held.remedy().filter(|_| !waits);
    HeldLine { why: held.why.to_string(), waits, remedy, pending: pending.collect() }
}

fn mark_of_verb(verb: &str) -> Mark {
    match verb.split(' ').next() {
        Some("create") => Mark::Create,
        Some("pull" | "write") => Mark::Aside,
        Some("remove") => Mark::Remove,
        Some(_) | None => Mark::Change,
    }
}

/// A line for each step.
fn every<'a>(steps: &[&'a Step]) -> Vec<Line<'a>> {
    let line = |step: &&'a Step| Line { mark: mark(step), words: words(&step.action), reason: &step.reason };
    steps.iter().map(line).collect()
}

fn words(action: &Action) -> String {
    format!("{} {}", action.verb(), action.target())
}

const fn mark(step: &Step) -> Mark {
    match &step.action {
        Action::WriteFiles(_) if is_of_interest(&step.reason) => Mark::Change,
        Action::PullImage(_)
        | Action::BuildImage(_)
        | Action::RemoveImage(_)
        | Action::WriteFiles(_)
        | Action::RemoveFiles { .. } => Mark::Aside,
        Action::CreateNetwork(_) | Action::CreateVolume(_) | Action::CreateContainer(_) => Mark::Create,
        Action::RemoveNetwork { .. } | Action::RemoveVolume { .. } | Action::RemoveContainer { .. } => Mark::Remove,
        Action::ConnectNetwork(_)
        | Action::DisconnectNetwork { .. }
        | Action::StartContainer { .. }
        | Action::RunHook(_)
        | Action::StopContainer(_)
        | Action::RenameContainer { .. }
        | Action::UnpauseContainer { .. }
        | Action::UpdateContainer(_) => Mark::Change,
    }
}

/// The container that a step is about, if it is about one.
fn container(action: &Action) -> Option<&str> {
    match action {
        Action::CreateContainer(create) => Some(&create.name),
        Action::ConnectNetwork(connect) => Some(&connect.container.name),
        Action::RunHook(hook) => Some(&hook.container.name),
        Action::StopContainer(stop) => Some(&stop.container.name),
        Action::UpdateContainer(update) => Some(&update.container.name),
        Action::DisconnectNetwork { container, .. }
        | Action::StartContainer { container }
        | Action::RemoveContainer { container, .. }
        | Action::RenameContainer { container, .. }
        | Action::UnpauseContainer { container } => Some(&container.name),
        Action::PullImage(_)
        | Action::BuildImage(_)
        | Action::RemoveImage(_)
        | Action::CreateNetwork(_)
        | Action::RemoveNetwork { .. }
        | Action::CreateVolume(_)
        | Action::RemoveVolume { .. }
        | Action::WriteFiles(_)
        | Action::RemoveFiles { .. } => None,
    }
}

/// A line for each container with all its steps, and one for each other step that is not just the way to a container.
fn collapsed<'a>(steps: &[&'a Step]) -> Vec<Line<'a>> {
    let makes_container = steps.iter().any(|step| matches!(step.action, Action::CreateContainer(_)));
    let mut by_container: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        if let Some(name) = container(&step.action) {
            by_container.entry(name).or_default().push(step);
        }
    }
    let mut lines = Vec::new();
    for step in steps {
        match container(&step.action) {
            // All that is done to it stands where the first of it does.
            Some(name) => {
                let of_it = by_container.remove(name).unwrap_or_default();
                lines.extend(container_lines(name, &of_it));
            }
            None if makes_container && is_on_the_way(step) => {}
            None => lines.extend(every(&[step])),
        }
    }
    lines
}

/// Whether a step is of no interest beside the container that it is for.
const fn is_on_the_way(step: &Step) -> bool {
    matches!(step.action, Action::PullImage(_) | Action::WriteFiles(_)) && !is_of_interest(&step.reason)
}

/// Whether it says something of its own: files change under containers that go on, or an image is not the one that ran.
const fn is_of_interest(reason: &Reason) -> bool {
    matches!(reason, Reason::ContentChanged { in_place: true, .. } | Reason::ImageLost { .. })
}

fn container_lines<'a>(name: &str, steps: &[&'a Step]) -> Vec<Line<'a>> {
    let creates = steps.iter().any(|step| matches!(step.action, Action::CreateContainer(_)));
    let removes = steps.iter().any(|step| matches!(step.action, Action::RemoveContainer { .. }));
    let (mark, verb) = match (creates, removes) {
        (true, true) => (Mark::Change, "replace"),
        (true, false) => (Mark::Create, "create"),
        (false, true) => (Mark::Remove, "remove"),
        (false, false) => return every(steps),
    };
    let reason = steps.iter().map(|step| &step.reason).max_by_key(|reason| weight(reason));
    reason.map(|reason| Line { mark, words: format!("{verb} container {name}"), reason }).into_iter().collect()
}

/// How much a reason tells: that a step is needed by another, or that what was just removed is missing, tells little.
const fn weight(reason: &Reason) -> u8 {
    match reason {
        Reason::Needed => 0,
        Reason::Missing => 1,
        Reason::Outdated { .. }
        | Reason::ContentChanged { .. }
        | Reason::Surplus
        | Reason::Orphaned
        | Reason::Unwanted
        | Reason::Exited { .. }
        | Reason::Unhealthy { .. }
        | Reason::NotStarted
        | Reason::Started
        | Reason::Dead
        | Reason::Paused
        | Reason::Renamed { .. }
        | Reason::NotSucceeded
        | Reason::Disconnected { .. }
        | Reason::Overconnected { .. }
        | Reason::Readdressed { .. }
        | Reason::Adjusted { .. }
        | Reason::Unused
        | Reason::Superseded
        | Reason::Due { .. }
        | Reason::Asked { .. }
        | Reason::Retried { .. }
        | Reason::DeadlineExceeded
        | Reason::Expired
        | Reason::LeftBehind
        | Reason::Suspended
        | Reason::Replaced
        | Reason::RolledBack { .. }
        | Reason::RestartAsked
        | Reason::Unstartable { .. }
        | Reason::ImageLost { .. }
        | Reason::ImageMoved { .. }
        | Reason::Adopted { .. }
        | Reason::RestartsTaken { .. }
        | Reason::RestartsPaced
        | Reason::RestartsGiven { .. }
        | Reason::Left
        | Reason::SourceReplaced { .. }
        | Reason::Rewired { .. } => 2,
    }
}
