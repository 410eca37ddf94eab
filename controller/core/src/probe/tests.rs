//! When containers are asked and what their answers come to, on a clock of its own.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skiff_api::Container;

use super::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

/// A container with probes, asked whenever an answer is due, on a clock of its own.
struct Asked {
    plan: ProbePlan,
    state: ProbeState,
    now: Timestamp,
    last: Option<ProbeVerdict>,
    /// What was asked and what it came to, as lines.
    lines: Vec<String>,
}

impl Asked {
    fn of(probes: Value) -> Self {
        Self::adopted(probes, ProbeState::begun(START), 0)
    }

    fn adopted(mut probes: Value, state: ProbeState, seconds: i64) -> Self {
        for probe in probes.as_object_mut().expect("probes by name").values_mut() {
            probe.as_object_mut().expect("a probe").insert("exec".to_owned(), json!({ "command": ["check"] }));
        }
        probes.as_object_mut().expect("probes").insert("image".to_owned(), json!("app:1"));
        let container: Container = serde_json::from_value(probes).expect("a container");
        let now = START + SignedDuration::from_secs(seconds);
        Self {
            plan: ProbePlan::of(&container, Ok("10.0.0.1"), (1, 41)).expect("probes"),
            state,
            now,
            last: None,
            lines: Vec::new(),
        }
    }

    fn next(&self) -> Option<(Timestamp, ProbeKind)> {
        let due = |kind| self.state.due(&self.plan, kind, self.now).map(|due| (due.max(self.now), kind));
        ProbeKind::ALL.into_iter().filter_map(due).min()
    }

    /// Asks until so many seconds after the start, and lists only what the verdict becomes.
    fn until(&mut self, seconds: i64, answer: impl Fn(ProbeKind, f64) -> Result<(), &'static str>) {
        let end = START + SignedDuration::from_secs(seconds);
        while let Some((at, probe)) = self.next().filter(|(at, _)| *at <= end) {
            self.now = at;
            self.answer(probe, answer(probe, seconds_of(at)));
        }
        self.now = end;
    }

    fn answer(&mut self, probe: ProbeKind, result: Result<(), &str>) {
        let sample =
            ProbeSample { started_at: START, probe, asked_at: self.now, result: result.map_err(ToOwned::to_owned) };
        self.state = judge(&self.plan, self.state.clone(), sample, self.now);
        let verdict = self.state.verdict(&self.plan);
        if self.last.as_ref().is_none_or(|before| !verdict.means_the_same(before)) {
            self.lines.push(format!("{:.3} {}", seconds_of(self.now), words(&verdict)));
        }
        self.last = Some(verdict);
    }
}

fn seconds_of(moment: Timestamp) -> f64 {
    moment.duration_since(START).as_secs_f64()
}

fn words(verdict: &ProbeVerdict) -> String {
    let readiness = match &verdict.readiness {
        Readiness::Since(since) => format!("Ready since {:.3}", seconds_of(*since)),
        Readiness::Not { message } => format!("not Ready ({message})"),
        Readiness::Undecided { message } => format!("undecided ({message})"),
    };
    let failed = verdict.failed.as_ref().map(|failure| format!(", failed: {}: {}", failure.probe, failure.message));
    readiness + &failed.unwrap_or_default()
}

/// The moments at which a probe is asked, while the answer is as given.
fn moments(asked: &mut Asked, until: i64, answer: impl Fn(f64) -> Result<(), &'static str>) -> Vec<String> {
    let moments = std::cell::RefCell::new(Vec::new());
    asked.until(until, |_, at| {
        moments.borrow_mut().push(format!("{at:.3}"));
        answer(at)
    });
    moments.into_inner()
}

const DOWN: fn(ProbeKind, f64) -> Result<(), &'static str> = |_, _| Err("refused");

const UP: fn(ProbeKind, f64) -> Result<(), &'static str> = |_, _| Ok(());

#[test]
fn the_first_tries_are_quick_until_it_passes_and_then_a_period_apart() {
    let mut asked = Asked::of(json!({ "readinessProbe": {} }));
    let moments = moments(&mut asked, 25, |at| if at < 0.2 { Err("refused") } else { Ok(()) });
    assert_eq!(
        moments,
        ["0.000", "0.005", "0.013", "0.024", "0.041", "0.066", "0.104", "0.161", "0.246", "10.246", "20.246"]
    );
    assert_eq!(asked.lines, ["0.000 not Ready (readinessProbe: refused)", "0.246 Ready since 0.246"]);
}

