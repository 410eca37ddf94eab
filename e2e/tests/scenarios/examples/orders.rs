//! `manifests/examples/orders`: phases, isolation, limits, backups, a server that is spoken to.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use skiff_e2e::act::{Act, act, all, look, remember, skiff};
use skiff_e2e::check::{Check, check, ended, exits, gone, nothing_was_written, ready, replaced, untouched};
use skiff_e2e::{World, free_port, scenario};

use super::{does, edit, example, fails, limited, orders_in, prints, take, within};
use crate::change::page_at;

const REACHED: &[&str] = &["sh", "-c", ". /srv/database && sql 'SELECT 1'"];
const LOSE: &[&str] = &["psql", "-h", "/tmp", "-U", "postgres", "-c", "DROP TABLE orders", "orders"];

pub(super) fn orders(port: u16) -> Act {
    example(
        "orders",
        [("WEB_PORT:-8480", format!("WEB_PORT:-{port}")), ("WEB_PORT:-8481", format!("WEB_PORT:-{port}"))],
    )
}

#[test]
fn the_orders_come_up_in_phases_and_their_data_survives_a_replacement() {
    let port = free_port().expect("a free port");
    let replicas_answer = check(move |_| {
        let says = || page_at(port, "/orders").map(|page| page.rsplit(' ').next().map(ToOwned::to_owned));
        let first = says()?;
        let others = (0..30).map(|_| says()).collect::<Result<Vec<_>>>()?;
        ensure!(others.iter().any(|other| *other != first), "all answers are {first:?}'s");
        Ok(())
    });
    scenario("the orders come up in phases, and their data survives a replacement")
        .step("as they are shipped", orders(port), [])
        .step(
            "they come up",
            skiff("up", &[]),
            [exits(0), ready("db", 1), ready("cache", 1), ready("api", 3), ready("web", 1), ended("migrate", &[0])],
        )
        .step("what a profile switches on is not there", remember(), [gone("backup"), gone("desk")])
        .step("up again does nothing", skiff("up", &[]), [exits(0), nothing_was_written()])
        .step("three orders are taken", all([take(), take(), take()]), [orders_in("db", "3")])
        .step("the replicas answer to one name", remember(), [replicas_answer])
        .step(
            "the database is given less shared memory",
            all([edit("compose.yaml", "shm_size: 128m", "shm_size: 96m"), skiff("up", &[])]),
            [exits(0), replaced("db"), untouched("cache"), orders_in("db", "3")],
        );
}

#[test]
fn networks_keep_apart_what_they_are_to_and_limits_are_those_of_the_cgroup() {
    let port = free_port().expect("a free port");
    scenario("networks keep apart what they are to, and limits are those of the cgroup")
        .step("the orders come up", all([orders(port), skiff("up", &[])]), [exits(0), ready("web", 1)])
        .step(
            "the API reaches the database by its alias, the web server does not by any name or address",
            look(),
            [
                prints("api", REACHED, "1"),
                fails("web", &["nslookup", "db"]),
                fails("web", &["nslookup", "database"]),
                unreachable("web", "db", "back", "5432"),
            ],
        )
        .step(
            "nothing on the network within reaches the one in front",
            look(),
            [unreachable("db", "web", "front", "80")],
        )
        .step(
            "memory, processes and processor",
            look(),
            [
                limited("cache", ["memory.max", "memory/memory.limit_in_bytes"], "67108864"),
                limited("cache", ["pids.max", "pids/pids.max"], "40"),
                limited("cache", ["cpu.max", "cpu/cpu.cfs_quota_us"], cpu()),
                prints("db", &["sh", "-c", "df -k /dev/shm | awk 'END { print $2 }'"], "131072"),
                weighed("db", 300),
            ],
        )
        .step(
            "the secret is a file in memory, and the configuration one that cannot be written",
            look(),
            [
                prints("db", &["cat", "/run/secrets/db_password"], "only-an-example"),
                prints("web", &["sh", "-c", "echo x 2>/dev/null >>/etc/nginx/nginx.conf || echo refused"], "refused"),
            ],
        );
}

