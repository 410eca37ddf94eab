//! What left the source is removed, unless something speaks against it. A mistake never tears anything down.

use skiff_e2e::act::{
    Act, act, all, apply, call, docker, end_run, look, remember, remove, run_with, skiff, up, up_with, write,
};
use skiff_e2e::check::{check, eventually, exits, gone, logs, ready, says, untouched, volumes};
use skiff_e2e::{scenario, service, volume};

mod away;

fn file(name: &str) -> Act {
    let service = service(name.rsplit('/').next().unwrap_or(name));
    write(&format!("{name}.yaml"), &service.to_string())
}

const BROKEN: &str = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: b\nspec: {}\n";

#[test]
fn an_object_that_left_its_source_is_removed_and_its_volume_is_kept() {
    let data = format!(
        "{}{}",
        volume("data"),
        service("db")
            .template("volumes: [{ name: data, volume: { name: data } }]")
            .container("volumeMounts: [{ name: data, mountPath: /data }]")
    );
    scenario("an object that left its source is removed, and its volume is kept")
        .step(
            "three run",
            all([write("db.yaml", &data), file("a"), file("b"), file("c"), file("d"), up()]),
            [ready("db", 1), ready("c", 1)],
        )
        .step("as they are now", remember(), [])
        .step(
            "one file goes",
            all([remove("db.yaml"), up()]),
            [gone("db"), untouched("a"), volumes(&["default-data"])],
        );
}

#[test]
fn most_of_a_source_goes_only_when_that_is_confirmed() {
    scenario("most of a source goes only when that is confirmed")
        .step("four run", all([file("a"), file("b"), file("c"), file("d"), up()]), [ready("a", 1), ready("d", 1)])
        .step("as they are now", remember(), [])
        .step("three files go", all([remove("b.yaml"), remove("c.yaml"), remove("d.yaml")]), [])
        .step(
            "up holds that back",
            skiff("up", &["--timeout", "20s"]),
            [
                exits(1),
                says("3 objects have left the manifests and still run"),
                says("--confirm-prune"),
                says("deployment/default/d"),
                untouched("b"),
                untouched("d"),
            ],
        )
        .step("so does a plan, which has nothing to do", skiff("plan", &[]), [exits(0), says("--confirm-prune")])
        .step(
            "up of one object by its name prunes nothing, and reaches what it is asked for",
            skiff("up", &["a", "--timeout", "20s"]),
            [exits(0), untouched("b")],
        )
        .step(
            "until it is confirmed",
            up_with(&["--confirm-prune"]),
            [exits(0), gone("b"), gone("c"), gone("d"), untouched("a")],
        );
}

#[test]
fn an_object_that_asks_not_to_be_pruned_stays() {
    let keep = service("keep")
        .to_string()
        .replace("name: keep }", "name: keep, annotations: { skiff.dev/prune: \"false\" } }");
    scenario("an object that asks not to be pruned stays")
        .step(
            "both run",
            all([write("keep.yaml", &keep), file("a"), file("b"), up()]),
            [ready("keep", 1), ready("a", 1)],
        )
        .step("as they are now", remember(), [])
        .step(
            "its file goes",
            all([remove("keep.yaml"), skiff("up", &["--timeout", "20s"])]),
            [exits(0), says("protected"), untouched("keep"), untouched("a")],
        );
}

#[test]
fn a_broken_manifest_keeps_everything_and_prunes_nothing() {
    scenario("a broken manifest keeps everything and prunes nothing")
        .step("three run", all([file("a"), file("b"), file("c"), up()]), [ready("a", 1), ready("b", 1), ready("c", 1)])
        .step("as they are now", remember(), [])
        .step("one file breaks and another goes", all([write("b.yaml", BROKEN), remove("c.yaml")]), [])
        .step("up says where", skiff("up", &["--timeout", "20s"]), [exits(1), says("b.yaml")])
        .step("and leaves everything", look(), [untouched("a"), untouched("b"), untouched("c")]);
}

#[test]
fn a_broken_manifest_is_survived_across_a_restart_of_run() {
    scenario("a broken manifest is survived across a restart of run")
        .step(
            "three run",
            all([file("a"), file("b"), file("c"), run_with(&["--tick", "1s"])]),
            [eventually(ready("a", 1)), eventually(ready("b", 1)), eventually(ready("c", 1))],
        )
        .step("as they are now", remember(), [])
        .step("one file breaks", write("b.yaml", BROKEN), [eventually(logs("b.yaml")), untouched("b")])
        .step("run ends", end_run(), [untouched("a"), untouched("b")])
        .step("and begins again", run_with(&["--tick", "1s"]), [eventually(logs("b.yaml"))])
        .step("the last good version still holds", docker(&["rm", "-f"], "b"), [eventually(ready("b", 1))])
        .step("the others were left alone", look(), [untouched("a"), untouched("c")]);
}

#[test]
fn two_sources_leave_each_other_alone() {
    let shop = act(|world| {
        std::fs::create_dir_all(world.folder().join("blog"))?;
        Ok(std::fs::write(world.folder().join("blog/post.yaml"), service("post").to_string())?)
    });
    scenario("two sources leave each other alone")
        .step("the first is up", apply(&service("web").to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("the second is up", all([shop, call(&["up", "blog", "--timeout", "60s"])]), [exits(0), ready("post", 1)])
        .step("the first is still there", look(), [untouched("web")])
        .step(
            "the second goes down",
            call(&["down", "blog", "--yes"]),
            [exits(0), gone("post"), check(|world| world.replica("web").map(drop)), untouched("web")],
        );
}

/// A command on `manifests` in another folder of the scenario, another source of the same name.
fn elsewhere(command: &'static str, flags: &'static [&'static str]) -> Act {
    act(move |world| {
        let other = world.folder().join("other/manifests").display().to_string();
        let line: Vec<&str> = [command, other.as_str()].into_iter().chain(flags.iter().copied()).collect();
        world.call(&line)
    })
}

#[test]
fn another_folder_of_the_same_name_removes_nothing_of_the_first() {
    scenario("another folder of the same name removes nothing of the first")
        .step("one folder runs", all([file("a"), up()]), [ready("a", 1)])
        .step("as it is now", remember(), [])
        .step(
            "another one of the same name says what it leaves alone, and why",
            all([file("../other/manifests/b"), elsewhere("up", &["--timeout", "60s"])]),
            [
                exits(0),
                ready("b", 1),
                untouched("a"),
                says("is not what is loaded as source manifests"),
                says("--source NAME"),
            ],
        )
        .step("the first one leaves the other alone as well", up(), [untouched("a"), ready("b", 1)])
        .step("down of one leaves the other", elsewhere("down", &[]), [exits(0), gone("b"), untouched("a")])
        .step(
            "and the first one knows what is its own",
            all([file("c"), up(), remove("a.yaml"), up()]),
            [gone("a"), ready("c", 1)],
        )
        .step(
            "until it is confirmed",
            elsewhere("up", &["--timeout", "60s", "--confirm-prune"]),
            [exits(0), gone("c"), ready("b", 1)],
        );
}
