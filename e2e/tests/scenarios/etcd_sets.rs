//! Sets of documents in etcd: each is in force whole, whatever is compacted or killed on the way.

use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use skiff_e2e::act::{Act, act, all, call, end_run, look, remember, remove, write};
use skiff_e2e::check::{Check, check, eventually, exits, gone, logs, ready, replaced, says, throughout, untouched};
use skiff_e2e::{Etcd, Gate, config, scenario, service};

const PREFIX: &str = "/skiff/sets";

fn member() -> Rc<Etcd> {
    Rc::new(Etcd::start().expect("etcd"))
}

/// A gate that holds what a connection calls after so many calls: to look whether the cluster is there is the first, to list the second.
fn gate(etcd: &Rc<Etcd>, calls: usize) -> Rc<Gate> {
    Rc::new(etcd.gate(calls).expect("a gate"))
}

fn through(gate: &Rc<Gate>) -> String {
    format!("etcd://{}{PREFIX}", gate.endpoint())
}

fn push(etcd: &Rc<Etcd>, args: &'static [&str]) -> Act {
    let address = etcd.address(PREFIX, "");
    act(move |world| {
        let manifests = world.manifests().display().to_string();
        world.call(&[&["push", &manifests, address.as_str()], args].concat())
    })
}

/// One controller, that asks for no lease: its calls can be counted.
fn follow(address: String) -> Act {
    act(move |world| {
        let log = world.folder().join("run.log");
        world.running = Some(world.skiff.start(&["run", &address, "--alone"], &world.env, &log)?);
        Ok(())
    })
}

fn holds(gate: &Rc<Gate>) -> Check {
    let gate = Rc::clone(gate);
    check(move |_| gate.holds())
}

fn compact(etcd: &Rc<Etcd>) -> Act {
    let etcd = Rc::clone(etcd);
    act(move |_| etcd.compact())
}

fn open(gate: &Rc<Gate>) -> Act {
    let gate = Rc::clone(gate);
    act(move |_| {
        gate.open();
        Ok(())
    })
}

#[test]
fn what_is_compacted_between_the_list_and_the_watch_is_listed_again() {
    let etcd = member();
    let gate = gate(&etcd, 2);
    scenario("what is compacted between the list and the watch is listed again")
        .step(
            "three services are there",
            all([
                write("web.yaml", &service("web").to_string()),
                write("db.yaml", &service("db").to_string()),
                write("old.yaml", &service("old").to_string()),
                push(&etcd, &[]),
            ]),
            [exits(0)],
        )
        .step(
            "a controller has listed them, and has not begun to watch",
            follow(through(&gate)),
            [holds(&gate), eventually(ready("web", 1)), eventually(ready("db", 1)), eventually(ready("old", 1))],
        )
        .step("as they are now", remember(), [])
        .step(
            "much happens, and its history is compacted away",
            all([
                write("web.yaml", &service("web").replicas(2).to_string()),
                remove("old.yaml"),
                push(&etcd, &["--prune"]),
                compact(&etcd),
            ]),
            [exits(0), throughout(Duration::from_secs(1), ready("web", 1))],
        )
        .step(
            "the watch begins, from what is no more",
            open(&gate),
            [eventually(lists_again()), eventually(ready("web", 2)), eventually(gone("old")), untouched("db")],
        )
        .step(
            "what comes after it is seen",
            all([write("web.yaml", &service("web").to_string()), push(&etcd, &[])]),
            [eventually(ready("web", 1)), untouched("db")],
        )
        .step("end", end_run(), []);
}

/// It was told that its place is lost; or, on a machine so slow that the call was given up before the gate opened, it began anew by itself.
fn lists_again() -> Check {
    check(move |world| {
        let log = world.running()?.log();
        let said = ["listing everything again", ": no answer"].iter().any(|words| log.contains(words));
        ensure!(said, "nothing says that everything was listed again:\n{log}");
        Ok(())
    })
}

/// As many configs as do not fit into one transaction, nor into one page of a list; `web` uses one of them.
fn big_set(generation: u32) -> Act {
    let configs = (0..COUNT).map(|number| config(&format!("c{number:03}"), "value", &generation.to_string()));
    let text: String = configs.collect();
    let uses = format!(
        "env: [ {{ name: GENERATION, value: \"{generation}\" }} ]\n      envFrom: [ {{ configMapRef: {{ name: c000 }} }} ]"
    );
    all([write("configs.yaml", &text), write("web.yaml", &service("web").container(&uses).to_string())])
}

const COUNT: usize = 600;

