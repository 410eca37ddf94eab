//! Secrets in git: encrypted, deployed, rotated; what a reboot takes; and a value that is found only where it was asked for.

mod canary;
mod wiped;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use skiff_e2e::act::{Act, act, all, apply, call, docker, end_run, look, remember, run_with, skiff, up, write};
use skiff_e2e::check::{
    Check, answers, check, eventually, exits, gone, is_silent_on, logs, ready, replaced, says, untouched, within,
};
use skiff_e2e::{PrivateEngine, Scenario, Service, World, scenario, secret, service};

const MOUNT: &str = "volumeMounts: [{ name: keys, mountPath: /keys }]";
const VOLUME: &str = "volumes: [{ name: keys, secret: { secretName: db } }]";

fn reader() -> Service {
    service("web").container(MOUNT).template(VOLUME)
}

fn file_says(text: &'static str) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        let found = world.docker.exec(&seen.id, &["cat", "/keys/password"])?;
        ensure!(found.trim() == text, "the file says `{found}`");
        Ok(())
    })
}

/// Makes a key file of this name, and makes its public half the only recipient.
fn new_key(name: &'static str) -> Act {
    act(move |world| {
        world.call(&["secret", "keygen", "--out", name])?;
        ensure!(world.last.code == 0, "keygen ended with {}", world.last.code);
        Ok(fs::write(world.manifests().join(".skiff-recipients"), &world.last.stdout)?)
    })
}

/// Every call has this key.
fn with_key(name: &'static str) -> Act {
    act(move |world| {
        world.env = vec![("SKIFF_AGE_KEY_FILE".to_owned(), world.folder().join(name).display().to_string())];
        Ok(())
    })
}

fn encrypt(name: &'static str) -> Act {
    act(move |world| {
        let path = world.manifests().join(name).display().to_string();
        world.call(&["secret", "encrypt", "--in-place", &path])?;
        ensure!(world.last.code == 0, "encrypt ended with {}: {}", world.last.code, world.last.stderr);
        Ok(())
    })
}

/// In a file, puts one text in the place of another.
fn edit(name: &'static str, from: &'static str, to: &'static str) -> Act {
    act(move |world| {
        let path = world.manifests().join(name);
        let text = fs::read_to_string(&path)?;
        ensure!(text.contains(from), "{from} is not in {name}");
        Ok(fs::write(&path, text.replace(from, to))?)
    })
}

