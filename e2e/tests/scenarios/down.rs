//! Everything of a source goes, and nothing else. Data goes only when that is asked for.

use skiff_e2e::act::{apply, call, look, remember, skiff};
use skiff_e2e::check::{exits, gone, networks, ready, says, untouched, volumes};
use skiff_e2e::{Docker, World, scenario, service, volume};

fn with_data() -> String {
    let db = service("db")
        .template("volumes: [{ name: data, volume: { name: data } }]")
        .container("volumeMounts: [{ name: data, mountPath: /data }]");
    format!("{}{db}{}", volume("data"), service("web").replicas(2))
}

#[test]
fn down_removes_everything_but_the_data() {
    scenario("down removes everything but the data")
        .step("a system runs", apply(&with_data()), [ready("web", 2), ready("db", 1)])
        .step(
            "down",
            skiff("down", &[]),
            [exits(0), gone("web"), gone("db"), networks(&[]), volumes(&["default-data"])],
        )
        .step("again", skiff("down", &[]), [exits(0)]);
}

#[test]
fn down_removes_the_data_only_when_asked_to_and_sure() {
    scenario("down removes the data only when asked to, and sure")
        .step("a system runs", apply(&with_data()), [ready("db", 1)])
        .step("nobody can be asked here", skiff("down", &["--volumes"]), [exits(1), volumes(&["default-data"])])
        .step(
            "with a yes",
            skiff("down", &["--volumes", "--yes"]),
            [exits(0), gone("db"), networks(&[]), volumes(&[])],
        );
}

#[test]
fn down_of_a_path_that_nobody_knows_is_refused() {
    scenario("down of a path that nobody knows is refused")
        .step("a system runs", apply(&service("web").to_string()), [ready("web", 1)])
        .step(
            "down of another path",
            call(&["down", "no-such-folder", "--yes"]),
            [exits(1), says("no-such-folder: there is no such file or folder"), says("skiff down --source NAME")],
        )
        .step("and nothing has gone", look(), [ready("web", 1)])
        .step(
            "down of a source with a slip in its name",
            call(&["down", "--source", "manifets", "--yes"]),
            [exits(1), says("nothing is known of a source `manifets`"), says("did you mean `manifests`?")],
        )
        .step("and nothing has gone either", look(), [ready("web", 1)]);
}

/// A second world on the same engine, with the same manifest.
fn beside(text: &str) -> World {
    let mut world = World::on(Docker::of_environment()).expect("a second world");
    apply(text)(&mut world).expect("it comes up");
    world
}

#[test]
fn two_instances_live_side_by_side() {
    let text = service("web").replicas(2).to_string();
    let mut other = beside(&text);
    let before = ids(&other);
    let done = scenario("two instances live side by side")
        .step("the same manifest in another instance", apply(&text), [ready("web", 2)])
        .step("as it is now", remember(), [])
        .step("up again", apply(&text), [untouched("web")])
        .step("down", skiff("down", &[]), [exits(0), gone("web")]);
    assert_eq!(before, ids(&other), "the other instance was touched");
    drop(done);
    other.clean_up();
}

fn ids(world: &World) -> Vec<(String, String)> {
    let replicas = world.replicas("web").expect("they can be listed");
    replicas.into_iter().map(|seen| (seen.id.clone(), seen.started_at().to_owned())).collect()
}
