//! Compose files as manifests: a stack comes up as it is, and is kept so.

use skiff_e2e::act::{all, remember, run, skiff, write};
use skiff_e2e::check::{
    check, eventually, exits, gone, networks, nothing_was_written, ready, replaced, says, untouched, volumes,
};
use skiff_e2e::{IMAGE, scenario};

/// Its project is called `default`, so that its objects are found as those of other scenarios are.
fn stack(tag: &str) -> String {
    format!(
        "name: default
services:
  web:
    image: {IMAGE}
    environment: {{ TAG: \"${{TAG:-{tag}}}\" }}
    stop_grace_period: 1s
    depends_on: {{ db: {{ condition: service_healthy }} }}
    networks: [front, back]
    deploy: {{ replicas: 2, update_config: {{ order: start-first }} }}
  db:
    image: {IMAGE}
    stop_grace_period: 1s
    healthcheck: {{ test: [CMD, \"true\"], interval: 500ms }}
    networks: {{ back: {{ aliases: [database] }} }}
    volumes: [data:/data]
networks: {{ front: {{}}, back: {{ internal: true }} }}
volumes: {{ data: {{}} }}
"
    )
}

#[test]
fn a_compose_stack_comes_up_as_it_is_and_a_second_up_does_nothing() {
    scenario("a Compose stack comes up as it is, and a second up does nothing")
        .step("a stack is written", write("compose.yaml", &stack("one")), [])
        .step("a plan says so", skiff("plan", &[]), [exits(2), says("web"), gone("web")])
        .step("it comes up", skiff("up", &[]), [exits(0), ready("web", 2), ready("db", 1)])
        .step(
            "under the names that Compose gives",
            remember(),
            [networks(&["default_back", "default_front"]), volumes(&["default_data"])],
        )
        .step("again", skiff("up", &[]), [exits(0), untouched("web"), untouched("db"), nothing_was_written()]);
}

#[test]
fn a_stack_follows_its_files_and_a_mistake_tears_nothing_down() {
    scenario("a stack follows its files, and a mistake tears nothing down")
        .step(
            "it is kept",
            all([write("compose.yaml", &stack("one")), run()]),
            [eventually(ready("web", 2)), eventually(ready("db", 1))],
        )
        .step("as it is now", remember(), [])
        .step("a variable is set beside it", write(".env", "TAG=two\n"), [eventually(replaced("web")), untouched("db")])
        .step("the new ones run", remember(), [eventually(ready("web", 2)), eventually(is_tag("two"))])
        .step("as it is then", remember(), [])
        .step(
            "a mistake",
            write("compose.yaml", &stack("one").replace("stop_grace_period", "stop_grace")),
            [eventually(skiff_e2e::check::logs("is no attribute of")), untouched("web"), untouched("db")],
        );
}

/// What every replica has been told.
fn is_tag(tag: &'static str) -> skiff_e2e::check::Check {
    check(move |world| {
        let replicas = world.replicas("web")?;
        anyhow::ensure!(
            replicas.iter().all(|replica| replica.variable("TAG") == Some(tag)),
            "not all of them have {tag}"
        );
        Ok(())
    })
}
