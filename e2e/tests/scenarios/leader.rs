//! Several controllers of one instance: one leads, whoever stands by takes over, and nobody acts whose lease may be over.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;
use skiff_e2e::act::{Act, act, all, call, docker, look, remember, write};
use skiff_e2e::check::{Check, answers, check, eventually, exits, ready, says, throughout, untouched, within};
use skiff_e2e::{Ear, Ending, Etcd, Running, World, free_port, run_folders, scenario, service};

mod confirm;
mod doors;
mod returns;

const PREFIX: &str = "/skiff/turns";
/// The lease of whoever leads.
const LEASE: Duration = Duration::from_secs(4);
/// Within this time after a clean stop, or after the lease, another one leads.
const HAND_OVER: Duration = Duration::from_secs(2);

/// So many replicas take some time.
const REPLICAS: u32 = 40;

/// A controller with what it asks of the engine.
struct Run {
    running: Running,
    ear: Ear,
}

/// etcd and the controllers of a scenario.
struct Stage {
    members: Vec<Etcd>,
    runs: Vec<Run>,
    /// When it was asked for something that takes time.
    since: SystemTime,
}

type Shared = Rc<RefCell<Stage>>;

fn stage(members: Vec<Etcd>) -> Shared {
    Rc::new(RefCell::new(Stage { members, runs: Vec::new(), since: SystemTime::now() }))
}

fn one_member() -> Shared {
    stage(vec![Etcd::start().expect("etcd")])
}

impl Stage {
    fn address(&self) -> String {
        let hosts: Vec<String> = self.members.iter().map(Etcd::endpoint).collect();
        format!("etcd://{}{PREFIX}", hosts.join(","))
    }

    fn run(&self, number: usize) -> Result<&Run> {
        self.runs.get(number).context("no such controller")
    }

    /// What a controller is called.
    fn name(&self, number: usize) -> Result<String> {
        let host = rustix::system::uname();
        Ok(format!("{}:{}", host.nodename().to_string_lossy(), self.run(number)?.running.pid()))
    }
}

/// Does something with etcd and the controllers, and notes when.
fn with(stage: &Shared, what: impl FnOnce(&mut Stage) -> Result<()> + 'static) -> Act {
    let stage = Rc::clone(stage);
    act(move |_| {
        let mut stage = stage.borrow_mut();
        stage.since = SystemTime::now();
        what(&mut stage)
    })
}

/// Writes the manifest of `web` into etcd, with so many replicas.
fn push(stage: &Shared, replicas: u32) -> Act {
    let stage = Rc::clone(stage);
    let push = act(move |world| {
        let manifests = world.manifests().display().to_string();
        world.call(&["push", &manifests, &stage.borrow().address()])?;
        ensure!(world.last.code == 0, "skiff push ended with {}", world.last.code);
        Ok(())
    });
    all([write("web.yaml", &service("web").replicas(replicas).to_string()), push])
}

/// Starts one more controller, with a socket to the engine of its own.
fn start(stage: &Shared, args: &[&str]) -> Act {
    let (stage, args): (_, Vec<String>) = (Rc::clone(stage), args.iter().map(|&arg| arg.to_owned()).collect());
    act(move |world| {
        let ending = Rc::clone(&stage);
        // A scenario that fails while it looks at them has them borrowed, and ends with the test.
        let end = move || drop(ending.try_borrow_mut().map(|mut stage| stage.runs.clear()));
        world.endings.push(Ending(Box::new(end)));
        let mut stage = stage.borrow_mut();
        let number = stage.runs.len();
        let ear = Ear::open(&world.folder().join(format!("{number}.sock")), world.docker.socket())?;
        let address = stage.address();
        let folder = world.folder().display().to_string();
        let args: Vec<String> =
            args.iter().map(|arg| arg.replace("{folder}", &folder).replace("{number}", &number.to_string())).collect();
        let line: Vec<&str> = ["run", &address].into_iter().chain(args.iter().map(String::as_str)).collect();
        let env = [world.env.clone(), vec![("DOCKER_HOST".to_owned(), ear.host())]].concat();
        let log = world.folder().join(format!("run-{number}.log"));
        stage.since = SystemTime::now();
        let running = world.skiff.start(&line, &env, &log)?;
        stage.runs.push(Run { running, ear });
        Ok(())
    })
}

