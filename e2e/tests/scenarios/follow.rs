//! Images that follow their tags in a real registry.

use std::time::Duration;

use skiff_e2e::act::{call, end_run, look, remember, run, run_on, skiff, write};
use skiff_e2e::check::{eventually, exits, is_silent_on, logs, ready, replaced, says, throughout, untouched, within};
use skiff_e2e::{Docker, IMAGE, Manner, OTHER_IMAGE, Registry, scenario, service};

use crate::registry::{runs, with_credentials};

#[test]
fn a_tag_that_moves_in_its_registry_rolls_out_and_is_remembered() {
    let docker = Docker::of_environment();
    let mut registry = Registry::start(&docker).expect("a registry");
    let pushed = registry.push("shop/web:1").expect("an image in it");
    let proxy = registry.proxy().expect("a proxy");
    let reference = registry.through(&proxy, &pushed);
    let right = registry.credentials().expect("a config folder");
    let (first, moved) = (docker.image_id(IMAGE).expect("one"), docker.image_id(OTHER_IMAGE).expect("another"));
    let web = |update: &str| service("web").replicas(2).image(&reference).spec(update).to_string();
    let following = "imageUpdate: { policy: Digest, interval: 1s }";
    let scenario = scenario("a tag that moves in its registry rolls out and is remembered")
        .step("with credentials", with_credentials(&right), [])
        .step("it runs", run_on(&web("")), [eventually(ready("web", 2)), runs(&first)])
        .step("as it is now", remember(), [])
        .step(
            "its tag is followed, which replaces nothing",
            write("main.yaml", &web(following)),
            [throughout(Duration::from_secs(3), untouched("web"))],
        );
    registry.push_image(OTHER_IMAGE, "shop/web:1").expect("another image in it");
    let scenario = scenario
        .step(
            "the tag moves",
            look(),
            [eventually(replaced("web")), eventually(runs(&moved)), eventually(ready("web", 2))],
        )
        .step("and that is told", call(&["events"]), [says("ImageMoved"), says("image moved: ")])
        .step(
            "describe says both",
            call(&["describe", "web"]),
            [says(&format!("Image: {reference} Runs: ")), says("@sha256:")],
        )
        .step("as it is now", remember(), [])
        .step("the controller ends", end_run(), []);
    proxy.set(Manner::IsDown);
    let scenario = scenario
        .step("it begins again while the registry is away", run(), [eventually(logs("ImageCheckFailed"))])
        .step("and leaves what runs", look(), [throughout(Duration::from_secs(3), untouched("web"))]);
    proxy.set(Manner::Works);
    let scenario = scenario.step("it comes back", look(), [eventually(logs("answers again"))]);
    registry.push_image(IMAGE, "shop/web:1").expect("the first image in it");
    scenario
        .step(
            "the tag moves back",
            look(),
            [within(Duration::from_secs(60), replaced("web")), eventually(runs(&first))],
        )
        .step("no plan wants anything", call(&["plan", "main.yaml"]), [is_silent_on("image moved")]);
    drop(registry);
}

#[test]
fn a_version_is_followed_by_the_tags_that_its_registry_has() {
    let docker = Docker::of_environment();
    let mut registry = Registry::start(&docker).expect("a registry");
    let reference = registry.push("shop/api:1.0.0").expect("an image in it");
    let right = registry.credentials().expect("a config folder");
    let (first, newer) = (docker.image_id(IMAGE).expect("one"), docker.image_id(OTHER_IMAGE).expect("another"));
    let following = service("web").image(&reference).spec("imageUpdate: { policy: Semver, interval: 1s }").to_string();
    let scenario = scenario("a version is followed by the tags that its registry has")
        .step("with credentials", with_credentials(&right), [])
        .step("it runs", run_on(&following), [eventually(ready("web", 1)), runs(&first)])
        .step("as it is now", remember(), []);
    registry.push_image(OTHER_IMAGE, "shop/api:2.0.0").expect("a break in it");
    let scenario =
        scenario.step("a break is not taken", look(), [throughout(Duration::from_secs(3), untouched("web"))]);
    registry.push_image(OTHER_IMAGE, "shop/api:1.4.0").expect("a newer version in it");
    scenario.step(
        "a newer version is",
        look(),
        [eventually(replaced("web")), eventually(ready("web", 1)), runs(&newer)],
    );
    drop(registry);
}

#[test]
fn a_pull_by_hand_touches_nothing_that_runs_and_a_restart_runs_what_it_has_brought() {
    let docker = Docker::of_environment();
    let mut registry = Registry::start(&docker).expect("a registry");
    let reference = registry.push("shop/web:1").expect("an image in it");
    let right = registry.credentials().expect("a config folder");
    let (first, moved) = (docker.image_id(IMAGE).expect("one"), docker.image_id(OTHER_IMAGE).expect("another"));
    let scenario = scenario("a pull by hand touches nothing that runs, and a restart runs what it has brought")
        .step("with credentials", with_credentials(&right), [])
        .step(
            "it runs",
            run_on(&service("web").image(&reference).to_string()),
            [eventually(ready("web", 1)), runs(&first)],
        )
        .step("as it is now", remember(), [])
        .step("what is there is said to be", skiff("pull-images", &[]), [exits(0), says("is there already")]);
    registry.push_image(OTHER_IMAGE, "shop/web:1").expect("another image in it");
    scenario
        .step(
            "it is pulled",
            skiff("pull-images", &[]),
            [exits(0), says("pulled"), throughout(Duration::from_secs(2), untouched("web"))],
        )
        .step(
            "and run",
            call(&["rollout", "restart", "web"]),
            [exits(0), eventually(replaced("web")), eventually(runs(&moved))],
        )
        .step(
            "what is not there is named",
            write("other.yaml", &service("other").image(&reference.replace(":1", ":2")).to_string()),
            [],
        )
        .step("and ends with 1", skiff("pull-images", &[]), [exits(1), says("shop/web:2")]);
    drop(registry);
}
