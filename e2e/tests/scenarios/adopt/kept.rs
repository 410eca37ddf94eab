//! What is as declared when a stack is taken over is kept, until it changes or ends.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use skiff_e2e::act::{Act, act, end_run, look, remember, run_with, skiff, write};
use skiff_e2e::check::{Check, check, eventually, exits, is_silent_on, nothing_was_written, ready, says, within};
use skiff_e2e::{IMAGE, Seen, World, scenario};

use super::{Composed, adopt, compose_up, has_compose};

/// A service that says much of what Docker Compose passes on, one with data, and one that another command is wanted of later.
fn stack(word: &str, of_old: &str) -> String {
    format!(
        "name: default
services:
  web:
    image: {IMAGE}
    command: [sleep, '1000000']
    stop_grace_period: 0s
    restart: always
    init: true
    hostname: front
    user: '0:0'
    working_dir: /tmp
    environment: {{ WORD: '{word}', EMPTY: '' }}
    labels: {{ tier: front }}
    expose: ['8000']
    cap_drop: [NET_RAW]
    cap_add: [SYS_NICE]
    security_opt: ['no-new-privileges:true']
    read_only: true
    tmpfs: ['/run:size=1m,mode=0700']
    shm_size: 32m
    mem_limit: 64m
    pids_limit: 100
    ulimits: {{ nofile: {{ soft: 512, hard: 1024 }} }}
    sysctls: {{ net.core.somaxconn: '512' }}
    extra_hosts: ['there:10.0.0.9']
    dns: [10.0.0.53]
    group_add: ['1000']
    logging: {{ driver: json-file, options: {{ max-size: 1m }} }}
    volumes: ['./page:/page:ro', './shared:/shared', 'web:/var/web', '/cache']
    networks: {{ back: {{ aliases: [pages] }}, default: {{}} }}
    healthcheck: {{ test: [CMD, 'true'], interval: 2s, timeout: 5s, retries: 2 }}
    ports: ['127.0.0.1::8000']
    stop_signal: SIGKILL
  db:
    image: {IMAGE}
    command: [sleep, '1000000']
    stop_grace_period: 0s
    volumes: ['data:/data']
    networks: [back]
  old:
    image: {IMAGE}
    command: [sleep, '{of_old}']
    stop_grace_period: 0s
    restart: unless-stopped
    networks: [back]
networks: {{ back: {{ internal: true }} }}
volumes: {{ data: , web: }}
"
    )
}

/// Containers by id, with when they were started.
type Known = Rc<RefCell<BTreeMap<String, String>>>;

/// What Docker Compose or Skiff made of a service.
fn of_service(world: &World, service: &str) -> Result<Vec<Seen>> {
    let composed = format!("com.docker.compose.project={}", Composed::project(&world.instance));
    let mut found = world.docker.containers(&[composed, format!("com.docker.compose.service={service}")])?;
    found.extend(world.replicas(service)?);
    Ok(found)
}

fn note(known: &Known) -> Act {
    let known = Rc::clone(known);
    act(move |world| {
        for service in ["web", "db", "old"] {
            let seen = of_service(world, service)?;
            known.borrow_mut().extend(seen.into_iter().map(|seen| (seen.id.clone(), seen.started_at().to_owned())));
        }
        Ok(())
    })
}

/// The containers of a service are those that Docker Compose started, and have not been started again.
fn kept(service: &'static str, count: usize, known: &Known) -> Check {
    let known = Rc::clone(known);
    check(move |world| {
        let found = of_service(world, service)?;
        ensure!(found.len() == count, "{service} has {} containers", found.len());
        let known = known.borrow();
        let changed = found.iter().find(|seen| known.get(&seen.id).map(String::as_str) != Some(seen.started_at()));
        ensure!(changed.is_none(), "{service} was touched: {changed:?}");
        Ok(())
    })
}

/// One container that Skiff made has taken the place of all others.
fn ours(service: &'static str) -> Check {
    check(move |world| {
        let (all, own) = (of_service(world, service)?, world.replicas(service)?);
        ensure!(
            all.len() == own.len() && own.len() == 1,
            "{service} has {} containers, {} of ours",
            all.len(),
            own.len()
        );
        ensure!(own.iter().all(Seen::is_ready), "{service} is not ready");
        Ok(())
    })
}

fn holds_data() -> Check {
    check(|world| {
        let id = of_service(world, "db")?.into_iter().next().map(|seen| seen.id).unwrap_or_default();
        let word = world.docker.exec(&id, &["cat", "/data/word"])?;
        ensure!(word.trim() == "kept", "the volume says {word}");
        Ok(())
    })
}

/// What people do to a container of Docker Compose.
fn by_hand(verb: &'static [&'static str], service: &'static str) -> Act {
    act(move |world| {
        let id = of_service(world, service)?.into_iter().next().map(|seen| seen.id).unwrap_or_default();
        let output = world.docker.command().args(verb).arg(id).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    })
}

