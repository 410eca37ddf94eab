//! Config and secret: as files and as variables, rolled when they change, and a secret seen nowhere else.

use anyhow::ensure;
use skiff_e2e::act::{apply, look, remember, skiff, up, write};
use skiff_e2e::check::{Check, check, every, exits, ready, replaced, says, untouched};
use skiff_e2e::{config, scenario, secret, service};

const MOUNT: &str = "volumeMounts: [{ name: files, mountPath: /etc/files }]";

fn file_says(path: &'static str, text: &'static str) -> Check {
    check(move |world| {
        for seen in world.replicas("web")? {
            let found = world.docker.exec(&seen.id, &["cat", path])?;
            ensure!(found.trim() == text, "{path} says `{found}`");
        }
        Ok(())
    })
}

#[test]
fn a_changed_config_rolls_what_mounts_it_and_nothing_else() {
    let web =
        service("web").replicas(2).container(MOUNT).template("volumes: [{ name: files, configMap: { name: page } }]");
    let with = |title: &str| [config("page", "title", title), web.to_string(), service("other").to_string()].concat();
    scenario("a changed config rolls what mounts it, and nothing else")
        .step("the file is there", apply(&with("one")), [ready("web", 2), file_says("/etc/files/title", "one")])
        .step("as it is now", remember(), [])
        .step("the config changes", apply(&with("two")), [ready("web", 2), replaced("web"), untouched("other")])
        .step("the file has changed", look(), [file_says("/etc/files/title", "two")]);
}

#[test]
fn a_config_becomes_variables_one_by_one_and_all_at_once() {
    let one = "env: [{ name: TITLE, valueFrom: { configMapKeyRef: { name: page, key: title } } }]";
    let web = service("web").container(one).container("envFrom: [{ prefix: ALL_, configMapRef: { name: page } }]");
    let with = |title: &str| [config("page", "title", title), web.to_string()].concat();
    let says = |text: &'static str| {
        every("web", "both variables are set", move |seen| {
            seen.variable("TITLE") == Some(text) && seen.variable("ALL_title") == Some(text)
        })
    };
    scenario("a config becomes variables, one by one and all at once")
        .step("both are set", apply(&with("one")), [ready("web", 1), says("one")])
        .step("as it is now", remember(), [])
        .step("the config changes", apply(&with("two")), [ready("web", 1), replaced("web"), says("two")]);
}

#[test]
fn a_secret_is_a_file_in_memory_and_stands_nowhere_else() {
    const VALUE: &str = "quite-a-secret-0815";
    let web = service("web")
        .container(MOUNT)
        .template("volumes: [{ name: files, secret: { secretName: db, defaultMode: 0400 } }]");
    let text = [secret("db", "password", VALUE), web.to_string()].concat();
    scenario("a secret is a file in memory and stands nowhere else")
        .step("the file is there", apply(&text), [ready("web", 1), file_says("/etc/files/password", VALUE)])
        .step("read-only, for its owner, in memory", look(), [mode_is("400"), is_read_only(), is_on_tmpfs()])
        .step("and Docker does not know it", look(), [not_in_inspect(VALUE)])
        .step("nor did any output", look(), [not_in_output(VALUE)])
        .step("as it is now", remember(), [])
        .step(
            "another value rolls",
            apply(&text.replace(VALUE, "another-secret-4711")),
            [
                ready("web", 1),
                replaced("web"),
                not_in_inspect("another-secret-4711"),
                not_in_output("another-secret-4711"),
            ],
        )
        .step("the file has changed", look(), [file_says("/etc/files/password", "another-secret-4711")]);
}

#[test]
fn content_that_is_updated_in_place_reaches_containers_that_go_on() {
    let web = service("web")
        .replicas(2)
        .container(MOUNT)
        .template("volumes: [{ name: files, configMap: { name: page, updatePolicy: InPlace } }]");
    let with = |page: &str| [page.to_owned(), web.to_string()].concat();
    scenario("content that is updated in place reaches containers that go on")
        .step(
            "the file is there",
            apply(&with(&config("page", "title", "one"))),
            [ready("web", 2), file_says("/etc/files/title", "one")],
        )
        .step("as it is now", remember(), [])
        .step("the config changes", write("main.yaml", &with(&config("page", "title", "two"))), [])
        .step(
            "the plan says how",
            skiff("plan", &[]),
            [exits(2), says("files updated in place: content of configmap/page changed"), says("1 to update")],
        )
        .step("it is applied", up(), [ready("web", 2), untouched("web"), file_says("/etc/files/title", "two")])
        .step("and that was all", skiff("plan", &[]), [exits(0)])
        .step(
            "another key",
            apply(&with(&config("page", "head", "three"))),
            [untouched("web"), file_says("/etc/files/head", "three")],
        )
        .step("the first one has gone", look(), [has_no_file("/etc/files/title")]);
}

