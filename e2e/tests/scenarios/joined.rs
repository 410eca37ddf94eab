//! What shares the network or the processes of another deployment follows it, and is made once for each change of both.

use anyhow::ensure;
use skiff_e2e::act::{remember, skiff, write};
use skiff_e2e::check::{Check, check, exits, nothing_was_written, ready};
use skiff_e2e::{IMAGE, free_port, scenario, service};

/// A server, one on its network that asks it, and one that sees its processes. Where the server publishes a port, the old one goes first.
fn stack(version: &str, ports: &str) -> String {
    let serve = "command: [sh, -c, 'mkdir -p /w; echo here > /w/index.html; exec httpd -f -p 8000 -h /w']";
    let web = service("web").env("VERSION", version).container(serve).container(ports);
    let asker = service("asker").env("VERSION", version).template("networkMode: deployment:web");
    let viewer = service("viewer").env("VERSION", version).container("pidMode: deployment:web");
    format!("{web}{asker}{viewer}")
}

/// How many containers of an object were made so far.
fn made(name: &'static str, count: usize) -> Check {
    check(move |world| {
        world.call(&["events", name])?;
        let made = world.last.stdout.matches("create container").count();
        ensure!(made == count, "{made} containers of {name} were made, not {count}:\n{}", world.last.stdout);
        Ok(())
    })
}

/// They share what the server of now has.
fn share() -> Check {
    check(|world| {
        let asked = world.replica("asker")?;
        let said = world.docker.exec(&asked.id, &["wget", "-q", "-O", "-", "http://127.0.0.1:8000/"])?;
        ensure!(said.trim() == "here", "it answers {said}");
        let viewer = world.replica("viewer")?;
        let seen = world.docker.exec(&viewer.id, &["ps"])?;
        ensure!(seen.contains("httpd"), "it sees {seen}");
        Ok(())
    })
}

#[test]
fn what_joins_another_one_is_made_once_where_both_are_changed() {
    let port = free_port().expect("a free port");
    let published = format!("ports: [{{ containerPort: 8000, hostPort: {port}, hostIP: 127.0.0.1 }}]");
    for (how, ports) in [("first", published.as_str()), ("last", "ports: [{ containerPort: 8000 }]")] {
        scenario(&format!("what joins another one is made once where both are changed, and the old one goes {how}"))
            .step("all of them run", write("main.yaml", &stack("1", ports)), [])
            .step("they come up", skiff("up", &[]), [exits(0), ready("web", 1), share(), made("asker", 1)])
            .step("all of them are changed", write("main.yaml", &stack("2", ports)), [])
            .step(
                "each is replaced once",
                skiff("up", &[]),
                [exits(0), made("web", 2), made("asker", 2), made("viewer", 2), share()],
            )
            .step("as it is now", remember(), [])
            .step("nothing is left to do", skiff("up", &[]), [exits(0), nothing_was_written()]);
    }
}

#[test]
fn what_joins_another_one_that_cannot_be_replaced_is_changed_all_the_same() {
    let gone = stack("2", "").replacen(IMAGE, "skiff-test/gone:1", 1);
    scenario("what joins another one that cannot be replaced is changed all the same")
        .step("all of them run", write("main.yaml", &stack("1", "")), [])
        .step("they come up", skiff("up", &[]), [exits(0), share()])
        .step("the server is to run what nobody has", write("main.yaml", &gone), [])
        .step(
            "the others are replaced",
            skiff("up", &["--timeout", "20s"]),
            [exits(1), made("web", 1), made("asker", 2), share()],
        );
}
