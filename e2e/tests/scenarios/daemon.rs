//! `skiff run`: follows edits, ends cleanly, and is the only one.

use std::time::Duration;

use anyhow::ensure;
use skiff_e2e::act::{act, all, apply, call, end_run, kill_run, look, remember, remove, run, run_on, skiff, write};
use skiff_e2e::check::{
    answers_json, check, eventually, exits, image, is_silent_on, ready, replaced, says, untouched, within,
};
use skiff_e2e::{OTHER_IMAGE, scenario, service};

#[test]
fn run_follows_every_edit() {
    let web = service("web");
    scenario("run follows every edit")
        .step("one replica runs", run_on(&web.to_string()), [eventually(ready("web", 1))])
        .step("as it is now", remember(), [])
        .step(
            "three are wanted",
            write("main.yaml", &web.clone().replicas(3).to_string()),
            [eventually(ready("web", 3))],
        )
        .step(
            "with another image",
            write("main.yaml", &web.replicas(2).image(OTHER_IMAGE).to_string()),
            [eventually(image("web", OTHER_IMAGE)), eventually(ready("web", 2)), eventually(replaced("web"))],
        )
        .step(
            "a new file in a new folder",
            write("more/db.yaml", &service("db").to_string()),
            [eventually(ready("db", 1))],
        );
}

#[test]
fn a_file_that_is_written_in_pieces_is_taken_whole() {
    scenario("a file that is written in pieces is taken whole")
        .step("one replica runs", run_on(&service("web").to_string()), [eventually(ready("web", 1))])
        .step("as it is now", remember(), [])
        .step(
            "a file grows slowly",
            write_slowly(&service("db").replicas(2).to_string()),
            [eventually(ready("db", 2)), untouched("web")],
        );
}

fn write_slowly(text: &str) -> skiff_e2e::act::Act {
    let text = text.to_owned();
    act(move |world| {
        use std::io::Write;
        let mut file = std::fs::File::create(world.manifests().join("slow.yaml"))?;
        for piece in text.as_bytes().chunks(40) {
            file.write_all(piece)?;
            file.sync_all()?;
        }
        Ok(())
    })
}

#[test]
fn a_folder_behind_a_symlink_is_followed_when_the_link_moves() {
    let version = |name: &'static str, replicas: u32| {
        act(move |world| {
            let folder = world.folder().join(name);
            std::fs::create_dir(&folder)?;
            std::fs::write(folder.join("web.yaml"), service("web").replicas(replicas).to_string())?;
            let draft = world.folder().join("link");
            std::os::unix::fs::symlink(&folder, &draft)?;
            Ok(std::fs::rename(draft, world.manifests().join("current"))?)
        })
    };
    scenario("a folder behind a symlink is followed when the link moves")
        .step("the link leads to the first version", version("v1", 1), [])
        .step("which runs", run(), [eventually(ready("web", 1))])
        .step("the link moves", version("v2", 2), [eventually(ready("web", 2))]);
}

#[test]
fn the_end_of_run_leaves_the_workloads_running() {
    scenario("the end of run leaves the workloads running")
        .step("two replicas run", run_on(&service("web").replicas(2).to_string()), [eventually(ready("web", 2))])
        .step("as they are now", remember(), [])
        .step("run is asked to end", end_run(), [ready("web", 2), untouched("web")])
        .step("another takes over", run(), [within(Duration::from_secs(5), alive()), untouched("web")])
        .step("and is killed", kill_run(), [ready("web", 2), untouched("web")])
        .step("a third finds everything well", run(), [within(Duration::from_secs(5), alive())])
        .step("and nothing to do", skiff("plan", &[]), [exits(0), untouched("web")]);
}

fn alive() -> skiff_e2e::check::Check {
    check(|world| {
        let running = world.running()?;
        ensure!(running.is_alive(), "skiff run has ended:\n{}", running.log());
        Ok(())
    })
}

#[test]
fn a_second_run_says_who_is_there_already() {
    scenario("a second run says who is there already")
        .step("one runs", run_on(&service("web").to_string()), [eventually(ready("web", 1))])
        .step("a second refuses", skiff("run", &[]), [exits(1), says_pid()])
        .step(
            "and the first goes on",
            write("main.yaml", &service("web").replicas(2).to_string()),
            [eventually(ready("web", 2))],
        );
}

