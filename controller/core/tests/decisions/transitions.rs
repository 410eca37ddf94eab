//! Since when conditions are as they are.

use skiff_core::{Timestamp, Truth, note_conditions, status};

use crate::world::{World, key, web};

/// What is remembered of `Available` once a pass has looked.
fn available(world: &mut World) -> Option<(Truth, Option<Timestamp>)> {
    world.learn();
    let (desired, observed, plan, now) = (world.compile().0, world.observe(), world.plan(), world.engine.now());
    note_conditions(&mut world.history, &desired, &status(&desired, &observed, &plan, now), now);
    let known = world.history.objects.get(&key("web"))?.conditions.get("Available")?;
    Some((known.status, known.at))
}

#[test]
fn a_change_that_was_seen_has_its_moment_and_what_was_so_at_the_first_look_has_none() {
    let mut world = World::of(&[web(1, "app:1")]);
    assert_eq!(available(&mut world), Some((Truth::False, None)));
    world.settle();
    let ready = Some((Truth::True, Some(world.engine.now())));
    assert_eq!(available(&mut world), ready);
    world.advance(30);
    world.restart_controller();
    assert_eq!(available(&mut world), ready, "it has not changed since");
    assert!(world.engine.stop_by_hand("shop-web-1"));
    assert_eq!(available(&mut world), Some((Truth::False, Some(world.engine.now()))));
}
