//! The report: a row a promise, and how the figures were had.

use anyhow::Result;
use serde_json::Value;

use super::{SERVICES, host, pairs};
use crate::docker::Docker;

/// One promise and what was measured.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// What Skiff took.
    pub skiff: String,
    /// What it is measured against.
    pub against: String,
    /// The figure of the promise.
    pub figure: f64,
    /// The most that the figure may be.
    pub at_most: f64,
    /// What the figure counts: `×` for a ratio.
    pub unit: &'static str,
}

impl Row {
    fn line(&self) -> String {
        let Self { what, skiff, against, figure, at_most, unit } = self;
        let verdict = if figure <= at_most { "yes" } else { "**no**" };
        format!("| {what} | {skiff} | {against} | {figure:.2} {unit} | {at_most:.2} {unit} | {verdict} |\n")
    }
}

/// The report as Markdown.
pub(super) fn markdown(docker: &Docker, rows: &[Row], notes: &[String]) -> Result<String> {
    let version = docker.get("/version")?;
    let info = docker.get("/info")?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("?").to_owned();
    let mut out = format!(
        "# How fast\n\n`make bench` wrote this: {machine}, Docker Engine {engine} (API {api}, {driver}).\n\n\
         | what | Skiff: median (spread) | against: median (spread) | figure | at most | held |\n| --- | --- | --- | --- | --- | --- |\n",
        machine = host::machine(),
        engine = text(&version, "Version"),
        api = text(&version, "ApiVersion"),
        driver = text(&info, "Driver"),
    );
    out.extend(rows.iter().map(Row::line));
    out.push_str(&how());
    out.extend(notes.iter().map(|note| format!("- {note}\n")));
    Ok(out)
}

fn how() -> String {
    format!(
        "\n## How they were had\n\n\
         - The median of {pairs} interleaved pairs, Skiff and then the raw Engine API, on the same machine in the same run.\n\
         - The raw side is a client of its own over the Unix socket: eight kept-alive connections, create and start (or stop\n  \
         and remove), the same image, command, restart policy and a user-defined bridge network, which is made beforehand.\n\
         - Skiff is the build that is shipped (`make dist`), called as a user calls it. Its time begins with the process and ends with Docker's last\n  \
         `start` (or `destroy`) event; `up` itself then looks on for a moment before it says that all is well.\n\
         - A rolling update: the new container is started, then the old one is stopped and removed, one after the other on both sides.\n\
         - A killed process: from the `kill` to the moment at which Docker says the container was started.\n\
         - Nothing to do: the whole process, {services} services; against `skiff --version` plus five lists of these containers.\n\
         - `plan()`: criterion's mean for 1,000 deployments of 2 replicas with nothing to do; against a twentieth of what Docker\n  \
         needs to list 2,000 containers, from its cost per container in this run.\n\
         - An export: criterion's mean for services of which each speaks to the next one, on two of fifty networks, with settings, a published\n  \
         port, a check, and a volume for every tenth; an overlay changes the image of all, for kustomize. Nothing is read or written.\n\
         - A Compose file: the services that the raw side makes, as a file; docker-compose, where it is installed, makes them from the same file.\n\
         - Idle: `skiff run` with {services} services, resident memory and CPU time from /proc over one minute.\n",
        pairs = pairs(),
        services = SERVICES,
    )
}
