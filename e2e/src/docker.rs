//! What a scenario sees of Docker and does to it behind Skiff's back, through the Engine API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http::{Answer, Connection, encode};

/// An engine, by its socket. Every call opens a connection of its own.
#[derive(Clone, Debug)]
pub struct Docker {
    socket: PathBuf,
}

/// A container as it was at one moment.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The full id.
    pub id: String,
    /// The name, without the slash.
    pub name: String,
    /// All of inspect.
    pub inspect: Value,
}

impl Seen {
    fn at(&self, pointer: &str) -> &str {
        self.inspect.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// When it was last started, as Docker writes it.
    pub fn started_at(&self) -> &str {
        self.at("/State/StartedAt")
    }

    /// `running`, `exited`, `created`, …
    pub fn status(&self) -> &str {
        self.at("/State/Status")
    }

    /// `healthy`, `unhealthy`, `starting`, or nothing.
    pub fn health(&self) -> &str {
        self.at("/State/Health/Status")
    }

    /// The exit code of a container that has ended.
    pub fn exit_code(&self) -> Option<i64> {
        let ended = self.status() == "exited";
        self.inspect.pointer("/State/ExitCode").and_then(Value::as_i64).filter(|_| ended)
    }

    /// The id of the image.
    pub fn image_id(&self) -> &str {
        self.at("/Image")
    }

    /// The image as the container names it.
    pub fn image(&self) -> &str {
        self.at("/Config/Image")
    }

    /// The process id on the host, 0 where it does not run.
    pub fn pid(&self) -> i32 {
        self.inspect.pointer("/State/Pid").and_then(Value::as_i64).and_then(|pid| pid.try_into().ok()).unwrap_or(0)
    }

    /// A label.
    pub fn label(&self, key: &str) -> &str {
        self.inspect
            .pointer("/Config/Labels")
            .and_then(|labels| labels.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let env = self.inspect.pointer("/Config/Env")?.as_array()?;
        env.iter().filter_map(Value::as_str).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// The volumes to which the engine gave a name, by the path that they are mounted at.
    pub fn nameless(&self) -> BTreeMap<String, String> {
        let mounts = self.inspect.pointer("/Mounts").and_then(Value::as_array);
        let volume = |mount: &Value| {
            let (name, path) = (mount.get("Name")?.as_str()?, mount.get("Destination")?.as_str()?);
            let is_given = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_given.then(|| (path.to_owned(), name.to_owned()))
        };
        mounts.into_iter().flatten().filter_map(volume).collect()
    }

    /// Whether it runs and, where it has a health check, passes it.
    pub fn is_ready(&self) -> bool {
        self.status() == "running" && matches!(self.health(), "" | "none" | "healthy")
    }
}

impl Docker {
    /// The engine of `DOCKER_HOST`, else the one that every host has.
    pub fn of_environment() -> Self {
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        Self::at(host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock"))
    }

    /// The engine at a socket.
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A connection of one's own.
    pub fn connect(&self) -> Result<Connection> {
        Connection::open(&self.socket)
    }

    /// Asks, and is content with success only.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.connect()?.send("GET", path)?.good()?.json()
    }

    /// Does something without a body, and is content with success only.
    pub fn call(&self, method: &str, path: &str) -> Result<Answer> {
        self.connect()?.send(method, path)?.good()
    }

    /// The containers with a label, by name, inspected one by one.
    pub fn containers(&self, labels: &[String]) -> Result<Vec<Seen>> {
        let filters = encode(&json!({ "label": labels }).to_string());
        let listed = self.get(&format!("/containers/json?all=1&filters={filters}"))?;
        let ids = listed.as_array().into_iter().flatten().filter_map(|row| row.get("Id")?.as_str());
        // One that has gone between list and inspect is one that is not there.
        let mut seen: Vec<Seen> = ids.filter_map(|id| self.inspect(id).ok()).collect();
        seen.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(seen)
    }

    /// One container, by id or name.
    pub fn inspect(&self, handle: &str) -> Result<Seen> {
        let inspect = self.get(&format!("/containers/{handle}/json"))?;
        let text = |key: &str| inspect.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Seen { id: text("Id"), name: text("Name").trim_start_matches('/').to_owned(), inspect })
    }

    /// The id of an image.
    pub fn image_id(&self, reference: &str) -> Result<String> {
        let inspect = self.get(&format!("/images/{reference}/json"))?;
        Ok(inspect.get("Id").and_then(Value::as_str).context("an image without id")?.to_owned())
    }

    /// The names with digests by which registries know an image.
    pub fn image_digests(&self, reference: &str) -> Result<Vec<String>> {
        let inspect = self.get(&format!("/images/{reference}/json"))?;
        let digests = inspect.get("RepoDigests").and_then(Value::as_array).into_iter().flatten();
        Ok(digests.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The names of the networks with a label.
    pub fn networks(&self, label: &str) -> Result<BTreeMap<String, Value>> {
        let filters = encode(&json!({ "label": [label] }).to_string());
        Ok(by_name(&self.get(&format!("/networks?filters={filters}"))?))
    }

    /// The names of the volumes with a label.
    pub fn volumes(&self, label: &str) -> Result<BTreeMap<String, Value>> {
        let filters = encode(&json!({ "label": [label] }).to_string());
        let answer = self.get(&format!("/volumes?filters={filters}"))?;
        Ok(answer.get("Volumes").map(by_name).unwrap_or_default())
    }

    /// Makes and starts a container of somebody else's.
    pub fn run_foreign(&self, name: &str, body: &Value) -> Result<Seen> {
        let created =
            self.connect()?.send_json("POST", &format!("/containers/create?name={name}"), body)?.good()?.json()?;
        let id = created.get("Id").and_then(Value::as_str).context("a container without id")?;
        self.call("POST", &format!("/containers/{id}/start"))?;
        self.inspect(id)
    }

    /// What has happened between two moments of the engine's clock, in seconds since 1970.
    pub fn events(&self, since: &str, until: &str, label: &str) -> Result<Vec<Value>> {
        let filters = encode(&json!({ "label": [label] }).to_string());
        let answer = self.call("GET", &format!("/events?since={since}&until={until}&filters={filters}"))?;
        let stream = serde_json::Deserializer::from_slice(&answer.body).into_iter::<Value>();
        stream.map(|event| event.context("an event that is not JSON")).collect()
    }

    /// Runs a command in a container and returns what it printed on stdout; a failure is an error with stderr.
    pub fn exec(&self, handle: &str, command: &[&str]) -> Result<String> {
        let mut docker = self.command();
        let output = docker.arg("exec").arg(handle).args(command).output().context("the docker command")?;
        ensure!(output.status.success(), "{command:?} in {handle}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The docker command, aimed at this engine.
    pub fn command(&self) -> std::process::Command {
        let mut docker = std::process::Command::new("docker");
        docker.env("DOCKER_HOST", format!("unix://{}", self.socket.display()));
        docker
    }

    /// Removes every container, network and volume with a label, and volumes without a name with their containers. Goes on after a failure.
    pub fn remove_all(&self, label: &str) {
        for seen in self.containers(&[label.to_owned()]).unwrap_or_default() {
            self.call("DELETE", &format!("/containers/{}?force=1&v=1", seen.id)).ok();
            // What was carried over has a name for the engine.
            for name in seen.nameless().into_values() {
                self.call("DELETE", &format!("/volumes/{name}?force=1")).ok();
            }
        }
        for name in self.networks(label).unwrap_or_default().into_keys() {
            self.call("DELETE", &format!("/networks/{name}")).ok();
        }
        for name in self.volumes(label).unwrap_or_default().into_keys() {
            self.call("DELETE", &format!("/volumes/{name}?force=1")).ok();
        }
    }
}

fn by_name(rows: &Value) -> BTreeMap<String, Value> {
    let named = |row: &Value| Some((row.get("Name")?.as_str()?.to_owned(), row.clone()));
    rows.as_array().into_iter().flatten().filter_map(named).collect()
}
