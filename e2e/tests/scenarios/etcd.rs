//! Manifests in etcd: a key is all it takes, and nothing that goes wrong with the cluster hurts what runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::Signal;
use skiff_e2e::act::{Act, act, all, call, docker, end_run, look, remember, write};
use skiff_e2e::check::{
    Check, answers, check, eventually, exits, gone, logs, ready, says, throughout, untouched, within,
};
use skiff_e2e::{Etcd, scenario, secret, service};

type Member = Rc<RefCell<Etcd>>;

const PREFIX: &str = "/skiff/shop";

fn member() -> Member {
    Rc::new(RefCell::new(Etcd::start().expect("etcd")))
}

fn address(etcd: &Member) -> String {
    etcd.borrow().address(PREFIX, "")
}

fn with(etcd: &Member, what: impl FnOnce(&mut Etcd) -> Result<()> + 'static) -> Act {
    let etcd = Rc::clone(etcd);
    act(move |_| what(&mut etcd.borrow_mut()))
}

/// Calls `skiff push manifests ADDRESS ARGS…`.
fn push(address: &str, args: &[&str]) -> Act {
    let words: Vec<String> = std::iter::once(address).chain(args.iter().copied()).map(ToOwned::to_owned).collect();
    act(move |world| {
        let manifests = world.manifests().display().to_string();
        let line: Vec<&str> = ["push", &manifests].into_iter().chain(words.iter().map(String::as_str)).collect();
        world.call(&line)
    })
}

fn follow(address: &str) -> Act {
    follow_with(address, &[])
}

fn follow_with(address: &str, args: &'static [&str]) -> Act {
    let address = address.to_owned();
    act(move |world| {
        let line = [&["run", address.as_str()], args].concat();
        world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
        Ok(())
    })
}

#[test]
fn what_is_pushed_runs_and_what_is_pushed_anew_follows() {
    let etcd = member();
    let at = address(&etcd);
    scenario("what is pushed runs, and what is pushed anew follows")
        .step(
            "two services are pushed",
            all([
                write("web.yaml", &service("web").to_string()),
                write("db.yaml", &service("db").to_string()),
                push(&at, &[]),
            ]),
            [
                exits(0),
                answers("+ /skiff/shop/deployment/default/web"),
                answers("2 written, 0 removed, 0 left as they are"),
            ],
        )
        .step("and followed", follow(&at), [eventually(ready("web", 1)), eventually(ready("db", 1))])
        .step("as they are now", remember(), [])
        .step(
            "one is scaled",
            all([write("web.yaml", &service("web").replicas(2).to_string()), push(&at, &[])]),
            [
                exits(0),
                answers("~ /skiff/shop/deployment/default/web"),
                within(Duration::from_secs(10), ready("web", 2)),
                untouched("db"),
            ],
        )
        .step(
            "a dry run writes nothing",
            all([write("web.yaml", &service("web").replicas(3).to_string()), push(&at, &["--dry-run"])]),
            [exits(0), answers("nothing was: --dry-run"), throughout(Duration::from_secs(1), ready("web", 2))],
        )
        .step(
            "one leaves, and goes by --prune alone",
            all([act(|world| Ok(std::fs::remove_file(world.manifests().join("db.yaml"))?)), push(&at, &[])]),
            [exits(0), eventually(ready("web", 3)), untouched("db")],
        )
        .step(
            "it is pruned",
            push(&at, &["--prune"]),
            [exits(0), answers("- /skiff/shop/deployment/default/db"), eventually(gone("db"))],
        )
        .step(
            "what is there is read back",
            call(&["pull", &at]),
            [exits(0), answers("name: web"), answers("replicas: 3")],
        )
        .step("what became of it is there as long as the controller is", look(), [eventually(status(&etcd, true))])
        .step("sync says where it is", call(&["sync"]), [exits(0), answers("is in force")])
        .step("and it goes with it", end_run(), [status(&etcd, false)]);
}

/// Whether the cluster is told that `web` is ready.
fn status(etcd: &Member, is_there: bool) -> Check {
    let etcd = Rc::clone(etcd);
    check(move |_| {
        let listing = etcd.borrow().ctl(&["get", "--prefix", "/skiff/shop-status/"])?;
        let ready = listing.contains("/deployment/default/web") && listing.contains("\"ready\":3");
        ensure!(if is_there { ready } else { listing.is_empty() }, "the status is:\n{listing}");
        Ok(())
    })
}

