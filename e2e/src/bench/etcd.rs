//! The rows of etcd: from a key to the first call to the engine, a push of many documents, a list of more.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::pairs;
use super::report::Row;
use super::rows::{events, now};
use super::sample::Sample;
use crate::check::{self, poll};
use crate::docker::Docker;
use crate::etcd::Etcd;
use crate::manifest::service;
use crate::world::World;

/// How many documents each push adds to the prefix, and how many pushes there are before all are listed.
const DOCUMENTS: usize = 1000;
const PUSHES: usize = 5;

/// One member on this host: what is measured is Skiff, and no network.
pub(super) fn rows(docker: &Docker) -> Result<Vec<Row>> {
    let mut world = World::on(docker.clone())?;
    let measured = measure(&mut world);
    world.clean_up();
    measured
}

fn measure(world: &mut World) -> Result<Vec<Row>> {
    let etcd = Etcd::start()?;
    let put = put(world, &etcd)?;
    let (manifests, many) = (world.manifests().display().to_string(), etcd.address("/many", ""));
    let (mut push, mut list) = (Sample::new(), Sample::new());
    for set in 0..PUSHES {
        // What no longer stands in the manifests stays in etcd.
        let documents = (0..DOCUMENTS).map(|index| service(&format!("s{set}-{index}")).to_string());
        fs::write(world.manifests().join("all.yaml"), documents.collect::<String>())?;
        push.add(timed(world, &["push", &manifests, &many])?);
    }
    for _ in 0..PUSHES {
        list.add(timed(world, &["pull", &many])?);
        let listed = world.last.stdout.matches("kind: Deployment").count();
        ensure!(listed == DOCUMENTS * PUSHES, "{listed} documents are listed");
    }
    let of = |what: String, taken: &Sample, factor: f64, at_most, unit| Row {
        what,
        skiff: taken.to_string(),
        against: "–".to_owned(),
        figure: taken.median() * factor,
        at_most,
        unit,
    };
    Ok(vec![
        of("a key is put into etcd: Docker has done the first call, `skiff run`".to_owned(), &put, 1000.0, 200.0, "ms"),
        of(format!("`skiff push` of {DOCUMENTS} documents, the whole process"), &push, 1.0, 2.0, "s"),
        of(format!("`skiff pull` of {} documents, the whole process", DOCUMENTS * PUSHES), &list, 1.0, 1.0, "s"),
    ])
}

/// One more replica with each put.
fn put(world: &mut World, etcd: &Etcd) -> Result<Sample> {
    let document = |replicas| service("web").replicas(replicas).to_string();
    let key = "/one/deployment/default/web";
    etcd.ctl(&["put", "--", key, &document(1)])?;
    let line = ["run", &etcd.address("/one", "")];
    world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
    check::eventually(check::ready("web", 1))(world)?;
    let mut taken = Sample::new();
    for replicas in 2..2 + u32::try_from(pairs().max(11))? {
        let before = now();
        etcd.ctl(&["put", "--", key, &document(replicas)])?;
        // The program that puts takes its time to start and to end: the answer is the moment.
        let since = now();
        taken.add(first_call(&world.docker, &world.label(), before)?.saturating_sub(since));
        check::eventually(check::ready("web", usize::try_from(replicas)?))(world)?;
    }
    Ok(taken)
}

fn first_call(docker: &Docker, label: &str, after: Duration) -> Result<Duration> {
    let mut first = None;
    poll(Duration::from_secs(20), || {
        first = events(docker, label, "create", after)?.into_iter().min();
        ensure!(first.is_some(), "not yet");
        Ok(())
    })?;
    first.context("no event")
}

fn timed(world: &mut World, line: &[&str]) -> Result<Duration> {
    let begun = Instant::now();
    world.call(line)?;
    let taken = begun.elapsed();
    ensure!(world.last.code == 0, "skiff {}: {}", world.last.command, world.last.stderr);
    Ok(taken)
}
