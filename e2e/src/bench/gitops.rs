//! The row of a commit: from the call of the webhook after a push to the end of the first call to the engine, whose event tells of it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::pairs;
use super::report::Row;
use super::rows::{events, now};
use super::sample::Sample;
use crate::check::{self, poll};
use crate::docker::Docker;
use crate::git::{Forge, Webhook};
use crate::manifest::service;
use crate::port::free_port;
use crate::world::World;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The promise, in milliseconds.
const AT_MOST: f64 = 200.0;

/// One more replica with each commit, on a repository on this host: what is measured is Skiff, and no network.
pub(super) fn commit(docker: &Docker) -> Result<Row> {
    let mut world = World::on(docker.clone())?;
    let measured = measure(&mut world);
    world.clean_up();
    let taken = measured?;
    Ok(Row {
        what: "a commit is pushed and the webhook called: Docker has done the first call, `skiff run`".to_owned(),
        skiff: taken.to_string(),
        against: "–".to_owned(),
        figure: taken.median() * 1000.0,
        at_most: AT_MOST,
        unit: "ms",
    })
}

fn measure(world: &mut World) -> Result<Sample> {
    let (forge, port) = (Forge::new()?, free_port()?);
    let (secret, hook) = (world.folder().join("secret"), Webhook::signed(SECRET, "{}")?);
    fs::write(&secret, SECRET)?;
    forge.push(&[("web.yaml", &service("web").to_string())], "One")?;
    let (listen, secret) = (format!("127.0.0.1:{port}"), secret.display().to_string());
    let line = ["run", &forge.address("interval=1h")?, "--webhook-listen", &listen, "--webhook-secret-file", &secret];
    world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
    check::eventually(check::ready("web", 1))(world)?;
    let mut taken = Sample::new();
    for replicas in 2..2 + u32::try_from(pairs().max(11))? {
        forge.push(&[("web.yaml", &service("web").replicas(replicas).to_string())], "One more")?;
        let since = now();
        let answer = hook.call(port)?;
        ensure!(answer.contains("202"), "the webhook answers {answer}");
        taken.add(first_call(&world.docker, &world.label(), since)?);
        check::eventually(check::ready("web", usize::try_from(replicas)?))(world)?;
    }
    Ok(taken)
}

fn first_call(docker: &Docker, label: &str, since: Duration) -> Result<Duration> {
    let mut first = None;
    poll(Duration::from_secs(20), || {
        first = events(docker, label, "create", since)?.into_iter().min();
        ensure!(first.is_some(), "not yet");
        Ok(())
    })?;
    Ok(first.context("no event")?.saturating_sub(since))
}
