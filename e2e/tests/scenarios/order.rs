//! What depends on something waits for it.

use skiff_e2e::act::{apply, docker, look, run, skiff, write};
use skiff_e2e::check::{check, eventually, exits, gone, ready, says};
use skiff_e2e::{scenario, service};

#[test]
fn a_dependent_starts_only_when_what_it_needs_is_ready() {
    let db = service("db").healthy_when("/tmp/ready");
    let text = format!("{db}{}", service("api").depends_on("db", "Ready"));
    scenario("a dependent starts only when what it needs is Ready")
        .step("both are declared", write("main.yaml", &text), [])
        .step(
            "skiff run starts the first",
            run(),
            [eventually(check(|world| {
                anyhow::ensure!(world.replica("db")?.status() == "running", "db does not run");
                Ok(())
            }))],
        )
        .step("the second waits, and plan says why", skiff("plan", &[]), [says("waiting for"), gone("api")])
        .step("the first becomes healthy", docker_touch(), [eventually(ready("db", 1)), eventually(ready("api", 1))]);
}

fn docker_touch() -> skiff_e2e::act::Act {
    skiff_e2e::act::act(|world| {
        let seen = world.replica("db")?;
        world.docker.exec(&seen.id, &["touch", "/tmp/ready"]).map(drop)
    })
}

#[test]
fn up_that_runs_out_of_time_names_what_is_not_ready() {
    let db = service("db").healthy_when("/tmp/never");
    let text = format!("{db}{}", service("api").depends_on("db", "Ready"));
    scenario("up that runs out of time names what is not Ready")
        .step("the first never becomes healthy", write("main.yaml", &text), [])
        .step("up gives up", skiff("up", &["--timeout", "4s"]), [exits(1), says("db"), gone("api")]);
}

#[test]
fn up_does_not_wait_for_what_is_scaled_to_nothing() {
    let text = format!("{}{}", service("db").replicas(0), service("api").depends_on("db", "Ready"));
    let begun = std::time::Instant::now();
    scenario("up does not wait for what is scaled to nothing")
        .step("the first is scaled to 0", write("main.yaml", &text), [])
        .step(
            "up says so at once",
            skiff("up", &["--timeout", "60s"]),
            [exits(1), says("needs deployment/default/db to be Ready, and that is scaled to 0"), gone("api")],
        )
        .step(
            "which took no time",
            look(),
            [check(move |_| {
                let took = begun.elapsed().as_secs();
                anyhow::ensure!(took < 30, "{took} s");
                Ok(())
            })],
        )
        .step("plan has the remedy", skiff("plan", &[]), [exits(0), says("or take db out of `dependsOn`")]);
}

#[test]
fn healing_does_not_wait_for_dependencies() {
    let db =
        service("db").healthy_when("/tmp/ready").container("command: [/bin/sh, -c, 'touch /tmp/ready; exec idle']");
    let text = format!("{db}{}", service("api").depends_on("db", "Ready"));
    scenario("healing does not wait for dependencies")
        .step("both run", apply(&text), [ready("db", 1), ready("api", 1)])
        .step("skiff run takes over", run(), [])
        .step("the first turns unhealthy", unhealthy(), [])
        .step(
            "the second is removed by hand and comes back",
            docker(&["rm", "-f"], "api"),
            [eventually(ready("api", 1))],
        )
        .step("and stays", look(), [ready("api", 1)]);
}

fn unhealthy() -> skiff_e2e::act::Act {
    skiff_e2e::act::act(|world| {
        let seen = world.replica("db")?;
        world.docker.exec(&seen.id, &["rm", "/tmp/ready"]).map(drop)
    })
}
