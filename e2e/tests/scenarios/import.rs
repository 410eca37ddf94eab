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

/// A stack with a folder that is written to, a file that is content, and a healthy database.
fn mounting() -> String {
    stack().replace("'./page:/page', ", "'./page:/page', './rules.conf:/etc/rules.conf:ro', ")
}

#[test]
fn what_is_imported_into_another_folder_leaves_what_runs_alone() {
    let import = act(|world| {
        let stack = world.manifests().join("stack/compose.yaml").display().to_string();
        let to = world.manifests().join("deeper/native").display().to_string();
        world.call(&["import", "compose", "-f", &stack, "-o", &to])
    });
    let moved = act(|world| Ok(fs::remove_file(world.manifests().join("stack/compose.yaml"))?));
    let says_where = check(|world| {
        let text = |name: &str| fs::read_to_string(world.manifests().join("deeper/native").join(name));
        let (web, db) = (text("web.yaml")?, text("db.yaml")?);
        anyhow::ensure!(web.contains("skiff.dev/paths-relative-to: ../../stack"), "{web}");
        anyhow::ensure!(web.contains("path: ./page") && !db.contains("paths-relative-to"), "{web}{db}");
        Ok(())
    });
    let serves = |text: &'static str| {
        check(move |world| {
            let web = world.replica("web")?;
            let output = world.docker.command().args(["exec", &web.id, "cat", "/etc/rules.conf"]).output()?;
            let found = String::from_utf8_lossy(&output.stdout).into_owned();
            anyhow::ensure!(found == text, "{found}");
            Ok(())
        })
    };
    let one = mounting().replace("replicas: 2", "replicas: 1");
    scenario("what is imported into another folder leaves what runs alone")
        .step(
            "a Compose file in a folder",
            all([
                write("stack/compose.yaml", &one),
                write("stack/page/index", "hello"),
                write("stack/rules.conf", "allow all"),
            ]),
            [],
        )
        .step("runs", skiff("up", &[]), [exits(0), ready("web", 1), serves("allow all")])
        .step("as it is now", remember(), [])
        .step("it is imported into another one", import, [exits(0), is_silent_on("anew"), says_where])
        .step("the Compose file goes", moved, [])
        .step("and there is nothing to do", skiff("plan", &[]), [exits(0), says("nothing to do")])
        .step("in fact", skiff("up", &[]), [exits(0), untouched("web"), untouched("db")])
        .step(
            "what is mounted is the same file still",
            all([write("stack/rules.conf", "deny all"), skiff("up", &[])]),
            [exits(0), serves("deny all")],
        )
        .step(
            "a way from the root is refused",
            act(|world| {
                let path = world.manifests().join("deeper/native/web.yaml");
                let text = fs::read_to_string(&path)?.replace("../../stack", "/srv");
                Ok(fs::write(path, text)?)
            }),
            [],
        )
        .step("at its line", skiff("plan", &[]), [exits(1), says("cannot be `/srv`"), says("web.yaml:")]);
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