#[test]
fn what_is_compacted_in_the_middle_of_a_list_is_listed_again() {
    let etcd = member();
    let gate = gate(&etcd, 2);
    scenario("what is compacted in the middle of a list is listed again")
        .step("a large set is there", all([big_set(1), push(&etcd, &[])]), [exits(0)])
        .step("a controller has listed the first page of it", follow(through(&gate)), [holds(&gate)])
        .step(
            "a further set is pushed, and what was before it compacted away",
            all([big_set(2), push(&etcd, &[]), compact(&etcd)]),
            [exits(0)],
        )
        .step(
            "the second page is asked for",
            open(&gate),
            [eventually(ready("web", 1)), logs("objects=601"), has_said_nothing_of("compacted")],
        )
        .step("end", end_run(), []);
}

fn has_said_nothing_of(words: &'static str) -> Check {
    check(move |world| {
        let log = world.running()?.log();
        ensure!(!log.contains(words), "`{words}` is in the log:\n{log}");
        Ok(())
    })
}

/// A push that does not come to its end.
fn push_through(gate: &Rc<Gate>) -> Act {
    let gate = Rc::clone(gate);
    act(move |world| {
        let manifests = world.manifests().display().to_string();
        let mut command = world.skiff.command(&["push", &manifests, &through(&gate)]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("skiff push")?;
        let held = gate.holds();
        child.kill()?;
        child.wait()?;
        held
    })
}

fn marked(etcd: &Rc<Etcd>, is_there: bool) -> Check {
    let etcd = Rc::clone(etcd);
    check(move |_| {
        let mark: Result<String> = etcd.ctl(&["get", "--print-value-only", &format!("{PREFIX}/.push")]);
        let mark = mark?;
        ensure!(mark.is_empty() != is_there, "the mark is `{mark}`");
        Ok(())
    })
}

#[test]
fn half_a_set_is_never_in_force_and_the_next_push_makes_it_whole() {
    let etcd = member();
    // To look, to look above, to list, two transactions; the third one is held.
    let gate = gate(&etcd, 5);
    scenario("half a set is never in force, and the next push makes it whole")
        .step(
            "a large set runs",
            all([big_set(1), push(&etcd, &[]), follow(etcd.address(PREFIX, ""))]),
            [exits(0), eventually(ready("web", 1)), marked(&etcd, false)],
        )
        .step("as it is now", remember(), [])
        .step(
            "a push of another one is killed in the middle",
            all([big_set(2), push_through(&gate)]),
            [marked(&etcd, true), throughout(Duration::from_secs(3), untouched("web"))],
        )
        .step("it is said", call(&["get"]), [eventually(says_again("has begun to push and has not ended"))])
        .step(
            "it can be read, with a word",
            call(&["pull", &etcd.address(PREFIX, "")]),
            [exits(0), says("what is read is no whole set")],
        )
        .step(
            "one that begins now waits as well",
            all([end_run(), follow(etcd.address(PREFIX, ""))]),
            [
                eventually(logs("has begun to push and has not ended")),
                throughout(Duration::from_secs(2), untouched("web")),
            ],
        )
        .step(
            "a push of something else does not bring half of it into force",
            all([remove("configs.yaml"), write("web.yaml", &service("web").to_string()), push(&etcd, &[])]),
            [
                exits(1),
                says("may be half of that set"),
                marked(&etcd, true),
                throughout(Duration::from_secs(2), untouched("web")),
            ],
        )
        .step(
            "it is pushed again",
            all([big_set(2), push(&etcd, &[])]),
            [exits(0), marked(&etcd, false), eventually(replaced("web")), eventually(ready("web", 1))],
        )
        .step("nothing is wrong any more", look(), [eventually(is_well())])
        .step("end", end_run(), []);
}

/// `skiff get` says this by now.
fn says_again(words: &'static str) -> Check {
    check(move |world| {
        world.call(&["get"])?;
        let said = world.last.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(said.contains(words), "`{words}` is not said:\n{said}");
        Ok(())
    })
}

fn is_well() -> Check {
    check(|world| {
        world.call(&["get"])?;
        ensure!(world.last.stderr.is_empty(), "something is wrong:\n{}", world.last.stderr);
        Ok(())
    })
}

#[test]
fn a_set_that_is_larger_than_an_answer_may_be_is_written_and_read_again() {
    let etcd = member();
    let large = act(|world| {
        let value = "x".repeat(950 << 10);
        for number in 0..75 {
            let text = config(&format!("large-{number}"), "value", &value);
            std::fs::write(world.manifests().join(format!("large-{number}.yaml")), text)?;
        }
        Ok(())
    });
    scenario("a set that is larger than an answer may be is written and read again")
        .step("75 documents of 950 KB are pushed", all([large, push(&etcd, &[])]), [exits(0), says("75 written")])
        .step(
            "they are known again",
            push(&etcd, &["--dry-run"]),
            [exits(0), says("0 written, 0 removed, 75 left as they are")],
        );
}