#[test]
fn a_cluster_that_is_killed_or_frozen_harms_nothing_and_is_followed_again() {
    let etcd = member();
    let at = address(&etcd);
    scenario("a cluster that is killed or frozen harms nothing, and is followed again")
        .step(
            "a service runs",
            // With an election healing would end with the lease.
            all([write("web.yaml", &service("web").to_string()), push(&at, &[]), follow_with(&at, &["--alone"])]),
            [exits(0), eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "the member is killed",
            with(&etcd, Etcd::kill),
            [eventually(logs("it is asked again")), untouched("web")],
        )
        .step("a container is lost meanwhile", docker(&["rm", "-f"], "web"), [eventually(ready("web", 1))])
        .step(
            "and another one after a restart",
            all([end_run(), follow_with(&at, &["--alone"]), docker(&["rm", "-f"], "web")]),
            [eventually(ready("web", 1))],
        )
        .step(
            "it is back",
            all([with(&etcd, Etcd::run), write("web.yaml", &service("web").replicas(2).to_string()), push(&at, &[])]),
            [exits(0), eventually(ready("web", 2))],
        )
        .step("it freezes", with(&etcd, |etcd| etcd.freeze()), [within(Duration::from_secs(20), source_is_away())])
        .step(
            "it thaws",
            all([with(&etcd, |etcd| etcd.thaw()), write("web.yaml", &service("web").to_string()), push(&at, &[])]),
            [eventually(ready("web", 1))],
        );
}

fn source_is_away() -> Check {
    check(|world| {
        world.call(&["get"])?;
        ensure!(world.last.stderr.contains("etcd://"), "nothing is said:\n{}", world.last.stderr);
        Ok(())
    })
}

#[test]
fn what_was_compacted_while_nobody_looked_is_listed_again() {
    let etcd = member();
    let at = address(&etcd);
    let stop = |signal| act(move |world| world.running()?.signal(signal));
    scenario("what was compacted while nobody looked is listed again")
        .step(
            "a service runs",
            all([write("web.yaml", &service("web").to_string()), push(&at, &[]), follow(&at)]),
            [exits(0), eventually(ready("web", 1))],
        )
        .step(
            "the controller sleeps while the cluster starts anew, is written to and compacted",
            all([
                stop(Signal::STOP),
                with(&etcd, |etcd| {
                    etcd.kill()?;
                    etcd.run()
                }),
                write("web.yaml", &service("web").replicas(2).to_string()),
                push(&at, &[]),
                with(&etcd, |etcd| etcd.compact()),
                stop(Signal::CONT),
            ]),
            [eventually(ready("web", 2))],
        )
        .step("end", end_run(), []);
}

#[test]
fn a_broken_document_keeps_its_object_and_hinders_no_other() {
    let etcd = member();
    let at = address(&etcd);
    scenario("a broken document keeps its object, and hinders no other")
        .step(
            "two services run",
            all([
                write("web.yaml", &service("web").to_string()),
                write("db.yaml", &service("db").to_string()),
                push(&at, &[]),
                follow(&at),
            ]),
            [exits(0), eventually(ready("web", 1)), eventually(ready("db", 1))],
        )
        .step("as they are now", remember(), [])
        .step(
            "somebody writes nonsense by hand",
            with(&etcd, |etcd| {
                etcd.ctl(&["put", "/skiff/shop/deployment/default/web", "kind: Deployment\nspec: ["]).map(drop)
            }),
            [eventually(logs("/skiff/shop/deployment/default/web:")), untouched("web")],
        )
        .step(
            "the other one is scaled all the same",
            all([
                act(|world| Ok(std::fs::remove_file(world.manifests().join("web.yaml"))?)),
                write("db.yaml", &service("db").replicas(2).to_string()),
                push(&at, &[]),
            ]),
            [exits(0), eventually(ready("db", 2)), untouched("web")],
        )
        .step("nothing was pruned", look(), [ready("web", 1)]);
}

#[test]
fn what_has_mistakes_is_not_pushed_and_a_secret_of_a_person_stays_closed() {
    let etcd = member();
    let at = address(&etcd);
    scenario("what has mistakes is not pushed")
        .step(
            "an unknown field",
            all([write("web.yaml", &service("web").to_string().replace("replicas", "replicaz")), push(&at, &[])]),
            [exits(1), says("unknown field `replicaz`")],
        )
        .step(
            "a relative path",
            all([
                write(
                    "web.yaml",
                    &service("web")
                        .container("volumeMounts: [ { name: s, mountPath: /s } ]")
                        .template("volumes: [ { name: s, hostPath: { path: ./s, readOnly: true } } ]")
                        .to_string(),
                ),
                push(&at, &[]),
            ]),
            [exits(1), says("a document in etcd has no folder")],
        )
        .step("nothing was written", call(&["pull", &at]), [exits(0), answers("")])
        .step("a secret", all([write("web.yaml", &secret("keys", "a", "b")), push(&at, &[])]), [exits(0)])
        .step("no address", call(&["push", ".", "./elsewhere"]), [exits(1), says("write etcd://HOST:PORT/PREFIX")]);
}

#[test]
fn a_cluster_is_followed_over_tls_with_a_certificate_and_a_user() {
    let etcd = Etcd::start_private().expect("etcd");
    let (certificate, key) = (etcd.certificate().display().to_string(), etcd.key().display().to_string());
    let password = etcd.path().join("password");
    std::fs::write(&password, "s3cret\n").expect("a file");
    for args in [
        &["user", "add", "root:root"][..],
        &["user", "grant-role", "root", "root"],
        &["user", "add", "deploy:s3cret"],
        &["role", "add", "deploy"],
        &["role", "grant-permission", "deploy", "--prefix=true", "readwrite", PREFIX],
        &["user", "grant-role", "deploy", "deploy"],
        &["user", "add", "follow:s3cret"],
        &["role", "add", "follow"],
        &["user", "grant-role", "follow", "follow"],
    ] {
        etcd.ctl(args).expect("it is set up");
    }
    // Who only follows needs no more than docs/etcd.md says.
    for (right, prefix) in [("read", ""), ("readwrite", "-status/"), ("readwrite", "-leader/")] {
        let prefix = format!("{PREFIX}{prefix}");
        etcd.ctl(&["role", "grant-permission", "follow", "--prefix=true", right, &prefix]).expect("it is granted");
    }
    etcd.ctl(&["auth", "enable"]).expect("users are asked for");
    let tls = format!("ca-file={certificate}&cert-file={certificate}&key-file={key}");
    let right = etcd.address(PREFIX, &format!("{tls}&user=deploy&password-file={}", password.display()));
    let follower = etcd.address(PREFIX, &format!("{tls}&user=follow&password-file={}", password.display()));
    let elsewhere = etcd.address("/other", &format!("{tls}&user=deploy&password-file={}", password.display()));
    scenario("a cluster is followed over TLS, with a certificate and a user")
        .step(
            "without TLS",
            all([write("web.yaml", &service("web").to_string()), push(&etcd.address(PREFIX, ""), &[])]),
            [exits(1)],
        )
        .step(
            "another prefix",
            push(&elsewhere, &[]),
            [exits(1), says("permission denied"), says("etcdctl role grant-permission")],
        )
        .step("all is right", all([push(&right, &[]), follow(&right)]), [exits(0), eventually(ready("web", 1))])
        .step(
            "two",
            all([write("web.yaml", &service("web").replicas(2).to_string()), push(&right, &[])]),
            [exits(0), eventually(ready("web", 2))],
        )
        .step(
            "who may only follow cannot push",
            all([write("web.yaml", &service("web").replicas(3).to_string()), push(&follower, &[])]),
            [exits(1), says("permission denied")],
        )
        .step(
            "and follows",
            all([end_run(), follow(&follower), write("web.yaml", &service("web").to_string()), push(&right, &[])]),
            [exits(0), eventually(ready("web", 1)), eventually(logs(" leads"))],
        )
        .step("the revision in force is shown", call(&["get"]), [exits(0), answers("SOURCE  REVISION")]);
}

#[test]
fn whoever_may_not_be_elected_is_told_so_and_leads_once_it_may() {
    let etcd = Etcd::start().expect("etcd");
    let password = etcd.path().join("password");
    std::fs::write(&password, "s3cret\n").expect("a file");
    for args in [
        &["user", "add", "root:root"][..],
        &["user", "grant-role", "root", "root"],
        &["user", "add", "follow:s3cret"],
        &["role", "add", "follow"],
        &["role", "grant-permission", "follow", "--prefix=true", "read", PREFIX],
        &["user", "grant-role", "follow", "follow"],
        &["put", "--", &format!("{PREFIX}/deployment/default/web"), &service("web").to_string()],
        &["auth", "enable"],
    ] {
        etcd.ctl(args).expect("it is set up");
    }
    let follower = etcd.address(PREFIX, &format!("user=follow&password-file={}", password.display()));
    let etcd = std::rc::Rc::new(etcd);
    let member = std::rc::Rc::clone(&etcd);
    let granted = act(move |_| {
        let prefix = format!("{PREFIX}-leader/");
        let right = ["role", "grant-permission", "follow", "--prefix=true", "readwrite", &prefix];
        member.ctl(&[&["--user", "root:root"], &right[..]].concat()).map(drop)
    });
    scenario("whoever may not be elected is told so, and leads once it may")
        .step(
            "it may only read the documents",
            follow(&follower),
            [eventually(logs("permission denied")), eventually(logs("etcdctl role grant-permission"))],
        )
        .step("others are told", call(&["get"]), [exits(0), says("nobody leads"), says("permission denied")])
        .step("it may", granted, [eventually(ready("web", 1))]);
}
