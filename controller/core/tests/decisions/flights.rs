//! What is given up because another manifest has overtaken it, and what is brought to its end.

use serde_json::{Value, json};
use skiff_core::{Desired, Flight, Plan, Step};

use crate::world::{World, deployment, key, web};

fn desired(manifests: &[Value]) -> Desired {
    World::of(manifests).compile().0
}

/// The step of a plan that does this.
fn step(plan: &Plan, verb: &str) -> Step {
    plan.steps.iter().find(|step| step.action.verb() == verb).cloned().expect("such a step")
}

#[test]
fn a_flight_is_overtaken_by_another_template_while_at_most_a_pull_is_under_way() {
    let one = desired(&[web(1, "app:1")]);
    let others = [desired(&[web(1, "app:2")]), desired(&[])];
    let plan = World::of(&[web(1, "app:1")]).plan();
    let overtaken = |flight: &Flight| others.each_ref().map(|desired| flight.is_overtaken(&key("web"), desired));
    let mut flight = Flight::new(&key("web"), &one);
    assert_eq!(overtaken(&flight), [true; 2], "nothing has begun");
    flight.began(&step(&plan, "pull image"));
    assert_eq!(overtaken(&flight), [true; 2], "a pull");
    flight.began(&step(&plan, "create container"));
    assert_eq!(overtaken(&flight), [false; 2], "a container is being made as well");
    flight.ended(&step(&plan, "create container"));
    assert_eq!(overtaken(&flight), [true; 2], "the pull alone again");
}

#[test]
fn a_flight_is_not_overtaken_by_what_its_template_does_not_say() {
    let flight = Flight::new(&key("web"), &desired(&[web(1, "app:1")]));
    let paced = deployment("web", 1, json!({}), json!({}), json!({ "progressDeadlineSeconds": 30 }));
    let same = [
        desired(&[web(1, "app:1")]),
        desired(&[web(5, "app:1")]),
        desired(&[paced]),
        desired(&[web(1, "app:1"), deployment("db", 1, json!({}), json!({}), json!({}))]),
    ];
    assert_eq!(same.each_ref().map(|desired| flight.is_overtaken(&key("web"), desired)), [false; 4]);
}

#[test]
fn a_flight_is_overtaken_by_other_content_of_the_same_template() {
    let with = |value: &str| {
        let config = json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": { "A": value } });
        let from = json!({ "envFrom": [{ "configMapRef": { "name": "conf" } }] });
        desired(&[config, deployment("web", 1, from, json!({}), json!({}))])
    };
    let flight = Flight::new(&key("web"), &with("one"));
    assert!(!flight.is_overtaken(&key("web"), &with("one")) && flight.is_overtaken(&key("web"), &with("two")));
}

#[test]
fn what_goes_is_overtaken_when_it_is_declared_again() {
    let (none, again) = (desired(&[]), desired(&[web(1, "app:1")]));
    let flight = Flight::new(&key("web"), &none);
    assert!(!flight.is_overtaken(&key("web"), &none) && flight.is_overtaken(&key("web"), &again));
}
