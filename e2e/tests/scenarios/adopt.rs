//! A stack that Docker Compose started is taken over with its data, and what is not of it is left alone.

mod asked;
mod kept;

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use skiff_e2e::act::{Act, act, all, call, look, remember, skiff, write};
use skiff_e2e::check::{Check, check, exits, nothing_was_written, ready, says, untouched};
use skiff_e2e::{Docker, IMAGE, OTHER_IMAGE, scenario};

/// Whether Debian's docker-compose is here; says so where it is not.
fn has_compose() -> bool {
    let found = Command::new("docker-compose").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        // The harness shows it with `--nocapture`, and in the output of what fails.
        std::io::stderr().write_all(b"docker-compose is not installed: skipped\n").ok();
    }
    found
}

fn stack(scale: &str) -> String {
    format!(
        "name: default
services:
  web:
    image: {IMAGE}
    command: [sleep, '1000000']
    stop_grace_period: 0s
    restart: always{scale}
  db:
    image: {IMAGE}
    command: [sleep, '1000000']
    stop_grace_period: 0s
    restart: always
    volumes: ['data:/data']
    networks: [back]
networks: {{ back: {{ internal: true }} }}
volumes: {{ data: }}
"
    )
}

/// With a volume that has no name.
fn with_cache(stack: &str) -> String {
    stack.replace("['data:/data']", "['data:/data', /cache]")
}

/// Two replicas, the new one first.
const UPDATED: &str = "\n    deploy: { replicas: 2, update_config: { order: start-first } }";

/// What docker-compose made, gone with the scenario.
struct Composed(String);

impl Composed {
    fn project(instance: &str) -> String {
        format!("{instance}-default")
    }
}

impl Drop for Composed {
    fn drop(&mut self) {
        let docker = Docker::of_environment();
        docker.remove_all(&format!("com.docker.compose.project={}", self.0));
        for (kind, name) in [("network", "back"), ("network", "default"), ("volume", "data")] {
            docker.command().args([kind, "rm", &format!("{}_{name}", self.0)]).output().ok();
        }
    }
}

/// `docker-compose up`, under a name that begins as everything of the scenario does.
fn compose_up(args: &'static [&str], keep: std::sync::mpsc::Sender<Composed>) -> Act {
    act(move |world| {
        let project = Composed::project(&world.instance);
        keep.send(Composed(project.clone()))?;
        let file: PathBuf = world.manifests().join("compose.yaml");
        // It does not know the name of a project in the file.
        let known = std::fs::read_to_string(&file)?.replace("name: default\n", "");
        let own = world.folder().join("known.yaml");
        std::fs::write(&own, known)?;
        let output = Command::new("docker-compose")
            .env("DOCKER_HOST", format!("unix://{}", world.docker.socket().display()))
            .args(["-p", &project, "-f"])
            .arg(own)
            // Where the paths in it start.
            .arg("--project-directory")
            .arg(world.manifests())
            .args(["up", "-d"])
            .args(args)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let db = world.docker.inspect(&format!("{project}_db_1"))?;
        world.docker.exec(&db.id, &["sh", "-c", "echo kept > /data/word"])?;
        Ok(())
    })
}

fn adopt(args: &'static [&str]) -> Act {
    act(move |world| {
        let (project, path) = (Composed::project(&world.instance), world.manifests().display().to_string());
        let line = ["adopt", path.as_str(), "--project", project.as_str()];
        world.call(&line.into_iter().chain(args.iter().copied()).collect::<Vec<_>>())
    })
}

/// What of the stack must not become another one.
fn kept_things(world: &skiff_e2e::World) -> Result<Value> {
    let project = Composed::project(&world.instance);
    let network = |name: &str| world.docker.get(&format!("/networks/{project}_{name}"));
    let volume = world.docker.get(&format!("/volumes/{project}_data"))?;
    let id = |network: Value| network.get("Id").cloned();
    let made = volume.get("CreatedAt").cloned().context("a volume")?;
    Ok(json!([id(network("back")?), id(network("default")?), made]))
}

fn holds_data() -> Check {
    check(|world| {
        let word = world.docker.exec(&world.replica("db")?.id, &["cat", "/data/word"])?;
        ensure!(word.trim() == "kept", "the volume says {word}");
        Ok(())
    })
}

#[test]
fn a_stack_of_compose_is_taken_over_with_its_data_and_what_is_not_of_it_is_left() {
    if !has_compose() {
        return;
    }
    let (keep, composed) = std::sync::mpsc::channel();
    let (note, noted) = std::sync::mpsc::channel();
    let (foreign_id, foreign) = std::sync::mpsc::channel();
    let same_things = check(move |world| {
        let before: Value = noted.recv()?;
        let after = kept_things(world)?;
        ensure!(before == after, "networks or volume are others: {before} and {after}");
        Ok(())
    });
    let foreign_lives = check(move |world| {
        let before: (String, String) = foreign.recv()?;
        let now = world.docker.inspect(&before.0)?;
        ensure!(now.started_at() == before.1, "a container that is not of the stack was touched");
        world.docker.call("DELETE", &format!("/containers/{}?force=1", before.0))?;
        Ok(())
    });
    scenario("a stack of Compose is taken over with its data, and what is not of it is left")
        .step("a Compose file", write("compose.yaml", &with_cache(&stack(UPDATED))), [])
        .step("Docker Compose starts it", compose_up(&["--scale", "web=2"], keep), [])
        .step(
            "and somebody else something of their own",
            act(move |world| {
                note.send(kept_things(world)?)?;
                let name = format!("{}-other", world.instance);
                let seen = world.docker.run_foreign(&name, &json!({ "Image": IMAGE, "Cmd": ["sleep", "1000000"] }))?;
                Ok(foreign_id.send((seen.id.clone(), seen.started_at().to_owned()))?)
            }),
            [],
        )
        .step(
            "without a word of it up finds all names taken",
            skiff("up", &["--timeout", "5s"]),
            [exits(1), says("taken")],
        )
        .step(
            "adopt shows what would be, and does nothing",
            adopt(&[]),
            [exits(2), says("take over container"), says("with its data"), says("nothing is done yet")],
        )
        .step(
            "another image is wanted of all of it",
            write("compose.yaml", &with_cache(&stack(UPDATED)).replace(IMAGE, OTHER_IMAGE)),
            [],
        )
        .step(
            "adopt says what becomes of data that nobody named",
            adopt(&[]),
            [exits(2), says("data of volumes without a name"), says("→ carried over")],
        )
        .step(
            "it is taken over and replaced",
            adopt(&["--confirm"]),
            [exits(0), ready("web", 2), ready("db", 1), holds_data(), same_things, foreign_lives],
        )
        .step("as it is now", remember(), [])
        .step(
            "nothing is left to do",
            skiff("up", &[]),
            [exits(0), untouched("web"), untouched("db"), nothing_was_written()],
        )
        .step("down with its volumes", skiff("down", &["--volumes", "--yes"]), [exits(0)])
        .step(
            "takes what was taken over",
            look(),
            [check(|world| {
                ensure!(kept_things(world).is_err(), "networks or volumes are left");
                Ok(())
            })],
        );
    drop(composed);
}

#[test]
fn there_must_be_something_to_take_over() {
    scenario("there must be something to take over")
        .step("a Compose file", write("compose.yaml", &stack("")), [])
        .step("that nobody started", adopt(&[]), [exits(1), says("there is nothing to take over")])
        .step("and a wrong path", all([call(&["adopt", "nowhere"])]), [exits(1)]);
}
