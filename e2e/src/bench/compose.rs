//! The rows of Compose files: a stack from nothing, against the raw Engine API and Debian's docker-compose in the same run, and the same
//! stack with nothing to do, against native manifests.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::report::Row;
use super::rows::{Stage, events, many, now, ratio};
use super::sample::Sample;
use super::{SERVICES, pairs};
use crate::IMAGE;
use crate::docker::Docker;

/// The rows, and what else is to be said.
pub(super) fn rows(docker: &Docker) -> Result<(Vec<Row>, Vec<String>)> {
    let mut stage = Stage::new(docker)?;
    fs::write(stage.world.manifests().join("compose.yaml"), stack())?;
    let (skiff, raw, theirs) = from_nothing(&mut stage)?;
    let mut rows = vec![ratio(
        &format!("`skiff up` of a Compose file, {SERVICES} services from nothing to running"),
        &skiff,
        &raw,
        1.1,
    )];
    let mut notes = Vec::new();
    match &theirs {
        Some(theirs) => {
            rows.push(ratio("the same file, `skiff up` against Debian's `docker-compose up -d`", &skiff, theirs, 1.0));
        }
        None => notes.push("docker-compose was not installed: it is not compared.".to_owned()),
    }
    rows.push(nothing_to_do(docker, &mut stage)?);
    Ok((rows, notes))
}

/// The services that the raw side makes, as a Compose file.
fn stack() -> String {
    let mut file = "name: default\nservices:\n".to_owned();
    for number in 0..SERVICES {
        // Writing to a text cannot fail.
        write!(file, "  service-{number}:\n    image: {IMAGE}\n    restart: always\n").ok();
    }
    file
}

/// Ours, the raw side and docker-compose one after the other, pair by pair. Ours of the last pair stays.
fn from_nothing(stage: &mut Stage) -> Result<(Sample, Sample, Option<Sample>)> {
    let (mut skiff, mut raw, mut theirs) = (Sample::default(), Sample::default(), Sample::default());
    let has_compose =
        Command::new("docker-compose").arg("version").output().is_ok_and(|output| output.status.success());
    for pair in 0..pairs() {
        skiff.add(stage.up("start", SERVICES)?.0);
        if pair + 1 < pairs() {
            stage.call(&["down"])?;
        }
        raw.add(stage.baseline.start(0..SERVICES)?);
        stage.baseline.remove(0..SERVICES)?;
        if has_compose {
            theirs.add(composed(stage)?);
        }
    }
    Ok((skiff, raw, has_compose.then_some(theirs)))
}

/// How long `docker-compose up -d` takes until the last container has started.
fn composed(stage: &Stage) -> Result<Duration> {
    let (docker, project) = (&stage.world.docker, format!("{}-theirs", stage.world.instance));
    let file = stage.world.folder().join("theirs.yaml");
    fs::write(&file, stack().replace("name: default\n", ""))?;
    let call = |args: &[&str]| -> Result<()> {
        let output = Command::new("docker-compose")
            .env("DOCKER_HOST", format!("unix://{}", docker.socket().display()))
            .args(["-p", &project, "-f"])
            .arg(&file)
            .args(args)
            .output()?;
        ensure!(output.status.success(), "docker-compose: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    let since = now();
    let label = format!("com.docker.compose.project={project}");
    let began = call(&["up", "-d"]);
    let started = events(docker, &label, "start", since);
    // Whatever came of it, nothing of it stays.
    let ended = call(&["down", "-t", "1"]);
    began.and(ended)?;
    let last = started?.into_iter().max().context("no event")?;
    Ok(last.saturating_sub(since))
}

/// The whole process with nothing to do, of the Compose file and of as many native manifests, both of which run.
fn nothing_to_do(docker: &Docker, stage: &mut Stage) -> Result<Row> {
    let mut other = Stage::new(docker)?;
    other.manifest(&many(SERVICES))?;
    other.call(&["up"])?;
    let (mut compose, mut native) = (Sample::default(), Sample::default());
    for _ in 0..pairs().max(11) {
        for (stage, sample) in [(&mut *stage, &mut compose), (&mut other, &mut native)] {
            let begun = Instant::now();
            stage.call(&["up"])?;
            sample.add(begun.elapsed());
        }
    }
    let what =
        format!("`skiff up` of a Compose file with nothing to do, {SERVICES} services, against native manifests");
    Ok(ratio(&what, &compose, &native, 1.3))
}
