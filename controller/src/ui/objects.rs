//! Objects as tables, one for each kind.

mod jobs;

use anstyle::Style;
use jiff::Timestamp;
use skiff_api::Kind;
use skiff_core::PublishedPort;

use super::age::age;
use super::style::{BAD, CHANGE, FAINT, GOOD};
use super::table::{Cell, Table};
use crate::state::Fault;
use crate::view::{Body, Network, Verdict, View, Volume, Workload};

/// How tables are shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// With more columns.
    pub wide: bool,
    /// With a column for the namespace.
    pub namespaces: bool,
    /// The time that ages are counted to.
    pub now: Timestamp,
}

/// A table for each kind that there is something of, with a blank line between.
pub fn tables(views: &[&View], shown: Shown) -> String {
    // Workloads first: what most people look for.
    let order =
        [Kind::Deployment, Kind::Job, Kind::CronJob, Kind::Network, Kind::Volume, Kind::ConfigMap, Kind::Secret];
    let of_kind = |kind: Kind| views.iter().copied().filter(move |view| view.object.kind == kind).collect::<Vec<_>>();
    let kinds = order.into_iter().map(|kind| (kind, of_kind(kind))).filter(|(_, views)| !views.is_empty());
    let tables: Vec<_> = kinds.map(|(kind, views)| table(kind, &views, shown).render()).collect();
    tables.join("\n")
}

fn table(kind: Kind, views: &[&View], shown: Shown) -> Table {
    let (headers, more): (&[&str], &[&str]) = match kind {
        Kind::Deployment => {
            (&["READY", "UP-TO-DATE", "STATUS", "AGE"], &["REASON", "IMAGE", "PORTS", "SOURCE", "REVISION"])
        }
        Kind::Job => (&["COMPLETIONS", "STATUS", "DURATION", "AGE"], &["REASON", "FAILED", "IMAGE", "SOURCE"]),
        Kind::CronJob => (&["SCHEDULE", "STATUS", "ACTIVE", "LAST", "NEXT"], &["REASON", "IMAGE", "SOURCE"]),
        Kind::Network => (&["DOCKER", "CONTAINERS", "AGE"], &["ID", "SOURCE"]),
        Kind::Volume => (&["DOCKER", "USED BY"], &["SOURCE"]),
        Kind::ConfigMap | Kind::Secret => (&["SOURCE", "DECLARED"], &[]),
    };
    let more = if shown.wide { more } else { &[] };
    let mut table = Table::new(first(shown, kind).into_iter().chain(headers.iter().chain(more).copied()));
    for view in views {
        let width = headers.len() + more.len();
        for cells in rows(view, shown) {
            table.row(names(view, shown).into_iter().chain(cells.into_iter().take(width)));
        }
    }
    table
}

fn first(shown: Shown, kind: Kind) -> Vec<&'static str> {
    let name = match kind {
        Kind::Deployment => "DEPLOYMENT",
        Kind::Job => "JOB",
        Kind::CronJob => "CRONJOB",
        Kind::Network => "NETWORK",
        Kind::Volume => "VOLUME",
        Kind::ConfigMap => "CONFIGMAP",
        Kind::Secret => "SECRET",
    };
    if shown.namespaces { vec!["NAMESPACE", name] } else { vec![name] }
}

fn names(view: &View, shown: Shown) -> Vec<Cell> {
    let name = Cell::from(&view.object.name);
    if shown.namespaces { vec![Cell::from(&view.object.namespace), name] } else { vec![name] }
}

fn rows(view: &View, shown: Shown) -> Vec<Vec<Cell>> {
    let source = || Cell::from(&view.source);
    match &view.body {
        Body::Workload(workload) => vec![match view.object.kind {
            Kind::Job => jobs::job_row(workload, view, shown),
            Kind::CronJob => jobs::cron_row(workload, view, shown),
            Kind::Deployment | Kind::Network | Kind::Volume | Kind::ConfigMap | Kind::Secret => {
                workload_row(workload, view, shown)
            }
        }],
        Body::Network(networks) => networks.iter().map(|network| network_row(network, source(), shown)).collect(),
        Body::Volume(volumes) => volumes.iter().map(|volume| volume_row(volume, source())).collect(),
        Body::Declared => vec![vec![source(), view.at.clone().unwrap_or_default().into()]],
    }
}