/// Docker has the weight for the disk; or the kernel cannot do it, the engine says so, and so did `up`.
fn weighed(name: &'static str, weight: u64) -> Check {
    check(move |world| {
        let seen = world.replica(name)?;
        let given = seen.inspect.pointer("/HostConfig/BlkioWeight").and_then(Value::as_u64);
        if given == Some(weight) {
            return Ok(());
        }
        let body = json!({ "Image": seen.image_id(), "HostConfig": { "BlkioWeight": weight } });
        let path = format!("/containers/create?name={}-weighed", world.instance);
        let answer = world.docker.connect()?.send_json("POST", &path, &body)?.good()?.json()?;
        world.docker.call("DELETE", &format!("/containers/{}-weighed", world.instance))?;
        let warns = answer.get("Warnings").is_some_and(|warnings| warnings.to_string().contains("weight"));
        ensure!(warns, "the weight is {given:?}, and the engine has no objection: {answer}");
        let said = &world.last.stderr;
        ensure!(said.contains("Block I/O weight"), "the engine could not give the weight, and nobody said so:\n{said}");
        Ok(())
    })
}

/// Half a processor, as the second version of cgroups says it and as the first does.
fn cpu() -> &'static str {
    if std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists() { "50000 100000" } else { "50000" }
}

/// A port of a container, at its address on a network, is not reached from another.
fn unreachable(from: &'static str, to: &'static str, network: &'static str, port: &'static str) -> Check {
    check(move |world| {
        let seen = world.replicas(to)?.into_iter().next().context("a container")?;
        let networks = seen.inspect.pointer("/NetworkSettings/Networks").and_then(|all| all.as_object());
        let on = networks.and_then(|all| all.iter().find(|(name, _)| name.ends_with(network)));
        let address =
            on.and_then(|(_, on)| on.get("IPAddress")?.as_str()).with_context(|| format!("{to} on {network}"))?;
        let reached = within(world, from, &["nc", "-w", "2", address, port]);
        ensure!(reached.is_err(), "{from} reaches {address}:{port}");
        Ok(())
    })
}

#[test]
fn backups_are_kept_for_a_while_and_bring_back_what_was_lost() {
    let port = free_port().expect("a free port");
    let once = |service: &'static str| {
        act(move |world| {
            world.env = vec![("BACKUPS_KEPT".to_owned(), "2".to_owned())];
            let path = world.manifests().display().to_string();
            world.call(&["run-once", "-f", &path, "--profile", service, service])
        })
    };
    let dumps = |count: usize| {
        check(move |world| {
            let names: Vec<&str> = world.last.stdout.lines().filter(|line| line.ends_with("sql")).collect();
            ensure!(names.len() == count, "{names:?}");
            Ok(())
        })
    };
    scenario("backups are kept for a while, and bring back what was lost")
        .step("the orders come up", all([orders(port), skiff("up", &[])]), [exits(0)])
        .step("an order, and a backup", all([take(), once("backup")]), [exits(0), dumps(1)])
        .step("another", all([take(), once("backup")]), [exits(0), dumps(2)])
        .step("and another", all([take(), once("backup")]), [exits(0), dumps(2)])
        .step("all is lost, and restored", all([does("db", LOSE), once("restore")]), [exits(0), orders_in("db", "3")])
        .step("and once more", all([does("db", LOSE), once("restore")]), [exits(0), orders_in("db", "3")])
        .step("nothing of it is left", look(), [gone("backup"), gone("restore")]);
}

#[test]
fn a_server_is_spoken_to_through_its_standard_input() {
    let port = free_port().expect("a free port");
    scenario("a server is spoken to through its standard input")
        .step("as they are shipped", orders(port), [])
        .step("with the desk", skiff("up", &["--profile", "desk"]), [exits(0), ready("desk", 1)])
        .step("it answers", look(), [talks()]);
}

/// What is written to it is answered.
fn talks() -> Check {
    check(|world| {
        let said = ask(world, "take\ncount\n", 4)?;
        ensure!(said == "take\r\ncount\r\n1\r\n1\r\n", "{said:?}");
        Ok(())
    })
}

/// Writes lines to the standard input of `desk`, and reads as many from its terminal, the echo among them.
fn ask(world: &World, lines: &str, answers: usize) -> Result<String> {
    let seen = world.replica("desk")?;
    let mut stream = UnixStream::connect(world.docker.socket())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let path = format!("/containers/{}/attach?stream=1&stdin=1&stdout=1", seen.id);
    write!(stream, "POST {path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "the engine hung up");
    }
    stream.write_all(lines.as_bytes())?;
    let mut said = String::new();
    for _ in 0..answers {
        reader.read_line(&mut said)?;
    }
    Ok(said)
}
