//! `manifests/examples/layers`: the same system in manifests of Skiff's, and an overlay for each environment.

use skiff_e2e::act::{Act, act, all, call, remember};
use skiff_e2e::check::{ended, every, exits, nothing_was_written, ready, untouched, volumes};
use skiff_e2e::{Seen, free_port, scenario};

use super::{example, orders_in, prints, take};

fn layers(port: u16) -> Act {
    let ports = ["8470", "8471", "8472"].map(|shipped| (shipped, port.to_string()));
    let [one, two, three] = ports;
    example("layers", [one, two, three])
}

/// Calls a command on the base with overlays.
fn on(command: &'static str, overlays: &'static [&'static str]) -> Act {
    act(move |world| {
        let folder = world.manifests();
        let mut line = vec![command.to_owned(), folder.join("base").display().to_string()];
        for overlay in overlays {
            line.extend(["--overlay".to_owned(), folder.join("overlays").join(overlay).display().to_string()]);
        }
        world.call(&line.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

fn publishes(seen: &Seen) -> bool {
    let ports = seen.inspect.pointer("/HostConfig/PortBindings").and_then(|ports| ports.as_object());
    ports.is_some_and(|ports| !ports.is_empty())
}

#[test]
fn one_base_serves_production_and_tests() {
    let port = free_port().expect("a free port");
    scenario("one base serves production and tests")
        .step("as they are shipped", layers(port), [])
        .step(
            "in production",
            on("up", &["prod"]),
            [exits(0), ready("api", 5), ready("web", 1), ended("migrate", &[0]), every("web", "a port", publishes)],
        )
        .step("as it is now", remember(), [])
        .step("up again does nothing", on("up", &["prod"]), [exits(0), nothing_was_written()])
        .step(
            "an order is taken, and a backup made",
            all([take(), run_backup()]),
            [exits(0), orders_in("database", "1")],
        )
        .step("the base alone is two replicas less", on("up", &[]), [exits(0), ready("api", 3), untouched("cache")])
        .step("all of it goes", call(&["down", "-A", "--volumes", "--yes"]), [exits(0), volumes(&[])])
        .step(
            "for tests the database is in memory, and nothing is seen from outside",
            on("up", &["test", "ci"]),
            [
                exits(0),
                ready("api", 1),
                prints("database", &["sh", "-c", "awk '$2 == \"/data\" { print $1 }' /proc/mounts"], "tmpfs"),
                every("web", "no port of the host", |seen| !publishes(seen)),
            ],
        )
        .step("it answers all the same", take(), [orders_in("database", "1")]);
}

fn run_backup() -> Act {
    call(&["run-now", "cronjob/backup", "-n", "orders"])
}
