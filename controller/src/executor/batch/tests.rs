//! Which steps go together.

use super::*;
use skiff_api::Kind;
use skiff_core::{Action, ContainerRef, Reason};

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

fn step(id: usize, object: &str, after: &[usize]) -> Step {
    let container = ContainerRef { id: None, name: format!("{object}-{id}") };
    Step {
        id: StepId(id),
        object: key(object),
        hash: String::new(),
        action: Action::StartContainer { container },
        reason: Reason::Missing,
        after: after.iter().copied().map(StepId).collect(),
    }
}

fn ids(steps: &[Step]) -> Vec<usize> {
    steps.iter().map(|step| step.id.0).collect()
}

#[test]
fn a_step_begins_when_all_that_it_follows_have_succeeded() {
    let mut batch = Batch::new(vec![step(0, "a", &[]), step(1, "a", &[]), step(2, "b", &[0, 1])]);
    assert_eq!(ids(&batch.take_ready()), [0, 1]);
    assert_eq!(batch.end(StepId(0), true), []);
    assert!(batch.take_ready().is_empty());
    assert_eq!(batch.end(StepId(1), true), [key("a")]);
    assert_eq!(ids(&batch.take_ready()), [2]);
}

#[test]
fn what_is_given_up_and_has_not_begun_is_skipped_with_all_that_follows_it() {
    let steps = [step(0, "a", &[]), step(1, "a", &[0]), step(2, "b", &[1]), step(3, "c", &[]), step(4, "b", &[3])];
    let mut batch = Batch::new(steps.to_vec());
    assert_eq!(ids(&batch.take_ready()), [0, 3]);
    assert_eq!(batch.give_up(&key("a")), [], "a step of each goes on, or may begin");
    assert_eq!(batch.end(StepId(3), true), [key("c")]);
    assert_eq!(ids(&batch.take_ready()), [4]);
    assert_eq!(batch.end(StepId(0), false), [key("a")]);
    assert_eq!(batch.end(StepId(4), true), [key("b")]);
    assert_eq!(batch.give_up(&key("a")), []);
}

#[test]
fn what_follows_a_failure_is_skipped_and_its_objects_are_free_while_others_go_on() {
    let mut batch = Batch::new(vec![step(0, "a", &[]), step(1, "b", &[0]), step(2, "c", &[1]), step(3, "d", &[])]);
    assert_eq!(ids(&batch.take_ready()), [0, 3]);
    assert_eq!(batch.end(StepId(0), false), [key("a"), key("b"), key("c")]);
    assert_eq!(batch.end(StepId(3), true), [key("d")]);
    assert!(batch.take_ready().is_empty() && batch.rest().is_empty());
}
