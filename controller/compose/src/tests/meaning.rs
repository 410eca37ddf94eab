//! What services come to where more than one attribute has a say: kinds, names, restarts, links, and what the report says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{complaints, load_text};
use crate::{Loaded, Request, Verdict, load};

pub(super) fn loaded(text: &str) -> Loaded {
    let loaded = load_text(text);
    assert_eq!(complaints(&loaded), Vec::<String>::new(), "{text}");
    loaded
}

/// An object by its key, such as `deployment/p/a`.
pub(super) fn object(loaded: &Loaded, key: &str) -> Value {
    let found = loaded.objects.iter().find(|it| it.key.to_string() == key);
    let keys: Vec<String> = loaded.objects.iter().map(|it| it.key.to_string()).collect();
    found.map_or_else(|| panic!("no {key} in {keys:?}"), |it| it.object().expect("an object").to_manifest())
}

/// The rows that are not honoured, `line attribute verdict: what Skiff does (remedy)`.
pub(super) fn rows(loaded: &Loaded) -> String {
    let told = loaded.report.rows.iter().filter(|row| row.verdict != Verdict::Honoured);
    let line = |row: &crate::Row| {
        let remedy = if row.remedy.is_empty() { String::new() } else { format!(" ({})", row.remedy) };
        format!("{} {} {}: {}{remedy}", row.place.start, row.attribute, row.verdict, row.does)
    };
    told.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_others_wait_for_until_it_has_ended_is_a_job_that_is_tried_once() {
    let loaded = loaded(
        "\
services:
  app: { image: i, restart: always, depends_on: { init: { condition: service_completed_successfully } } }
  init: { image: i }
  retry: { image: i, restart: 'on-failure:3', deploy: { mode: replicated-job, replicas: 2 } }
",
    );
    let init = object(&loaded, "job/p/init");
    assert_eq!(init.pointer("/spec/backoffLimit"), Some(&0.into()));
    assert_eq!(init.pointer("/spec/template/restartPolicy"), Some(&"Never".into()));
    let retry = object(&loaded, "job/p/retry");
    assert_eq!(retry.pointer("/spec/backoffLimit"), Some(&3.into()));
    assert_eq!([retry.pointer("/spec/completions"), retry.pointer("/spec/parallelism")], [Some(&2.into()); 2]);
    let app = object(&loaded, "deployment/p/app");
    assert_eq!(app.pointer("/spec/dependsOn/0/condition"), Some(&"Completed".into()));
    assert_eq!(rows(&loaded), "");
}

#[test]
fn what_a_service_becomes_does_not_depend_on_the_profiles_that_are_on() {
    let text = "\
services:
  init: { image: i, restart: always }
  app: { image: i, restart: always, profiles: [app], depends_on: { init: { condition: service_completed_successfully } } }
";
    let kinds = |profiles: &[&str]| {
        let profiles = profiles.iter().map(|&name| name.to_owned()).collect();
        let request = Request { directory: "/p".into(), profiles, ..Request::default() };
        let reader = BTreeMap::from([(PathBuf::from("/p/compose.yaml"), text.as_bytes().to_vec())]);
        let loaded = load(&request, &reader);
        loaded.objects.iter().map(|it| it.key.to_string()).filter(|key| !key.starts_with("network")).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&[]), ["job/p/init"]);
    assert_eq!(kinds(&["app"]), ["deployment/p/app", "job/p/init"]);
}

#[test]
fn a_hook_before_the_stop_has_the_time_of_the_grace_period_and_none_without_one() {
    let told = |grace: &str| {
        rows(&loaded(&format!(
            "services: {{ a: {{ image: i, restart: always, pre_stop: [{{ command: [a] }}]{grace} }} }}"
        )))
    };
    assert_eq!(
        told(""),
        "1:45 services.a.pre_stop approximated: it has the time of `stop_grace_period`, of which 2 s are left for the stop itself \
         (make `stop_grace_period` longer by what it takes)"
    );
    assert_eq!(
        told(", stop_grace_period: 0s"),
        "1:55 services.a.pre_stop approximated: it is not run, as `stop_grace_period` leaves no time for it \
         (make `stop_grace_period` what it takes, and 2 s more)"
    );
}

