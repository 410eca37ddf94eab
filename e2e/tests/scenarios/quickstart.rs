//! The first two minutes: the quickstart as it is shipped, on another port.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use skiff_e2e::act::{Act, act, look, remember, run, skiff, up};
use skiff_e2e::check::{check, ended, eventually, exits, nothing_was_written, ready, replaced, untouched};
use skiff_e2e::{free_port, scenario};

use crate::change::page;

fn copied(folder: &'static str, port: u16) -> Act {
    act(move |world| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
        for entry in fs::read_dir(root.join("manifests").join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = fs::read_to_string(&path)?;
                let text = text.replace("hostPort: 8080", &format!("hostPort: {port}"));
                let text = text.replace("hostPort: 8081", &format!("hostPort: {port}"));
                fs::write(world.manifests().join(path.file_name().context("a name")?), text)?;
            }
        }
        Ok(())
    })
}

#[test]
fn the_quickstart_comes_up_serves_its_page_and_follows_an_edit() {
    let port = free_port().expect("a free port");
    let greets = move |word: &'static str| {
        check(move |_| {
            let page = page(port)?;
            ensure!(page.contains(word) && page.contains("Visits: <b>") && !page.contains("not known"), "{page}");
            Ok(())
        })
    };
    let edit = act(|world| {
        let path = world.manifests().join("page.yaml");
        Ok(fs::write(&path, fs::read_to_string(&path)?.replace("Ahoy!", "Hello!"))?)
    });
    scenario("the quickstart comes up, serves its page and follows an edit")
        .step("as it is shipped", copied("quickstart", port), [])
        .step(
            "it comes up",
            up(),
            [ready("web", 3), ready("counter", 1), ready("front", 1), eventually(greets("Ahoy!"))],
        )
        .step("as it is now", remember(), [])
        .step("up again does nothing", up(), [nothing_was_written()])
        .step("run keeps it", run(), [])
        .step(
            "the greeting is edited",
            edit,
            [eventually(greets("Hello!")), eventually(ready("web", 3)), untouched("counter"), untouched("front")],
        )
        .step("run ends", skiff_e2e::act::end_run(), [])
        .step("all of it goes", skiff("down", &["--volumes", "--yes"]), [exits(0)]);
}

#[test]
fn the_examples_come_up() {
    let port = free_port().expect("a free port");
    let slower = act(|world| {
        let path = world.manifests().join("worker.yaml");
        fs::write(&path, fs::read_to_string(&path)?.replace("PAUSE: \"5\"", "PAUSE: \"1\""))?;
        up()(world)
    });
    scenario("the examples come up")
        .step("as they are shipped", copied("examples", port), [])
        .step(
            "they come up",
            up(),
            [ready("hello", 1), ready("worker", 2), ended("prepare", &[0]), ready("recorder", 1)],
        )
        .step("the page is there", look(), [eventually(check(move |_| page(port).map(drop)))])
        .step("a worker writes into the memory that both share", in_worker(0, "touch /tally/mark"), [])
        .step(
            "the other one finds it there",
            in_worker(1, "test -e /tally/mark && grep -q ' /tally tmpfs ' /proc/mounts"),
            [],
        )
        .step("as they are now", remember(), [])
        .step("their settings change", slower, [exits(0), ready("worker", 2), replaced("worker")])
        .step("the memory of both has outlived each", in_worker(0, "test -e /tally/mark"), []);
}

/// Runs a script in one of the workers; it must succeed.
fn in_worker(index: usize, script: &'static str) -> Act {
    act(move |world| {
        let seen = world.replicas("worker")?.into_iter().nth(index).context("no such worker")?;
        world.docker.exec(&seen.id, &["sh", "-c", script]).map(drop)
    })
}
