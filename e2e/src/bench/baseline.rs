//! The raw Engine API as the ruler: the same containers, eight kept-alive connections, nothing besides.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use crate::IMAGE;
use crate::docker::{Docker, Seen};
use crate::http::{Connection, encode};

const AT_ONCE: usize = 8;
const LABEL: &str = "skiff-bench";

/// Containers on a network of their own.
#[derive(Debug)]
pub(super) struct Baseline {
    docker: Docker,
    name: String,
}

impl Baseline {
    /// Makes the network.
    pub(super) fn new(docker: &Docker, name: &str) -> Result<Self> {
        let baseline = Self { docker: docker.clone(), name: format!("raw-{name}") };
        let network = json!({ "Name": baseline.name, "Driver": "bridge", "Labels": { LABEL: baseline.name } });
        docker.connect()?.send_json("POST", "/networks/create", &network)?.good()?;
        Ok(baseline)
    }

    /// Creates and starts containers with these numbers, eight at once.
    pub(super) fn start(&self, numbers: Range<usize>) -> Result<Duration> {
        self.each(numbers, |connection, number| self.start_one(connection, number))
    }

    /// Stops and removes containers with these numbers, eight at once.
    pub(super) fn remove(&self, numbers: Range<usize>) -> Result<Duration> {
        self.each(numbers, |connection, number| self.remove_one(connection, number))
    }

    /// Puts a new container, with a number that is higher by their count, in the place of each of these, one by one: the old one
    /// goes when the new one has started.
    pub(super) fn replace(&self, numbers: Range<usize>) -> Result<Duration> {
        let mut connection = self.docker.connect()?;
        let (begun, count) = (Instant::now(), numbers.len());
        for number in numbers {
            self.start_one(&mut connection, number + count)?;
            self.remove_one(&mut connection, number)?;
        }
        Ok(begun.elapsed())
    }

    /// The container with a number.
    pub(super) fn seen(&self, number: usize) -> Result<Seen> {
        self.docker.inspect(&format!("{}-{number}", self.name))
    }

    /// The label that all of them have.
    pub(super) fn label(&self) -> String {
        format!("{LABEL}={}", self.name)
    }

    fn start_one(&self, connection: &mut Connection, number: usize) -> Result<()> {
        let path = format!("/containers/create?name={}-{number}", self.name);
        let created = connection.send_json("POST", &path, &self.body(number))?.good()?.json()?;
        let id = created.get("Id").and_then(Value::as_str).context("a container without id")?.to_owned();
        connection.send("POST", &format!("/containers/{id}/start"))?.good().map(drop)
    }

    fn remove_one(&self, connection: &mut Connection, number: usize) -> Result<()> {
        let path = format!("/containers/{}-{number}", self.name);
        connection.send("POST", &format!("{path}/stop?t=5"))?.good()?;
        connection.send("DELETE", &path)?.good().map(drop)
    }

    fn body(&self, number: usize) -> Value {
        json!({
            "Image": IMAGE,
            "Labels": { LABEL: self.name },
            "HostConfig": {
                "NetworkMode": self.name,
                "RestartPolicy": { "Name": "always" },
                "LogConfig": { "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } },
            },
            "NetworkingConfig": { "EndpointsConfig": { &self.name: { "Aliases": [format!("service-{number}")] } } },
        })
    }

    fn each(
        &self,
        numbers: Range<usize>,
        work: impl Fn(&mut Connection, usize) -> Result<()> + Sync,
    ) -> Result<Duration> {
        let next = AtomicUsize::new(numbers.start);
        let mut connections = (0..AT_ONCE).map(|_| self.docker.connect()).collect::<Result<Vec<_>>>()?;
        let begun = Instant::now();
        let take = |connection: &mut Connection| -> Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    return Ok(());
                }
                work(connection, number)?;
            }
        };
        let take = &take;
        thread::scope(|scope| {
            let workers: Vec<_> =
                connections.iter_mut().map(|connection| scope.spawn(move || take(connection))).collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a worker panicked"))?)
        })?;
        Ok(begun.elapsed())
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        self.docker.remove_all(&self.label());
    }
}

/// One list of the containers with a label, over a kept-alive connection.
pub(super) fn list(connection: &mut Connection, label: &str) -> Result<Duration> {
    let filters = encode(&json!({ "label": [label] }).to_string());
    let begun = Instant::now();
    connection.send("GET", &format!("/containers/json?all=1&filters={filters}"))?.good()?;
    Ok(begun.elapsed())
}