#[test]
fn what_is_as_declared_is_kept_until_it_changes_and_the_rest_is_replaced() {
    if !has_compose() {
        return;
    }
    let (keep, composed) = std::sync::mpsc::channel();
    let known = Known::default();
    scenario("what is as declared is kept until it changes, and the rest is replaced")
        .step("a Compose file", write("compose.yaml", &stack("one", "1000000")), [])
        .step("with a file that it mounts", write("page", "hello"), [])
        .step("Docker Compose starts it", compose_up(&[], keep), [])
        .step("as it is now", note(&known), [])
        .step("another command is wanted of one service", write("compose.yaml", &stack("one", "999999")), [])
        .step(
            "adopt shows what is kept and what is not",
            adopt(&[]),
            [
                exits(2),
                says("default/web, kept as adopted"),
                says("default/db, kept as adopted"),
                says(r#"default/old, replaced: Cmd changed ["sleep","1000000"] → ["sleep","999999"]"#),
            ],
        )
        .step(
            "it is taken over",
            adopt(&["--confirm"]),
            [exits(0), kept("web", 1, &known), kept("db", 1, &known), ours("old"), holds_data()],
        )
        .step("from now on", remember(), [])
        .step(
            "nothing is left to do",
            skiff("up", &[]),
            [exits(0), nothing_was_written(), kept("web", 1, &known), kept("db", 1, &known)],
        )
        .step("nor to plan", skiff("plan", &[]), [exits(0), says("nothing to do")])
        .step("one service is changed", write("compose.yaml", &stack("two", "999999")), [])
        .step("only that is replaced", skiff("up", &[]), [exits(0), ours("web"), kept("db", 1, &known), holds_data()])
        .step("a replica more", skiff("up", &["--scale", "db=2"]), [exits(0), ready("db", 1)])
        .step("and one less", skiff("up", &[]), [exits(0), kept("db", 1, &known)])
        .step(
            "without the record it is nobody's",
            act(|world| Ok(std::fs::rename(record(world), world.folder().join("adopted.json"))?)),
            [],
        )
        .step("and its name is taken", skiff("up", &["--timeout", "5s"]), [kept("db", 1, &known)])
        .step(
            "the record comes back",
            act(|world| Ok(std::fs::rename(world.folder().join("adopted.json"), record(world))?)),
            [],
        )
        .step("down with its volumes", skiff("down", &["--volumes", "--yes"]), [exits(0)])
        .step(
            "takes what was kept",
            look(),
            [check(|world| {
                ensure!(of_service(world, "db")?.is_empty(), "the database is left");
                Ok(())
            })],
        );
    drop(composed);
}

fn record(world: &World) -> std::path::PathBuf {
    world.folder().join("state").join(&world.instance).join("adopted.json")
}

#[test]
fn a_container_that_was_kept_and_ends_is_replaced_by_one_of_ours() {
    if !has_compose() {
        return;
    }
    let (keep, composed) = std::sync::mpsc::channel();
    let known = Known::default();
    scenario("a container that was kept and ends is replaced by one of ours")
        .step("a Compose file", write("compose.yaml", &stack("one", "1000000")), [])
        .step("with a file that it mounts", write("page", "hello"), [])
        .step("Docker Compose starts it", compose_up(&[], keep), [])
        .step("as it is now", note(&known), [])
        .step("it is taken over", adopt(&["--confirm"]), [exits(0), is_silent_on("replaced"), kept("old", 1, &known)])
        .step(
            "skiff run goes on with it",
            run_with(&["--tick", "10m"]),
            [eventually(check(|world| world.running().map(drop)))],
        )
        .step("one is stopped by hand", by_hand(&["stop", "-t", "0"], "old"), [within(PATIENCE, ours("old"))])
        .step("one is removed by hand", by_hand(&["rm", "-f"], "db"), [within(PATIENCE, ours("db")), holds_data()])
        .step("and another one is not touched", look(), [kept("web", 1, &known)])
        .step("skiff run ends", end_run(), [])
        .step("it is taken over once more", adopt(&["--confirm"]), [exits(0), records_only("web")])
        .step("down with its volumes", skiff("down", &["--volumes", "--yes"]), [exits(0)]);
    drop(composed);
}

/// The record holds nothing of what is gone.
fn records_only(service: &'static str) -> Check {
    check(move |world| {
        let record = std::fs::read_to_string(record(world))?;
        // The first line is the header of every file of the state.
        let record: Value = serde_json::from_str(record.lines().nth(1).context("the record has no body")?)?;
        let recorded = record.get("containers").and_then(Value::as_object).context("no containers are recorded")?;
        let there: Vec<String> = of_service(world, service)?.into_iter().map(|seen| seen.id).collect();
        ensure!(recorded.keys().eq(&there), "recorded: {recorded:?}, there: {there:?}");
        Ok(())
    })
}

/// Far below the time after which that controller looks again without being told.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);