fn signal(stage: &Shared, number: usize, signal: Signal) -> Act {
    with(stage, move |stage| stage.run(number)?.running.signal(signal))
}

/// Kills a controller and waits until it is no more, as whoever starts services anew does.
fn kill(stage: &Shared, number: usize) -> Act {
    with(stage, move |stage| {
        let run = stage.runs.get_mut(number).context("no such controller")?;
        run.running.signal(Signal::KILL)?;
        run.running.wait(Duration::from_secs(5)).map(drop)
    })
}

/// The events that tell who leads: when, who and what.
fn turns(world: &World) -> Result<Vec<(SystemTime, String, String)>> {
    let mut turns = Vec::new();
    for event in history(world)? {
        let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        if ["Leading", "LeaseLost", "Resigned"].contains(&text("reason").as_str()) {
            let at: jiff::Timestamp = text("at").parse()?;
            turns.push((SystemTime::from(at), text("by"), text("reason")));
        }
    }
    Ok(turns)
}

/// All events, as they are kept.
fn history(world: &World) -> Result<Vec<Value>> {
    let events = world.folder().join("state").join(&world.instance).join("events.jsonl");
    let text = std::fs::read_to_string(events).unwrap_or_default();
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A controller leads, and was elected no later than so long after what was done last.
fn leads(stage: &Shared, number: usize, at_most: Duration) -> Check {
    let stage = Rc::clone(stage);
    let leads = check(move |world| {
        let stage = stage.borrow();
        let (turns, name) = (turns(world)?, stage.name(number)?);
        let last = turns.iter().rev().find(|(_, _, reason)| reason == "Leading").context("nobody leads")?;
        ensure!(last.1 == name, "{} leads, and not {name}", last.1);
        let took = last.0.duration_since(stage.since).unwrap_or_default();
        ensure!(took <= at_most, "it took {took:?}");
        Ok(())
    });
    within(at_most + Duration::from_secs(5), leads)
}

/// A controller has logged this.
fn has_logged(stage: &Shared, number: usize, words: &'static str) -> Check {
    let stage = Rc::clone(stage);
    check(move |_| {
        let log = stage.borrow().run(number)?.running.log();
        ensure!(log.contains(words), "`{words}` is not in the log:\n{log}");
        Ok(())
    })
}

/// A controller has asked the engine to change nothing since what was done last.
fn has_not_acted(stage: &Shared, number: usize) -> Check {
    let stage = Rc::clone(stage);
    check(move |_| {
        let mut stage = stage.borrow_mut();
        let since = stage.since;
        let run = stage.runs.get_mut(number).context("no such controller")?;
        let late: Vec<_> = run.ear.writes().iter().filter(|(at, _)| *at >= since).collect();
        ensure!(late.is_empty(), "it has acted:\n{late:#?}");
        Ok(())
    })
}

/// Whoever acted did so while it led: what each of them asked of the engine lies within its turns, as events tell them.
fn each_acted_in_its_turn(stage: &Shared) -> Check {
    let stage = Rc::clone(stage);
    check(move |world| {
        let turns = turns(world)?;
        let (mut stage, mut acted) = (stage.borrow_mut(), 0);
        for number in 0..stage.runs.len() {
            let name = stage.name(number)?;
            let run = stage.runs.get_mut(number).context("no such controller")?;
            // A turn begins by an election, and ends by the next one, or before.
            let counts = |(_, by, reason): &&(SystemTime, String, String)| *by == name || reason == "Leading";
            for (at, request) in run.ear.writes() {
                let turn = turns.iter().filter(counts).rev().find(|(since, _, _)| since <= at);
                let is_own = turn.is_some_and(|(_, by, reason)| *by == name && reason == "Leading");
                ensure!(is_own, "{name} asked `{request}` in the turn of {turn:?}");
                acted += 1;
            }
        }
        ensure!(acted > 0, "nobody has acted");
        for event in history(world)? {
            ensure!(event.get("by").is_some(), "nobody signed {event}");
        }
        Ok(())
    })
}

/// Every container was made once.
fn none_was_made_twice() -> Check {
    check(|world| {
        let made = world.events()?;
        let of = |event: &Value, pointer: &str| {
            event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let made = made.iter().filter(|event| of(event, "/Action") == "create" && of(event, "/Type") == "container");
        let mut names: Vec<String> = made.map(|event| of(event, "/Actor/Attributes/name")).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        ensure!(names.len() == all, "made more than once: {names:?}");
        Ok(())
    })
}

/// Flags that have a controller answer at a socket of its own.
const WATCHED: [&str; 2] = ["--metrics-listen", "unix:{folder}/metrics-{number}.sock"];

#[test]
fn whoever_stands_by_says_so_and_leads_at_once_when_the_leader_ends() {
    let stage = one_member();
    scenario("whoever stands by says so, and leads at once when the leader ends")
        .step(
            "one leads",
            all([push(&stage, 1), start(&stage, &[])]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "another one stands by",
            start(&stage, &[]),
            [
                eventually(has_logged(&stage, 1, "stands by")),
                eventually(has_logged(&stage, 1, "ready to lead: 1 object declared, 0 mistakes in them")),
            ],
        )
        .step("who leads can be asked", call(&["doctor"]), [answers("leads since")])
        .step("it is told", call(&["events"]), [answers("StandingBy"), answers("Leading")])
        .step(
            "nobody else acts beside them",
            act(|world| {
                let manifests = world.manifests().display().to_string();
                world.call(&["up", &manifests])
            }),
            [exits(1), says("`skiff run` (process")],
        )
        .step("the leader is asked", call(&["rollout", "restart", "nothing"]), [exits(1), says("nothing")])
        .step("the leader ends", signal(&stage, 0, Signal::TERM), [leads(&stage, 1, HAND_OVER), untouched("web")])
        .step(
            "what is pushed then is done",
            push(&stage, 2),
            [eventually(ready("web", 2)), has_not_acted(&stage, 0), each_acted_in_its_turn(&stage)],
        );
}

#[test]
fn a_leader_that_is_killed_is_followed_within_its_lease_and_one_that_comes_back_waits_for_nothing() {
    let stage = one_member();
    let lease = ["--lease", "4s"];
    scenario("a leader that is killed is followed within its lease, and one that comes back waits for nothing")
        .step(
            "one leads and another stands by",
            all([push(&stage, 1), start(&stage, &lease)]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 1))],
        )
        .step("another one stands by", start(&stage, &lease), [eventually(has_logged(&stage, 1, "ready to lead"))])
        .step(
            "the leader is killed, and a container with it",
            all([docker(&["rm", "-f"], "web"), signal(&stage, 0, Signal::KILL)]),
            [leads(&stage, 1, LEASE + HAND_OVER), eventually(ready("web", 1)), each_acted_in_its_turn(&stage)],
        )
        .step("the next one is killed as well", kill(&stage, 1), [])
        .step(
            "one that is started again leads at once: on this host it is known that the other is no more",
            start(&stage, &["--lease", "10m"]),
            [leads(&stage, 2, HAND_OVER)],
        )
        .step("that one is killed", kill(&stage, 2), [])
        .step("however long its lease", start(&stage, &[]), [leads(&stage, 3, HAND_OVER)]);
}

#[test]
fn a_leader_that_was_frozen_past_its_lease_begins_nothing_when_it_wakes() {
    let stage = one_member();
    let lease = ["--lease", "4s"];
    scenario("a leader that was frozen past its lease begins nothing when it wakes")
        .step(
            "one leads",
            all([push(&stage, 1), start(&stage, &lease)]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 1))],
        )
        .step("another one stands by", start(&stage, &lease), [eventually(has_logged(&stage, 1, "ready to lead"))])
        .step("from now on it is looked at what happens", remember(), [])
        .step(
            "there is much to do",
            push(&stage, REPLICAS),
            [eventually(check(|world| {
                let count = world.replicas("web")?.len();
                ensure!((4..30).contains(&count), "{count} replicas are there");
                Ok(())
            }))],
        )
        .step(
            "in the middle of it the leader freezes",
            signal(&stage, 0, Signal::STOP),
            [leads(&stage, 1, LEASE + HAND_OVER), within(Duration::from_secs(90), ready("web", REPLICAS as usize))],
        )
        .step(
            "it wakes",
            signal(&stage, 0, Signal::CONT),
            [
                eventually(has_logged(&stage, 0, "leads no more")),
                eventually(has_logged(&stage, 0, "stands by")),
                throughout(Duration::from_secs(3), has_not_acted(&stage, 0)),
                leads(&stage, 1, Duration::ZERO),
                none_was_made_twice(),
            ],
        )
        .step(
            "it takes its turn again",
            all([signal(&stage, 1, Signal::TERM), push(&stage, 2)]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 2)), each_acted_in_its_turn(&stage)],
        );
}

