//! Everything that is known of one object, as text.

mod jobs;

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use jiff::Timestamp;

use super::age::age;
use super::objects::verdict_style;
use super::style::{BAD, FAINT, NAME, paint};
use super::wrap::hanging;
use crate::cli::CliError;
use crate::state::{Fault, INVALID_MANIFEST, Trouble};
use crate::view::{Body, Network, Replica, View, Volume, Workload};

/// The description of an object, in lines that fit so many columns. The template stays as it is, to be taken over.
///
/// # Errors
/// When a template cannot be written as YAML.
pub fn description(view: &View, now: Timestamp, width: usize) -> Result<String, CliError> {
    let mut text = String::new();
    let View { object, source, at, trouble, faults, body } = view;
    line(&mut text, 0, "Name", paint(NAME, &object.name));
    line(&mut text, 0, "Kind", object.kind);
    line(&mut text, 0, "Namespace", &object.namespace);
    line(&mut text, 0, "Source", source);
    if let Some(at) = at {
        line(&mut text, 0, "Declared", at);
    }
    of_faults(&mut text, faults, at.is_some());
    if let Some(Trouble { reason, message, help }) = trouble {
        line(&mut text, 0, "Reason", paint(BAD, reason));
        line(&mut text, 0, "Message", message);
        if let Some(help) = help {
            line(&mut text, 0, "Remedy", help);
        }
    }
    match body {
        Body::Workload(workload) => of_workload(&mut text, workload, now),
        Body::Network(networks) => networks.iter().for_each(|network| of_network(&mut text, network, now)),
        Body::Volume(volumes) => volumes.iter().for_each(|volume| of_volume(&mut text, volume)),
        Body::Declared => {}
    }
    Ok(fitting(&text, width) + &template(body)?)
}

