//! What must hold after a step: a check looks once; `eventually` looks until it holds or the time is up.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use skiff_api::label;

use crate::docker::Seen;
use crate::world::World;

/// One thing that must hold.
pub type Check = Box<dyn FnMut(&mut World) -> Result<()>>;

/// What holds holds in a moment on a machine that has time: this much is for one that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(90);
const INTERVAL: Duration = Duration::from_millis(50);

/// Whatever a closure finds.
pub fn check(what: impl FnMut(&mut World) -> Result<()> + 'static) -> Check {
    Box::new(what)
}

/// Looks until it holds.
pub fn eventually(check: Check) -> Check {
    within(PATIENCE, check)
}

/// Looks until it holds or the time is up.
pub fn within(patience: Duration, mut check: Check) -> Check {
    Box::new(move |world| poll(patience, || check(world)))
}

/// Looks again and again, and is content only if it holds every time.
pub fn throughout(time: Duration, mut check: Check) -> Check {
    Box::new(move |world| {
        let begun = Instant::now();
        while begun.elapsed() < time {
            check(world)?;
            thread::sleep(INTERVAL);
        }
        Ok(())
    })
}

/// The one place where a scenario waits.
pub(crate) fn poll(patience: Duration, mut look: impl FnMut() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > patience => {
                return Err(error.context(format!("not within {} s", patience.as_secs())));
            }
            Err(_) => thread::sleep(INTERVAL),
        }
    }
}

/// The last call ended so.
pub fn exits(code: i32) -> Check {
    check(move |world| {
        ensure!(world.last.code == code, "exit code {} instead of {code}", world.last.code);
        Ok(())
    })
}

/// The last call answered with this text.
pub fn answers(text: &str) -> Check {
    let text = text.to_owned();
    check(move |world| {
        ensure!(world.last.stdout.contains(&text), "`{text}` is not in the answer:\n{}", world.last.stdout);
        Ok(())
    })
}

/// The last call said this, in its answer or its talk.
pub fn says(text: &str) -> Check {
    let text = text.to_owned();
    check(move |world| {
        let said = flat(&format!("{}\n{}", world.last.stdout, world.last.stderr));
        ensure!(said.contains(&text), "`{text}` was not said:\n{said}");
        Ok(())
    })
}

/// The last call did not say this.
pub fn is_silent_on(text: &str) -> Check {
    let text = text.to_owned();
    check(move |world| {
        let said = format!("{}\n{}", world.last.stdout, world.last.stderr);
        ensure!(!said.contains(&text), "`{text}` was said:\n{said}");
        Ok(())
    })
}

/// `skiff run` has logged this.
pub fn logs(text: &str) -> Check {
    let text = text.to_owned();
    check(move |world| {
        let log = world.running()?.log();
        ensure!(flat(&log).contains(&text), "`{text}` is not in the log:\n{log}");
        Ok(())
    })
}

/// `skiff events` tells all of this of an object.
pub fn told(name: &'static str, words: &'static [&'static str]) -> Check {
    check(move |world| {
        world.call(&["events", name])?;
        let said = flat(&world.last.stdout);
        words.iter().try_for_each(|word| {
            ensure!(said.contains(word), "`{word}` is not in the events:\n{said}");
            Ok(())
        })
    })
}

/// Lines that were wrapped for a terminal as one, so that a sentence can be looked for.
fn flat(text: &str) -> String {
    text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

/// An object has so many containers, and all of them are ready.
pub fn ready(name: &str, count: usize) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let replicas = world.replicas(&name)?;
        ensure!(
            replicas.len() == count,
            "{name} has {} containers instead of {count}: {}",
            replicas.len(),
            states(&replicas)
        );
        ensure!(replicas.iter().all(Seen::is_ready), "{name} is not ready: {}", states(&replicas));
        Ok(())
    })
}

/// An object has containers that ended with these codes, in the order of their names.
pub fn ended(name: &str, codes: &'static [i64]) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let mut containers = world.replicas(&name)?;
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        let found: Vec<Option<i64>> = containers.iter().map(Seen::exit_code).collect();
        let wanted: Vec<Option<i64>> = codes.iter().copied().map(Some).collect();
        ensure!(found == wanted, "{name} ended with {found:?} instead of {codes:?}: {}", states(&containers));
        Ok(())
    })
}

