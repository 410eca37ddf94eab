//! What images are like, as the world knows it and the controller does not: sound, slow, sick, crashing, broken, gone. And what that
//! means for a deployment of one.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use skiff_api::{Deployment, RestartPolicy};
use skiff_sim::{Passes, Program, Pull, SimEngine, SimImage};

/// What an image is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It runs, and is healthy.
    #[default]
    Sound,
    /// It is healthy so many seconds after its start.
    Late(i64),
    /// It ends so many milliseconds after each start, with this code.
    Ends(i64, i64),
    /// It is never healthy.
    Sick,
    /// It is healthy and not, in turns of so many seconds.
    Flaps(i64),
    /// It has no program to start.
    Broken,
    /// No registry gives it.
    Gone,
}

/// What becomes of a deployment, if nothing befalls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quality {
    /// It runs well.
    Good,
    /// It fails.
    Bad,
    /// Nothing comes of it, as its image cannot be had.
    Missing,
    /// It may pass for good or not.
    Doubtful,
}

/// After running for so long, in milliseconds, a revision may pass for good.
const WATCHED: i64 = 10_000;

/// What each image is like. Those that are not named are sound.
#[derive(Clone, Default)]
pub(crate) struct Natures(BTreeMap<String, Nature>);

impl Natures {
    /// From now on an image is so: what runs of it already is as it was.
    pub(crate) fn set(&mut self, reference: &str, nature: Nature, engine: &mut SimEngine) {
        self.0.insert(reference.to_owned(), nature);
        let mut image = SimImage { id: format!("sha256:{reference}"), stop_code: 137, ..SimImage::default() };
        let seconds = SignedDuration::from_secs;
        match nature {
            Nature::Sound => {}
            Nature::Late(after) => image.checks = Passes::After(seconds(after)),
            Nature::Ends(after, code) => {
                image.program = Program::Exits { after: SignedDuration::from_millis(after), code };
            }
            Nature::Sick => image.checks = Passes::Never,
            Nature::Flaps(turn) => image.checks = Passes::InTurns(seconds(turn)),
            Nature::Broken => image.is_broken = true,
            Nature::Gone => image.pull = Pull::Fails,
        }
        engine.put_image(reference, image);
    }

    pub(crate) fn is_good(&self, deployment: &Deployment) -> bool {
        self.quality(deployment) == Quality::Good
    }

    /// What becomes of a deployment.
    pub(crate) fn quality(&self, deployment: &Deployment) -> Quality {
        let template = &deployment.spec.template;
        let nature = self.0.get(&template.container.image).copied().unwrap_or_default();
        if nature != Nature::Gone && template.volumes.iter().any(|source| source.host_path.is_some()) {
            // It is a path that no host has.
            return Quality::Bad;
        }
        let is_checked = template.container.health_check.is_some();
        match nature {
            Nature::Sound => Quality::Good,
            Nature::Late(_) | Nature::Sick | Nature::Flaps(_) if !is_checked => Quality::Good,
            Nature::Broken | Nature::Sick => Quality::Bad,
            Nature::Gone => Quality::Missing,
            Nature::Ends(after, code) => ends(deployment, after, code),
            Nature::Late(after) => late(deployment, after),
            Nature::Flaps(_) => Quality::Doubtful,
        }
    }
}

/// What becomes of a process that ends by itself.
fn ends(deployment: &Deployment, after: i64, code: i64) -> Quality {
    match deployment.spec.template.restart_policy.unwrap_or_default() {
        RestartPolicy::OnFailure | RestartPolicy::Never if code == 0 => Quality::Good,
        RestartPolicy::Always | RestartPolicy::OnFailure | RestartPolicy::Never if after >= WATCHED => {
            Quality::Doubtful
        }
        RestartPolicy::Always | RestartPolicy::OnFailure | RestartPolicy::Never => Quality::Bad,
    }
}

/// So long, in seconds, nobody may have looked: an event may be lost, and the next tick is then the first to see.
const LONGEST_REST: i64 = 15;

/// What becomes of one whose check passes only after a while: in time, after it was called unhealthy, or after the deadline.
fn late(deployment: &Deployment, after: i64) -> Quality {
    let check = deployment.spec.template.container.health_check.clone().unwrap_or_default();
    let interval = check.interval.map_or(30, |interval| i64::try_from(interval.nanos() / 1_000_000_000).unwrap_or(30));
    let unhealthy = interval * i64::from(check.retries.unwrap_or(3));
    let ready =
        after.div_euclid(interval) * interval + interval + i64::from(deployment.spec.min_ready_seconds.unwrap_or(0));
    let deadline = i64::from(deployment.spec.progress_deadline_seconds.unwrap_or(600));
    if after > unhealthy + LONGEST_REST {
        Quality::Bad
    } else if after + interval < unhealthy && ready + 5 < deadline {
        Quality::Good
    } else {
        Quality::Doubtful
    }
}
