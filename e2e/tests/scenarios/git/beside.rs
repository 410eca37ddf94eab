//! One source alone, beside others of the instance that are known: what they have is used, and what they need stays.

use skiff_e2e::act::{remove, skiff, up, write};
use skiff_e2e::check::networks;
use skiff_e2e::network;

use super::*;

#[test]
fn one_source_alone_knows_the_others_of_the_instance() {
    let forge = forge();
    let main = forge.address("").expect("an address");
    let [feature, claim] = ["ref=feature", "ref=claim"].map(|part| forge.address(part).expect("an address"));
    let web = || service("web").depends_on("db", "Ready");
    let on_edge = web().template("networks: [{ name: edge }]");
    scenario("one source alone knows the others of the instance")
        .step(
            "a folder has a network and a service",
            all([write("db.yaml", &service("db").to_string()), write("edge.yaml", &network("edge")), up()]),
            [ready("db", 1), networks(&["default-default", "default-edge"])],
        )
        .step(
            "a repository has one that waits for it",
            all([push(&forge, &[("web.yaml", &web().to_string())], "Web"), call(&["up", &main, "--timeout", "60s"])]),
            [exits(0), ready("web", 1)],
        )
        .step(
            "a branch names the network of the folder: its preview works, and changes nothing",
            all([
                git(&forge, &["checkout", "--quiet", "-b", "feature"]),
                push(&forge, &[("web.yaml", &on_edge.to_string())], "On the edge"),
                remember(),
                call(&["plan", &feature]),
            ]),
            [exits(2), answers("default-edge"), untouched("web"), untouched("db"), nothing_was_written()],
        )
        .step(
            "a branch that declares what the folder has would take it over, and is told to be one",
            all([
                git(&forge, &["checkout", "--quiet", "-b", "claim"]),
                push(&forge, &[("db.yaml", &service("db").to_string())], "Mine"),
                call(&["plan", &claim]),
            ]),
            [says("deployment/default/db is source `manifests`'s, and becomes source `shop`'s"), untouched("db")],
        )
        .step(
            "it is applied",
            call(&["up", &feature, "--timeout", "60s"]),
            [exits(0), ready("web", 1), untouched("db")],
        )
        .step("as they are now", remember(), [])
        .step(
            "the folder drops its network and its service: both stay, and it is said who needs them",
            all([
                remove("edge.yaml"),
                remove("db.yaml"),
                write("cache.yaml", &service("cache").to_string()),
                skiff("up", &["--confirm-prune", "--timeout", "60s"]),
            ]),
            [
                exits(1),
                says("deployment/default/web of source shop needs it"),
                says("network/default/edge"),
                says("deployment/default/db"),
                says("skiff down --source shop"),
                ready("cache", 1),
                untouched("web"),
                untouched("db"),
                networks(&["default-default", "default-edge"]),
            ],
        )
        .step("they are still known to the repository", call(&["plan", &feature]), [exits(0), untouched("web")])
        .step(
            "to take the folder down leaves them as well",
            skiff("down", &[]),
            [exits(1), gone("cache"), untouched("db"), untouched("web"), says("needs it")],
        )
        .step(
            "once the repository is down nothing needs them",
            all([call(&["down", &main]), skiff("down", &[])]),
            [exits(0), gone("web"), gone("db"), networks(&[])],
        );
}

#[test]
fn an_up_beside_a_controller_is_refused_before_it_works_in_the_repository() {
    let forge = forge();
    let address = forge.address(OFTEN).expect("an address");
    // Nobody takes calls there up: whoever fetched would hang.
    let hangs = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = hangs.local_addr().expect("an address").port();
    scenario("an up beside a controller is refused before it works in the repository")
        .step(
            "a commit runs",
            all([push(&forge, &[("web.yaml", &service("web").to_string())], "Web"), follow(&[&address])]),
            [eventually(ready("web", 1))],
        )
        .step(
            "an up of another repository of the same name",
            act(move |world| world.call(&["up", &format!("git+http://127.0.0.1:{port}/shop.git")])),
            [exits(1), says("works on instance")],
        )
        .step(
            "commits come into force as before",
            push(&forge, &[("web.yaml", &service("web").replicas(2).to_string())], "Two"),
            [eventually(ready("web", 2))],
        );
    drop(hangs);
}