/// What is wrong with the manifest, and what is in force in its place.
fn of_faults(text: &mut String, faults: &[Fault], was_good: bool) {
    if faults.is_empty() {
        return;
    }
    line(text, 0, "Manifest", paint(BAD, INVALID_MANIFEST));
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

fn of_workload(text: &mut String, workload: &Workload, now: Timestamp) {
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
    if let Some(job) = &workload.job {
        jobs::of_runs(text, job, now);
    }
    for replica in workload.replicas.iter().chain(&workload.others) {
        of_replica(text, replica, workload.exact_image(), now);
    }
}

/// The template of the newest replica, as YAML.
fn template(body: &Body) -> Result<String, CliError> {
    let Body::Workload(workload) = body else { return Ok(String::new()) };
    let newest = workload.replicas.iter().find(|replica| replica.updated);
    let mut text = String::new();
    if let Some(template) = newest.and_then(|replica| replica.template.as_ref()) {
        heading(&mut text, "Template");
        for row in super::data::yaml(template)?.lines() {
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
    line(text, 0, "Revision", workload.revision());
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
    let old = if replica.updated { "" } else { ", not the latest" };
    if let Some(run) = &replica.run {
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
mod tests {
    use super::*;
    use crate::ui::objects::tests::{fault, jobs, views};
    use anstream::adapter::strip_str;
    use jiff::SignedDuration;

    #[test]
    fn a_description_says_how_each_container_fares() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(90);
        let texts: Vec<_> =
            views().iter().map(|view| description(view, now, usize::MAX).expect("plain data")).collect();
        insta::assert_snapshot!(strip_str(&texts.join("\n")).to_string(), @r"
        Name:         default
        Kind:         Network
        Namespace:    shop
        Source:       shop

        Network shop-default
          Id:         0123456789ab
          Age:        90s
          Containers: shop-api-1

        Name:         data
        Kind:         Volume
        Namespace:    shop
        Source:       shop

        Volume shop-data
          Used by:    nobody

        Name:         api
        Kind:         Deployment
        Namespace:    shop
        Source:       shop
        Status:       Unhealthy
        Replicas:     2 wanted, 2 there, 1 Ready, 2 up to date
        Revision:     3
        Image:        shop/api:1.2
        Runs:         shop/api@sha256:1e

        Container shop-api-1
          Status:     Ready for 90s
          Id:         1f5e9d30a2b1
          Revision:   3
          Restarts:   2
          Ports:      127.0.0.1:8080->80/tcp
          Networks:   shop-default (172.18.0.2)
          Volumes:    shop-data

        Container shop-api-2
          Status:     Unhealthy for 90s
          Probe:      livenessProbe: HTTP 503
          Id:         2f5e9d30a2b1
          Revision:   3
          Runs:       sha256:2d
          Restarts:   2
          Ports:      127.0.0.1:8080->80/tcp
          Networks:   shop-default (172.18.0.2)
          Volumes:    shop-data

        Template
          container:
            image: shop/api:1.2

        Name:         web
        Kind:         Deployment
        Namespace:    shop
        Source:       shop
        Reason:       ImagePullBackOff
        Message:      back-off until 12:03:20Z after 3 failed pulls: manifest unknown
        Status:       Missing
        Replicas:     1 wanted, 0 there, 0 Ready, 0 up to date
        Revision:     0
        ");
    }

    #[test]
    fn a_manifest_that_is_wrong_is_shown_with_each_mistake_and_what_is_in_force() {
        let view = |at: Option<&str>| {
            let mut view = views().pop().expect("an object");
            let fault = fault(&view.object);
            view = View { faults: vec![fault], at: at.map(str::to_owned), ..view };
            strip_str(&description(&view, Timestamp::UNIX_EPOCH, usize::MAX).expect("plain data")).to_string()
        };
        insta::assert_snapshot!(view(Some("/srv/shop/a.yaml:1")), @r"
        Name:         web
        Kind:         Deployment
        Namespace:    shop
        Source:       shop
        Declared:     /srv/shop/a.yaml:1
        Manifest:     InvalidManifest
        In force:     its last good version
        Mistake:      /srv/shop/b.yaml:3:19: deployment/shop/web is declared 2 times
                      /srv/shop/a.yaml:3:19: it is declared here too
        Remedy:       remove one of them
        Reason:       ImagePullBackOff
        Message:      back-off until 12:03:20Z after 3 failed pulls: manifest unknown
        Status:       Missing
        Replicas:     1 wanted, 0 there, 0 Ready, 0 up to date
        Revision:     0
        ");
        assert!(view(None).contains("In force:     nothing, as it never was good\n"), "{}", view(None));
    }

    #[test]
    fn on_a_narrow_terminal_lines_are_broken_between_words() {
        let views = views();
        let view = views.iter().find(|view| view.trouble.is_some()).expect("something is wrong");
        let text = description(view, Timestamp::UNIX_EPOCH, 50).expect("plain data");
        insta::assert_snapshot!(strip_str(&text).to_string(), @r"
        Name:         web
        Kind:         Deployment
        Namespace:    shop
        Source:       shop
        Reason:       ImagePullBackOff
        Message:      back-off until 12:03:20Z after 3
                      failed pulls: manifest unknown
        Status:       Missing
        Replicas:     1 wanted, 0 there, 0 Ready, 0 up to
                      date
        Revision:     0
        ");
    }

    #[test]
    fn a_job_says_what_its_runs_came_to() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(180);
        let texts: Vec<_> = jobs().iter().map(|view| description(view, now, usize::MAX).expect("plain data")).collect();
        insta::assert_snapshot!(strip_str(&texts.join("\n")).to_string(), @r"
        Name:         load
        Kind:         Job
        Namespace:    shop
        Source:       shop
        Status:       Failed
        Completions:  0 of 1, 0 running
        Failed:       3 (2 may)
        Started:      2m ago
        Outcome:      it has failed: 3 attempts failed, the last one exited with 4 (80s ago)

        Name:         migrate
        Kind:         Job
        Namespace:    shop
        Source:       shop
        Status:       BackOff
        Completions:  0 of 1, 0 running
        Failed:       1 (2 may)
        Started:      2m ago
        Outcome:      the next attempt comes in 20s

        Name:         nightly
        Kind:         CronJob
        Namespace:    shop
        Source:       shop
        Status:       Scheduled
        Schedule:     30 2 * * * Europe/Berlin
        Concurrency:  Forbid
        Last due:     1970-01-01T00:02:00Z (60s ago)
        Next due:     1970-01-02T00:01:00Z (in 23h)

        Runs so far
          2 at 1970-01-01T00:02:00Z: it has completed (30s ago)
          1 at 1970-01-01T00:01:00Z: it has failed: 3 attempts failed, the last one exited with 4 (90s ago)
        ");
    }
}
