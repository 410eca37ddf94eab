//! What happens over time, as lines: what is done to containers, what is told, what is held.
//!
//! Between two passes time goes on to when the plan or the engine has something to do, and no tick helps: a plan that forgets to say
//! when time alone will change it is seen to oversleep.

use serde_json::{Value, json};
use skiff_core::{Action, HeldReason, Plan, SignedDuration, Timestamp};
use skiff_sim::{Program, SimImage};

use crate::world::{World, merge};

/// A world with images that end: `ok:1` well and `bad:1` with 1, after five seconds; `long:1` well after ten minutes.
pub(crate) fn world(manifests: &[Value]) -> World {
    let mut world = World::of(&[]);
    for (image, after, code) in [("ok:1", 5, 0), ("ok:2", 5, 0), ("bad:1", 5, 1), ("long:1", 600, 0)] {
        let program = Program::Exits { after: SignedDuration::from_secs(after), code };
        world.engine.put_image(image, SimImage { id: format!("sha256:{image}"), program, ..SimImage::default() });
    }
    world.declare(manifests);
    world
}

pub(crate) fn job(name: &str, image: &str, spec: Value) -> Value {
    let mut merged = json!({ "template": { "container": { "image": image } } });
    merge(&mut merged, spec);
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Job", "metadata": { "name": name }, "spec": merged })
}

pub(crate) fn cron(name: &str, schedule: &str, image: &str, spec: Value) -> Value {
    let template = json!({ "spec": { "template": { "container": { "image": image } } } });
    let mut merged = json!({ "schedule": schedule, "jobTemplate": template });
    merge(&mut merged, spec);
    json!({ "apiVersion": "skiff.dev/v1", "kind": "CronJob", "metadata": { "name": name }, "spec": merged })
}

/// Lets time pass, and tells what happens in it.
pub(crate) fn story(world: &mut World, seconds: i64) -> String {
    let end = world.engine.now() + SignedDuration::from_secs(seconds);
    let mut lines = Vec::new();
    let mut held = Vec::new();
    for _ in 0..10_000 {
        let now = world.engine.now();
        let plan = world.pass();
        let told = world.told();
        let time = now.strftime("%H:%M:%S");
        lines.extend(told.iter().map(|event| format!("{time} * {event}")));
        lines.extend(done(&plan).iter().map(|step| format!("{time} {step}")));
        let holds = held_by(&plan);
        lines.extend(holds.iter().filter(|line| !held.contains(*line)).map(|line| format!("{time} {line}")));
        held = holds;
        if now >= end {
            return lines.join("\n");
        }
        let soonest = if plan.steps.is_empty() { end } else { now + SignedDuration::from_millis(100) };
        let next = [plan.wake_at, world.engine.next_change(), Some(soonest)].into_iter().flatten().min();
        let next = next.unwrap_or(end).clamp(now + SignedDuration::from_millis(1), end);
        world.engine.advance(next);
    }
    panic!("time stands still: {lines:#?}");
}

/// The steps that people care about.
fn done(plan: &Plan) -> Vec<String> {
    let of_containers = plan.steps.iter().filter(|step| {
        matches!(
            step.action,
            Action::CreateContainer(_)
                | Action::StopContainer(_)
                | Action::RemoveContainer { .. }
                | Action::UnpauseContainer { .. }
        )
    });
    of_containers.map(|step| format!("{} {} ({})", step.action.verb(), step.action.target(), step.reason)).collect()
}

fn held_by(plan: &Plan) -> Vec<String> {
    let held = plan.held.iter().filter(|held| !matches!(held.why, HeldReason::NotRun { .. }));
    held.map(|held| format!("held {}: {}", held.object.name, held.why)).collect()
}

/// Our containers with their states.
pub(crate) fn containers(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world
        .observe()
        .containers
        .iter()
        .filter(|container| container.owner.labels().is_some())
        .map(|container| {
            let code = container.detail.as_ref().map_or(0, |detail| detail.exit_code);
            format!("{} {:?} {code}", container.name, container.state)
        })
        .collect();
    all.sort();
    all
}

/// Goes to a moment, without anybody looking meanwhile.
pub(crate) fn sleep_until(world: &mut World, moment: &str) {
    let moment: Timestamp = moment.parse().expect("a moment");
    world.engine.advance(moment);
}
