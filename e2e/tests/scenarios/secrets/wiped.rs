//! What is remembered of secrets is lost: nothing is restarted for it, and nothing stays unknown.

use skiff_e2e::act::{kill_run, run, run_on};
use skiff_e2e::check::throughout;

use super::*;

#[test]
fn a_container_that_ended_and_whose_key_of_secrets_is_gone_is_made_anew() {
    let text = [secret("db", "password", "quite-a-secret"), reader().to_string()].concat();
    let lose_key = act(|world| {
        let key = world.folder().join("state").join(&world.instance).join("digest-key");
        Ok(fs::remove_file(key)?)
    });
    scenario("a container that ended and whose key of secrets is gone is made anew")
        .step("a replica runs", apply(&text), [ready("web", 1), file_says("quite-a-secret")])
        .step("as it is now", remember(), [])
        .step("the state is lost, and it goes on", all([lose_key, up()]), [untouched("web")])
        .step(
            "it ends, and its files go as with a reboot",
            all([docker(&["stop", "-t", "1"], "web"), empty_memory(), up()]),
            [ready("web", 1), replaced("web"), file_says("quite-a-secret")],
        )
        .step("it is told why", call(&["events"]), [answers("unable to start again: the key that")])
        .step("and all is well", skiff("plan", &[]), [exits(0)]);
}

#[test]
fn a_state_directory_that_is_wiped_restarts_nothing_and_changes_are_seen_from_then_on() {
    let with = |value: &str| [secret("db", "password", value), reader().to_string()].concat();
    let wipe = act(|world| {
        let state = world.folder().join("state").join(&world.instance);
        ensure!(state.join("digest-key").is_file() && state.join("history.json").is_file(), "nothing is remembered");
        Ok(fs::remove_dir_all(state)?)
    });
    scenario("a state directory that is wiped restarts nothing, and changes are seen from then on")
        .step("a replica runs", run_on(&with("quite-a-secret")), [eventually(ready("web", 1))])
        .step("and is stable", call(&["rollout", "status", "web", "--timeout", "60s"]), [exits(0)])
        .step("as it is now", remember(), [])
        .step(
            "all that is remembered is lost, and another controller begins",
            all([kill_run(), wipe, run()]),
            [eventually(logs("manifests loaded")), throughout(Duration::from_secs(3), untouched("web"))],
        )
        .step(
            "it is the same revision",
            call(&["rollout", "status", "web", "--timeout", "60s"]),
            [exits(0), says("revision 1 is stable")],
        )
        .step(
            "that nobody can tell whether the secret changed is said",
            skiff("plan", &[]),
            [exits(0), answers("rollout restart web")],
        )
        .step(
            "the secret changes",
            write("main.yaml", &with("quite-another-one")),
            [eventually(file_says("quite-another-one")), replaced("web")],
        )
        .step(
            "and nothing is unknown any more",
            call(&["rollout", "status", "web", "--timeout", "60s"]),
            [exits(0), says("revision 2 is stable")],
        );
}
