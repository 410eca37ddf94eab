//! The environments of `manifests/examples/orders`: files that lie over the project.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use skiff_e2e::act::{Act, act, all, call, look};
use skiff_e2e::check::{Check, check, every, exits, ready, volumes};
use skiff_e2e::{Seen, World, free_port, scenario};

use super::orders::orders;
use super::{limited, orders_in, prints, take};

const FSYNC: &[&str] = &["psql", "-h", "/tmp", "-U", "postgres", "-Atc", "SHOW fsync"];
const LOGGED: &[&str] = &["psql", "-h", "/tmp", "-U", "postgres", "-Atc", "SHOW log_statement"];

/// Calls a command with the project and files that lie over it, and what comes after.
fn with(command: &'static str, files: &'static [&'static str], more: &'static [&'static str]) -> Act {
    act(move |world| {
        let folder = world.manifests();
        let path = |file: &str| folder.join(file).display().to_string();
        let mut line = vec![command.to_owned()];
        // What is run once is named where others take a path.
        line.extend((command == "run-once").then(|| "-f".to_owned()));
        line.push(path("compose.yaml"));
        line.extend(files.iter().flat_map(|file| ["-f".to_owned(), path(file)]));
        line.extend(more.iter().map(|&word| word.to_owned()));
        world.call(&line.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

fn up(files: &'static [&'static str]) -> Act {
    with("up", files, &[])
}

/// Whether it has a port of the host.
fn is_published(seen: &Seen) -> bool {
    let ports = seen.inspect.pointer("/HostConfig/PortBindings").and_then(|ports| ports.as_object());
    ports.is_some_and(|ports| !ports.is_empty())
}

/// Whether it is on a network of that name.
fn is_on(seen: &Seen, network: &str) -> bool {
    let networks = seen.inspect.pointer("/NetworkSettings/Networks").and_then(|all| all.as_object());
    networks.is_some_and(|all| all.keys().any(|name| name.ends_with(network)))
}

#[test]
fn for_tests_the_database_is_in_memory_and_for_ci_nothing_is_seen_from_outside() {
    let port = free_port().expect("a free port");
    scenario("for tests the database is in memory, and for CI nothing is seen from outside")
        .step("as they are shipped", orders(port), [])
        .step(
            "for tests: one replica, another port, a database in memory",
            up(&["compose.test.yaml"]),
            [
                exits(0),
                ready("api", 1),
                volumes(&[]),
                prints("db", FSYNC, "off"),
                prints("db", &["sh", "-c", "awk '$2 == \"/data\" { print $1 }' /proc/mounts"], "tmpfs"),
                every("web", "a port of the host", is_published),
            ],
        )
        .step("that goes", call(&["down", "-A", "--yes"]), [exits(0)])
        .step(
            "and where nothing may be seen from outside there is no port either",
            up(&["compose.test.yaml", "compose.ci.yaml"]),
            [exits(0), ready("web", 1), every("web", "no port of the host", |seen| !is_published(seen))],
        )
        .step("it answers all the same", take(), [orders_in("db", "1")]);
}

#[test]
fn a_developer_reaches_the_database() {
    let (port, database) = (free_port().expect("a free port"), free_port().expect("another"));
    let answers = check(move |_| {
        TcpStream::connect(("127.0.0.1", database)).context("the database has no port")?;
        Ok(())
    });
    scenario("a developer reaches the database")
        .step("as they are shipped", orders(port), [])
        .step("on a port of their own", setting("DB_PORT", database.to_string()), [])
        .step(
            "one replica, and a database that says what it is asked",
            up(&["compose.dev.yaml"]),
            [
                exits(0),
                ready("api", 1),
                prints("db", LOGGED, "all"),
                every("db", "both networks", |seen| is_on(seen, "front") && is_on(seen, "back")),
                answers,
            ],
        );
}

fn setting(name: &'static str, value: String) -> Act {
    act(move |world| {
        world.env.push((name.to_owned(), value));
        Ok(())
    })
}

fn disk(world: &World) -> PathBuf {
    world.folder().join("disk")
}

/// How many backups there are on the disk that is only theirs.
fn backups_on_disk(count: usize) -> Check {
    check(move |world| {
        let names = fs::read_dir(disk(world))?.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?;
        ensure!(names.len() == count, "{names:?}");
        Ok(())
    })
}

#[test]
fn on_the_server_more_replicas_answer_and_backups_lie_on_a_disk_of_their_own() {
    let port = free_port().expect("a free port");
    let backup = || with("run-once", &["compose.prod.yaml"], &["--profile", "backup", "backup"]);
    let disk = act(|world| {
        fs::create_dir_all(disk(world))?;
        let path = disk(world).display().to_string();
        setting("BACKUP_DISK", path)(world)
    });
    scenario("on the server more replicas answer, and backups lie on a disk of their own")
        .step("as they are shipped, and a disk", all([orders(port), disk]), [])
        .step(
            "five replicas, and more memory",
            up(&["compose.prod.yaml"]),
            [
                exits(0),
                ready("api", 5),
                limited("db", ["memory.max", "memory/memory.limit_in_bytes"], "1073741824"),
                every("web", "a port of the host", is_published),
            ],
        )
        .step("an order, and a backup", all([take(), backup()]), [exits(0), backups_on_disk(1)])
        .step(
            "the volume goes, and the disk has what it had",
            call(&["down", "-A", "--volumes", "--yes"]),
            [exits(0), volumes(&[]), backups_on_disk(1)],
        )
        .step(
            "it comes back, and the next backup lies beside the first",
            all([up(&["compose.prod.yaml"]), backup()]),
            [exits(0), backups_on_disk(2)],
        )
        .step("as they know each other", look(), [orders_in("db", "0")]);
}
