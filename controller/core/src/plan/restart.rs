//! A restart of one container by hand: stopped as every other, behind its preStop hook, and started again where it stands.

use jiff::Timestamp;

use super::Step;
use super::draft::{Draft, observed_ref};
use super::removal::stop_where_it_runs;
use crate::action::Action;
use crate::desired::Desired;
use crate::observed::Observed;
use crate::reason::Reason;

/// The steps that restart a container of ours, by its full id; none where it is not there.
pub fn plan_restart(desired: &Desired, observed: &Observed, container: &str, now: Timestamp) -> Vec<Step> {
    let mut draft = Draft::new(desired, observed, now);
    let Some(container) = observed.containers.iter().find(|known| known.id == container) else { return Vec::new() };
    let Some(labels) = container.owner.labels() else { return Vec::new() };
    let (object, hash) = (&labels.object, &labels.template_hash);
    let stopped = stop_where_it_runs(&mut draft, object, hash, container, &Reason::RestartAsked, &[]);
    let action = Action::StartContainer { container: observed_ref(container) };
    draft.step(object, hash, action, Reason::RestartAsked, stopped);
    draft.finish().steps
}
