//! Prefixes of a cluster that lie below each other: none of them loses what it runs for keys of another one.

use std::rc::Rc;

use skiff_e2e::act::{Act, act, all, call, end_run, look, remember, write};
use skiff_e2e::check::{answers, eventually, exits, logs, ready, says, untouched};
use skiff_e2e::{Etcd, scenario, service};

const OUTER: &str = "/skiff";

fn push(etcd: &Rc<Etcd>, prefix: &str) -> Act {
    let address = etcd.address(prefix, "");
    act(move |world| {
        let manifests = world.manifests().display().to_string();
        world.call(&["push", &manifests, &address])
    })
}

/// Writes a key by hand, as tools do that know nothing of prefixes.
fn put(etcd: &Rc<Etcd>, key: &'static str, value: String) -> Act {
    let etcd = Rc::clone(etcd);
    act(move |_| etcd.ctl(&["put", key, value.trim_start_matches("---\n")]).map(drop))
}

#[test]
fn keys_below_a_prefix_that_are_no_documents_of_it_are_passed_over_with_a_word() {
    let etcd = Rc::new(Etcd::start().expect("etcd"));
    let at = etcd.address(OUTER, "");
    let follow = {
        let at = at.clone();
        act(move |world| {
            let log = world.folder().join("run.log");
            world.running = Some(world.skiff.start(&["run", &at], &world.env, &log)?);
            Ok(())
        })
    };
    let web = || service("web").to_string();
    scenario("keys below a prefix that are no documents of it are passed over with a word")
        .step(
            "a service runs",
            all([write("web.yaml", &web()), push(&etcd, OUTER), follow]),
            [exits(0), eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "a push to a prefix below is refused",
            push(&etcd, "/skiff/team"),
            [
                exits(1),
                says("`/skiff/team` lies below another prefix that has documents, `/skiff`"),
                says("/skiff-team"),
            ],
        )
        .step(
            "somebody writes there all the same",
            all([
                put(&etcd, "/skiff/team/deployment/default/web", service("web").replicas(3).to_string()),
                put(&etcd, "/skiff/team/deployment/default/db", service("db").to_string()),
            ]),
            [eventually(logs("below `/skiff`, `/skiff/team/deployment/default/db` and 1 more key")), untouched("web")],
        )
        .step(
            "the documents of the prefix are in force",
            put(&etcd, "/skiff/deployment/default/web", service("web").replicas(2).to_string()),
            [eventually(ready("web", 2))],
        )
        .step(
            "whoever looks for what has happened finds it",
            call(&["events"]),
            [says("`/skiff/team/deployment/default/db` and 1 more key are no documents of it and are passed over")],
        )
        .step("nothing is to be done", call(&["plan", &at]), [exits(0), says("are passed over")])
        .step(
            "a push above the other one is refused",
            push(&etcd, OUTER),
            [exits(1), says("below `/skiff` lies another prefix, `/skiff/team`")],
        )
        .step(
            "a prefix that is called as controllers' own places are is refused",
            push(&etcd, "/skiff-leader"),
            [exits(1), says("controllers keep who leads"), says("no part of which ends with")],
        )
        .step(
            "and is not followed",
            call(&["run", &etcd.address("/skiff/shop-status", "")]),
            [exits(1), says("controllers keep what objects have come to")],
        )
        .step("what runs is as it was", look(), [ready("web", 2)])
        .step("get says so as well", call(&["get"]), [exits(0), answers("web")])
        .step("end", end_run(), []);
}
