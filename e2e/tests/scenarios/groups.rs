//! Deployments of one rollout group: where one of them fails, those that changed with it go back as well.

use skiff_e2e::act::{call, remember, run_on, write};
use skiff_e2e::check::{answers, eventually, exits, image, ready, says, told, untouched};
use skiff_e2e::{IMAGE, OTHER_IMAGE, scenario, service};

/// A member of the group `release`, which is believed after ten seconds: it goes on while another member fails.
fn member(name: &str, image: &str, container: &str) -> String {
    let of_group = format!("metadata: {{ name: {name}, labels: {{ skiff.dev/rollout-group: release }} }}");
    let text = service(name).image(image).container(container).to_string();
    text.replace(&format!("metadata: {{ name: {name} }}"), &of_group)
}

#[test]
fn what_changed_together_goes_back_together_and_the_rest_stays() {
    let of = |image: &str, bad: &str| {
        [member("api", image, ""), member("web", image, bad), service("db").to_string()].concat()
    };
    scenario("what changed together goes back together, and the rest stays")
        .step(
            "two members of a group run, and another",
            run_on(&of(IMAGE, "")),
            [eventually(ready("api", 1)), eventually(ready("web", 1)), eventually(ready("db", 1))],
        )
        .step("one is stable", call(&["rollout", "status", "api", "--timeout", "60s"]), [exits(0)])
        .step("the other is, too", call(&["rollout", "status", "web", "--timeout", "60s"]), [exits(0)])
        .step("as they are now", remember(), [])
        .step(
            "both members change in one manifest, and one of them cannot run",
            write("main.yaml", &of(OTHER_IMAGE, "command: [/bin/false]")),
            [
                eventually(told("web", &["RevisionFailed", "RolledBack"])),
                eventually(told("api", &["RevisionFailed", "RolledBack"])),
            ],
        )
        .step(
            "both are back",
            call(&["rollout", "status", "api", "--timeout", "60s"]),
            [
                exits(1),
                says("deployment/default/web"),
                says("it went back to 1"),
                eventually(image("api", IMAGE)),
                image("web", IMAGE),
                ready("api", 1),
                ready("web", 1),
                untouched("db"),
            ],
        )
        .step(
            "the history says why",
            call(&["rollout", "history", "api"]),
            [answers("deployment/default/web of its rollout group failed")],
        );
}