/// In a file, writes the password in plain text, whatever stands there.
fn new_password(password: &'static str) -> Act {
    act(move |world| {
        let path = world.manifests().join("db.yaml");
        let text = fs::read_to_string(&path)?;
        let line = |line: &str| {
            if line.starts_with("  password:") { format!("  password: {password}") } else { line.to_owned() }
        };
        Ok(fs::write(&path, text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n")?)
    })
}

const DB: &str = "# The shop's.\napiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData:\n  password: first-password # rotated by hand\n  user: anna\n";

fn file_holds(name: &'static str, texts: &'static [&'static str], not: &'static str) -> Check {
    check(move |world| {
        let text = fs::read_to_string(world.manifests().join(name))?;
        let missing = texts.iter().find(|wanted| !text.contains(**wanted));
        ensure!(missing.is_none() && !text.contains(not), "{missing:?} is not in, or {not} is in:\n{text}");
        Ok(())
    })
}

#[test]
fn a_secret_is_encrypted_deployed_and_rotated() {
    scenario("a secret is encrypted, deployed and rotated")
        .step("a key", new_key("age.key"), [key_is_private("age.key")])
        .step(
            "and another one is not written over it",
            call(&["secret", "keygen", "--out", "age.key"]),
            [exits(1), says("is there already")],
        )
        .step("a secret in plain text", all([write("db.yaml", DB), write("web.yaml", &reader().to_string())]), [])
        .step(
            "is encrypted",
            encrypt("db.yaml"),
            [file_holds(
                "db.yaml",
                &["# The shop's.", "  password: ENC[age,", "# rotated by hand", "  user: ENC[age,"],
                "first-password",
            )],
        )
        .step("a second time changes nothing", encrypt("db.yaml"), [says("nothing to do")])
        .step(
            "CI has no key and says so",
            skiff("validate", &[]),
            [exits(0), says("the content of secret/default/db was not checked")],
        )
        .step(
            "nothing is deployed without it",
            skiff("up", &[]),
            [exits(1), says("is encrypted, and there is no key here"), says("db.yaml:6:13")],
        )
        .step(
            "with it",
            all([with_key("age.key"), up()]),
            [ready("web", 1), file_says("first-password"), is_silent_on("first-password")],
        )
        .step("as it is now", remember(), [])
        .step("another recipient", new_key("new.key"), [])
        .step(
            "rolls nothing",
            all([encrypt("db.yaml"), with_key("new.key"), up()]),
            [untouched("web"), file_says("first-password")],
        )
        .step(
            "the old key opens it no more",
            all([with_key("age.key"), skiff("plan", &[])]),
            [exits(1), says("is encrypted to other keys than the one that is here")],
        )
        .step(
            "another value, between the encrypted ones",
            all([new_password("second-password"), with_key("new.key"), encrypt("db.yaml")]),
            [says("1 value encrypted"), file_holds("db.yaml", &["ENC[age,"], "second-password")],
        )
        .step("rolls what uses it", up(), [ready("web", 1), replaced("web"), file_says("second-password")])
        .step(
            "and comes out in plain text for who has the key",
            act(decrypt),
            [answers("password: second-password"), answers("user: anna")],
        );
}

fn decrypt(world: &mut World) -> Result<()> {
    let path = world.manifests().join("db.yaml").display().to_string();
    world.call(&["secret", "decrypt", &path])
}

fn key_is_private(name: &'static str) -> Check {
    check(move |world| {
        let mode = fs::metadata(world.folder().join(name))?.permissions().mode() & 0o7777;
        ensure!(mode == 0o600, "the mode is {mode:o}");
        ensure!(
            world.last.stdout.starts_with("age1") && world.last.stdout.lines().count() == 1,
            "{}",
            world.last.stdout
        );
        Ok(())
    })
}

#[test]
fn what_run_cannot_decrypt_keeps_what_was_good_until_it_can() {
    scenario("what run cannot decrypt keeps what was good until it can")
        .step("a key and a secret", all([new_key("age.key"), write("db.yaml", DB), encrypt("db.yaml"), write("web.yaml", &reader().to_string())]), [])
        .step("run has the key", all([with_key("age.key"), run_with(&[])]), [eventually(ready("web", 1)), file_says("first-password")])
        .step("as it is now", remember(), [])
        .step("a value is moved to another key, and another manifest changes", all([edit("db.yaml", "  user:", "  admin:"), write("other.yaml", &service("other").to_string())]), [
            eventually(logs("was encrypted for `stringData.user` of secret db and opens nowhere else; the last good version stays in force")),
            eventually(ready("other", 1)),
            untouched("web"),
        ])
        .step("mended with another password", all([write("db.yaml", &DB.replace("first", "second")), encrypt("db.yaml")]), [eventually(replaced("web")), eventually(file_says("second-password"))])
        .step("the end", end_run(), []);
}

#[test]
fn a_key_that_comes_later_opens_what_waits_for_it() {
    let later = act(|world| Ok(fs::rename(world.folder().join("elsewhere.key"), world.folder().join("age.key"))?));
    let encrypted = all([write("db.yaml", DB), encrypt("db.yaml"), write("web.yaml", &reader().to_string())]);
    scenario("a key that comes later opens what waits for it")
        .step("a key that is elsewhere, and a secret", all([new_key("elsewhere.key"), encrypted]), [])
        .step(
            "run does not find the key",
            all([with_key("age.key"), run_with(&[])]),
            [eventually(logs("is encrypted, and there is no key file")), gone("web")],
        )
        .step("all else goes on", write("other.yaml", &service("other").to_string()), [eventually(ready("other", 1))])
        .step("the key comes", later, [within(Duration::from_secs(10), ready("web", 1)), file_says("first-password")]);
}

/// The folder of the instance that a reboot empties, by what a container mounts from it.
fn memory(world: &World) -> Result<PathBuf> {
    let seen = world.replica("web")?;
    let mounts = seen.inspect.get("Mounts").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let sources = mounts.iter().filter_map(|mount| mount.get("Source")?.as_str());
    let set =
        sources.map(PathBuf::from).find(|path| path.to_string_lossy().contains("/secrets/")).context("no files")?;
    let folder = set.ancestors().find(|path| path.ends_with(&world.instance)).context("not the instance's")?;
    Ok(folder.to_owned())
}

fn empty_memory() -> Act {
    act(|world| Ok(fs::remove_dir_all(memory(world)?)?))
}

/// Calls `skiff secret restore` where no engine answers.
fn restore() -> Act {
    act(|world| {
        let manifests = world.manifests().display().to_string();
        world.env.push(("DOCKER_HOST".to_owned(), "unix:///none/docker.sock".to_owned()));
        let called = world.call(&["secret", "restore", &manifests]);
        world.env.retain(|(name, _)| name != "DOCKER_HOST");
        called
    })
}

fn does_not_start() -> Check {
    check(|world| {
        let seen = world.replica("web")?;
        let refused = world.docker.call("POST", &format!("/containers/{}/start", seen.id));
        let why = refused.map(drop).map_err(|error| format!("{error:#}"));
        ensure!(why.as_ref().is_err_and(|why| why.contains("bind source path does not exist")), "{why:?}");
        Ok(())
    })
}

fn is_same_container() -> Check {
    check(|world| {
        let now = world.replica("web")?;
        ensure!(world.remembered.values().any(|before| before.id == now.id), "it is another container");
        Ok(())
    })
}

#[test]
fn what_a_reboot_took_is_written_again_before_anything_needs_it() {
    let text = [secret("db", "password", "quite-a-secret"), reader().to_string()].concat();
    scenario("what a reboot took is written again before anything needs it")
        .step("a replica runs", apply(&text), [ready("web", 1), file_says("quite-a-secret")])
        .step("as it is now", remember(), [])
        .step(
            "its files are lost, as after a reboot",
            all([docker(&["stop", "-t", "1"], "web"), empty_memory()]),
            [does_not_start()],
        )
        .step("they are restored without an engine", restore(), [exits(0), says("1 written, 0 there already")])
        .step(
            "it starts without Skiff",
            docker(&["start"], "web"),
            [ready("web", 1), is_same_container(), file_says("quite-a-secret")],
        )
        .step("and Skiff finds all well", skiff("plan", &[]), [exits(0)])
        .step("again is harmless", restore(), [exits(0), says("0 written, 1 there already")])
        .step("lost once more", all([docker(&["stop", "-t", "1"], "web"), empty_memory()]), [])
        .step("Skiff repairs it by itself", up(), [ready("web", 1), is_same_container(), file_says("quite-a-secret")]);
}

#[test]
fn after_a_reboot_docker_starts_what_has_secrets_by_itself() {
    if !PrivateEngine::is_possible() {
        return;
    }
    let mut engine = PrivateEngine::start().expect("a private engine");
    let text =
        [secret("db", "password", "quite-a-secret"), reader().template("networkMode: none").to_string()].concat();
    let scenario = Scenario::on("after a reboot Docker starts what has secrets by itself", engine.docker())
        .step("a replica runs", apply(&text), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("memory is emptied", empty_memory(), []);
    engine.end(Signal::KILL).expect("it ends");
    let scenario = scenario.step("the unit runs before Docker", restore(), [exits(0)]);
    engine.begin().expect("it starts");
    let scenario = scenario.step(
        "all is back",
        look(),
        [eventually(ready("web", 1)), is_same_container(), file_says("quite-a-secret")],
    );
    drop(scenario);
    drop(engine);
}
