//! The rows: what is done on Skiff's side and on the raw one, pair by pair.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::baseline::{Baseline, list};
use super::report::Row;
use super::sample::{Sample, seconds};
use super::{SERVICES, export, host, pairs};
use crate::act;
use crate::check;
use crate::docker::Docker;
use crate::manifest::service;
use crate::program::program;
use crate::world::World;

const IDLE: Duration = Duration::from_secs(60);
const REPLICAS: usize = 20;

/// A world for Skiff and a network for the raw side; both go with the value.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) baseline: Baseline,
    pub(super) notes: Vec<String>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.world.clean_up();
    }
}

impl Stage {
    pub(super) fn new(docker: &Docker) -> Result<Self> {
        let world = World::on(docker.clone())?;
        let baseline = Baseline::new(docker, &world.instance)?;
        Ok(Self { world, baseline, notes: Vec::new() })
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// `skiff up` from nothing. The services of the last pair stay for the rows that follow.
    pub(super) fn first_up(&mut self) -> Result<Row> {
        self.manifest(&many(SERVICES))?;
        let (mut skiff, mut raw, mut whole) = (Sample::default(), Sample::default(), Sample::default());
        for pair in 0..pairs() {
            let (running, ended) = self.up("start", SERVICES)?;
            skiff.add(running);
            whole.add(ended);
            if pair + 1 < pairs() {
                self.call(&["down"])?;
            }
            raw.add(self.baseline.start(0..SERVICES)?);
            self.baseline.remove(0..SERVICES)?;
        }
        self.notes.push(format!("`skiff up` from nothing, the whole process: {whole}."));
        Ok(ratio(&format!("`skiff up`, {SERVICES} services from nothing to running"), &skiff, &raw, 1.1))
    }

    /// `skiff up` again.
    pub(super) fn nothing_to_do(&mut self) -> Result<Row> {
        let label = self.world.label();
        let mut connection = self.world.docker.connect()?;
        let (mut skiff, mut start, mut lists) = (Sample::default(), Sample::default(), Sample::default());
        act::remember()(&mut self.world)?;
        for _ in 0..pairs().max(11) {
            let begun = Instant::now();
            self.call(&["up"])?;
            skiff.add(begun.elapsed());
            start.add(version()?);
            lists.add(list(&mut connection, &label)?);
        }
        check::nothing_was_written()(&mut self.world)?;
        let allowed = start.median() + 5.0 * lists.median();
        Ok(Row {
            what: format!("`skiff up` with nothing to do, {SERVICES} services, whole process, no write to Docker"),
            skiff: skiff.to_string(),
            against: format!("{start} + 5 × {lists} = {}", seconds(allowed)),
            figure: skiff.median() / allowed,
            at_most: 1.0,
            unit: "×",
        })
    }

    /// `plan()` against what Docker needs to list as many containers.
    pub(super) fn plan(&mut self, criterion: &Path) -> Result<Row> {
        let mut connection = self.world.docker.connect()?;
        let (mut some, mut none) = (Sample::default(), Sample::default());
        for _ in 0..51 {
            some.add(list(&mut connection, &self.world.label())?);
            none.add(list(&mut connection, "skiff-bench=nobody")?);
        }
        #[expect(clippy::cast_precision_loss, reason = "fifty")]
        let each = (some.median() - none.median()) / SERVICES as f64;
        let mean = export::mean(criterion, "plan 1000 deployments")?;
        Ok(Row {
            what: "`plan()` for 1,000 deployments of 2 replicas, nothing to do".to_owned(),
            skiff: seconds(mean),
            against: format!("2,000 × {} listed = {}", seconds(each), seconds(each * 2000.0)),
            figure: mean / (each * 2000.0),
            at_most: 0.05,
            unit: "×",
        })
    }

    /// `skiff run` with nothing to do. It stays for the next row.
    pub(super) fn idle(&mut self) -> Result<[Row; 2]> {
        act::run()(&mut self.world)?;
        let pid = self.world.running()?.pid();
        thread::sleep(Duration::from_secs(5));
        let (before, begun) = (host::cpu_ticks(pid)?, Instant::now());
        thread::sleep(IDLE);
        let share = host::share(host::cpu_ticks(pid)? - before, begun.elapsed());
        let (all, anonymous) = host::resident(pid)?;
        let row = |what: &str, skiff: String, figure, at_most, unit| Row {
            what: format!("`skiff run` with {SERVICES} services, idle: {what}"),
            skiff,
            against: "–".to_owned(),
            figure,
            at_most,
            unit,
        };
        #[expect(clippy::cast_precision_loss, reason = "a few thousand KiB")]
        let mebibytes = all as f64 / 1024.0;
        Ok([
            row("resident", format!("{all} KiB ({anonymous} KiB of them not file pages)"), mebibytes, 15.0, "MiB"),
            row("of one core", format!("{share:.2} % over {} s", IDLE.as_secs()), share, 0.2, "%"),
        ])
    }

    /// One replica becomes twenty, and twenty become one.
    pub(super) fn scaling(&mut self) -> Result<[Row; 2]> {
        self.call(&["down"])?;
        self.scale_to(1)?;
        self.up("start", 1)?;
        self.baseline.start(0..1)?;
        let [mut up, mut raw_up, mut down, mut raw_down] = [const { Sample::new() }; 4];
        for _ in 0..pairs() {
            self.scale_to(REPLICAS)?;
            up.add(self.up("start", REPLICAS - 1)?.0);
            raw_up.add(self.baseline.start(1..REPLICAS)?);
            self.scale_to(1)?;
            down.add(self.up("destroy", REPLICAS - 1)?.0);
            raw_down.add(self.baseline.remove(1..REPLICAS)?);
        }
        Ok([
            ratio(&format!("1 → {REPLICAS} replicas, `skiff up`"), &up, &raw_up, 1.1),
            ratio(&format!("{REPLICAS} → 1 replicas, `skiff up`"), &down, &raw_down, 1.2),
        ])
    }

    fn scale_to(&self, replicas: usize) -> Result<()> {
        self.manifest(&service("web").replicas(u32::try_from(replicas)?).to_string())
    }

    pub(super) fn manifest(&self, text: &str) -> Result<()> {
        Ok(fs::write(self.world.manifests().join("main.yaml"), text)?)
    }

    /// Runs `skiff up` and returns how long the last of so many events took, and the whole process.
    pub(super) fn up(&mut self, action: &str, count: usize) -> Result<(Duration, Duration)> {
        let (begun, since) = (Instant::now(), now());
        self.call(&["up"])?;
        let whole = begun.elapsed();
        let seen = events(&self.world.docker, &self.world.label(), action, since)?;
        ensure!(seen.len() == count, "{} `{action}` events instead of {count}", seen.len());
        let last = seen.into_iter().max().context("no event")?;
        Ok((last.saturating_sub(since), whole))
    }

    pub(super) fn call(&mut self, args: &[&str]) -> Result<()> {
        let manifests = self.world.manifests().display().to_string();
        let (command, flags) = args.split_first().context("a command")?;
        let line: Vec<&str> = [*command, manifests.as_str()].into_iter().chain(flags.iter().copied()).collect();
        self.world.call(&line)?;
        ensure!(self.world.last.code == 0, "skiff {}: {}", line.join(" "), self.world.last.stderr);
        Ok(())
    }
}

/// Manifests of so many services.
pub(super) fn many(services: usize) -> String {
    (0..services).map(|number| service(&format!("service-{number}")).to_string()).collect()
}

/// The row of two samples.
pub(super) fn ratio(what: &str, skiff: &Sample, raw: &Sample, at_most: f64) -> Row {
    Row {
        what: what.to_owned(),
        skiff: skiff.to_string(),
        against: raw.to_string(),
        figure: skiff.median() / raw.median(),
        at_most,
        unit: "×",
    }
}

/// When something happened to what has a label, since a moment, on the clock of [`now`].
pub(super) fn events(docker: &Docker, label: &str, action: &str, since: Duration) -> Result<Vec<Duration>> {
    let at = |time: Duration| format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    let events = docker.events(&at(since), &at(now()), label)?;
    let ours = events.iter().filter(|event| event.get("Action").is_some_and(|name| name == action));
    let time = |event: &Value| event.get("timeNano").and_then(Value::as_u64).map(Duration::from_nanos);
    Ok(ours.filter_map(time).collect())
}

/// The time since 1970: Docker's events are on the same clock.
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn version() -> Result<Duration> {
    let begun = Instant::now();
    let ended = Command::new(program()?).arg("--version").stdout(Stdio::null()).status()?;
    ensure!(ended.success(), "skiff --version");
    Ok(begun.elapsed())
}