#[test]
fn quick_tries_give_a_slow_start_as_much_time_as_a_try_a_period_does() {
    let mut asked = Asked::of(json!({ "startupProbe": { "periodSeconds": 10, "failureThreshold": 3 } }));
    asked.until(60, DOWN);
    let expected = [
        "0.000 not Ready (startupProbe: refused)",
        "20.000 not Ready (startupProbe: refused), failed: startupProbe: refused",
    ];
    assert_eq!(asked.lines, expected);
}

#[test]
fn liveness_is_asked_a_period_apart_and_fails_after_its_threshold() {
    let mut asked = Asked::of(json!({ "livenessProbe": { "periodSeconds": 5, "failureThreshold": 2 } }));
    assert_eq!(moments(&mut asked, 12, |_| Ok(())), ["0.000", "5.000", "10.000"]);
    asked.until(40, DOWN);
    assert_eq!(asked.lines, ["0.000 Ready since 0.000", "20.000 Ready since 0.000, failed: livenessProbe: refused"]);
}

#[test]
fn startup_comes_before_readiness_and_liveness() {
    let once = json!({ "periodSeconds": 1, "failureThreshold": 1 });
    let mut asked = Asked::of(json!({
        "startupProbe": { "periodSeconds": 1, "failureThreshold": 30 }, "readinessProbe": {}, "livenessProbe": once }));
    asked.until(20, |probe, at| match probe {
        ProbeKind::Startup if at < 10.0 => Err("starting"),
        ProbeKind::Readiness | ProbeKind::Liveness if at < 10.0 => panic!("asked before it has started"),
        ProbeKind::Startup | ProbeKind::Readiness | ProbeKind::Liveness => Ok(()),
    });
    let expected = [
        "0.000 not Ready (startupProbe: starting)",
        "10.000 not Ready (readinessProbe: not asked yet)",
        "10.000 Ready since 10.000",
    ];
    assert_eq!(asked.lines, expected);
}

#[test]
fn readiness_is_lost_after_its_threshold_and_is_back_after_its_own() {
    let mut asked = Asked::of(json!({ "readinessProbe": { "periodSeconds": 1, "successThreshold": 2 } }));
    asked.until(4, UP);
    asked.until(9, |_, at| if at < 6.5 { Err("500") } else { Ok(()) });
    // Two failures at 5 and 6 are one too few.
    assert_eq!(asked.lines, ["0.000 not Ready (readinessProbe: not asked yet)", "1.000 Ready since 1.000"]);
    asked.until(13, DOWN);
    asked.until(20, UP);
    assert_eq!(asked.lines.split_off(2), ["12.000 not Ready (readinessProbe: refused)", "15.000 Ready since 15.000"]);
}

#[test]
fn nothing_is_asked_before_the_initial_delay() {
    let mut asked = Asked::of(json!({ "readinessProbe": { "initialDelaySeconds": 7 } }));
    assert_eq!(moments(&mut asked, 10, |_| Ok(())), ["7.000"]);
}

#[test]
fn what_ran_before_anybody_looked_is_judged_by_its_first_pass_or_by_its_threshold() {
    let probes = json!({ "readinessProbe": { "successThreshold": 3, "failureThreshold": 3 } });
    let mut well = Asked::adopted(probes.clone(), ProbeState::adopted(START, false), 100);
    assert_eq!(words(&well.state.verdict(&well.plan)), "undecided (readinessProbe: not asked yet)");
    well.until(100, UP);
    assert_eq!(well.lines, ["100.000 Ready since 0.000"]);
    // From then on it is as with any other.
    well.until(125, DOWN);
    assert_eq!(well.lines.len(), 1);
    let mut ill = Asked::adopted(probes.clone(), ProbeState::adopted(START, false), 100);
    ill.until(119, DOWN);
    assert_eq!(ill.lines, ["100.000 undecided (readinessProbe: refused (1 of 3 failures))"]);
    ill.until(121, DOWN);
    assert_eq!(ill.lines.split_off(1), ["120.000 not Ready (readinessProbe: refused)"]);
    let mut slow = Asked::adopted(probes, ProbeState::adopted(START, false), 100);
    slow.until(105, DOWN);
    slow.until(130, UP);
    assert_eq!(slow.lines.len(), 2, "{:?}", slow.lines);
    assert!(slow.lines.iter().skip(1).all(|line| line.contains(" Ready since 1")), "{:?}", slow.lines);
}

