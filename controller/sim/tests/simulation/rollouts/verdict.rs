//! What must have become of each deployment at a quiet point, by what its images are really like: the declared version runs, or it failed
//! for a reason that the world gives and the last good one runs with the content that it used, or both are bad and nothing moves.

use std::collections::BTreeMap;

use skiff_api::{Deployment, ObjectKey, OnFailure, label};
use skiff_sim::SimEngine;

use crate::nature::{Natures, Quality};
use crate::oracle::{check_deployment, of_object};
use crate::record::{Befell, Record, Track, Version};

/// What is expected of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// All of the declared version, and it runs.
    Declared,
    /// All of a version that ran well before, and it runs.
    Back,
    /// Either of both.
    Either,
    /// Nothing of the declared version.
    NotBegun,
    /// Whatever it was like when it was given up. It does not move any more.
    Still,
    /// Nothing is known.
    Any,
}

/// What is expected of every deployment.
pub(crate) fn expectations(record: &Record) -> BTreeMap<ObjectKey, Expected> {
    let alone: BTreeMap<ObjectKey, Expected> =
        record.tracks().map(|(key, track)| (key.clone(), expected(track, &record.natures))).collect();
    let together = |(key, track): (&ObjectKey, &Track)| {
        let own = alone.get(key).copied().unwrap_or(Expected::Any);
        (key.clone(), in_group(record, &alone, track, own))
    };
    record.tracks().map(together).collect()
}

/// What is expected of a deployment that is in no group.
fn expected(track: &Track, natures: &Natures) -> Expected {
    let latest = track.latest();
    // Of what has no replicas nothing is made that could fail.
    if latest.deployment.spec.paused || latest.deployment.spec.replicas() == 0 {
        return Expected::Any;
    }
    let quality = natures.quality(&latest.deployment);
    if latest.is_settled {
        return if quality == Quality::Good { Expected::Declared } else { Expected::Still };
    }
    match quality {
        Quality::Good if latest.befell > Befell::Nothing => Expected::Any,
        Quality::Good => Expected::Declared,
        Quality::Missing => Expected::NotBegun,
        Quality::Doubtful => Expected::Any,
        Quality::Bad if latest.befell == Befell::Turn => Expected::Any,
        Quality::Bad => after_failure(track, natures),
    }
}

/// What becomes of a deployment whose declared version is bad.
fn after_failure(track: &Track, natures: &Natures) -> Expected {
    let is_settled = |version: &Version| natures.quality(&version.deployment) != Quality::Doubtful;
    let is_good =
        |version: &Version| natures.quality(&version.deployment) == Quality::Good && version.befell == Befell::Nothing;
    let pauses = track.declared().spec.strategy.on_failure == OnFailure::Pause;
    if track.targets().next().is_none() || !track.targets().all(is_settled) {
        return Expected::Any;
    }
    if pauses || !track.targets().all(is_good) {
        return Expected::Still;
    }
    if track.has_proven_target() { Expected::Back } else { Expected::Any }
}

/// What changes together goes back together: certainly what came at one moment, and perhaps what came one after the other.
fn in_group(record: &Record, alone: &BTreeMap<ObjectKey, Expected>, track: &Track, own: Expected) -> Expected {
    let Some(group) = group_of(track.declared()) else { return own };
    let natures = &record.natures;
    let is_good =
        |version: &Version| natures.quality(&version.deployment) == Quality::Good && version.befell == Befell::Nothing;
    let members: Vec<(&ObjectKey, &Track)> =
        record.tracks().filter(|(_, member)| group_of(member.declared()) == Some(group)).collect();
    let others = members.iter().filter(|(_, other)| !std::ptr::eq(*other, track));
    let mut expected = own;
    for (key, other) in others {
        let changed_together = other.since() == track.since();
        expected = match (alone.get(*key), expected) {
            (Some(Expected::Declared | Expected::NotBegun), expected) => expected,
            (Some(Expected::Back), Expected::Declared) if changed_together && track.has_proven_target() => {
                Expected::Back
            }
            (_, Expected::Declared | Expected::Either) if !may_follow(other, track, &members) => expected,
            (_, Expected::Declared) => Expected::Either,
            (_, Expected::NotBegun) => Expected::NotBegun,
            (_, expected) => expected,
        };
    }
    let may_be_back = matches!(expected, Expected::Back | Expected::Either);
    if expected == Expected::Declared && track.was_left() {
        // What went back with others is not tried again until its own manifest changes.
        return Expected::Either;
    }
    if may_be_back && !track.targets().all(is_good) { Expected::Any } else { expected }
}

/// Whether one may go back with another, or with what goes back with that.
fn may_follow(failed: &Track, track: &Track, members: &[(&ObjectKey, &Track)]) -> bool {
    let mut gone = vec![failed];
    loop {
        let more = members.iter().map(|(_, member)| *member).find(|member| {
            let is_gone = gone.iter().any(|gone| std::ptr::eq(*gone, *member));
            !is_gone && gone.iter().any(|gone| member.may_go_with(gone))
        });
        match more {
            Some(member) if std::ptr::eq(member, track) => return true,
            Some(member) => gone.push(member),
            None => return false,
        }
    }
}

fn group_of(deployment: &Deployment) -> Option<&String> {
    deployment.metadata.labels.get(label::ROLLOUT_GROUP)
}

/// What is not as it is expected to be.
pub(crate) fn complaints(
    record: &Record,
    expectations: &BTreeMap<ObjectKey, Expected>,
    engine: &SimEngine,
) -> Vec<String> {
    let of = |(key, track): (&ObjectKey, &Track)| {
        let expected = expectations.get(key).copied().unwrap_or(Expected::Any);
        complaint(track, expected, key, engine).map(|what| format!("{key}, of which {expected:?} is expected: {what}"))
    };
    record.tracks().filter_map(of).collect()
}

fn complaint(track: &Track, expected: Expected, key: &ObjectKey, engine: &SimEngine) -> Option<String> {
    let latest = || std::iter::once(track.latest());
    match expected {
        Expected::Declared => none_is_whole(latest(), track, key, engine),
        Expected::Back => none_is_whole(track.targets(), track, key, engine),
        Expected::Either => none_is_whole(latest().chain(track.targets()), track, key, engine),
        Expected::NotBegun => {
            let begun = of_object(engine, key).into_iter().find(|found| track.latest().is_of(key, engine, found))?;
            Some(format!("{} is there", begun.name))
        }
        Expected::Still | Expected::Any => None,
    }
}

/// Why none of these versions runs whole.
fn none_is_whole<'a>(
    versions: impl Iterator<Item = &'a Version>,
    track: &Track,
    key: &ObjectKey,
    engine: &SimEngine,
) -> Option<String> {
    let found: Vec<String> =
        versions.map(|version| not_whole(version, track.declared(), key, engine).join("; ")).collect();
    if found.iter().any(String::is_empty) { None } else { Some(found.join("\n    or ")) }
}

/// What keeps a version from being what runs, with the numbers that are declared now.
pub(crate) fn not_whole(version: &Version, declared: &Deployment, key: &ObjectKey, engine: &SimEngine) -> Vec<String> {
    let mut deployment = declared.clone();
    deployment.spec.template = version.deployment.spec.template.clone();
    check_deployment(&version.manifests, engine, key, &deployment)
}
