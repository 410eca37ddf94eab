//! Everything that is known of one object, as text.

mod brief;
mod jobs;

pub use brief::brief;

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use jiff::Timestamp;
use skiff_api::Component;

use super::age::age;
use super::objects::verdict_style;
use super::style::{BAD, FAINT, NAME, paint};
use super::wrap::hanging;
use crate::cli::CliError;
use crate::state::{Fault, Trouble};
use crate::view::{Body, Network, Replica, View, Volume, Workload};

/// The description of an object, in lines that fit so many columns. The template stays as it is, to be taken over.
///
/// # Errors
/// When a template cannot be written as YAML.
pub fn description(view: &View, now: Timestamp, width: usize) -> Result<String, CliError> {
    let mut text = String::new();
    let View { object, source, at, trouble, checks, conditions: _, faults, body } = view;
    line(&mut text, 0, "Name", paint(NAME, &object.name));
    line(&mut text, 0, "Kind", object.kind);
    line(&mut text, 0, "Namespace", &object.namespace);
    line(&mut text, 0, "Source", source);
    if let Some(at) = at {
        line(&mut text, 0, "Declared", at);
    }
    of_faults(&mut text, faults, at.is_some());
    of_trouble(&mut text, trouble.as_ref());
    match body {
        Body::Workload(workload) => of_workload(&mut text, workload, checks, now),
        Body::Network(_) | Body::Volume(_) | Body::Declared => of_resource(&mut text, body, now),
    }
    Ok(fitting(&text, width) + &template(body)?)
}

/// What is wrong with the object, and what to do.
fn of_trouble(text: &mut String, trouble: Option<&Trouble>) {
    let Some(Trouble { reason, message, help }) = trouble else { return };
    line(text, 0, "Reason", paint(BAD, reason));
    line(text, 0, "Message", message);
    if let Some(help) = help {
        line(text, 0, "Remedy", help);
    }
}

/// What there is of an object without containers.
fn of_resource(text: &mut String, body: &Body, now: Timestamp) {
    match body {
        Body::Network(networks) => networks.iter().for_each(|network| of_network(text, network, now)),
        Body::Volume(volumes) => volumes.iter().for_each(|volume| of_volume(text, volume)),
        Body::Workload(_) | Body::Declared => {}
    }
}

/// What is wrong with the manifest, and what is in force in its place.
fn of_faults(text: &mut String, faults: &[Fault], was_good: bool) {
    let Some(word) = Fault::word(faults) else { return };
    line(text, 0, "Manifest", paint(BAD, word));
    line(text, 0, "In force", if was_good { "its last good version" } else { "nothing, as it never was good" });
    for fault in faults {
        line(text, 0, "Mistake", fault);
        for related in &fault.related {
            line(text, 0, "", related);
        }
        if let Some(help) = &fault.help {
            line(text, 0, "Remedy", help);
        }
    }
}

/// Where values begin, and what does not fit goes on.
const VALUES: usize = 14;

/// Lines that fit, broken between words.
fn fitting(text: &str, width: usize) -> String {
    text.split('\n').map(|line| hanging(line, width, VALUES)).collect::<Vec<_>>().join("\n")
}

fn line(text: &mut String, indent: usize, label: &str, value: impl Display) {
    let width = VALUES.saturating_sub(indent);
    let label =
        paint(FAINT, format_args!("{:<width$}", if label.is_empty() { String::new() } else { format!("{label}:") }));
    writeln!(text, "{:indent$}{label}{value}", "").ok();
}

fn heading(text: &mut String, words: impl Display) {
    writeln!(text, "\n{}", paint(NAME, words)).ok();
}

fn of_workload(text: &mut String, workload: &Workload, checks: &[(&str, String)], now: Timestamp) {
    let verdict = workload.verdict();
    line(text, 0, "Status", paint(verdict_style(&verdict), &verdict));
    if let Some(job) = &workload.job {
        jobs::of_job(text, job, now);
    } else {
        of_replicas(text, workload);
    }
    if !workload.image().is_empty() {
        line(text, 0, "Image", workload.image());
        line(text, 0, "Runs", workload.exact_image());
    }
    for (name, check) in checks {
        line(text, 0, name, check);
    }
    if let Some(job) = &workload.job {
        jobs::of_runs(text, job, now);
    }
    let all = workload.replicas.iter().chain(&workload.others);
    all.for_each(|replica| of_replica(text, replica, workload.exact_image(), now));
}