fn says_pid() -> skiff_e2e::check::Check {
    check(|world| {
        let pid = world.running()?.pid().to_string();
        ensure!(world.last.stderr.contains(&pid), "process {pid} is not named:\n{}", world.last.stderr);
        Ok(())
    })
}

#[test]
fn commands_that_change_something_are_refused_beside_a_run_and_those_that_read_are_not() {
    scenario("commands that change something are refused beside a run, and those that read are not")
        .step("one runs", run_on(&service("web").to_string()), [eventually(ready("web", 1))])
        .step("plan reads", skiff("plan", &[]), [exits(0)])
        .step("get reads", call(&["get", "all"]), [exits(0), says("web")])
        .step("down changes", skiff("down", &["--yes"]), [exits(1)])
        .step(
            "restart would change, and is told who does that here",
            all([remember(), call(&["restart", "web"])]),
            [exits(1), says("`skiff run` (process"), says("skiff rollout restart NAME")],
        )
        .step("and both were refused", look(), [ready("web", 1), untouched("web")])
        .step("without it restart works", all([end_run(), call(&["restart", "web"])]), [exits(0), ready("web", 1)]);
}

#[test]
fn scale_is_refused_where_the_manifest_says_otherwise() {
    scenario("scale is refused where the manifest says otherwise")
        .step("two replicas run", apply(&service("web").replicas(2).to_string()), [ready("web", 2)])
        .step(
            "up with another number wins for once",
            skiff("up", &["--scale", "web=3", "--timeout", "60s"]),
            [exits(0), ready("web", 3)],
        );
}

#[test]
fn a_manifest_that_breaks_under_run_is_seen_by_every_command_that_looks() {
    let broken = service("web").spec("replica: 3");
    let events = |count: usize, word: &'static str| {
        check(move |world| {
            world.call(&["events", "--tail", "1000"])?;
            let found = world.last.stdout.lines().filter(|line| line.contains(word)).count();
            ensure!(found == count, "{word} {found} times instead of {count}:\n{}", world.last.stdout);
            Ok(())
        })
    };
    scenario("a manifest that breaks under run is seen by every command that looks")
        .step("one runs", run_on(&service("web").to_string()), [eventually(ready("web", 1))])
        .step("as it is now", remember(), [])
        .step(
            "its manifest breaks, and get has a word for it",
            write("main.yaml", &broken.to_string()),
            [eventually(got("get", "Ready,InvalidManifest")), events(1, "InvalidManifest")],
        )
        .step(
            "and the place, what is wrong, and the remedy",
            call(&["get", "web"]),
            [
                exits(0),
                says("/manifests/main.yaml:"),
                says("unknown field `replica`"),
                says("did you mean `replicas`?"),
            ],
        )
        .step(
            "describe says what is in force",
            call(&["describe", "web"]),
            [exits(0), says("Mistake:"), says("unknown field `replica`"), says("its last good version")],
        )
        .step("programs get it too", call(&["get", "web", "-o", "json"]), [answers_json(), says("InvalidManifest")])
        .step(
            "a new file that is no YAML is the source's own",
            write("other.yaml", "kind: [\n"),
            [eventually(got("get", "other.yaml:")), eventually(got("events", "source manifests"))],
        )
        .step(
            "what is mended is told once",
            all([write("main.yaml", &service("web").to_string()), remove("other.yaml")]),
            [eventually(got("events", "other.yaml is in order again")), eventually(events(2, "ManifestMended"))],
        )
        .step("and all is as it was", call(&["get"]), [is_silent_on("InvalidManifest"), untouched("web")])
        .step("which was told once each", look(), [events(2, "InvalidManifest")]);
}

/// What a command says contains a text.
fn got(command: &'static str, text: &'static str) -> skiff_e2e::check::Check {
    check(move |world| {
        world.call(&[command])?;
        ensure!(format!("{}{}", world.last.stdout, world.last.stderr).contains(text), "{}", world.last.stdout);
        Ok(())
    })
}
