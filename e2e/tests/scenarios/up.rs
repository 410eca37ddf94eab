//! From nothing to running, and then nothing to do.

use skiff_e2e::act::{apply, call, look, remember, skiff, up, write};
use skiff_e2e::check::{
    answers_json, check, exits, gone, networks, nothing_was_written, ready, says, untouched, volumes,
};
use skiff_e2e::{config, network, scenario, service, volume};

fn system() -> String {
    let web = service("web").replicas(2).template("networks: [{ name: back }]");
    let db = service("db")
        .template("volumes: [{ name: data, volume: { name: data } }]")
        .container("volumeMounts: [{ name: data, mountPath: /data }]");
    [network("back"), volume("data"), config("page", "title", "hello"), web.to_string(), db.to_string()].concat()
}

#[test]
fn what_is_declared_runs_and_a_second_up_does_nothing() {
    scenario("what is declared runs, and a second up does nothing")
        .step("everything comes up from nothing", apply(&system()), [ready("web", 2), ready("db", 1)])
        .step(
            "with its networks and its volume",
            look(),
            [networks(&["default-back", "default-default"]), volumes(&["default-data"])],
        )
        .step("as it is now", remember(), [])
        .step("up again", up(), [untouched("web"), untouched("db"), nothing_was_written(), exits(0)]);
}

#[test]
fn plan_says_by_its_exit_code_whether_there_is_something_to_do_and_changes_nothing() {
    scenario("plan says by its exit code whether there is something to do, and changes nothing")
        .step("before anything runs", write("main.yaml", &system()), [])
        .step(
            "there would be changes",
            skiff("plan", &[]),
            [exits(2), says("web"), gone("web"), networks(&[]), volumes(&[])],
        )
        .step(
            "also for programs",
            skiff("plan", &["-o", "json"]),
            [exits(2), answers_json(), gone("web"), volumes(&[])],
        )
        .step("when it runs", up(), [ready("web", 2)])
        .step("as it is now", remember(), [])
        .step("there would be none", skiff("plan", &[]), [exits(0), nothing_was_written()])
        .step(
            "a mistake",
            write("main.yaml", "apiVersion: skiff.dev/v1\nkind: Deploiment\nmetadata: { name: x }\n"),
            [],
        )
        .step("is an error", skiff("plan", &[]), [exits(1), says("main.yaml"), nothing_was_written()]);
}

#[test]
fn plan_and_diff_show_what_the_same_up_would_do() {
    let all_four = ["a", "b", "c", "d"].map(|name| service(name).to_string()).concat();
    let left = [service("a"), service("new")].map(|service| service.to_string()).concat();
    scenario("plan and diff show what the same up would do")
        .step("four run", apply(&all_four), [ready("a", 1), ready("d", 1)])
        .step("as they are now", remember(), [])
        .step(
            "a scale is planned",
            skiff("plan", &["--scale", "a=2"]),
            [exits(2), says("create container"), says("a-2")],
        )
        .step("and is a difference", skiff("diff", &["--scale", "a=2"]), [exits(2), says("a-2")])
        .step("three leave, one comes", write("main.yaml", &left), [])
        .step("one by its name is as it should be", skiff("plan", &["a"]), [exits(0)])
        .step("the other is not", skiff("plan", &["new"]), [exits(2), says("new-1")])
        .step("the prune is held", skiff("plan", &[]), [exits(2), says("confirm with --confirm-prune")])
        .step("unless it is confirmed", skiff("plan", &["--confirm-prune"]), [exits(2), says("remove container")])
        .step("all of it was only shown", look(), [untouched("a"), untouched("d"), nothing_was_written()])
        .step("another path is none of these names", skiff("plan", &["other.yaml"]), [exits(1), says("-f other.yaml")]);
}

#[test]
fn diff_names_the_fields_that_would_change() {
    scenario("diff names the fields that would change")
        .step("one replica runs", apply(&service("web").env("LEVEL", "info").to_string()), [ready("web", 1)])
        .step("a variable changes", write("main.yaml", &service("web").env("LEVEL", "debug").to_string()), [])
        .step("diff says so", skiff("diff", &[]), [exits(2), says("LEVEL")])
        .step("and nothing changes", remember(), [untouched("web")]);
}

#[test]
fn the_commands_that_read_work_without_a_daemon() {
    scenario("the commands that read work without a daemon")
        .step("two replicas run", apply(&service("web").replicas(2).to_string()), [ready("web", 2)])
        .step("get shows them", call(&["get", "deployments"]), [exits(0), says("web")])
        .step("also as JSON", call(&["get", "deployments", "-o", "json"]), [exits(0), answers_json()])
        .step(
            "two that are described are one document",
            call(&["describe", "deployment/web", "network/default", "-o", "json"]),
            [exits(0), answers_json()],
        )
        .step("a format that a command has not is refused", call(&["wait", "-o", "json"]), [exits(1), says("-o json")])
        .step("describe says more", call(&["describe", "deployment/web"]), [exits(0), says("skiff-test/busybox:1")])
        .step("exec runs a command", call(&["exec", "web", "--", "cat", "/etc/version"]), [exits(0), says("1")])
        .step("and passes its exit code on", call(&["exec", "web", "--", "sh", "-c", "exit 7"]), [exits(7)])
        .step("wait is content", call(&["wait", "deployment/web", "--timeout", "20s"]), [exits(0)])
        .step("doctor finds the engine", call(&["doctor"]), [says("API")]);
}

#[test]
fn a_namespace_is_taken_from_the_command_line_where_the_manifest_names_none() {
    scenario("a namespace is taken from the command line where the manifest names none")
        .step("the manifest names none", write("main.yaml", &service("web").to_string()), [])
        .step("up in a namespace", skiff("up", &["-n", "shop", "--timeout", "60s"]), [exits(0), ready("web", 1)])
        .step(
            "it is in the name",
            look(),
            [check(|world| {
                let name = world.replica("web")?.name;
                anyhow::ensure!(name == format!("{}-shop-web-1", world.instance), "{name}");
                Ok(())
            })],
        );
}

#[test]
fn up_believes_what_has_crashed_only_once_it_has_run_for_a_while() {
    // The first run ends at once, each later one outlives the second look that is enough for what has not crashed.
    let frail = service("web").container("command: [sh, -c, '[ -e /seen ] && sleep 4; touch /seen; exit 3']");
    scenario("up believes what has crashed only once it has run for a while")
        .step("what crashes now and then", write("main.yaml", &frail.to_string()), [])
        .step("is not ready while it runs for a moment", skiff("up", &[]), [exits(1), says("exited with 3")]);
}
