//! Metrics: the commit in force and what came of it, for who knows the token.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Result, ensure};
use skiff_e2e::act::{Act, act, all, call};
use skiff_e2e::check::{Check, check, eventually, exits, ready, says};
use skiff_e2e::{Forge, World, free_port, scenario, service};

const TOKEN: &str = "fedcba9876543210fedcba9876543210";

/// Asks a port; returns the answer with its head.
fn asked(port: u16, path: &str, token: Option<&str>) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n{token}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn tells(port: u16, path: &'static str, token: Option<&'static str>, words: &'static [&'static str]) -> Check {
    check(move |_| {
        let answer = asked(port, path, token)?;
        for word in words {
            ensure!(answer.contains(word), "no {word} in {answer}");
        }
        Ok(())
    })
}

/// Starts `skiff run` on the manifests, with metrics at a socket of the scenario's folder.
pub(super) fn run_watched(args: &'static [&'static str]) -> Act {
    act(move |world| {
        let (manifests, listen) =
            (world.manifests().display().to_string(), format!("unix:{}", socket(world).display()));
        let line: Vec<&str> = ["run", &manifests, "--metrics-listen", &listen].iter().chain(args).copied().collect();
        world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
        Ok(())
    })
}

/// What the metrics tell does not hold a value.
pub(super) fn not_in_metrics(value: &'static str) -> Check {
    check(move |world| {
        let mut stream = UnixStream::connect(socket(world))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.contains("name=\"asker\"") && !answer.contains(value), "the metrics: {answer}");
        Ok(())
    })
}

fn socket(world: &World) -> PathBuf {
    world.folder().join("metrics.sock")
}

#[test]
fn the_commit_in_force_and_what_came_of_it_are_metrics_for_who_knows_the_token() {
    let (forge, port) = (Rc::new(Forge::new().expect("a repository")), free_port().expect("a port"));
    let token = forge.path().join("token");
    std::fs::write(&token, TOKEN).expect("a file");
    let (listen, token) = (format!("127.0.0.1:{port}"), token.display().to_string());
    let address = forge.address("interval=1s").expect("an address");
    let follow = {
        let (address, listen) = (address.clone(), listen.clone());
        act(move |world| {
            let line = ["run", &address, "--metrics-listen", &listen, "--metrics-token-file", &token];
            world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
            Ok(())
        })
    };
    let push = {
        let forge = Rc::clone(&forge);
        act(move |_| forge.push(&[("web.yaml", &service("web").to_string())], "Add web").map(drop))
    };
    let id = check(move |_| {
        let (id, answer) = (forge.git(&["rev-parse", "HEAD"])?, asked(port, "/metrics", Some(TOKEN))?);
        ensure!(answer.contains(&format!("commit=\"{id}\"")), "no {id} in {answer}");
        Ok(())
    });
    scenario("the commit in force and what came of it are metrics for who knows the token")
        .step(
            "a port without a token is refused",
            call(&["run", &address, "--metrics-listen", &listen]),
            [exits(1), says("--metrics-token-file"), says("openssl rand -hex 32")],
        )
        .step(
            "a commit is followed",
            all([push, follow]),
            [
                eventually(ready("web", 1)),
                eventually(tells(
                    port,
                    "/metrics",
                    Some(TOKEN),
                    &["skiff_deployment_status_replicas_ready{namespace=\"default\",name=\"web\"} 1"],
                )),
                id,
                tells(
                    port,
                    "/metrics",
                    Some(TOKEN),
                    &[
                        "200 OK",
                        "author=\"Ann\",subject=\"Add web\"",
                        "skiff_source_problems{source=\"shop\"} 0",
                        "skiff_source_last_success_timestamp_seconds{source=\"shop\"} ",
                        "skiff_actions_total{action=\"start container\",result=\"done\"} 1",
                        "skiff_leading 1",
                        "# EOF",
                    ],
                ),
                tells(port, "/metrics", None, &["401"]),
                tells(port, "/metrics", Some("guess-guess-guess-guess"), &["401"]),
                tells(port, "/livez", None, &["200 OK"]),
                tells(port, "/readyz", None, &["200 OK"]),
            ],
        );
}
