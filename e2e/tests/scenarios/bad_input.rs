//! Bad input: a clear word that names the file and the place, and nothing that runs is changed.

use std::fs::{self, File};
use std::io::Write;

use anyhow::ensure;
use skiff_e2e::act::{Act, act, all, apply, call, look, remember, skiff, write};
use skiff_e2e::check::{Check, check, exits, nothing_was_written, ready, says, untouched};
use skiff_e2e::{Scenario, scenario, service};

/// A service runs; then something bad is put beside it; `up` must refuse with these words and change nothing.
fn refused<const WORDS: usize>(obligation: &str, bad: Act, words: [&str; WORDS]) -> Scenario {
    scenario(obligation)
        .step("a service runs", apply(&service("web").to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("something bad is put beside it", bad, [])
        .step("plan refuses", skiff("plan", &[]), [exits(1), briefly()])
        .step("up refuses", skiff("up", &["--timeout", "20s"]), [exits(1)])
        .step("with a clear word", look(), words.map(says))
        .step("and nothing has changed", look(), [untouched("web"), nothing_was_written()])
}

/// In no more words than a person reads.
fn briefly() -> Check {
    check(|world| {
        ensure!(world.last.stderr.len() < 20_000, "{} bytes of complaints", world.last.stderr.len());
        Ok(())
    })
}

#[test]
fn text_that_is_no_yaml() {
    refused(
        "text that is no YAML is named with its line",
        write("bad.yaml", "apiVersion: skiff.dev/v1\nkind: [Deployment\n"),
        ["bad.yaml:"],
    );
}

#[test]
fn an_unknown_field_gets_the_nearest_name() {
    let bad = service("bad").spec("replica: 3").to_string();
    refused("an unknown field gets the nearest name", write("bad.yaml", &bad), ["bad.yaml:", "replicas"]);
}

#[test]
fn every_mistake_is_reported_not_only_the_first() {
    let bad = format!("{}{}", service("bad").spec("replica: 3").container("imag: x"), service("Bad_Name"));
    refused("every mistake is reported, not only the first", write("bad.yaml", &bad), ["Bad_Name", "replica", "imag"]);
}

#[test]
fn one_document_is_told_all_its_mistakes_at_once() {
    let bad = service("Bad_Name").image("NOT//AN:IMAGE").spec("replica: 3").container("imag: x");
    refused(
        "a document is told all its mistakes at once, those of form and those of meaning",
        write("bad.yaml", &bad.to_string()),
        ["bad.yaml:", "`replica`", "`imag`", "`Bad_Name`", "NOT//AN:IMAGE"],
    );
}

#[test]
fn a_pasted_kubernetes_deployment_is_shown_the_way() {
    let pasted = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: pasted }\nspec: { template: { spec: { containers: [] } } }\n";
    refused(
        "a pasted Kubernetes deployment is shown the way",
        write("bad.yaml", pasted),
        ["bad.yaml:", "skiff.dev/v1"],
    );
}

#[test]
fn a_cycle_is_named() {
    let text = format!("{}{}", service("a").depends_on("b", "Ready"), service("b").depends_on("a", "Started"));
    refused("a cycle is named", write("cycle.yaml", &text), ["cycle.yaml:", "wait for each other"]);
}

#[test]
fn two_documents_of_one_name_are_both_named() {
    let double =
        all([write("one.yaml", &service("double").to_string()), write("two.yaml", &service("double").to_string())]);
    refused("two documents of one name are both named", double, ["one.yaml", "two.yaml", "double"]);
}

#[test]
fn a_reference_to_nothing_is_named() {
    let text = service("bad").container("envFrom: [{ configMapRef: { name: nowhere } }]").to_string();
    refused("a reference to nothing is named", write("bad.yaml", &text), ["nowhere"]);
}

#[test]
fn a_yaml_bomb_is_refused() {
    let level = |level: usize| {
        let before = format!("*a{}", level - 1);
        format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "))
    };
    let bomb =
        ["a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned()].into_iter().chain((1..12).map(level)).collect::<String>();
    refused("a YAML bomb is refused", write("bomb.yaml", &bomb), ["bomb.yaml"]);
}

#[test]
fn a_binary_file_is_refused() {
    let bad = act(|world| {
        Ok(fs::write(world.manifests().join("binary.yaml"), [0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe, 1, 2, 3])?)
    });
    refused("a binary file is refused", bad, ["binary.yaml"]);
}

#[test]
fn a_file_of_100_megabytes_is_refused_before_it_is_read() {
    let bad = act(|world| {
        let mut file = File::create(world.manifests().join("huge.yaml"))?;
        file.write_all(b"# ")?;
        Ok(file.set_len(100 << 20)?)
    });
    refused("a file of 100 MB is refused before it is read", bad, ["huge.yaml"]);
}

#[test]
fn a_fifo_does_not_hang_anything() {
    let bad = act(|world| {
        let made = std::process::Command::new("mkfifo").arg(world.manifests().join("pipe.yaml")).status()?;
        ensure!(made.success(), "mkfifo");
        Ok(())
    });
    refused("a FIFO does not hang anything", bad, ["pipe.yaml"]);
}

#[test]
fn a_symlink_loop_is_named() {
    let bad = act(|world| Ok(std::os::unix::fs::symlink(".", world.manifests().join("loop"))?));
    refused("a symlink loop is named", bad, ["loop"]);
}

#[test]
fn a_symlink_to_itself_is_named() {
    let bad = act(|world| Ok(std::os::unix::fs::symlink("self.yaml", world.manifests().join("self.yaml"))?));
    refused("a symlink to itself is named", bad, ["self.yaml"]);
}

#[test]
fn an_engine_that_does_not_answer_is_named_with_a_remedy() {
    scenario("an engine that does not answer is named, with a remedy")
        .step("a manifest", write("main.yaml", &service("web").to_string()), [])
        .step(
            "up",
            skiff("up", &["-H", "unix:///nonexistent.sock"]),
            [exits(1), says("/nonexistent.sock"), says("doctor")],
        )
        .step("plan", skiff("plan", &["-H", "unix:///nonexistent.sock"]), [exits(1), says("/nonexistent.sock")])
        .step("doctor", call(&["doctor", "-H", "unix:///nonexistent.sock"]), [exits(1), says("/nonexistent.sock")])
        .step("validate needs none", skiff("validate", &["-H", "unix:///nonexistent.sock"]), [exits(0)]);
}

#[test]
fn a_path_that_is_not_there_is_named() {
    scenario("a path that is not there is named")
        .step("up", call(&["up", "no-such-folder"]), [exits(1), says("no-such-folder")])
        .step("plan", call(&["plan", "no-such-folder"]), [exits(1), says("no-such-folder")])
        .step("validate", call(&["validate", "no-such-folder"]), [exits(1), says("no-such-folder")]);
}
