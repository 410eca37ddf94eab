//! The examples as they are shipped, on other ports, with real servers: what their files say is so.

mod environments;
mod layers;
mod neighbours;
mod orders;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use skiff_e2e::World;
use skiff_e2e::act::{Act, act};
use skiff_e2e::check::{Check, check};

/// Copies an example into the folder of manifests, some words of it changed.
fn example<const CHANGES: usize>(name: &'static str, changes: [(&'static str, String); CHANGES]) -> Act {
    act(move |world| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
        copy(&root.join("manifests/examples").join(name), &world.manifests(), &changes)
    })
}

fn copy(from: &Path, to: &Path, changes: &[(&str, String)]) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target, changes)?;
            continue;
        }
        // With its mode: some of it is to be executed.
        fs::copy(&path, &target)?;
        let text = fs::read_to_string(&path)?;
        let changed = changes.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to));
        if changed != text {
            fs::write(&target, changed)?;
        }
    }
    Ok(())
}

/// Changes a word of a file.
fn edit(file: &'static str, from: &'static str, to: &'static str) -> Act {
    act(move |world| {
        let path = world.manifests().join(file);
        let text = fs::read_to_string(&path)?;
        ensure!(text.contains(from), "{file} has no {from}");
        Ok(fs::write(&path, text.replace(from, to))?)
    })
}

/// Runs a command in the first container of an object.
fn within(world: &World, name: &str, command: &[&str]) -> Result<String> {
    let seen = world.replicas(name)?.into_iter().next().with_context(|| format!("{name} has no container"))?;
    Ok(world.docker.exec(&seen.id, command)?.trim().to_owned())
}

/// Runs a command in the first container of an object; it must succeed.
fn does(name: &'static str, command: &'static [&'static str]) -> Act {
    act(move |world| within(world, name, command).map(drop))
}

/// A command in a container prints this.
fn prints(name: &'static str, command: &'static [&'static str], expected: &'static str) -> Check {
    check(move |world| {
        let printed = within(world, name, command)?;
        ensure!(printed == expected, "{command:?} in {name} prints {printed}");
        Ok(())
    })
}

/// A command in a container fails.
fn fails(name: &'static str, command: &'static [&'static str]) -> Check {
    check(move |world| match within(world, name, command) {
        Ok(printed) => bail!("{command:?} in {name} succeeds: {printed}"),
        Err(_) => Ok(()),
    })
}

/// What a file of the container's cgroup says, by its name in the second version and by that in the first.
fn limited(name: &'static str, files: [&'static str; 2], expected: &'static str) -> Check {
    check(move |world| {
        let read = files.iter().find_map(|file| within(world, name, &["cat", &format!("/sys/fs/cgroup/{file}")]).ok());
        let read = read.with_context(|| format!("{name} has neither of {files:?}"))?;
        ensure!(read == expected, "{} of {name} is {read}", files.join(" or "));
        Ok(())
    })
}

/// How many orders there are in a database.
fn orders_in(database: &'static str, expected: &'static str) -> Check {
    const COUNT: &[&str] = &["psql", "-h", "/tmp", "-U", "postgres", "-Atc", "SELECT count(*) FROM orders", "orders"];
    prints(database, COUNT, expected)
}

/// Takes an order through the web server, as a person would.
fn take() -> Act {
    does("web", &["wget", "-qO-", "--post-data=", "http://127.0.0.1/orders"])
}
