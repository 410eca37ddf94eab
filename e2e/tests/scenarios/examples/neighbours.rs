//! `manifests/examples/shared-database` and `manifests/examples/monitoring`: projects beside one another, and one that looks at others.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use skiff_e2e::act::{act, look, remember, skiff};
use skiff_e2e::check::{Check, check, eventually, exits, gone, nothing_was_written, ready, untouched};
use skiff_e2e::{World, free_port, scenario};

use super::{copy, example, fails, within};

const SCHEMAS: &str =
    "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname IN ('blog', 'wiki')";

#[test]
fn projects_share_a_database_and_do_not_see_each_other() {
    // Docker's name of a network that another project makes begins with the instance, as all that Skiff makes does.
    let shipped = act(|world| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
        let name = ("name: shared_", format!("name: {}-shared_", world.instance));
        copy(&root.join("manifests/examples/shared-database"), &world.manifests(), &[name])
    });
    let both_wrote = check(|world| {
        let schemas = within(world, "db", &["psql", "-h", "/tmp", "-U", "postgres", "-Atc", SCHEMAS])?;
        ensure!(schemas == "blog wiki", "{schemas}");
        Ok(())
    });
    scenario("projects share a database, and do not see each other")
        .step("as they are shipped", shipped, [])
        .step("they come up together", skiff("up", &[]), [exits(0), ready("db", 1), ready("app", 2)])
        .step("each has written to the database", look(), [eventually(both_wrote), neighbours_are_apart()])
        .step("as it is now", remember(), [])
        .step("up again does nothing", skiff("up", &[]), [exits(0), nothing_was_written()])
        .step("one of them leaves", act(|world| Ok(std::fs::remove_dir_all(world.manifests().join("wiki"))?)), [])
        .step("the others stay as they are", skiff("up", &[]), [exits(0), ready("app", 1), untouched("db")])
        .step("all of it goes", skiff("down", &["--volumes", "--yes"]), [exits(0), gone("db"), gone("app")]);
}

/// No application reaches an address of the other.
fn neighbours_are_apart() -> Check {
    check(|world| {
        let apps = world.replicas("app")?;
        for (from, to) in [(0, 1), (1, 0)] {
            let (from, to) = (apps.get(from).context("two of them")?, apps.get(to).context("two of them")?);
            for address in addresses(&to.inspect) {
                let ping = world.docker.exec(&from.id, &["ping", "-c", "1", "-W", "1", &address]);
                ensure!(ping.is_err(), "{} reaches {} at {address}", from.name, to.name);
            }
        }
        Ok(())
    })
}

fn addresses(inspect: &Value) -> Vec<String> {
    let networks = inspect.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    let all = networks.into_iter().flat_map(|networks| networks.values());
    all.filter_map(|network| Some(network.get("IPAddress")?.as_str()?.to_owned())).collect()
}

#[test]
fn prometheus_scrapes_what_it_is_told_of() {
    let port = free_port().expect("a free port");
    scenario("Prometheus scrapes what it is told of")
        .step("as it is shipped", example("monitoring", [("hostPort: 8490", format!("hostPort: {port}"))]), [])
        .step("it comes up", skiff("up", &[]), [exits(0), ready("exporter", 2), ready("prometheus", 1)])
        .step("all three are scraped", look(), [eventually(scraped(3))])
        .step("and what it scrapes cannot write to the host", look(), [fails("exporter", &["touch", "/host/tmp/x"])])
        .step(
            "one exporter more is found by itself",
            skiff("up", &["--scale", "exporter=3"]),
            [eventually(scraped(4))],
        );
}

/// So many targets are up, as Prometheus says.
fn scraped(expected: usize) -> Check {
    check(move |world| {
        let targets = up(world)?;
        ensure!(targets == expected, "{targets} targets are up");
        Ok(())
    })
}

fn up(world: &World) -> Result<usize> {
    let answer = within(world, "prometheus", &["wget", "-qO-", "http://127.0.0.1:9090/api/v1/query?query=up==1"])?;
    let answer: Value = serde_json::from_str(&answer)?;
    let targets = answer.pointer("/data/result").and_then(Value::as_array).context("a result")?;
    Ok(targets.len())
}
