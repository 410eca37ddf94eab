//! Probes that go over the network: a container that was just started may have no address yet.

use serde_json::{Value, json};
use skiff_core::{Observed, ProbeNews, ProbeSchedule, ProbeVerdict, Readiness, SignedDuration};

use crate::world::{World, deployment};

/// Its container, its schedule, and what was observed of it as it was started, and a moment later.
struct Started {
    world: World,
    schedule: ProbeSchedule,
}

impl Started {
    /// A replica whose start somebody saw.
    fn of(probes: Value) -> Self {
        let mut world = World::of(&[deployment("web", 1, probes, json!({}), json!({}))]);
        let mut schedule = ProbeSchedule::default();
        schedule.aim(&world.compile().0, &world.observe(), world.engine.now());
        world.pass();
        let started = Self { world, schedule };
        assert!(started.observed().containers.iter().all(|one| one.addresses.is_empty()), "it has an address at once");
        started
    }

    fn observed(&self) -> Observed {
        self.world.observe()
    }

    fn look(&mut self) {
        let (desired, observed, now) = (self.world.compile().0, self.observed(), self.world.engine.now());
        self.schedule.aim(&desired, &observed, now);
    }

    /// Answers what is due now; how many were asked.
    fn answer(&mut self, result: &Result<(), String>) -> usize {
        let now = self.world.engine.now();
        let asks = self.schedule.take_due(now);
        for ask in &asks {
            let _: ProbeNews = self.schedule.answer(ask, result.clone(), now);
        }
        asks.len()
    }

    fn wait(&mut self, milliseconds: i64) {
        let until = self.world.engine.now() + SignedDuration::from_millis(milliseconds);
        self.world.engine.advance(until);
    }

    fn verdict(&self) -> ProbeVerdict {
        self.schedule.verdicts().into_values().next().expect("a verdict")
    }
}

fn is_ready(started: &Started) -> bool {
    matches!(started.verdict().readiness, Readiness::Since(_))
}

fn tcp(more: &Value) -> Value {
    let mut probe = json!({ "tcpSocket": { "port": 80 }, "periodSeconds": 1, "failureThreshold": 1 });
    crate::world::merge(&mut probe, more.clone());
    probe
}

#[test]
fn without_an_address_nothing_is_asked_and_it_is_looked_for_soon() {
    let mut started = Started::of(json!({ "livenessProbe": tcp(&json!({})) }));
    started.look();
    assert_eq!((started.answer(&Ok(())), started.schedule.next()), (0, None));
    let wake = started.world.plan().wake_at.expect("a moment");
    let wait = wake.duration_since(started.world.engine.now());
    assert!(wait.is_positive() && wait < SignedDuration::from_millis(100), "{wait:#}");
    started.wait(50);
    started.look();
    assert_eq!(started.answer(&Ok(())), 1);
}

#[test]
fn a_liveness_probe_that_never_passes_restarts_what_it_was_declared_for() {
    let mut started = Started::of(json!({ "livenessProbe": tcp(&json!({})) }));
    started.look();
    started.wait(50);
    started.look();
    assert_eq!(started.answer(&Err("refused".to_owned())), 1);
    let verdict = started.verdict();
    assert_eq!((verdict.failed.is_some(), verdict.unproven), (true, None));
}

#[test]
fn as_many_passes_are_wanted_as_are_declared() {
    let mut started = Started::of(json!({ "readinessProbe": tcp(&json!({ "successThreshold": 2 })) }));
    started.look();
    started.wait(50);
    started.look();
    assert_eq!(started.answer(&Ok(())), 1);
    assert!(!is_ready(&started), "{:?}", started.verdict());
    started.wait(1000);
    assert_eq!(started.answer(&Ok(())), 1);
    assert!(is_ready(&started), "{:?}", started.verdict());
}

#[test]
fn an_http_hook_waits_for_an_address() {
    let hook = json!({ "lifecycle": { "postStart": { "httpGet": { "port": 80 } } } });
    let mut started = Started::of(hook);
    assert!(!started.world.lines().join("\n").contains("run hook"), "{:?}", started.world.lines());
    assert!(started.world.plan().wake_at.is_some());
    started.wait(50);
    assert!(started.world.lines().join("\n").contains("postStart"), "{:?}", started.world.lines());
}

#[test]
fn what_is_off_its_network_fails_and_is_not_waited_for() {
    let mut started = Started::of(json!({ "readinessProbe": tcp(&json!({})) }));
    started.wait(50);
    started.look();
    assert!(started.world.engine.disconnect_by_hand("shop-web-1", "shop-default"));
    started.look();
    started.wait(1000);
    assert_eq!(started.answer(&Err("it is on no network".to_owned())), 1);
    assert!(!is_ready(&started));
}
