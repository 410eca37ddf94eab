//! Who asks a service by its name while its stack is taken over is answered all the time.

use anyhow::{Result, ensure};
use skiff_e2e::act::{look, write};
use skiff_e2e::check::{Check, check, eventually, exits, says};
use skiff_e2e::{IMAGE, World, scenario};

use super::{Composed, adopt, compose_up, has_compose};

/// A server whose name no object can have, one that asks it without a pause, and what every stack here has.
fn stack() -> String {
    let serve = "echo here > /tmp/index.html; exec httpd -f -p 8000 -h /tmp";
    let ask = "while :; do wget -q -O /dev/null http://my_page:8000/ && echo answered || echo failed; done";
    format!(
        "name: default
services:
  my_page:
    image: {IMAGE}
    command: [sh, -c, '{serve}']
    restart: always
    stop_grace_period: 0s
  asker:
    image: {IMAGE}
    command: [sh, -c, '{ask}']
    restart: always
    stop_grace_period: 0s
  db:
    image: {IMAGE}
    command: [sleep, '1000000']
    restart: always
    stop_grace_period: 0s
    volumes: ['data:/data']
volumes: {{ data: }}
"
    )
}

/// What came of each request since the first one that was answered.
fn answers(world: &World) -> Result<Vec<String>> {
    let asker = world.docker.inspect(&format!("{}_asker_1", Composed::project(&world.instance)))?;
    let output = world.docker.command().args(["logs", &asker.id]).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(said.lines().skip_while(|line| *line != "answered").map(str::to_owned).collect())
}

fn was_answered(at_least: usize) -> Check {
    check(move |world| {
        let answers = answers(world)?;
        let failed = answers.iter().filter(|answer| *answer != "answered").count();
        ensure!(answers.len() >= at_least, "it has asked {} times", answers.len());
        ensure!(failed == 0, "{failed} of {} requests failed", answers.len());
        Ok(())
    })
}

#[test]
fn who_asks_a_service_by_its_name_while_it_is_taken_over_is_always_answered() {
    if !has_compose() {
        return;
    }
    let (keep, composed) = std::sync::mpsc::channel();
    scenario("who asks a service by its name while it is taken over is always answered")
        .step("a Compose file", write("compose.yaml", &stack()), [])
        .step("Docker Compose starts it", compose_up(&[], keep), [eventually(was_answered(20))])
        .step(
            "it is taken over",
            adopt(&["--confirm"]),
            [
                exits(0),
                says("default/my-page, kept as adopted; it answers to my_page, and to my-page when it is replaced"),
            ],
        )
        .step("and has answered all the time", look(), [was_answered(25)])
        .step("down with its volumes", skiff_e2e::act::skiff("down", &["--volumes", "--yes"]), [exits(0)]);
    drop(composed);
}