#[test]
fn a_secret_that_is_updated_in_place_is_read_by_a_user_of_its_own() {
    let web = service("web")
        .container(MOUNT)
        .container("securityContext: { runAsUser: 1000, runAsGroup: 2000 }")
        .template("volumes: [{ name: files, secret: { secretName: db, updatePolicy: InPlace, defaultMode: 0400, uid: 1000, gid: 2000 } }]");
    let with = |value: &str| [secret("db", "password", value), web.to_string()].concat();
    scenario("a secret that is updated in place is read by a user of its own")
        .step(
            "it reads it",
            apply(&with("first-secret")),
            [ready("web", 1), file_says("/etc/files/password", "first-secret")],
        )
        .step("in memory", look(), [is_on_tmpfs()])
        .step("as it is now", remember(), [])
        .step(
            "another value",
            apply(&with("second-secret")),
            [untouched("web"), file_says("/etc/files/password", "second-secret")],
        )
        .step("the old one is nowhere", look(), [finds_nowhere("/etc/files", "first-secret")]);
}

#[test]
fn files_have_the_mode_and_the_owner_of_the_manifest() {
    let web = service("web")
        .container(MOUNT)
        .container("securityContext: { runAsUser: 1000, runAsGroup: 2000 }")
        .template("volumes: [{ name: files, secret: { secretName: db, uid: 1000, gid: 2000, items: [{ key: a, path: mine, mode: 0400 }, { key: b, path: sub/ours, mode: 0040 }, { key: c, path: nobodys, mode: 0 }] } }]");
    let data = "---\napiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { a: for-me, b: for-us, c: for-nobody }\n";
    scenario("files have the mode and the owner of the manifest")
        .step(
            "the user reads its own",
            apply(&[data, &web.to_string()].concat()),
            [ready("web", 1), file_says("/etc/files/mine", "for-me")],
        )
        .step(
            "all is as written",
            look(),
            [file_is("mine", "400 1000 2000"), file_is("sub/ours", "40 1000 2000"), file_is("nobodys", "0 1000 2000")],
        )
        .step("and modes are heeded", look(), [cannot_read("/etc/files/sub/ours"), cannot_read("/etc/files/nobodys")]);
}

fn file_is(path: &'static str, wanted: &'static str) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        let found = world.docker.exec(&seen.id, &["stat", "-L", "-c", "%a %u %g", &format!("/etc/files/{path}")])?;
        ensure!(found.trim() == wanted, "mode, owner and group of {path} are {found}");
        Ok(())
    })
}

fn cannot_read(path: &'static str) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        ensure!(world.docker.exec(&seen.id, &["cat", path]).is_err(), "{path} can be read");
        Ok(())
    })
}

fn has_no_file(path: &'static str) -> Check {
    check(move |world| {
        for seen in world.replicas("web")? {
            ensure!(world.docker.exec(&seen.id, &["ls", path]).is_err(), "{path} is there");
        }
        Ok(())
    })
}

fn finds_nowhere(folder: &'static str, text: &'static str) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        let found = world.docker.exec(&seen.id, &["sh", "-c", &format!("grep -r {text} {folder} || true")])?;
        ensure!(found.is_empty(), "{text} is in {found}");
        Ok(())
    })
}

fn mode_is(mode: &'static str) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        let found = world.docker.exec(&seen.id, &["stat", "-L", "-c", "%a %u", "/etc/files/password"])?;
        ensure!(found.trim() == format!("{mode} 0"), "mode and owner are {found}");
        Ok(())
    })
}

fn is_read_only() -> Check {
    check(|world| {
        let seen = world.replica("web")?;
        let written = world.docker.exec(&seen.id, &["sh", "-c", "echo x > /etc/files/password"]);
        ensure!(written.is_err(), "the secret could be written to");
        Ok(())
    })
}

fn is_on_tmpfs() -> Check {
    check(|world| {
        let seen = world.replica("web")?;
        let mounts = world.docker.exec(&seen.id, &["cat", "/proc/mounts"])?;
        let line = mounts.lines().find(|line| line.contains("/etc/files")).unwrap_or_default();
        ensure!(line.contains("tmpfs"), "the secret is not in memory: {line}");
        Ok(())
    })
}

fn not_in_inspect(value: &'static str) -> Check {
    every("web", "the secret is not in inspect", move |seen| !seen.inspect.to_string().contains(value))
}

fn not_in_output(value: &'static str) -> Check {
    check(move |world| {
        let said = world.calls.iter().find(|call| call.stdout.contains(value) || call.stderr.contains(value));
        ensure!(said.is_none(), "skiff said the secret");
        Ok(())
    })
}
