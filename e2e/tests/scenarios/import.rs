//! A Compose project as manifests: what is written gives the plan that the Compose file gives.

use std::fs;

use skiff_e2e::act::{Act, act, all, look, remember, skiff, write};
use skiff_e2e::check::{answers, check, exits, is_silent_on, ready, says, untouched};
use skiff_e2e::{IMAGE, scenario};

fn stack() -> String {
    format!(
        "name: default
services:
  web:
    image: {IMAGE}
    command: [sleep, '1000000']
    stop_grace_period: 0s
    restart: always
    environment: {{ WORD: \"${{WORD:-one}}\" }}
    volumes: ['./page:/page', 'data:/data', {{ type: tmpfs, target: /scratch }}]
    configs: [{{ source: conf, target: /etc/conf, mode: 0440 }}]
    depends_on: {{ db: {{ condition: service_healthy }} }}
    networks: {{ front: {{ aliases: [www] }}, back: }}
    deploy: {{ replicas: 2, resources: {{ limits: {{ memory: 64m }} }} }}
  db:
    image: {IMAGE}
    command: [sleep, '1000000']
    stop_grace_period: 0s
    healthcheck: {{ test: [CMD, 'true'], interval: 500ms }}
    networks: [back]
networks: {{ front: {{}}, back: {{ internal: true }} }}
volumes: {{ data: {{}} }}
configs: {{ conf: {{ content: 'a = 1' }} }}
"
    )
}

/// `skiff import compose`, from the folder of the Compose file.
fn import(to: &'static str) -> Act {
    act(move |world| {
        let file = world.manifests().join("compose.yaml").display().to_string();
        let to = world.manifests().join(to).display().to_string();
        world.call(&["import", "compose", "-f", &file, "-o", &to])
    })
}

#[test]
fn what_is_imported_gives_the_plan_that_the_compose_file_gives() {
    scenario("what is imported gives the plan that the Compose file gives")
        .step("a Compose file", all([write("compose.yaml", &stack()), write("page/index", "hello")]), [])
        .step("runs", skiff("up", &[]), [exits(0), ready("web", 2), ready("db", 1)])
        .step("as it is now", remember(), [])
        .step(
            "it is imported",
            import("."),
            [
                exits(0),
                says("services.db.restart"),
                says("approximated"),
                says("attributes are honoured"),
                says("declares the same objects"),
            ],
        )
        .step("again it is not written over", import("."), [exits(1), says("is there already"), says("--force")])
        .step("the Compose file goes", act(|world| Ok(fs::remove_file(world.manifests().join("compose.yaml"))?)), [])
        .step("and there is nothing to do", skiff("plan", &[]), [exits(0), says("nothing to do")])
        .step("in fact", skiff("up", &[]), [exits(0), untouched("web"), untouched("db")])
        .step(
            "a comment says what is not as it was",
            act(|_| Ok(())),
            [check(|world| {
                let text = fs::read_to_string(world.manifests().join("db.yaml"))?;
                anyhow::ensure!(text.contains("# services.db.restart ("), "{text}");
                Ok(())
            })],
        );
}

#[test]
fn a_project_that_is_refused_is_not_imported_and_says_where() {
    let text = format!("services: {{ web: {{ image: {IMAGE}, models: [m] }} }}\nmodels: {{ m: {{ model: x }} }}\n");
    scenario("a project that is refused is not imported, and says where")
        .step("a Compose file", write("compose.yaml", &text), [])
        .step("is refused at its line", import("out"), [exits(1), says("compose.yaml:1:"), says("`models` is refused")])
        .step("and is in the report beside the others", look(), [answers("services.web.models"), answers("refused")])
        .step(
            "and nothing is written",
            act(|_| Ok(())),
            [
                is_silent_on("wrote"),
                check(|world| {
                    anyhow::ensure!(!world.manifests().join("out").exists(), "there is a folder");
                    Ok(())
                }),
            ],
        );
}
