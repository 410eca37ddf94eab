//! What runs here says what it is to ask for elsewhere.

use anyhow::{Context, ensure};
use serde_json::Value;
use skiff_e2e::act::{Act, act, all, look, up, write};
use skiff_e2e::check::{check, eventually, exits, ready, says};
use skiff_e2e::{World, scenario, service};

/// `skiff export kubernetes --requests-from-usage`.
fn export() -> Act {
    act(|world| {
        let manifests = world.manifests().display().to_string();
        world.call(&["export", "kubernetes", &manifests, "--requests-from-usage", "-o", "json"])
    })
}

/// What the container of a deployment asks for in the last answer.
fn asked(world: &World, name: &str) -> anyhow::Result<Value> {
    let list: Value = serde_json::from_str(&world.last.stdout)?;
    let items = list.pointer("/items").and_then(Value::as_array).context("a list")?;
    let named = |item: &&Value| {
        item.pointer("/metadata/name").is_some_and(|it| it == name)
            && item.pointer("/kind").is_some_and(|it| it == "Deployment")
    };
    let found = items.iter().find(named).with_context(|| format!("{name} among what is exported"))?;
    Ok(found.pointer("/spec/template/spec/containers/0/resources").cloned().unwrap_or_default())
}

#[test]
fn what_replicas_use_is_what_they_ask_for_in_a_cluster() {
    // A shell that holds 20 MiB of text.
    let holds =
        r#"command: [sh, -c, 'x=$(head -c 20971520 /dev/zero | tr "\0" x); echo held; sleep 1000000; echo $x']"#;
    let held = check(|world| {
        let said = world.skiff.call(&["logs", "busy"], &[])?.stdout;
        ensure!(said.contains("held"), "{said}");
        Ok(())
    });
    let declared = check(|world| {
        let of = |pointer: &str| asked(world, "said").map(|it| it.pointer(pointer).cloned().unwrap_or_default());
        ensure!(of("/requests/memory")? == "48Mi", "what a manifest says is not what is asked for");
        Ok(())
    });
    let seen = check(|world| {
        let resources = asked(world, "busy")?;
        let memory = resources.pointer("/requests/memory").and_then(Value::as_str).context("memory")?;
        let mebibytes: u64 = memory.trim_end_matches("Mi").parse().with_context(|| memory.to_owned())?;
        ensure!((20..200).contains(&mebibytes), "it holds 20 MiB, and asks for {memory}");
        ensure!(resources.pointer("/requests/cpu").is_some(), "it asks for no processor: {resources}");
        Ok(())
    });
    let idle = check(|world| {
        let resources = asked(world, "idle")?;
        ensure!(resources.is_null(), "nothing of it runs, and it asks for {resources}");
        Ok(())
    });
    scenario("what replicas use is what they ask for in a cluster")
        .step(
            "three services, of which one has no replica",
            all([
                write("busy.yaml", &service("busy").container(holds).to_string()),
                write("said.yaml", &service("said").container("resources: { requests: { memory: 48Mi } }").to_string()),
                write("idle.yaml", &service("idle").replicas(0).to_string()),
                up(),
            ]),
            [exits(0), ready("busy", 1), ready("said", 1), ready("idle", 0)],
        )
        .step("one of them works", look(), [eventually(held)])
        .step("they are exported", export(), [exits(0), declared, seen, idle, says("defaulted")]);
}
