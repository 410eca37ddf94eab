//! What breaks comes back, what was changed by hand is put back: at the event, long before the next tick, and each with its reason.

use std::time::Duration;

use skiff_e2e::act::{
    Act, act, all, apply, docker, end_run, kill_process_of, kill_run, look, remember, run, run_on, run_with, skiff,
    write,
};
use skiff_e2e::check::{
    Check, check, eventually, every, exits, logs, ready, says, throughout, told, untouched, within,
};
use skiff_e2e::{network, scenario, service};

/// Long before the next tick, so that nothing but an event can have caused it.
const AT_ONCE: Duration = Duration::from_secs(8);

fn running(text: &str) -> Act {
    all([apply(text), run_with(&["--tick", "5m"])])
}

fn restarted(name: &'static str) -> Check {
    check(move |world| {
        let now = world.replica(name)?;
        anyhow::ensure!(now.is_ready(), "{name} does not run");
        let same = world.remembered.values().any(|then| then.id == now.id && then.started_at() == now.started_at());
        anyhow::ensure!(!same, "{name} is as it was");
        Ok(())
    })
}

#[test]
fn a_killed_process_comes_back() {
    scenario("a killed process comes back")
        .step("it runs", running(&service("web").to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("its process is killed from the host", kill_process_of("web"), [eventually(restarted("web"))]);
}

#[test]
fn a_container_that_is_removed_by_hand_comes_back() {
    scenario("a container that is removed by hand comes back")
        .step("two run", running(&service("web").replicas(2).to_string()), [ready("web", 2)])
        .step(
            "one is removed",
            docker(&["rm", "-f"], "web"),
            [within(AT_ONCE, ready("web", 2)), eventually(told("web", &["start container", "(missing)"]))],
        );
}

#[test]
fn a_container_that_is_stopped_or_killed_by_hand_comes_back() {
    scenario("a container that is stopped or killed by hand comes back")
        .step("it runs", running(&service("web").to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step(
            "it is stopped",
            docker(&["stop"], "web"),
            [within(AT_ONCE, restarted("web")), eventually(told("web", &["start container", "(exited with "]))],
        )
        .step("as it is now", remember(), [])
        .step("it is killed", docker(&["kill"], "web"), [within(AT_ONCE, restarted("web"))])
        .step(
            "it is paused",
            docker(&["pause"], "web"),
            [within(AT_ONCE, ready("web", 1)), eventually(told("web", &["unpause container", "(paused)"]))],
        );
}

#[test]
fn a_container_that_was_renamed_by_hand_gets_its_name_back() {
    let rename = act(|world| {
        let seen = world.replica("web")?;
        let output = world.docker.command().args(["rename", &seen.id, &format!("{}-mine", world.instance)]).output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    });
    scenario("a container that was renamed by hand gets its name back")
        .step("it runs", running(&service("web").to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step(
            "it is renamed",
            rename,
            [within(AT_ONCE, untouched("web")), eventually(told("web", &["rename container", "by somebody else)"]))],
        );
}

#[test]
fn limits_that_were_changed_by_hand_are_put_back() {
    let web = service("web").container("resources: { limits: { memory: 64Mi } }");
    let memory = |bytes: i64| {
        every("web", "the memory limit", move |seen| {
            seen.inspect.pointer("/HostConfig/Memory").and_then(serde_json::Value::as_i64) == Some(bytes)
        })
    };
    scenario("limits that were changed by hand are put back")
        .step("it runs", running(&web.to_string()), [memory(64 << 20)])
        .step("as it is now", remember(), [])
        .step(
            "its limit is changed",
            docker(&["update", "--memory", "96m", "--memory-swap", "192m"], "web"),
            [
                within(AT_ONCE, memory(64 << 20)),
                untouched("web"),
                eventually(told("web", &["(adjusted in place: container.resources.limits.memory changed 96Mi → 64Mi"])),
            ],
        );
}

#[test]
fn a_container_that_was_disconnected_by_hand_is_connected_again_with_its_names() {
    let text = format!(
        "{}{}",
        network("a"),
        service("web").template("networks: [{ name: default }, { name: a, aliases: [shop] }]")
    );
    let disconnect = act(|world| {
        let seen = world.replica("web")?;
        let name = format!("{}-default-a", world.instance);
        let output = world.docker.command().args(["network", "disconnect", &name, &seen.id]).output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    });
    let resolves = check(|world| {
        let seen = world.replica("web")?;
        world.docker.exec(&seen.id, &["nslookup", "shop"]).map(drop)
    });
    scenario("a container that was disconnected by hand is connected again, with its names")
        .step("it runs on two networks", running(&text), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step(
            "it is taken off one",
            disconnect,
            [within(AT_ONCE, resolves), untouched("web"), eventually(told("web", &["(not on network "]))],
        );
}

const ENDS_AT_ONCE: &str = "command: [/bin/sh, -c, exit 3]";

/// Docker's restart policy of `bad`.
fn restarts(policy: &'static str) -> Check {
    every("bad", "it has another restart policy", move |seen| {
        seen.inspect.pointer("/HostConfig/RestartPolicy/Name").and_then(serde_json::Value::as_str) == Some(policy)
    })
}

/// Docker starts `bad` again and again.
fn docker_restarts_it() -> Check {
    within(
        Duration::from_secs(20),
        every("bad", "Docker does not restart it", |seen| {
            seen.inspect.get("RestartCount").and_then(serde_json::Value::as_i64) >= Some(2)
        }),
    )
}

#[test]
fn a_crash_loop_is_left_to_docker_where_skiff_ends() {
    let bad = service("bad").container(ENDS_AT_ONCE).to_string();
    let crashes = || eventually(told("bad", &["Skiff restarts it in place of Docker"]));
    let left = || told("bad", &["update container", "(left to Docker's restarts, as Skiff ends)"]);
    scenario("a crash loop is left to Docker where Skiff ends")
        .step(
            "up ends on one that ends at once, every time",
            all([write("main.yaml", &bad), skiff("up", &["--timeout", "60s"])]),
            [exits(1), says("Docker restarts it from here on"), crashes(), left()],
        )
        .step("and Docker goes on with it", look(), [restarts("always"), docker_restarts_it()])
        .step(
            "run takes its restarts again, which is no drift",
            run(),
            [eventually(restarts("no")), told("bad", &["(crashing again and again: after"])],
        )
        .step("run is told to end", end_run(), [restarts("always"), left(), docker_restarts_it()]);
}

#[test]
fn a_crash_loop_is_known_to_the_next_controller() {
    let bad = service("bad").container(ENDS_AT_ONCE);
    let policy = restarts("no");
    let told_once = check(|world| {
        world.call(&["events", "bad"])?;
        let told = world.last.stdout.matches("CrashLoopBackOff").count();
        anyhow::ensure!(told == 1, "the crash loop was told {told} times:\n{}", world.last.stdout);
        Ok(())
    });
    let waits = check(|world| {
        world.call(&["describe", "bad"])?;
        anyhow::ensure!(world.last.stdout.contains("it is started again at"), "{}", world.last.stdout);
        Ok(())
    });
    scenario("a crash loop is known to the next controller")
        .step(
            "one ends at once, every time",
            run_on(&bad.to_string()),
            [eventually(told("bad", &["last with 3: it is started again at", "Skiff restarts it in place of Docker"]))],
        )
        .step("its restarts are Skiff's", look(), [eventually(policy)])
        .step("the controller is killed", kill_run(), [])
        .step("another one begins", run(), [eventually(waits), told_once]);
}

#[test]
fn one_that_keeps_failing_slows_no_other() {
    let bad = service("bad").container("command: [/bin/false]");
    scenario("one that keeps failing slows no other")
        .step(
            "one fails at once, every time",
            run_on(&format!("{bad}{}", service("web"))),
            [eventually(ready("web", 1))],
        )
        .step("run says so", look(), [eventually(logs("bad"))])
        .step("as it is now", remember(), [])
        .step(
            "the other is edited",
            write("web.yaml", &service("other").to_string()),
            [eventually(ready("other", 1)), untouched("web")],
        )
        .step("and stays well", look(), [throughout(Duration::from_secs(2), untouched("web"))]);
}
