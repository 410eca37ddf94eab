//! A prune that is confirmed is confirmed for what the manifests are as a controller begins, and not for when it leads one day.

use skiff_e2e::act::remove;

use super::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn push_all(stage: &Shared, flags: &'static [&str]) -> Act {
    let stage = Rc::clone(stage);
    act(move |world| {
        let (manifests, address) = (world.manifests().display().to_string(), stage.borrow().address());
        world.call(&[&["push", &manifests, address.as_str()], flags].concat())
    })
}

fn write_all() -> Act {
    all(NAMES.map(|name| write(&format!("{name}.yaml"), &service(name).to_string())))
}

#[test]
fn whoever_stood_by_removes_nothing_that_was_confirmed_before_it_led() {
    let stage = one_member();
    scenario("whoever stood by removes nothing that was confirmed before it led")
        .step(
            "four run",
            all([write_all(), push_all(&stage, &[]), start(&stage, &[])]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("a", 1)), eventually(ready("d", 1))],
        )
        .step(
            "another one stands by, with leave to prune, and says that it is void",
            start(&stage, &["--confirm-prune"]),
            [eventually(has_logged(&stage, 1, "`--confirm-prune` is void"))],
        )
        .step("as they are now", remember(), [])
        .step(
            "three go: the leader holds that back",
            all([remove("b.yaml"), remove("c.yaml"), remove("d.yaml"), push_all(&stage, &["--prune"])]),
            [exits(0), eventually(has_logged(&stage, 0, "would be removed: confirm with")), untouched("d")],
        )
        .step(
            "and so does the next one",
            signal(&stage, 0, Signal::TERM),
            [
                leads(&stage, 1, HAND_OVER),
                eventually(has_logged(&stage, 1, "would be removed: confirm with")),
                throughout(Duration::from_secs(2), untouched("b")),
                untouched("c"),
                untouched("d"),
            ],
        );
}