#[test]
fn a_leader_outlives_a_member_of_the_cluster_and_stops_where_most_of_them_are_gone() {
    let stage = stage(Etcd::start_cluster().expect("three members"));
    scenario("a leader outlives a member of the cluster, and stops where most of them are gone")
        .step(
            "one leads",
            all([push(&stage, 1), start(&stage, &["--lease", "6s"])]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 1))],
        )
        .step(
            "another one stands by",
            start(&stage, &["--lease", "6s"]),
            [eventually(has_logged(&stage, 1, "ready to lead"))],
        )
        .step("as it is now", remember(), [])
        .step(
            "the member that leads the cluster is killed",
            with(&stage, |stage| {
                let leads = stage.members.iter().position(|member| member.leads().unwrap_or_default());
                let member = leads.and_then(|leads| stage.members.get_mut(leads)).context("no member leads")?;
                member.kill()
            }),
            [throughout(Duration::from_secs(10), leads(&stage, 0, Duration::ZERO)), untouched("web")],
        )
        .step("what is pushed is done", push(&stage, 2), [eventually(ready("web", 2))])
        .step(
            "a second member is killed",
            with(&stage, |stage| {
                let lives = stage.members.iter_mut().find(|member| member.is_alive());
                lives.context("no member lives")?.kill()
            }),
            [eventually(has_logged(&stage, 0, "leads no more"))],
        )
        .step(
            "what is lost then stays so",
            docker(&["rm", "-f"], "web"),
            [
                throughout(Duration::from_secs(5), ready("web", 1)),
                eventually(has_logged(&stage, 1, "nobody can be elected")),
            ],
        )
        .step("it is said why", call(&["get"]), [exits(0), says("nobody leads"), says("what runs is left to Docker")])
        .step(
            "nobody can be asked to look",
            call(&["sync"]),
            [exits(1), says("none of them leads now"), says("`skiff get` says why nobody leads")],
        )
        .step(
            "the cluster is back",
            with(&stage, |stage| stage.members.iter_mut().filter(|member| !member.is_alive()).try_for_each(Etcd::run)),
            [within(Duration::from_secs(40), ready("web", 2))],
        )
        .step("each of them has kept to its turns", look(), [each_acted_in_its_turn(&stage)]);
}
