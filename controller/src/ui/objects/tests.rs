//! The tables of `get`, narrow, wide and across namespaces.

use anstream::adapter::strip_str;
use jiff::SignedDuration;
use skiff_api::{Component, ObjectKey, Protocol};
use skiff_core::{JobReport, PublishedPort, RunEnd, RunOutcome, RunReport, ScheduleReport};

use super::*;
use crate::state::{Fault, Faults, Place, Trouble};
use crate::view::{Replica, blame};

pub(in crate::ui) fn replica(ordinal: u32, verdict: Verdict) -> Replica {
    Replica {
        name: format!("shop-api-{ordinal}"),
        id: format!("{ordinal}f5e9d30a2b1c4d5e6f708192a3b4c5d"),
        component: Component::Main,
        ordinal,
        run: None,
        revision: 3,
        template_hash: "v1:abc".to_owned(),
        template: Some(serde_json::json!({ "container": { "image": "shop/api:1.2" } })),
        image_id: format!("sha256:{ordinal}d"),
        digest: (ordinal == 1).then(|| "shop/api@sha256:1e".to_owned()),
        source_revision: None,
        updated: true,
        complaint: (verdict == Verdict::Unhealthy).then(|| "livenessProbe: HTTP 503".to_owned()),
        verdict,
        started_at: Some(Timestamp::UNIX_EPOCH),
        restarts: 2,
        oom_killed: false,
        error: String::new(),
        ports: vec![PublishedPort {
            ip: "127.0.0.1".to_owned(),
            port: 8080,
            container_port: 80,
            protocol: Protocol::Tcp,
        }],
        networks: [("shop-default".to_owned(), Some("172.18.0.2".to_owned()))].into(),
        volumes: vec!["shop-data".to_owned()],
    }
}

pub(crate) fn views() -> Vec<View> {
    let view = |kind, name: &str, body| View {
        object: ObjectKey::new(kind, "shop", name),
        source: "shop".to_owned(),
        at: None,
        trouble: None,
        checks: Vec::new(),
        conditions: Vec::new(),
        faults: Vec::new(),
        body,
    };
    let replicas = vec![replica(1, Verdict::Ready), replica(2, Verdict::Unhealthy)];
    let network = Network {
        name: "shop-default".to_owned(),
        id: "0123456789abcdef".to_owned(),
        created_at: Some(Timestamp::UNIX_EPOCH),
        containers: ["shop-api-1".to_owned()].into(),
    };
    let volume = Volume { name: "shop-data".to_owned(), containers: [].into() };
    let trouble = Trouble {
        reason: "ImagePullBackOff".to_owned(),
        message: "back-off until 12:03:20Z after 3 failed pulls: manifest unknown".to_owned(),
        help: None,
    };
    let web = view(Kind::Deployment, "web", Body::Workload(Workload { wanted: 1, ..Workload::default() }));
    vec![
        view(Kind::Network, "default", Body::Network(vec![network])),
        view(Kind::Volume, "data", Body::Volume(vec![volume])),
        view(Kind::Deployment, "api", Body::Workload(Workload { wanted: 2, replicas, ..Workload::default() })),
        View { trouble: Some(trouble), ..web },
    ]
}

/// Jobs and a schedule, at so many seconds after the epoch: one that has failed, one that waits to try again, one on a schedule.
pub(in crate::ui) fn jobs() -> Vec<View> {
    let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    let run = |name: &str, failed, end: Option<(i64, RunOutcome)>| RunReport {
        name: name.to_owned(),
        due: name.parse::<i64>().ok().map(|minute| at(minute * 60)),
        since: Some(at(60)),
        succeeded: u32::from(end.is_some_and(|(_, outcome)| outcome == RunOutcome::Succeeded)),
        failed,
        active: 0,
        retry_at: (failed == 1).then(|| at(200)),
        end: end.map(|(ended, outcome)| RunEnd { at: at(ended), outcome }),
    };
    let report = |runs| JobReport { completions: 1, backoff_limit: 2, suspended: false, schedule: None, runs };
    let schedule = ScheduleReport {
        schedule: "30 2 * * * Europe/Berlin".to_owned(),
        concurrency_policy: "Forbid".to_owned(),
        last: Some(at(120)),
        next: Some(at(86_460)),
    };
    let nightly = vec![
        run("1", 3, Some((90, RunOutcome::Failed { failures: 3, code: 4 }))),
        run("2", 0, Some((150, RunOutcome::Succeeded))),
    ];
    let view = |kind, name: &str, job| View {
        object: ObjectKey::new(kind, "shop", name),
        source: "shop".to_owned(),
        at: None,
        trouble: None,
        checks: Vec::new(),
        conditions: Vec::new(),
        faults: Vec::new(),
        body: Body::Workload(Workload { job: Some(job), ..Workload::default() }),
    };
    vec![
        view(Kind::Job, "load", report(vec![run("", 3, Some((100, RunOutcome::Failed { failures: 3, code: 4 })))])),
        view(Kind::Job, "migrate", report(vec![run("", 1, None)])),
        view(Kind::CronJob, "nightly", JobReport { schedule: Some(schedule), ..report(nightly) }),
    ]
}