/// The template of the newest replica, as YAML.
fn template(body: &Body) -> Result<String, CliError> {
    let Body::Workload(workload) = body else { return Ok(String::new()) };
    let mut text = String::new();
    if let Some(template) = workload.current().and_then(|replica| replica.template.as_ref()) {
        heading(&mut text, "Template");
        for row in super::data::manifest(template)?.lines() {
            writeln!(text, "  {row}").ok();
        }
    }
    Ok(text)
}

fn of_replicas(text: &mut String, workload: &Workload) {
    let (ready, updated) = (workload.ready(), workload.updated());
    let counts =
        format!("{} wanted, {} there, {ready} Ready, {updated} up to date", workload.wanted, workload.replicas.len());
    line(text, 0, "Replicas", counts);
    if let Some(revision) = workload.revision() {
        line(text, 0, "Revision", revision);
    }
}

fn of_replica(text: &mut String, replica: &Replica, newest: &str, now: Timestamp) {
    let Replica {
        name,
        id,
        verdict,
        complaint,
        revision,
        started_at,
        restarts,
        oom_killed,
        error,
        ports,
        networks,
        volumes,
        ..
    } = replica;
    writeln!(text, "\n{}", paint(NAME, format_args!("Container {name}"))).ok();
    let since = started_at.map(|since| format!(" for {}", age(since, now))).unwrap_or_default();
    line(text, 2, "Status", format_args!("{}{since}", paint(verdict_style(verdict), verdict)));
    if let Some(complaint) = complaint {
        line(text, 2, "Probe", paint(BAD, complaint));
    }
    line(text, 2, "Id", id.chars().take(12).collect::<String>());
    let old = if replica.updated { "" } else { ", not the declared one" };
    // That of an init container is the name under which the next controller finds it, and of no use to people.
    if let Some(run) = replica.run.as_ref().filter(|_| replica.component != Component::Init) {
        line(text, 2, "Run", run);
    }
    // Jobs have runs, and no revisions.
    if *revision > 0 {
        line(text, 2, "Revision", format_args!("{revision}{old}"));
    }
    if replica.exact_image() != newest {
        line(text, 2, "Runs", replica.exact_image());
    }
    if *restarts > 0 {
        line(text, 2, "Restarts", restarts);
    }
    if *oom_killed {
        line(text, 2, "Memory", paint(BAD, "killed for using more than it may"));
    }
    if !error.is_empty() {
        line(text, 2, "Error", paint(BAD, error));
    }
    if !ports.is_empty() {
        line(text, 2, "Ports", super::objects::ports(ports).join(", "));
    }
    let network = |(name, address): (&String, &Option<String>)| {
        address.as_ref().map_or_else(|| name.clone(), |address| format!("{name} ({address})"))
    };
    if !networks.is_empty() {
        line(text, 2, "Networks", networks.iter().map(network).collect::<Vec<_>>().join(", "));
    }
    if !volumes.is_empty() {
        line(text, 2, "Volumes", volumes.join(", "));
    }
}

fn of_network(text: &mut String, network: &Network, now: Timestamp) {
    let Network { name, id, created_at, containers } = network;
    writeln!(text, "\n{}", paint(NAME, format_args!("Network {name}"))).ok();
    line(text, 2, "Id", id.chars().take(12).collect::<String>());
    if let Some(created_at) = created_at {
        line(text, 2, "Age", age(*created_at, now));
    }
    line(text, 2, "Containers", list(containers));
}

fn of_volume(text: &mut String, Volume { name, containers }: &Volume) {
    writeln!(text, "\n{}", paint(NAME, format_args!("Volume {name}"))).ok();
    line(text, 2, "Used by", list(containers));
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.iter().cloned().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests;
