//! Several sources at once: each object has one.

use skiff_e2e::act::{remove, run, write};
use skiff_e2e::check::networks;
use skiff_e2e::{free_port, network};

use super::*;

/// Starts `skiff run` on the folder of the manifests and a repository.
fn follow_beside_the_folder(forge: &Rc<Forge>) -> Act {
    let address = forge.address(OFTEN).expect("an address");
    act(move |world| {
        let line = ["run".to_owned(), world.manifests().display().to_string(), address];
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        world.running = Some(world.skiff.start(&line, &world.env, &world.folder().join("run.log"))?);
        Ok(())
    })
}

#[test]
fn several_sources_are_kept_and_an_object_of_two_is_a_problem_that_names_both() {
    let forge = forge();
    let begin = follow_beside_the_folder(&forge);
    scenario("several sources are kept, and an object of two is a problem that names both")
        .step(
            "a folder has one service, a repository another",
            all([
                write("db.yaml", &service("db").to_string()),
                push(&forge, &[("web.yaml", &service("web").to_string())], "Web"),
                begin,
            ]),
            [eventually(ready("db", 1)), eventually(ready("web", 1))],
        )
        .step("as they are now", remember(), [])
        .step(
            "the repository claims what the folder has",
            push(
                &forge,
                &[
                    ("db.yaml", &service("db").replicas(3).to_string()),
                    ("web.yaml", &service("web").replicas(2).to_string()),
                ],
                "Claim",
            ),
            [
                eventually(logs("source `shop` declares deployment/default/db, which source `manifests` has")),
                untouched("db"),
                untouched("web"),
            ],
        )
        .step("it is shown", call(&["get"]), [says("source shop has a mistake"), says("which source `manifests` has")])
        .step(
            "the folder gives it up",
            act(|world| Ok(std::fs::remove_file(world.manifests().join("db.yaml"))?)),
            [eventually(ready("db", 3)), eventually(ready("web", 2))],
        )
        .step(
            "each source goes by its name",
            all([end_run(), call(&["down", "--source", "shop"])]),
            [exits(0), gone("web"), gone("db")],
        );
}

#[test]
fn two_sources_of_one_name_are_refused() {
    let (one, two) = (forge(), forge());
    let (one, two) = (one.address("").expect("an address"), two.address("").expect("an address"));
    scenario("two sources of one name are refused").step(
        "both are called shop",
        call(&["run", &one, &two]),
        [exits(1), says("are both called `shop`"), says("`?name=`")],
    );
}

#[test]
fn sources_name_each_others_objects_and_none_takes_a_port_or_a_network_from_another() {
    let (forge, port) = (forge(), free_port().expect("a port").to_string());
    let published = format!("ports: [{{ containerPort: 80, hostPort: {port}, hostIP: 127.0.0.1 }}]");
    let db = service("db").container(&published).to_string();
    let web = || service("web").depends_on("db", "Ready");
    let on_edge = web().template("networks: [{ name: edge }]");
    scenario("sources name each other's objects, and none takes a port or a network from another")
        .step(
            "a repository names a network and a service of the folder",
            all([
                write("db.yaml", &db),
                write("edge.yaml", &network("edge")),
                push(&forge, &[("web.yaml", &on_edge.to_string())], "On the edge"),
                follow_beside_the_folder(&forge),
            ]),
            [eventually(ready("web", 1)), ready("db", 1)],
        )
        .step("as they are now", remember(), [])
        .step(
            "a commit wants the port of the folder",
            push(&forge, &[("web.yaml", &on_edge.clone().container(&published).to_string())], "Port"),
            [eventually(logs("Port (Ann) is not applied")), untouched("web"), untouched("db")],
        )
        .step(
            "both are named",
            call(&["get"]),
            [
                says("deployment/default/web of source `shop` ("),
                says("deployment/default/db of source `manifests` ("),
                says(&port),
            ],
        )
        .step(
            "the folder drops the network that the repository uses",
            remove("edge.yaml"),
            [
                eventually(logs("network/default/edge of source `manifests`, which is declared no more")),
                untouched("web"),
                networks(&["default-default", "default-edge"]),
            ],
        )
        .step(
            "the repository needs neither any more",
            push(&forge, &[("web.yaml", &web().to_string())], "Off the edge"),
            [eventually(networks(&["default-default"])), eventually(ready("web", 1)), untouched("db")],
        )
        .step("and all is well", call(&["sync"]), [exits(0), answers("Off the edge (Ann) is in force")]);
}

#[test]
fn what_was_wrong_with_a_source_that_nobody_keeps_any_more_is_not_shown() {
    let forge = forge();
    let not_said = check(|world| {
        world.call(&["get"])?;
        let said = format!("{}{}", world.last.stdout, world.last.stderr);
        ensure!(!said.contains("mistake"), "it is still said: {said}");
        Ok(())
    });
    scenario("what was wrong with a source that nobody keeps any more is not shown")
        .step(
            "a repository beside the folder has a mistake",
            all([
                write("db.yaml", &service("db").to_string()),
                push(&forge, &[("web.yaml", "kind: [")], "Wrong"),
                follow_beside_the_folder(&forge),
            ]),
            [eventually(ready("db", 1)), eventually(logs("not applied"))],
        )
        .step("it is shown", call(&["get"]), [exits(0), says("source shop has a mistake")])
        .step("the folder is kept alone", all([end_run(), run()]), [eventually(not_said), ready("db", 1)]);
}
