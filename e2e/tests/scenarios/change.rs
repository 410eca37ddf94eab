//! A changed manifest changes what runs: by replacement one by one, in place where Docker can, by more or fewer replicas.

use serde_json::Value;
use skiff_e2e::act::{apply, look, remember, skiff, up, write};
use skiff_e2e::check::{Check, check, every, image, never_fewer_than, ready, replaced, says, untouched};
use skiff_e2e::{IMAGE, OTHER_IMAGE, network, scenario, service};

#[test]
fn a_changed_image_replaces_every_replica_one_by_one() {
    let v1 = service("web").replicas(3);
    let v2 = v1.clone().image(OTHER_IMAGE);
    scenario("a changed image must replace every replica, one by one")
        .step("three replicas run", apply(&v1.to_string()), [ready("web", 3), image("web", IMAGE)])
        .step("as they are now", remember(), [])
        .step("the image changes", apply(&v2.to_string()), [ready("web", 3), image("web", OTHER_IMAGE)])
        .step("there were always three", look(), [replaced("web"), never_fewer_than("web", 3)]);
}

#[test]
fn a_changed_variable_replaces_every_replica_and_no_other_object() {
    let other = service("other").to_string();
    let with = |level: &str| format!("{}{other}", service("web").replicas(2).env("LEVEL", level));
    scenario("a changed variable replaces every replica and no other object")
        .step("two replicas run", apply(&with("info")), [ready("web", 2), ready("other", 1)])
        .step("as they are now", remember(), [])
        .step("the variable changes", apply(&with("debug")), [ready("web", 2), replaced("web"), untouched("other")])
        .step(
            "in every replica",
            look(),
            [
                every("web", "LEVEL is debug", |seen| seen.variable("LEVEL") == Some("debug")),
                never_fewer_than("web", 2),
            ],
        );
}

#[test]
fn what_publishes_a_fixed_port_is_replaced_stop_first() {
    let port = skiff_e2e::free_port().expect("a free port");
    let published = format!("ports: [{{ containerPort: 8000, hostPort: {port}, hostIP: 127.0.0.1 }}]");
    let v1 = service("web").container("command: [/bin/serve]").container(&published);
    scenario("what publishes a fixed port is replaced stop-first")
        .step("one replica runs", apply(&v1.to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("the image changes", write("main.yaml", &v1.image(OTHER_IMAGE).to_string()), [])
        .step(
            "the plan says in which order, and why",
            skiff("plan", &[]),
            [says("the old one goes before the new one comes: it publishes port")],
        )
        .step("it is done", up(), [ready("web", 1), replaced("web")])
        .step("the port answers", look(), [check(move |_| page(port).map(drop))]);
}

#[test]
fn replicas_come_and_go_and_the_others_stay() {
    let with = |count: u32| service("web").replicas(count).to_string();
    scenario("replicas come and go, and the others stay")
        .step("two replicas run", apply(&with(2)), [ready("web", 2)])
        .step("as they are now", remember(), [])
        .step("five are wanted", apply(&with(5)), [ready("web", 5), never_fewer_than("web", 2)])
        .step("one is wanted", apply(&with(1)), [ready("web", 1), untouched("web"), never_fewer_than("web", 1)])
        .step("none is wanted", apply(&with(0)), [ready("web", 0)])
        .step("two again", apply(&with(2)), [ready("web", 2)]);
}

#[test]
fn limits_change_where_the_container_stands() {
    let with = |limits: &str| service("web").container(&format!("resources: {{ limits: {{ {limits} }} }}")).to_string();
    let number = |pointer: &'static str, value: i64| {
        every("web", pointer, move |seen| seen.inspect.pointer(pointer).and_then(Value::as_i64) == Some(value))
    };
    scenario("limits change where the container stands")
        .step("with limits", apply(&with("cpu: 500m, memory: 64Mi")), [number("/HostConfig/Memory", 64 << 20)])
        .step("as it is now", remember(), [])
        .step(
            "with other limits",
            apply(&with("cpu: 250m, memory: 96Mi")),
            [number("/HostConfig/Memory", 96 << 20), number("/HostConfig/NanoCpus", 250_000_000), untouched("web")],
        );
}

#[test]
fn a_restart_policy_changes_where_the_container_stands() {
    let with = |policy: &str| service("web").template(&format!("restartPolicy: {policy}")).to_string();
    scenario("a restart policy changes where the container stands")
        .step("on failure", apply(&with("OnFailure")), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step(
            "never",
            apply(&with("Never")),
            [
                every("web", "the policy is no", |seen| {
                    seen.inspect.pointer("/HostConfig/RestartPolicy/Name").and_then(Value::as_str) == Some("no")
                }),
                untouched("web"),
            ],
        );
}

#[test]
fn an_alias_and_a_network_are_added_where_the_container_stands() {
    let with = |networks: &str| {
        [network("a"), network("b"), service("web").template(&format!("networks: [{networks}]")).to_string()].concat()
    };
    scenario("an alias and a network are added where the container stands")
        .step("on one network", apply(&with("{ name: a }")), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("with an alias", apply(&with("{ name: a, aliases: [shop] }")), [untouched("web"), resolves("shop")])
        .step(
            "on two networks",
            apply(&with("{ name: a, aliases: [shop] }, { name: b }")),
            [untouched("web"), on_networks(2)],
        )
        .step(
            "on one again",
            apply(&with("{ name: a, aliases: [shop] }")),
            [untouched("web"), on_networks(1), resolves("web")],
        );
}

fn resolves(name: &'static str) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        world.docker.exec(&seen.id, &["nslookup", name]).map(drop)
    })
}

fn on_networks(count: usize) -> Check {
    every("web", "it is on so many networks", move |seen| {
        seen.inspect
            .pointer("/NetworkSettings/Networks")
            .and_then(Value::as_object)
            .is_some_and(|all| all.len() == count)
    })
}

/// The page that a published port serves.
pub(crate) fn page(port: u16) -> anyhow::Result<String> {
    page_at(port, "/")
}

/// What a published port serves at a path.
pub(crate) fn page_at(port: u16, path: &str) -> anyhow::Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    anyhow::ensure!(page.contains(" 200 "), "{page}");
    Ok(page)
}
