//! The controller dies after each call that it makes, one after the other, and everything ends as if it had not.

use jiff::SignedDuration;
use skiff_api::{Kind, ObjectKey};
use skiff_core::{ContainerState, Timestamp};
use skiff_sim::SimEngine;

use crate::declared::{self, Declared, Plan, Work};
use crate::model::Controller;
use crate::random::Random;

fn work(image: &'static str) -> Work {
    Work {
        image,
        version: 1,
        completions: 1,
        parallelism: 1,
        limit: 2,
        deadline: None,
        ttl: None,
        suspend: false,
        waits: false,
        schedule: None,
    }
}

fn job(name: &str, work: Work) -> Declared {
    Declared::from([(ObjectKey::new(Kind::Job, "shop", name), work)])
}

/// What is declared, for so many seconds each.
fn scripts() -> Vec<(&'static str, Vec<(Declared, i64)>)> {
    let load = |work| job("load", work);
    let cron = |policy, image| {
        let schedule = Plan { every: 1, policy, late: None, suspend: false };
        let work = Work { schedule: Some(schedule), ..work(image) };
        Declared::from([(ObjectKey::new(Kind::CronJob, "shop", "tidy"), work)])
    };
    let waiting = [job("first", work("quick:1")), job("second", Work { waits: true, ..work("quick:1") })];
    vec![
        ("completes", vec![(load(work("quick:1")), 60)]),
        ("completes often", vec![(load(Work { completions: 5, parallelism: 2, ..work("quick:1") }), 120)]),
        ("fails", vec![(load(work("fails:1")), 200)]),
        ("expires", vec![(load(Work { ttl: Some(5), ..work("quick:1") }), 60)]),
        ("takes too long", vec![(load(Work { deadline: Some(20), ..work("steady:1") }), 120)]),
        ("is changed", vec![(load(work("steady:1")), 20), (load(Work { version: 2, ..work("quick:1") }), 60)]),
        (
            "is suspended",
            vec![
                (load(work("steady:1")), 20),
                (load(Work { suspend: true, ..work("steady:1") }), 20),
                (load(Work { deadline: Some(30), ..work("steady:1") }), 90),
            ],
        ),
        ("is waited for", vec![(waiting.into_iter().flatten().collect(), 60)]),
        ("is pruned", vec![(load(work("steady:1")), 20), (job("other", work("quick:1")), 60)]),
        ("is followed", vec![(cron("Allow", "quick:1"), 290)]),
        ("is left out", vec![(cron("Forbid", "steady:1"), 200)]),
        ("is replaced", vec![(cron("Replace", "steady:1"), 200)]),
    ]
}

/// Plays a script; the controller dies after so many calls. Returns how many it made, and what there is in the end.
fn play(script: &[(Declared, i64)], dies_after: Option<usize>, loses_history: bool) -> Result<(usize, String), String> {
    let (mut engine, mut controller) = (declared::engine(), Controller::new());
    let (mut random, mut calls) = (Random::new(1), 0);
    for (declared, seconds) in script {
        controller.load(declared);
        let end = engine.now().saturating_add(SignedDuration::from_secs(*seconds)).unwrap_or(Timestamp::MAX);
        while engine.now() < end {
            controller.pass(&mut engine, 0)?;
            while controller.step(&mut engine, &mut random).is_some() {
                calls += 1;
                if dies_after == Some(calls) {
                    if loses_history { controller.lose_history() } else { controller.crash() }
                }
            }
            // It is started again at once, and looks twice a second.
            engine.advance(engine.now().saturating_add(SignedDuration::from_millis(500)).unwrap_or(end).min(end));
        }
    }
    Ok((calls, ending(&engine)))
}

/// The containers without ids and times, and without the names of runs that begin when they begin.
fn ending(engine: &SimEngine) -> String {
    let mut all: Vec<String> = engine
        .containers()
        .map(|container| {
            let code = if container.state == ContainerState::Exited { container.exit_code } else { 0 };
            format!("{} {:?} {code}", container.name, container.state)
        })
        .collect();
    all.sort();
    all.join(", ")
}

#[test]
fn a_controller_that_dies_after_any_call_ends_where_it_would_have() {
    for (name, script) in scripts() {
        let (calls, undisturbed) = play(&script, None, false).expect("nothing goes wrong");
        assert!(calls > 2, "a job that {name}");
        for dies_after in 1..=calls {
            let (_, disturbed) = play(&script, Some(dies_after), false).expect("nothing goes wrong");
            assert_eq!(disturbed, undisturbed, "a job that {name}: the controller died after call {dies_after}");
        }
    }
}

#[test]
fn a_controller_that_loses_its_state_directory_knows_what_it_needs_from_labels() {
    // What has expired, was given up, or is due and has no container yet, is told by nothing but the history.
    let told = ["completes", "completes often", "fails", "takes too long", "is waited for"];
    for (name, script) in scripts().into_iter().filter(|(name, _)| told.contains(name)) {
        let (calls, undisturbed) = play(&script, None, false).expect("nothing goes wrong");
        for dies_after in 1..=calls {
            let (_, disturbed) = play(&script, Some(dies_after), true).expect("nothing goes wrong");
            assert_eq!(disturbed, undisturbed, "a job that {name}: all was lost after call {dies_after}");
        }
    }
}
