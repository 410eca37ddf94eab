//! What answers at the doors of controllers, whoever leads.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use super::*;

/// A controller answers a question in these words.
fn tells(number: usize, path: &'static str, words: &'static [&'static str]) -> Check {
    check(move |world| {
        let mut stream = UnixStream::connect(world.folder().join(format!("metrics-{number}.sock")))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        for word in words {
            ensure!(answer.contains(word), "no `{word}` in {answer}");
        }
        Ok(())
    })
}

/// What a webhook is called with.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Writes the file of the secret, for its owner alone.
fn secret_file() -> Act {
    act(|world| {
        let path = world.folder().join("hook");
        std::fs::write(&path, SECRET)?;
        Ok(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?)
    })
}

/// Calls the webhook of whoever listens at a port, which answers in these words.
fn hook_tells(port: u16, words: &'static [&'static str]) -> Check {
    check(move |_| {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        write!(stream, "POST / HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: {SECRET}\r\nContent-Length: 2\r\n\r\n{{}}")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        for word in words {
            ensure!(answer.contains(word), "no `{word}` in {answer}");
        }
        Ok(())
    })
}

/// The first line of a controller's log.
fn logged_first(stage: &Shared, number: usize, words: &'static str) -> Check {
    let stage = Rc::clone(stage);
    check(move |_| {
        let log = stage.borrow().run(number)?.running.log();
        let first = log.lines().next().unwrap_or_default();
        ensure!(first.contains(words), "`{words}` is not in the first line: {first}");
        Ok(())
    })
}

#[test]
fn whoever_stands_by_answers_at_its_doors_which_are_open_whoever_leads() {
    let (stage, port) = (one_member(), free_port().expect("a port"));
    let hook = format!("127.0.0.1:{port}");
    let lease = ["--lease", "4s"];
    let watched = [&WATCHED[..], &lease[..]].concat();
    let hooked = ["--webhook-listen", &hook, "--webhook-secret-file", "{folder}/hook"];
    let hooked = [&watched[..], &hooked[..]].concat();
    let asked = check(|world| {
        let folders = run_folders(&world.instance).into_iter().map(|folder| folder.join("syncs"));
        let requests = folders.filter(|folder| folder.exists()).collect::<Vec<_>>();
        ensure!(!requests.is_empty(), "nobody listens for requests");
        let waiting: usize = requests.iter().filter_map(|folder| Some(std::fs::read_dir(folder).ok()?.count())).sum();
        ensure!(waiting == 0, "{waiting} requests wait");
        Ok(())
    });
    scenario("whoever stands by answers at its doors, which are open whoever leads")
        .step(
            "one leads",
            all([push(&stage, 1), start(&stage, &watched)]),
            [
                leads(&stage, 0, HAND_OVER),
                eventually(ready("web", 1)),
                eventually(tells(0, "/readyz", &["200 OK"])),
                tells(0, "/metrics", &["skiff_leading 1", "skiff_deployment_status_replicas_ready{"]),
            ],
        )
        .step(
            "another one stands by",
            all([secret_file(), start(&stage, &hooked)]),
            [
                eventually(tells(1, "/readyz", &["200 OK", "leads, this one stands by"])),
                logged_first(&stage, 1, "stands by"),
                tells(1, "/livez", &["200 OK"]),
                tells(1, "/metrics", &["200 OK", "skiff_leading 0", "skiff_leader_info{leader="]),
                eventually(hook_tells(port, &["202 Accepted", "leads, and has been told"])),
                eventually(asked),
            ],
        )
        .step(
            "the leader freezes",
            signal(&stage, 0, Signal::STOP),
            [
                leads(&stage, 1, LEASE + HAND_OVER),
                eventually(tells(1, "/metrics", &["skiff_leading 1", "skiff_deployment_status_replicas_ready{"])),
                hook_tells(port, &["202 Accepted", "are being fetched"]),
            ],
        )
        .step(
            "it wakes, and stands by at the same socket",
            signal(&stage, 0, Signal::CONT),
            [
                eventually(tells(0, "/readyz", &["200 OK", "leads, this one stands by"])),
                tells(0, "/metrics", &["skiff_leading 0"]),
            ],
        )
        .step(
            "nobody can be elected",
            with(&stage, |stage| stage.members.iter_mut().try_for_each(Etcd::kill)),
            [eventually(tells(0, "/readyz", &["503", "nobody leads"])), eventually(hook_tells(port, &["503"]))],
        );
}

#[test]
fn whoever_stands_by_behind_another_one_of_its_name_says_that_one_leads() {
    let stage = one_member();
    let passed_over = with(&stage, |stage| {
        let member = stage.members.first().context("no member")?;
        let keys = member.ctl(&["get", "--prefix", "--keys-only", &format!("{PREFIX}-leader/")])?;
        let key = keys.lines().find(|key| !key.is_empty()).context("nobody stands")?;
        let (folder, _) = key.rsplit_once('/').context("a folder")?;
        let granted = member.ctl(&["lease", "grant", "600"])?;
        let lease = granted.split_whitespace().nth(1).context("a lease")?;
        member.ctl(&["put", "--lease", lease, &format!("{folder}/{lease}"), &stage.name(0)?])?;
        member.ctl(&["del", key]).map(drop)
    });
    scenario("whoever stands by behind another one of its name says that one leads")
        .step("one leads", start(&stage, &WATCHED), [leads(&stage, 0, HAND_OVER)])
        .step(
            "it is passed over by another one of its name, as the first process of another container is",
            passed_over,
            [
                eventually(tells(0, "/readyz", &["200 OK", "(lease ", "leads, this one stands by"])),
                eventually(has_logged(&stage, 0, "stands by")),
            ],
        )
        .step("that is said to others", call(&["doctor"]), [answers("leads since")]);
}
