//! What people ask of a rollout, beside a controller that runs and without one.

use skiff_e2e::act::{call, end_run, remember, run, run_on, write};
use skiff_e2e::check::{answers, eventually, exits, image, ready, replaced, says, throughout, untouched};
use skiff_e2e::{IMAGE, OTHER_IMAGE, scenario, service};
use std::time::Duration;

fn web(image: &str) -> String {
    service("web").replicas(2).image(image).to_string()
}

#[test]
fn a_rollout_is_followed_paused_resumed_undone_and_told() {
    scenario("a rollout is followed, paused, resumed, undone and told")
        .step("two run", run_on(&web(IMAGE)), [eventually(ready("web", 2))])
        .step(
            "its end is waited for",
            call(&["rollout", "status", "web", "--timeout", "60s"]),
            [exits(0), says("revision 1 is stable")],
        )
        .step("it is paused", call(&["rollout", "pause", "web"]), [exits(0), says("paused by hand")])
        .step(
            "another image is declared",
            write("main.yaml", &web(OTHER_IMAGE)),
            [throughout(Duration::from_secs(2), image("web", IMAGE))],
        )
        .step("it is resumed", call(&["rollout", "resume", "web"]), [exits(0)])
        .step(
            "its end is waited for",
            call(&["rollout", "status", "web", "--timeout", "60s"]),
            [exits(0), says("revision 2 is stable"), image("web", OTHER_IMAGE)],
        )
        .step("it is undone", call(&["rollout", "undo", "web"]), [exits(0), says("going back to revision 1")])
        .step(
            "its end is waited for",
            call(&["rollout", "status", "web", "--timeout", "60s"]),
            [exits(0), says("revision 2 was undone by hand; it went back to 1"), image("web", IMAGE)],
        )
        .step(
            "the history tells it",
            call(&["rollout", "history", "web"]),
            [answers("undone by hand; went back to 1"), answers("stable")],
        )
        .step(
            "and so do the events",
            call(&["events", "web"]),
            [answers("RolloutUndone"), answers("rolled back: revision 2 was undone by hand")],
        )
        .step("as they are now", remember(), [])
        .step("they are restarted", call(&["rollout", "restart", "web"]), [exits(0)])
        .step(
            "its end is waited for",
            call(&["rollout", "status", "web", "--timeout", "60s"]),
            [exits(0), says("restarting: "), replaced("web"), ready("web", 2)],
        );
}

#[test]
fn what_was_asked_without_a_controller_is_done_by_the_next_one() {
    scenario("what was asked without a controller is done by the next one")
        .step("two run", run_on(&web(IMAGE)), [eventually(ready("web", 2))])
        .step("its end is waited for", call(&["rollout", "status", "web", "--timeout", "60s"]), [exits(0)])
        .step("the controller ends", end_run(), [])
        .step("a restart is asked for", call(&["rollout", "restart", "web"]), [exits(0), says("as soon as")])
        .step("as it is now", remember(), [untouched("web")])
        .step("another controller begins", run(), [eventually(replaced("web"))])
        .step(
            "what is not there is refused",
            call(&["rollout", "undo", "web", "--to-revision", "9"]),
            [exits(1), says("revision 9 of deployment/")],
        );
}
