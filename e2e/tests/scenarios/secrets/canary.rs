//! A value that nobody may say: it is looked for wherever anything is told, and where it was asked for it is found.

use anyhow::{Result, ensure};
use skiff_e2e::act::{act, all, docker, look, write};
use skiff_e2e::check::{Check, check, eventually, logs, ready};
use skiff_e2e::{World, scenario, service};

use super::{DB, MOUNT, VOLUME, edit, encrypt, file_says, new_key, reader, with_key};
use crate::metrics::{not_in_metrics, run_watched};

const CANARY: &str = "canary-4711-quite-a-secret";

#[test]
fn a_secret_value_is_found_only_where_it_was_asked_for() {
    let asker = service("asker")
        .container("env: [{ name: PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }]");
    let with = |replicas| [reader().replicas(1).to_string(), asker.clone().replicas(replicas).to_string()].concat();
    let probed = named(
        "probed",
        "livenessProbe: { exec: { command: [sh, -c, 'cat /keys/password; exit 1'] }, periodSeconds: 1, failureThreshold: 1 }",
    );
    let hooked = named(
        "hooked",
        "lifecycle: { postStart: { exec: { command: [sh, -c, 'echo it is $(cat /keys/password); exit 1'] } } }",
    );
    let db = DB.replace("first-password", CANARY);
    scenario("a secret value is found only where it was asked for")
        .step(
            "an encrypted secret",
            all([new_key("age.key"), with_key("age.key"), write("db.yaml", &db), encrypt("db.yaml")]),
            [],
        )
        .step(
            "a file of it, a variable of it",
            all([write("main.yaml", &with(1)), run_watched(&["-vvv", "--log-format", "json"])]),
            [eventually(ready("web", 1)), eventually(ready("asker", 1)), file_says(CANARY)],
        )
        .step(
            "a change, a heal",
            all([write("main.yaml", &with(2)), docker(&["kill"], "web")]),
            [eventually(ready("asker", 2)), eventually(ready("web", 1))],
        )
        .step(
            "a mistake beside it",
            all([edit("db.yaml", "stringData:", "stringDtaa: {}\nstringData:")]),
            [eventually(logs("stringDtaa"))],
        )
        .step(
            "a probe and a hook that say it as they fail",
            write("failing.yaml", &[probed, hooked].concat()),
            [
                eventually(logs("livenessProbe: exit code 1: ***")),
                eventually(logs("postStart: exit code 1: it is ***")),
            ],
        )
        .step("everything is asked", act(ask_everything), [])
        .step(
            "and nobody says it",
            look(),
            [
                nobody_says(CANARY),
                not_in_metrics(CANARY),
                not_in_inspect_but_as_a_variable(CANARY),
                not_on_the_disk(CANARY),
                not_in_dockers_events(CANARY),
            ],
        );
}

/// One that reads the secret's file, with a setting of its container.
fn named(name: &'static str, setting: &str) -> String {
    service(name).container(MOUNT).template(VOLUME).container(setting).to_string()
}

/// Every command that shows something, in every form.
fn ask_everything(world: &mut World) -> Result<()> {
    let manifests = world.manifests().display().to_string();
    for form in ["text", "wide", "json", "yaml"] {
        for command in [&["get", "all"][..], &["events"]] {
            world.call(&[command, &["-o", form]].concat())?;
        }
        for object in ["web", "asker", "probed", "hooked"] {
            world.call(&["describe", &format!("deployment/{object}"), "-o", form])?;
        }
        for command in ["plan", "diff", "validate"] {
            world.call(&[command, &manifests, "-o", form, "-vvv"])?;
        }
    }
    world.call(&["doctor"])
}

fn nobody_says(value: &'static str) -> Check {
    check(move |world| {
        let said = world.calls.iter().find(|call| call.stdout.contains(value) || call.stderr.contains(value));
        ensure!(said.is_none(), "skiff {} said it", said.map(|call| call.command.as_str()).unwrap_or_default());
        let log = world.running()?.log();
        ensure!(log.contains("stringDtaa") && !log.contains(value), "skiff run logged it");
        Ok(())
    })
}

fn not_in_inspect_but_as_a_variable(value: &'static str) -> Check {
    check(move |world| {
        for seen in world.replicas("web")?.into_iter().chain(world.replicas("asker")?) {
            let mut inspect = seen.inspect.clone();
            let env = inspect.pointer_mut("/Config/Env").map(serde_json::Value::take).unwrap_or_default();
            ensure!(!inspect.to_string().contains(value), "{} has it elsewhere than in a variable", seen.name);
            let asked = seen.name.contains("asker");
            ensure!(env.to_string().contains(value) == asked, "{}: {env}", seen.name);
        }
        Ok(())
    })
}

/// Neither the state directory nor anything else of the scenario's folder holds it.
fn not_on_the_disk(value: &'static str) -> Check {
    check(move |world| {
        let found = std::process::Command::new("grep").args(["-rlaF", value]).arg(world.folder()).output()?;
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        ensure!(found.is_empty(), "it is on the disk: {found}");
        // The search finds what is there.
        ensure!(world.folder().join("state").is_dir(), "there is no state directory");
        Ok(())
    })
}

fn not_in_dockers_events(value: &'static str) -> Check {
    check(move |world| {
        let events = world.docker.events("0", &world.engine_clock()?, &world.label())?;
        ensure!(!events.is_empty() && events.iter().all(|event| !event.to_string().contains(value)), "Docker told it");
        Ok(())
    })
}