#[test]
fn jobs_and_schedules_have_tables_of_their_own() {
    let views = jobs();
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(180);
    let text = tables(&views.iter().collect::<Vec<_>>(), Shown { wide: false, namespaces: false, now });
    insta::assert_snapshot!(strip_str(&text).to_string(), @r"
    JOB      COMPLETIONS  STATUS   DURATION  AGE
    load     0/1          Failed   40s       2m
    migrate  0/1          BackOff  2m        2m

    CRONJOB  SCHEDULE                  STATUS     ACTIVE  LAST  NEXT
    nightly  30 2 * * * Europe/Berlin  Scheduled  0       60s   in 23h
    ");
}

fn shown(wide: bool, namespaces: bool) -> String {
    let views = views();
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(11_520);
    tables(&views.iter().collect::<Vec<_>>(), Shown { wide, namespaces, now })
}

#[test]
fn each_kind_has_its_table() {
    insta::assert_snapshot!(strip_str(&shown(false, true)).to_string(), @r"
    NAMESPACE  DEPLOYMENT  READY  UP-TO-DATE  STATUS            AGE
    shop       api         1/2    2           Unhealthy         3h12m
    shop       web         0/1    0           ImagePullBackOff  -

    NAMESPACE  NETWORK  DOCKER        CONTAINERS  AGE
    shop       default  shop-default  1           3h12m

    NAMESPACE  VOLUME  DOCKER     USED BY
    shop       data    shop-data  nobody
    ");
}

#[test]
fn wide_has_more_columns_and_a_named_namespace_none() {
    insta::assert_snapshot!(strip_str(&shown(true, false)).to_string(), @r"
    DEPLOYMENT  READY  UP-TO-DATE  STATUS            AGE    REASON            IMAGE         PORTS                   SOURCE  REVISION
    api         1/2    2           Unhealthy         3h12m  -                 shop/api:1.2  127.0.0.1:8080->80/tcp  shop    3
    web         0/1    0           ImagePullBackOff  -      ImagePullBackOff                                        shop    -

    NETWORK  DOCKER        CONTAINERS  AGE    ID            SOURCE
    default  shop-default  1           3h12m  0123456789ab  shop

    VOLUME  DOCKER     USED BY  SOURCE
    data    shop-data  nobody   shop
    ");
}

/// A mistake in the manifest of an object.
pub(in crate::ui) fn fault(key: &ObjectKey) -> Fault {
    Fault {
        reason: "DuplicateObject".to_owned(),
        place: Place { file: "/srv/shop/b.yaml".to_owned(), at: Some((3, 19)) },
        message: format!("{key} is declared 2 times"),
        help: Some("remove one of them".to_owned()),
        related: vec!["/srv/shop/a.yaml:3:19: it is declared here too".to_owned()],
        object: Some(key.clone()),
        keeps: [].into(),
    }
}

#[test]
fn what_is_not_as_its_manifest_says_has_a_word_in_its_status() {
    let mut views = views();
    let key = |name: &str| ObjectKey::new(Kind::Deployment, "shop", name);
    let faults = vec![fault(&key("api")), fault(&key("new"))];
    blame(&mut views, &Faults::from([("shop".to_owned(), faults)]));
    views.retain(|view| view.object.kind == Kind::Deployment);
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(11_520);
    let text = tables(&views.iter().collect::<Vec<_>>(), Shown { wide: true, namespaces: false, now });
    insta::assert_snapshot!(strip_str(&text).to_string(), @r"
    DEPLOYMENT  READY  UP-TO-DATE  STATUS                     AGE    REASON            IMAGE         PORTS                   SOURCE  REVISION
    api         1/2    2           Unhealthy,InvalidManifest  3h12m  InvalidManifest   shop/api:1.2  127.0.0.1:8080->80/tcp  shop    3
    new         0/1    0           Missing,InvalidManifest    -      InvalidManifest                                         shop    -
    web         0/1    0           ImagePullBackOff           -      ImagePullBackOff                                        shop    -
    ");
    let data = views.iter().find(|view| view.object.name == "new").map(View::to_data).unwrap_or_default();
    let of = |pointer: &str| data.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!((of("/status/ready"), of("/status/reason")), (false.into(), "InvalidManifest".into()));
    assert_eq!(of("/status/mistakes/0/at"), "/srv/shop/b.yaml:3:19");
}

#[test]
fn what_is_unhealthy_is_red() {
    assert!(shown(false, false).contains("\u{1b}[31mUnhealthy\u{1b}[0m"));
}

#[test]
fn a_port_that_is_open_on_all_addresses_of_both_families_is_said_once() {
    let port = |ip: &str, port| PublishedPort {
        ip: ip.to_owned(),
        port,
        container_port: 80,
        protocol: skiff_api::Protocol::Tcp,
    };
    let table = [port("0.0.0.0", 8080), port("::", 8080), port("::", 9090), port("127.0.0.1", 8080), port("::1", 8080)];
    assert_eq!(ports(&table), ["8080->80/tcp", "[::]:9090->80/tcp", "127.0.0.1:8080->80/tcp", "[::1]:8080->80/tcp"]);
}