fn states(replicas: &[Seen]) -> String {
    let words = replicas.iter().map(|seen| format!("{} {} {}", seen.name, seen.status(), seen.health()));
    words.collect::<Vec<_>>().join(", ")
}

/// An object has no container.
pub fn gone(name: &str) -> Check {
    ready(name, 0)
}

/// Every container of an object satisfies a condition.
pub fn every(name: &str, condition: &'static str, holds: impl Fn(&Seen) -> bool + 'static) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let replicas = world.replicas(&name)?;
        ensure!(!replicas.is_empty(), "{name} has no container");
        for seen in &replicas {
            ensure!(holds(seen), "{} does not satisfy: {condition}", seen.name);
        }
        Ok(())
    })
}

/// Every container of an object runs this image.
pub fn image(name: &str, image: &'static str) -> Check {
    every(name, image, move |seen| seen.image() == image)
}

/// Every remembered container of an object is the same and was not restarted.
pub fn untouched(name: &str) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let replicas = world.replicas(&name)?;
        ensure!(!replicas.is_empty(), "{name} has no container");
        for now in &replicas {
            let before = world.remembered.get(&now.name).with_context(|| format!("{} is new", now.name))?;
            ensure!(before.id == now.id, "{} is another container", now.name);
            ensure!(before.started_at() == now.started_at(), "{} was restarted", now.name);
        }
        Ok(())
    })
}

/// No remembered container of an object is there any more.
pub fn replaced(name: &str) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let replicas = world.replicas(&name)?;
        ensure!(!replicas.is_empty(), "{name} has no container");
        for now in &replicas {
            let kept = world.remembered.values().any(|before| before.id == now.id);
            ensure!(!kept, "{} is still the old container", now.name);
        }
        Ok(())
    })
}

/// Docker was asked for nothing but answers since `remember`.
pub fn nothing_was_written() -> Check {
    check(|world| {
        let events = world.events()?;
        let name = |event: &Value| event.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
        // Docker's own health checks run commands, and say so.
        let writes: Vec<String> = events
            .iter()
            .map(name)
            .filter(|name| !name.starts_with("exec_") && !name.starts_with("health_status"))
            .collect();
        ensure!(writes.is_empty(), "Docker was written to: {writes:?}");
        Ok(())
    })
}

/// Since `remember`, an object never had fewer running containers than this.
pub fn never_fewer_than(name: &str, least: usize) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let ours =
            |labels: Option<&Value>| labels.and_then(|all| all.get(label::NAME)).and_then(Value::as_str) == Some(&name);
        let before = world.remembered.values().filter(|seen| seen.label(label::NAME) == name);
        let mut running: BTreeSet<String> =
            before.filter(|seen| seen.status() == "running").map(|seen| seen.id.clone()).collect();
        for event in world.events()? {
            let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let id = text("/Actor/ID").to_owned();
            match text("/Action") {
                "start" if ours(event.pointer("/Actor/Attributes")) => running.insert(id),
                "die" => running.remove(&id),
                _ => continue,
            };
            ensure!(running.len() >= least, "{name} had only {} running containers", running.len());
        }
        Ok(())
    })
}

/// The last answer is JSON.
pub fn answers_json() -> Check {
    check(|world| {
        let answer = serde_json::from_str::<Value>(&world.last.stdout);
        answer.map(drop).with_context(|| format!("the answer is not JSON:\n{}", world.last.stdout))
    })
}

/// The scenario has these networks, without the instance's prefix.
pub fn networks(expected: &'static [&'static str]) -> Check {
    check(move |world| {
        let found = world.docker.networks(&world.label())?;
        compare(world, found.into_keys().collect(), expected)
    })
}

/// The scenario has these volumes, without the instance's prefix.
pub fn volumes(expected: &'static [&'static str]) -> Check {
    check(move |world| {
        let found = world.docker.volumes(&world.label())?;
        compare(world, found.into_keys().collect(), expected)
    })
}

fn compare(world: &World, found: Vec<String>, expected: &[&str]) -> Result<()> {
    let prefix = format!("{}-", world.instance);
    let names: Vec<&str> = found.iter().map(|name| name.strip_prefix(&prefix).unwrap_or(name)).collect();
    if names != expected {
        bail!("{names:?} instead of {expected:?}");
    }
    Ok(())
}