#[test]
fn a_changed_liveness_probe_restarts_nothing_before_it_has_passed_once() {
    let probes = json!({ "livenessProbe": { "failureThreshold": 2 } });
    let mut wrong = Asked::adopted(probes.clone(), ProbeState::changed(START, false), 100);
    wrong.until(200, DOWN);
    let verdict = wrong.last.clone().expect("a verdict");
    assert_eq!(verdict.failed, None);
    assert_eq!(verdict.unproven.map(|it| it.probe), Some(ProbeKind::Liveness));
    let mut right = Asked::adopted(probes, ProbeState::changed(START, false), 100);
    right.until(120, UP);
    right.until(160, DOWN);
    let verdict = right.last.clone().expect("a verdict");
    assert_eq!((verdict.failed.map(|it| it.probe), verdict.unproven), (Some(ProbeKind::Liveness), None));
}

#[test]
fn a_remembered_startup_is_not_asked_again_and_an_unknown_one_fails_by_its_threshold_only() {
    let probes = json!({ "startupProbe": {}, "livenessProbe": {} });
    let mut known = Asked::adopted(probes.clone(), ProbeState::adopted(START, true), 100);
    known.until(101, |probe, _| if probe == ProbeKind::Startup { Err("no") } else { Ok(()) });
    assert_eq!(known.lines, ["100.000 Ready since 0.000"]);
    let mut unknown = Asked::adopted(probes, ProbeState::adopted(START, false), 100);
    unknown.until(125, DOWN);
    assert_eq!(
        unknown.lines.split_off(1),
        ["120.000 not Ready (startupProbe: refused), failed: startupProbe: refused"]
    );
}

#[test]
fn a_clock_that_is_put_back_neither_stops_the_tries_nor_the_count() {
    let mut asked = Asked::of(json!({ "livenessProbe": { "failureThreshold": 2 } }));
    asked.until(30, UP);
    asked.answer(ProbeKind::Liveness, Err("refused"));
    asked.now = START - SignedDuration::from_hours(1);
    assert_eq!(asked.next().map(|(at, _)| at), Some(asked.now));
    asked.answer(ProbeKind::Liveness, Err("refused"));
    assert!(asked.last.is_some_and(|verdict| verdict.failed.is_some()));
}

#[test]
fn an_answer_of_another_start_is_not_heard() {
    let plan = Asked::of(json!({ "readinessProbe": {} })).plan;
    let state = ProbeState::begun(START + SignedDuration::from_secs(5));
    let sample = ProbeSample { started_at: START, probe: ProbeKind::Readiness, asked_at: START, result: Ok(()) };
    assert_eq!(judge(&plan, state.clone(), sample, START), state);
}

#[test]
fn what_ran_before_anybody_asked_is_not_taken_for_alive_before_it_says_so() {
    let probes = json!({ "livenessProbe": { "periodSeconds": 2, "failureThreshold": 2 } });
    let mut dead = Asked::adopted(probes.clone(), ProbeState::adopted(START, true), 100);
    dead.until(110, DOWN);
    let expected = [
        "100.000 undecided (livenessProbe: refused (1 of 2 failures))",
        "102.000 not Ready (livenessProbe: refused (2 of 2 failures)), failed: livenessProbe: refused",
    ];
    assert_eq!(dead.lines, expected);
    let mut alive = Asked::adopted(probes, ProbeState::adopted(START, true), 100);
    alive.until(110, UP);
    assert_eq!(alive.lines, ["100.000 Ready since 0.000"]);
}

#[test]
fn what_is_found_before_its_liveness_probe_can_have_been_asked_has_not_failed_it() {
    let probes = json!({ "livenessProbe": { "initialDelaySeconds": 60 } });
    let mut young = Asked::adopted(probes, ProbeState::adopted(START, true), 10);
    young.state = young.state.found(&young.plan, young.now);
    assert_eq!(words(&young.state.verdict(&young.plan)), "Ready since 0.000");
    young.state = ProbeState::adopted(START, true).found(&young.plan, START + SignedDuration::from_secs(60));
    assert_eq!(words(&young.state.verdict(&young.plan)), "undecided (livenessProbe: not asked yet)");
}

#[test]
fn what_has_not_been_alive_once_is_not_ready() {
    let probes = json!({ "livenessProbe": { "periodSeconds": 10, "failureThreshold": 3 } });
    let mut dead = Asked::of(probes.clone());
    dead.until(15, DOWN);
    assert_eq!(dead.lines, ["0.000 not Ready (livenessProbe: refused (1 of 3 failures))"]);
    let mut slow = Asked::of(probes);
    slow.until(25, |_, at| if at < 5.0 { Err("refused") } else { Ok(()) });
    // It is as Ready as it was before it can fail for good.
    assert_eq!(slow.lines.last().map(String::as_str), Some("10.000 Ready since 0.000"));
}
