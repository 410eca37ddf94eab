//! Volumes without a name: a database whose volume nobody named loses nothing with an update.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use skiff_e2e::act::{Act, act, all, docker, look, remember, skiff, up, write};
use skiff_e2e::check::{Check, check, exits, gone, nothing_was_written, ready, replaced, says, untouched};
use skiff_e2e::{IMAGE, scenario, service};

/// A service whose image declares a volume, and one that declares one itself, as many Compose files do.
fn stack(version: &str, level: &str) -> String {
    format!(
        "name: default
services:
  db:
    build: {{ context: ., dockerfile_inline: \"FROM {IMAGE}\\nVOLUME /data\\nLABEL version={version}\\n\" }}
    stop_grace_period: 1s
    environment: {{ LEVEL: {level} }}
  cache:
    image: {IMAGE}
    stop_grace_period: 1s
    environment: {{ LEVEL: {level} }}
    volumes: [/cache]
"
    )
}

/// Writes a word into a file of each replica: its own number.
fn write_into(name: &'static str, file: &'static str) -> Act {
    act(move |world| {
        for seen in world.replicas(name)? {
            let word = format!("echo {} > {file}", seen.label(skiff_api::label::REPLICA));
            world.docker.exec(&seen.id, &["sh", "-c", &word])?;
        }
        Ok(())
    })
}

/// Each replica reads what was written into its file.
fn reads(name: &'static str, file: &'static str, count: usize) -> Check {
    check(move |world| {
        let replicas = world.replicas(name)?;
        ensure!(replicas.len() == count, "{} replicas", replicas.len());
        for seen in replicas {
            let word = world.docker.exec(&seen.id, &["cat", file])?;
            let own = seen.label(skiff_api::label::REPLICA);
            ensure!(word.trim() == own, "{name} {own} reads {word}");
        }
        Ok(())
    })
}

/// Every replica mounts the same volumes as when this was last asked.
fn same_volumes(name: &'static str) -> impl FnMut(&mut skiff_e2e::World) -> Result<()> {
    let mut before: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    move |world| {
        let replicas = world.replicas(name)?;
        let of = |seen: &skiff_e2e::Seen| (seen.label(skiff_api::label::REPLICA).to_owned(), seen.nameless());
        let now: BTreeMap<_, _> = replicas.iter().map(of).collect();
        ensure!(now.values().all(|volumes| !volumes.is_empty()), "there are no volumes: {now:?}");
        if !before.is_empty() {
            ensure!(now == before, "{now:?} instead of {before:?}");
        }
        before = now;
        Ok(())
    }
}

#[test]
fn a_volume_that_nobody_named_is_carried_over_to_the_next_container() {
    let mut volumes = [same_volumes("db"), same_volumes("cache")];
    let mut same = move |world: &mut skiff_e2e::World| volumes.iter_mut().try_for_each(|same| same(world));
    let same = std::rc::Rc::new(std::cell::RefCell::new(move |world: &mut skiff_e2e::World| same(world)));
    let is_same = || {
        let same = std::rc::Rc::clone(&same);
        check(move |world| (same.borrow_mut())(world))
    };
    let data = || [reads("db", "/data/word", 1), reads("cache", "/cache/word", 1), is_same()];
    scenario("a volume that nobody named is carried over to the next container")
        .step("a stack is there", write("compose.yaml", &stack("1", "info")), [])
        .step("and runs", skiff("up", &[]), [exits(0), ready("db", 1), ready("cache", 1)])
        .step("it writes", all([write_into("db", "/data/word"), write_into("cache", "/cache/word")]), data())
        .step("as it is now", remember(), [])
        .step("a variable changes", write("compose.yaml", &stack("1", "debug")), [])
        .step("the plan says what becomes of the data", skiff("plan", &[]), [exits(2), says("→ carried over")])
        .step("the data is there", skiff("up", &[]), [exits(0), replaced("db"), replaced("cache")])
        .step("in the same volumes", remember(), data())
        .step("the image changes", write("compose.yaml", &stack("2", "debug")), [])
        .step("and only what is made from it", skiff("up", &[]), [exits(0), replaced("db"), untouched("cache")])
        .step("has another container with the same data", remember(), data())
        .step("nothing is left to do", skiff("up", &[]), [exits(0), untouched("db"), nothing_was_written()])
        .step("what goes takes nothing along", skiff("down", &["--volumes", "--yes"]), [exits(0), gone("db")]);
}

/// What each replica mounts: data, and a folder that is empty with each container.
fn keeper(level: &str, replicas: u32) -> String {
    service("web")
        .replicas(replicas)
        .env("LEVEL", level)
        .container("volumeMounts: [{ name: own, mountPath: /own }, { name: empty, mountPath: /empty }]")
        .template("volumes: [{ name: own, anonymous: {} }, { name: empty, emptyDir: {} }]")
        .to_string()
}

#[test]
fn each_replica_keeps_its_own_data_and_no_empty_folder() {
    let is_empty = || {
        check(|world| {
            for seen in world.replicas("web")? {
                let found = world.docker.exec(&seen.id, &["ls", "/empty"])?;
                ensure!(found.trim().is_empty(), "{found}");
            }
            Ok(())
        })
    };
    scenario("each replica keeps its own data, and no empty folder")
        .step("three replicas run", all([write("main.yaml", &keeper("info", 3)), up()]), [exits(0), ready("web", 3)])
        .step("each writes its own", all([write_into("web", "/own/word"), write_into("web", "/empty/word")]), [])
        .step("as they are now", remember(), [reads("web", "/own/word", 3)])
        .step("a variable changes", all([write("main.yaml", &keeper("debug", 3)), up()]), [exits(0), replaced("web")])
        .step("each reads its own", look(), [reads("web", "/own/word", 3), is_empty()])
        .step("one is taken away by hand", docker(&["rm", "-f"], "web"), [])
        .step("and comes back with a volume of its own", up(), [exits(0), ready("web", 3)]);
}