#[test]
fn what_is_refused_is_told_once_and_has_its_row() {
    let loaded = load_text("services: { a: { provider: { type: model, options: { a: b } } } }");
    let told = "1:18 `provider` is refused: no other program is asked to run a service \
                (run it beside, and reach it through an external network)";
    assert_eq!(complaints(&loaded), [told]);
    let expected = "services.a.provider refused";
    assert!(rows(&loaded).contains(expected), "{}", rows(&loaded));
}

#[test]
fn restarts_mean_what_compose_means_and_none_at_all_is_told() {
    let policy = |written: &str| {
        let loaded = loaded(&format!("services: {{ a: {{ image: i, {written} }} }}"));
        let template = object(&loaded, "deployment/p/a").pointer("/spec/template").cloned().unwrap_or_default();
        let restart = template.get("restart").map(|it| format!(" {it}")).unwrap_or_default();
        format!("{}{restart}", template["restartPolicy"].as_str().unwrap_or("Always"))
    };
    let table = [
        ("restart: 'no'", "Never"),
        ("restart: no", "Never"),
        ("restart: always", "Always"),
        ("restart: unless-stopped", "Always"),
        ("restart: on-failure", "OnFailure"),
        ("restart: 'on-failure:0'", "OnFailure"),
        ("deploy: { restart_policy: { condition: on-failure, max_attempts: 0 } }", "OnFailure"),
        ("restart: 'on-failure:5'", "OnFailure {\"maxAttempts\":5}"),
        ("deploy: { restart_policy: { condition: none } }", "Never"),
        ("deploy: { restart_policy: { delay: 5s } }", "Always {\"delay\":\"5s\"}"),
        (
            "restart: always, deploy: { restart_policy: { condition: on-failure, max_attempts: 2 } }",
            "OnFailure {\"maxAttempts\":2}",
        ),
        ("", "OnFailure"),
    ];
    for (written, expected) in table {
        assert_eq!(policy(written), expected, "{written}");
    }
    insta::assert_snapshot!(rows(&loaded("services:\n  a: { image: i }\n")), @r#"
    2:3 services.a.restart approximated: it is started again when it fails, where Compose would leave it (write `restart: "no"` if it shall be left, or `always`)
    "#);
    let wrong = load_text("services: { a: { image: i, restart: sometimes } }");
    assert!(complaints(&wrong).concat().contains("`restart` is refused: `sometimes` is no policy"));
}

#[test]
fn seccomp_profiles_are_files_of_the_project_or_words_of_docker() {
    let profile = |written: &str| {
        let loaded = loaded(&format!("services: {{ a: {{ image: i, security_opt: ['{written}'] }} }}"));
        object(&loaded, "deployment/p/a").pointer("/spec/template/container/securityContext/seccompProfile").cloned()
    };
    let localhost = |path: &str| json!({ "type": "Localhost", "localhostProfile": path });
    for (written, expected) in [
        ("seccomp:./rights.json", localhost("./rights.json")),
        ("seccomp=rights.json", localhost("./rights.json")),
        ("seccomp:/etc/rights.json", localhost("/etc/rights.json")),
        ("seccomp:unconfined", json!({ "type": "Unconfined" })),
        ("seccomp:builtin", json!({ "type": "RuntimeDefault" })),
    ] {
        assert_eq!(profile(written), Some(expected), "{written}");
    }
}

#[test]
fn a_limit_of_0_is_none() {
    let service = "image: i, mem_limit: '${MEM:-0}', cpus: 0, mem_reservation: 0";
    let container = object(&loaded(&format!("services: {{ a: {{ {service} }} }}")), "deployment/p/a");
    assert_eq!(container.pointer("/spec/template/container/resources"), None);
    let deployed = "image: i, deploy: { resources: { limits: { memory: 0, cpus: '0' } } }";
    let container = object(&loaded(&format!("services: {{ a: {{ {deployed} }} }}")), "deployment/p/a");
    assert_eq!(container.pointer("/spec/template/container/resources"), None);
}

#[test]
fn options_of_tmpfs_that_are_no_numbers_are_refused() {
    for option in ["size=10%", "size=lots", "mode=u+x", "uid=abc", "gid="] {
        let loaded = load_text(&format!("services: {{ a: {{ image: i, tmpfs: ['/a:{option}'] }} }}"));
        let complaints = complaints(&loaded);
        assert!(complaints.iter().any(|complaint| complaint.contains(&format!("`{option}`"))), "{complaints:?}");
    }
}

#[test]
fn memory_that_is_read_only_is_mounted_so() {
    let loaded =
        loaded("services: { a: { image: i, restart: always, tmpfs: ['/a:ro', '/b:rw,size=64k', '/c:exec,ro'] } }");
    let container = object(&loaded, "deployment/p/a");
    let read_only =
        |index: usize| container.pointer(&format!("/spec/template/container/volumeMounts/{index}/readOnly"));
    assert_eq!([0, 1, 2].map(read_only), [Some(&true.into()), None, Some(&true.into())]);
    assert_eq!(rows(&loaded), "");
}

#[test]
fn an_extension_says_what_compose_cannot() {
    let loaded = loaded(
        "\
services:
  web:
    image: i
    restart: always
    ports: [{ target: 80, published: 8080, name: http }]
    x-skiff:
      minReadySeconds: 3
      strategy: { rollingUpdate: { maxSurge: 2 }, onFailure: Pause }
      readinessProbe: { httpGet: { path: /healthz, port: http } }
      restart: { delay: 2s }
  backup:
    image: i
    x-skiff: { schedule: '0 3 * * *', timeZone: Europe/Berlin, concurrencyPolicy: Forbid, backoffLimit: 2 }
",
    );
    let web = object(&loaded, "deployment/p/web");
    assert_eq!(web.pointer("/spec/minReadySeconds"), Some(&3.into()));
    assert_eq!(
        web.pointer("/spec/strategy").map(Value::to_string).as_deref(),
        Some(r#"{"rollingUpdate":{"maxSurge":2},"onFailure":"Pause"}"#)
    );
    assert_eq!(web.pointer("/spec/template/container/readinessProbe/httpGet/port"), Some(&"http".into()));
    assert_eq!(web.pointer("/spec/template/restart/delay"), Some(&"2s".into()));
    let backup = object(&loaded, "cronjob/p/backup");
    assert_eq!(backup.pointer("/spec/schedule"), Some(&"0 3 * * *".into()));
    assert_eq!(backup.pointer("/spec/jobTemplate/spec/backoffLimit"), Some(&2.into()));
    assert_eq!(backup.pointer("/spec/jobTemplate/spec/template/container/image"), Some(&"i".into()));
}

#[test]
fn what_is_not_quite_what_compose_does_is_told_with_its_place() {
    insta::assert_snapshot!(rows(&loaded("\
version: '3'
services:
  a:
    image: i
    build: { context: ., args: { A: b } }
    pull_policy: daily
    volumes: [/cache, { type: volume, source: v, target: /v, volume: { labels: [a=b] } }]
    tmpfs: ['/run:uid=5,huge=always']
    attach: false
    develop: { watch: [] }
    depends_on: { b: { condition: service_started, restart: true } }
    deploy:
      endpoint_mode: vip
      placement: { constraints: [node.role == manager] }
      update_config: { delay: 5s, monitor: 9s, failure_action: continue, max_failure_ratio: 0.2 }
      rollback_config: { order: start-first, delay: 2s }
  b: { image: i, restart: always }
volumes: { v: }
")), @r#"
    1:10 version approximated: nothing, as in Compose: it is obsolete (remove it)
    3:3 services.a.restart approximated: it is started again when it fails, where Compose would leave it (write `restart: "no"` if it shall be left, or `always`)
    5:12 services.a.build approximated: the image is pulled by its name, as `pull_policy` says (write `pull_policy: build` to have it built)
    6:18 services.a.pull_policy approximated: the registry is asked so often by `skiff run`, and an image that has moved rolls out
    7:80 services.a.volumes.volume.labels approximated: a volume with a name has the labels of its own definition only (write them at `volumes.<name>.labels`)
    8:13 services.a.tmpfs approximated: `huge=always` is not given to the kernel (leave it out)
    9:5 services.a.attach approximated: nothing: `skiff up` follows no logs (look with `skiff logs`)
    10:5 services.a.develop approximated: nothing: Skiff watches no sources of programs (develop with `docker compose watch`)
    11:52 services.a.depends_on.restart approximated: it goes on when what it depends on is replaced, which happens at any time and not only when somebody asks for it (let it connect anew by itself, give it a `livenessProbe` in `x-skiff`, or use `skiff rollout restart`)
    13:7 services.a.deploy.endpoint_mode approximated: names are answered with the addresses of all replicas in turn, as by `dnsrr` (put a proxy before it where clients keep to one address)
    14:20 services.a.deploy.placement.constraints approximated: there is one host, so that this decides nothing
    15:24 services.a.deploy.update_config.delay approximated: a new replica must be Ready for as long before the next one is replaced
    15:35 services.a.deploy.update_config.monitor approximated: a new replica must be Ready for as long before the next one is replaced
    15:64 services.a.deploy.update_config.failure_action approximated: an update that fails stops where it is, instead of going on with what is broken (write `pause` or `rollback`)
    15:74 services.a.deploy.update_config.max_failure_ratio approximated: the first replica that fails stops an update, as with 0; counts of the failed say little where few run (write 0, which is what is done)
    16:46 services.a.deploy.rollback_config.delay approximated: the way back waits for its replicas as an update does, as `update_config` says; where both say the same it is honoured
    "#);
}

#[test]
fn every_attribute_that_is_there_has_its_row_and_nothing_else_has() {
    let loaded = loaded("services:\n  a: { image: i, restart: always, ports: [80], cap_add: [ALL] }\n");
    let told: Vec<&str> = loaded.report.rows.iter().map(|row| row.attribute.as_str()).collect();
    assert_eq!(told, ["services.a.image", "services.a.restart", "services.a.ports", "services.a.cap_add"]);
}

#[test]
fn secrets_and_configs_are_read_and_no_secret_is_told() {
    let files = [
        (
            "compose.yaml",
            "services: { a: { image: i, restart: always, secrets: [pw], configs: [{ source: c, target: /etc/c }] } }\n\
             secrets: { pw: { file: pw.txt }, unused: { file: none.txt } }\nconfigs: { c: { content: 'x=${KEY}' } }\n",
        ),
        ("pw.txt", "hunter2-canary"),
    ];
    let loaded = super::load_files(&files);
    assert_eq!(complaints(&loaded), Vec::<String>::new());
    let secret = object(&loaded, "secret/p/pw");
    assert_eq!(secret["data"]["pw"], "aHVudGVyMi1jYW5hcnk=");
    assert_eq!(object(&loaded, "configmap/p/c")["data"]["c"], "x=value");
    let told = format!("{loaded:?}{:?}", loaded.texts);
    assert!(!told.contains("hunter2"));
    let missing = super::load_files(&files[..1]);
    assert_eq!(complaints(&missing), ["2:24 there is no file /p/pw.txt"]);
}

#[test]
fn objects_fit_together() {
    let loaded = load_text(super::stack::STACK);
    let objects = loaded.objects.iter().map(|it| (it.key.clone(), it.object().expect("an object"))).collect();
    assert_eq!(skiff_api::validate_set(&objects, &skiff_api::Instance::default()), []);
}

#[test]
fn every_field_knows_its_line() {
    let loaded = loaded("services:\n  a:\n    image: i\n    restart: always\n    ports:\n      - 8080:80\n");
    let declared = loaded.objects.iter().find(|it| it.key.to_string() == "deployment/p/a");
    let place = |pointer: &str| {
        declared.and_then(|it| it.manifest.positions().get(pointer)).map(|place| place.value.start.to_string())
    };
    assert_eq!(place("/spec/template/container/image").as_deref(), Some("3:12"));
    assert_eq!(place("/spec/template/container/ports/0/hostPort").as_deref(), Some("6:9"));
    assert_eq!(place("/spec/template/restartPolicy").as_deref(), Some("4:14"));
    assert_eq!(place("/metadata/name").as_deref(), Some("2:3"));
}
