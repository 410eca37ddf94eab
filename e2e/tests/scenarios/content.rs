//! Config and secret: as files and as variables, rolled when they change, and a secret seen nowhere else.

use anyhow::ensure;
use skiff_e2e::act::{apply, look, remember};
use skiff_e2e::check::{Check, check, every, ready, replaced, untouched};
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
