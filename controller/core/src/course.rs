//! Which revision of each deployment is worked towards: the declared one, or the one that it went back to.
//!
//! Everything that plans or reports sees one workload and need not know of others.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use skiff_api::ObjectKey;

use crate::desired::{Desired, Workload};
use crate::history::{Back, History, ObjectHistory, Standing, Why};
use crate::job::suspended;
use crate::tag::pinned;

/// Which revision a workload is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "course")]
pub enum Course {
    /// The declared one.
    #[default]
    Declared,
    /// The declared one failed, and this is an earlier one.
    Back {
        /// The number of the one that failed.
        from: u64,
        /// The number of this one.
        to: u64,
        /// Why the other is worked towards no more.
        why: Why,
    },
    /// Nothing is replaced any more: the declared one failed, and there is no way back, or that failed as well.
    Stopped {
        /// The number of the one that failed.
        revision: u64,
        /// Why.
        why: Why,
        /// Why there is no way back.
        way: Way,
    },
}

/// What became of a deployment whose declared revision is worked towards no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "way")]
pub enum Way {
    /// It went back to an earlier revision.
    Back {
        /// Its number.
        to: u64,
        /// The configs and secrets that are as they are today, because nobody has kept what that revision used.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        lost: BTreeSet<ObjectKey>,
    },
    /// It stays where it is.
    Stays,
    /// What it went back to is not known any more.
    Unknown {
        /// Its number.
        to: u64,
    },
    /// What it went back to failed as well.
    Lost {
        /// Its number.
        to: u64,
        /// Why.
        why: String,
    },
}

/// What is worked towards: what is declared, with images that have moved in their place, with what was suspended by hand, and with the
/// workloads that are not on their declared course replaced.
pub fn effective<'d>(desired: &'d Desired, history: &History) -> Cow<'d, Desired> {
    let effective = on_course(desired, history);
    match desired.beside.as_ref().map(|beside| on_course(beside, history)) {
        Some(Cow::Owned(beside)) => {
            let beside = Some(Arc::new(beside));
            Cow::Owned(Desired { beside, ..effective.into_owned() })
        }
        Some(Cow::Borrowed(_)) | None => effective,
    }
}

fn on_course<'d>(desired: &'d Desired, history: &History) -> Cow<'d, Desired> {
    let desired = suspended(pinned(desired, history), history);
    let changed: Vec<Workload> = history
        .objects
        .iter()
        .filter(|(_, known)| is_special(known))
        .filter_map(|(key, known)| redirected(desired.workloads.get(key)?, known))
        .collect();
    if changed.is_empty() {
        return desired;
    }
    let mut redirected = desired.into_owned();
    for workload in changed {
        redirected.workloads.insert(workload.key.clone(), Arc::new(workload));
    }
    Cow::Owned(redirected)
}

fn is_special(known: &ObjectHistory) -> bool {
    known.paused
        || known.restart_before.is_some()
        || known.declared().is_some_and(|declared| matches!(declared.standing, Standing::Failed { .. }))
}

/// The workload as it is to be worked towards.
fn redirected(declared: &Workload, known: &ObjectHistory) -> Option<Workload> {
    let revision = known.declared()?;
    let mut workload = declared.clone();
    // A manifest that has changed since it failed is tried.
    if let Standing::Failed { why, back, .. } = &revision.standing
        && revision.identity == declared.template.identity
    {
        workload = failed(declared, revision.number, why, back);
    }
    workload.rollout.paused |= known.paused;
    workload.restart_before = known.restart_before;
    Some(workload)
}

fn failed(declared: &Workload, number: u64, why: &Why, back: &Back) -> Workload {
    let stopped = |workload: &Workload, way: Way| {
        let mut workload = workload.clone();
        workload.rollout.paused = true;
        workload.course = Course::Stopped { revision: number, why: why.clone(), way };
        workload
    };
    let earlier = |to: u64| declared.earlier.get(&to).map(Arc::as_ref);
    match back {
        Back::Nowhere | Back::Superseded => stopped(declared, Way::Stays),
        Back::Going { to, .. } | Back::Arrived { to } => match earlier(*to) {
            Some(earlier) => {
                let course = Course::Back { from: number, to: *to, why: why.clone() };
                // The manifest says how it goes back, whichever revision that is.
                let rollout = earlier.rollout.back.as_ref().map_or(&earlier.rollout, AsRef::as_ref).clone();
                Workload { rollout, course, ..earlier.clone() }
            }
            None => stopped(declared, Way::Unknown { to: *to }),
        },
        Back::Lost { to, why } => stopped(earlier(*to).unwrap_or(declared), Way::Lost { to: *to, why: why.clone() }),
    }
}
