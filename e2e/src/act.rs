//! What a step does: files that are edited, commands that are called, things that happen to Docker behind Skiff's back.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::events::Events;
use crate::world::World;

/// One thing that is done.
pub type Act = Box<dyn FnOnce(&mut World) -> Result<()>>;

/// Whatever a closure does.
pub fn act(what: impl FnOnce(&mut World) -> Result<()> + 'static) -> Act {
    Box::new(what)
}

/// Several things, one after the other.
pub fn all<const ACTS: usize>(acts: [Act; ACTS]) -> Act {
    act(|world| acts.into_iter().try_for_each(|act| act(world)))
}

/// Nothing: the step only checks.
pub fn look() -> Act {
    act(|_| Ok(()))
}

/// Writes a file into the folder of manifests, as an editor does: whole, by a rename.
pub fn write(name: &str, text: &str) -> Act {
    let (name, text) = (name.to_owned(), text.to_owned());
    act(move |world| {
        let path = world.manifests().join(&name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        let draft = world.folder().join("draft");
        fs::write(&draft, text)?;
        Ok(fs::rename(draft, path)?)
    })
}

/// Removes a file from the folder of manifests.
pub fn remove(name: &str) -> Act {
    let name = name.to_owned();
    act(move |world| Ok(fs::remove_file(world.manifests().join(name))?))
}

/// Calls `skiff COMMAND manifests ARGS…`, whatever comes of it.
pub fn skiff(command: &str, args: &[&str]) -> Act {
    let (command, args) = (command.to_owned(), owned(args));
    act(move |world| {
        let manifests = world.manifests().display().to_string();
        let args = args.iter().map(String::as_str);
        let line: Vec<&str> = [command.as_str(), manifests.as_str()].into_iter().chain(args).collect();
        world.call(&line)
    })
}

/// Calls `skiff ARGS…`, whatever comes of it.
pub fn call(args: &[&str]) -> Act {
    let args = owned(args);
    act(move |world| world.call(&args.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Writes the manifest `main.yaml` and lets `skiff up` make it so.
pub fn apply(text: &str) -> Act {
    all([write("main.yaml", text), up()])
}

/// Lets `skiff up` make it so.
pub fn up() -> Act {
    up_with(&[])
}

/// Lets `skiff up` with some flags make it so.
pub fn up_with(args: &[&str]) -> Act {
    let args = [args, &["--timeout", "90s"]].concat();
    all([skiff("up", &args), act(|world| succeeded(world))])
}

fn succeeded(world: &World) -> Result<()> {
    ensure!(world.last.code == 0, "skiff {} ended with {}", world.last.command, world.last.code);
    Ok(())
}

/// Starts `skiff run` in the background.
pub fn run() -> Act {
    run_with(&[])
}

/// Starts `skiff run` with some flags in the background.
pub fn run_with(args: &[&str]) -> Act {
    let args = owned(args);
    act(move |world| {
        let manifests = world.manifests().display().to_string();
        let args = args.iter().map(String::as_str);
        let line: Vec<&str> = ["run", &manifests].into_iter().chain(args).collect();
        let running = world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?;
        world.running = Some(running);
        Ok(())
    })
}

/// Writes the manifest `main.yaml` and starts `skiff run`.
pub fn run_on(text: &str) -> Act {
    all([write("main.yaml", text), run()])
}

/// Asks `skiff run` to end, and waits for that; it must end well.
pub fn end_run() -> Act {
    act(|world| {
        let mut running = world.running.take().context("no skiff run in the background")?;
        running.signal(Signal::TERM)?;
        let status = running.wait(Duration::from_secs(20))?;
        ensure!(status.success(), "skiff run ended with {status}:\n{}", running.log());
        Ok(())
    })
}

/// Kills `skiff run` without a word.
pub fn kill_run() -> Act {
    act(|world| {
        let mut running = world.running.take().context("no skiff run in the background")?;
        running.signal(Signal::KILL)?;
        running.wait(Duration::from_secs(5)).map(|_| ())
    })
}

/// Keeps in mind every container as it is now, and the time.
pub fn remember() -> Act {
    act(|world| {
        world.remembered = world.containers()?.into_iter().map(|seen| (seen.name.clone(), seen)).collect();
        world.since_remembered = None;
        let file = world.folder().join("events.json");
        let events = Events::follow(&world.docker, world.label(), world.engine_clock()?, file)?;
        world.since_remembered = Some(events);
        Ok(())
    })
}

/// Kills the process of an object's first container from the host.
pub fn kill_process_of(name: &str) -> Act {
    let name = name.to_owned();
    act(move |world| {
        let seen = world.replicas(&name)?.into_iter().next().with_context(|| format!("{name} has no container"))?;
        let pid = Pid::from_raw(seen.pid()).with_context(|| format!("{name} does not run"))?;
        Ok(kill_process(pid, Signal::KILL)?)
    })
}

/// Calls the docker command with the name of an object's first container as the last argument.
pub fn docker(args: &[&str], name: &str) -> Act {
    let (args, name) = (owned(args), name.to_owned());
    act(move |world| {
        let seen = world.replicas(&name)?.into_iter().next().with_context(|| format!("{name} has no container"))?;
        let output = world.docker.command().args(&args).arg(&seen.id).output()?;
        ensure!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    })
}

fn owned(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}
