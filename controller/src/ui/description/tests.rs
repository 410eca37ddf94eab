//! `describe` as it is printed.

use super::*;
use crate::ui::objects::tests::{fault, jobs, views};
use anstream::adapter::strip_str;
use jiff::SignedDuration;

#[test]
fn a_description_says_how_each_container_fares() {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(90);
    let mut views = views();
    let api = views.iter_mut().filter(|view| view.object.name == "api");
    api.for_each(|view| view.checks = vec![("Liveness", "exec [check] delay=0s timeout=1s".to_owned())]);
    let texts: Vec<_> = views.iter().map(|view| description(view, now, usize::MAX).expect("plain data")).collect();
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
    Liveness:     exec [check] delay=0s timeout=1s

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
    ");
}

#[test]
fn in_brief_only_containers_that_are_not_ready_are_told_of_and_no_template() {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(90);
    let views = views();
    let api = views.iter().find(|view| view.object.name == "api").expect("a deployment");
    let text = brief(api, now, usize::MAX);
    insta::assert_snapshot!(strip_str(&text).to_string(), @r"
    Object:       deployment/shop/api
    Declared:     shop
    Status:       Unhealthy: 1 of 2 Ready, 2 there, 2 up to date
    Image:        shop/api:1.2
    shop-api-2: Unhealthy for 90s, revision 3, 2 restarts
      livenessProbe: HTTP 503
    and 1 more, 1 of all Ready
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

#[test]
fn the_run_of_an_init_container_is_no_matter_of_people() {
    let mut view = views().into_iter().find(|view| matches!(view.body, Body::Workload(_))).expect("a workload");
    let mut shown = |component| {
        if let Body::Workload(workload) = &mut view.body
            && let Some(replica) = workload.replicas.first_mut()
        {
            (replica.component, replica.run) = (component, Some("a-run".to_owned()));
        }
        strip_str(&description(&view, Timestamp::UNIX_EPOCH, usize::MAX).expect("plain data")).to_string()
    };
    assert!(shown(Component::Run).contains("a-run") && !shown(Component::Init).contains("a-run"));
}
