//! The scenarios' own tools do what they say: otherwise a scenario could pass for the wrong reason.

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::json;
use skiff_e2e::act::{apply, skiff};
use skiff_e2e::{Docker, IMAGE, PrivateEngine, Registry, run_folders, scenario, service};

#[test]
fn a_registry_takes_the_right_password_and_refuses_a_wrong_one() -> Result<()> {
    let docker = Docker::of_environment();
    let mut registry = Registry::start(&docker)?;
    let reference = registry.push("tools/image:1")?;
    let pull = |folder| docker.command().env("DOCKER_CONFIG", folder).args(["pull", "--quiet", &reference]).output();
    let refused = pull(registry.wrong_credentials()?)?;
    ensure!(!refused.status.success(), "the wrong password was taken");
    let taken = pull(registry.credentials()?)?;
    ensure!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    Ok(())
}

#[test]
fn a_private_engine_starts_containers_and_comes_back_after_its_end() -> Result<()> {
    if !PrivateEngine::is_possible() {
        return Ok(());
    }
    let mut engine = PrivateEngine::start()?;
    let body =
        json!({ "Image": IMAGE, "HostConfig": { "NetworkMode": "none", "RestartPolicy": { "Name": "always" } } });
    let seen = engine.docker().run_foreign("idle", &body)?;
    ensure!(seen.is_ready() && seen.pid() > 0, "{}", seen.inspect);
    engine.end(Signal::KILL)?;
    ensure!(engine.docker().inspect("idle").is_err(), "the engine still answers");
    engine.begin()?;
    let again = engine.docker().inspect("idle")?;
    ensure!(again.id == seen.id, "another container");
    Ok(())
}

#[test]
fn a_scenario_leaves_no_folder_behind() -> Result<()> {
    let mut scenario = scenario("a scenario leaves no folder behind").step("a plan", skiff("plan", &[]), []);
    let text = service("web").replicas(0).to_string();
    scenario = scenario.step("something is applied, if only to nothing", apply(&text), []);
    let folders = run_folders(&scenario.world().instance);
    ensure!(folders.iter().any(|folder| folder.exists()), "none of {folders:?} is there");
    drop(scenario);
    ensure!(!folders.iter().any(|folder| folder.exists()), "one of {folders:?} is still there");
    Ok(())
}

#[test]
fn what_is_seen_of_a_container_is_what_docker_says() -> Result<()> {
    let docker = Docker::of_environment();
    let name = format!("e2e-tools-{}", std::process::id());
    let body = json!({ "Image": IMAGE, "Env": ["LEVEL=info"], "Labels": { "e2e-tools": name }, "HostConfig": { "NetworkMode": "none" } });
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let label = format!("e2e-tools={name}");
    let seen = docker.run_foreign(&name, &body).inspect_err(|_| docker.remove_all(&label))?;
    let listed = docker.containers(std::slice::from_ref(&label))?;
    let events = docker.events(&before.to_string(), &(before + 2).to_string(), &label).context("events");
    docker.remove_all(&label);
    ensure!(seen.variable("LEVEL") == Some("info") && seen.name == name, "{}", seen.inspect);
    ensure!(listed.len() == 1, "{} listed", listed.len());
    ensure!(docker.containers(&[label])?.is_empty(), "it was not removed");
    let starts = events?.iter().filter(|event| event.get("Action").is_some_and(|action| action == "start")).count();
    ensure!(starts == 1, "{starts} starts");
    Ok(())
}