fn workload_row(workload: &Workload, view: &View, shown: Shown) -> Vec<Cell> {
    let (verdict, status) = (workload.verdict(), status(workload, view));
    let style = verdict_style(&verdict);
    let since = workload.since().map_or_else(|| "-".to_owned(), |since| age(since, shown.now));
    let ports = ports(&workload.ports().into_iter().collect::<Vec<_>>());
    vec![
        Cell::styled(style, format_args!("{}/{}", workload.ready(), workload.wanted)),
        workload.updated().into(),
        status,
        since.into(),
        reason(view),
        workload.image().into(),
        ports.join(",").into(),
        Cell::from(&view.source),
        workload.revision().map_or_else(|| "-".into(), Cell::from),
    ]
}

/// How it fares, or what is wrong with it; and whether something else is in force than what its manifest says: as kubectl joins the two
/// of a node.
fn status(workload: &Workload, view: &View) -> Cell {
    let verdict = workload.verdict();
    let trouble = view.trouble.as_ref().map(|trouble| trouble.reason.as_str());
    let trouble = trouble.filter(|reason| !IN_THE_VERDICT.contains(reason));
    // What runs and is not what it should be is both.
    let fares = (trouble.is_none() || verdict.is_ready()).then(|| verdict.to_string());
    let wrong = Fault::word(&view.faults);
    let words: Vec<&str> = fares.as_deref().into_iter().chain(trouble).chain(wrong).collect();
    let style = match trouble {
        _ if wrong.is_some() => BAD,
        Some(reason) if BY_ITSELF.contains(&reason) => CHANGE,
        Some(_) => BAD,
        None => verdict_style(&verdict),
    };
    Cell::styled(style, words.join(","))
}

/// Words of what is wrong that say no more than how it fares.
const IN_THE_VERDICT: [&str; 11] = [
    "Progressing",
    "Unhealthy",
    "Failed",
    "WaitingReady",
    "Restarting",
    "Removing",
    "Suspended",
    "Retry",
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "RunFailed",
];
/// Words of what ends by itself, or when somebody wants it to.
const BY_ITSELF: [&str; 3] = ["WaitingFor", "Initializing", "Paused"];

/// Why it is not as it should be.
fn reason(view: &View) -> Cell {
    let wrong = Fault::word(&view.faults);
    view.trouble.as_ref().map(|trouble| trouble.reason.as_str()).or(wrong).unwrap_or("-").into()
}

/// `127.0.0.1:8080->80/tcp`; all addresses of the host are left out.
/// The ports as people write them. One that is open on every address of both families is said once.
pub(super) fn ports(ports: &[PublishedPort]) -> Vec<String> {
    let is_twin = |port: &&PublishedPort| {
        let of_all_v4 = PublishedPort { ip: "0.0.0.0".to_owned(), ..(*port).clone() };
        port.ip == "::" && ports.contains(&of_all_v4)
    };
    ports.iter().filter(|port| !is_twin(port)).map(port).collect()
}

fn port(port: &PublishedPort) -> String {
    let PublishedPort { ip, port, container_port, protocol } = port;
    let ip = match ip.as_str() {
        "0.0.0.0" | "" => String::new(),
        ip if ip.contains(':') => format!("[{ip}]:"),
        ip => format!("{ip}:"),
    };
    format!("{ip}{port}->{container_port}/{}", format!("{protocol:?}").to_lowercase())
}

fn network_row(network: &Network, source: Cell, shown: Shown) -> Vec<Cell> {
    let since = network.created_at.map_or_else(|| "-".to_owned(), |since| age(since, shown.now));
    let id: String = network.id.chars().take(12).collect();
    vec![Cell::from(&network.name), network.containers.len().into(), since.into(), id.into(), source]
}

fn volume_row(volume: &Volume, source: Cell) -> Vec<Cell> {
    let users: Vec<_> = volume.containers.iter().map(String::as_str).collect();
    let users = if users.is_empty() { Cell::styled(FAINT, "nobody") } else { users.join(",").into() };
    vec![Cell::from(&volume.name), users, source]
}

/// Green is well, yellow comes by itself, red does not.
pub fn verdict_style(verdict: &Verdict) -> Style {
    match verdict {
        verdict if verdict.is_ready() => GOOD,
        verdict if verdict.is_coming() => CHANGE,
        _ => BAD,
    }
}

#[cfg(test)]
pub(crate) mod tests;
