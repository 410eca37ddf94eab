//! Images that are built from a folder beside the manifest: what changes in it rolls out, what cannot be built leaves what runs.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use skiff_e2e::act::{Act, act, all, end_run, look, remember, run, skiff, up, write};
use skiff_e2e::check::{
    Check, check, eventually, exits, is_silent_on, logs, ready, replaced, says, throughout, untouched, within,
};
use skiff_e2e::{Docker, scenario, service};

/// A revision is stable some seconds after it runs, on a loaded host more.
const PATIENCE: Duration = Duration::from_secs(90);

const DOCKERFILE: &str = "FROM skiff-test/busybox:1\nARG WORD=none\nCOPY page /page\nRUN echo $WORD > /word\n";

/// The images of a scenario, gone with it.
struct Built(String);

impl Built {
    fn new(name: &str) -> Self {
        Self(format!("skiff-test/{name}-{}", std::process::id()))
    }

    fn manifest(&self) -> String {
        let build = "build: { context: ./ctx, args: { WORD: hello } }";
        service("web").image(&self.0).container(build).to_string()
    }

    fn count(&self, count: usize) -> Check {
        let repository = self.0.clone();
        check(move |_| {
            let tags = tags(&repository)?;
            ensure!(tags.len() == count, "there are {tags:?}");
            Ok(())
        })
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        for tag in tags(&self.0).unwrap_or_default() {
            Docker::of_environment().call("DELETE", &format!("/images/{tag}?force=1")).ok();
        }
    }
}

fn tags(repository: &str) -> anyhow::Result<Vec<String>> {
    let filter = json!({ "reference": [repository] }).to_string().replace('"', "%22");
    let found = Docker::of_environment().get(&format!("/images/json?filters={filter}"))?;
    let rows = found.as_array().context("a list")?;
    let tags = rows.iter().filter_map(|row| row.get("RepoTags")?.as_array()).flatten();
    Ok(tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
}

fn context(page: &str, dockerfile: &str) -> Act {
    all([write("ctx/Dockerfile", dockerfile), write("ctx/page", page), write("ctx/.dockerignore", "*.log\n")])
}

fn holds(path: &'static str, text: &'static str) -> Check {
    check(move |world| {
        let found = world.docker.exec(&world.replica("web")?.id, &["cat", path])?;
        ensure!(found.trim() == text, "{path} says `{found}`");
        Ok(())
    })
}

#[test]
fn a_changed_file_of_a_build_context_rolls_out_and_nothing_is_built_twice() {
    let built = Built::new("built");
    scenario("a changed file of a build context rolls out, and nothing is built twice")
        .step("a folder with a Dockerfile", context("one", DOCKERFILE), [])
        .step("and a manifest", write("main.yaml", &built.manifest()), [])
        .step(
            "it is built and runs",
            up(),
            [ready("web", 1), holds("/page", "one"), holds("/word", "hello"), built.count(1)],
        )
        .step("as it is now", remember(), [])
        .step("again", up(), [untouched("web"), is_silent_on("build image")])
        .step("a file that is ignored", write("ctx/a.log", "1"), [])
        .step("changes nothing", up(), [untouched("web"), built.count(1)])
        .step("a file changes", write("ctx/page", "two"), [])
        .step("the plan says what", skiff("plan", &[]), [exits(2), says("build image"), says("container.build:")])
        .step("it rolls", up(), [ready("web", 1), replaced("web"), holds("/page", "two"), built.count(2)])
        .step("down, so that the images can go", skiff("down", &[]), [exits(0)]);
    drop(built);
}

#[test]
fn what_cannot_be_built_leaves_what_runs_and_says_which_step_failed() {
    let built = Built::new("broken");
    let with = |line: &str| write("ctx/Dockerfile", &format!("{DOCKERFILE}{line}\n"));
    let try_up = || skiff("up", &["--timeout", "8s"]);
    scenario("what cannot be built leaves what runs, and says which step failed")
        .step("a folder with a Dockerfile", context("one", DOCKERFILE), [])
        .step("and a manifest", write("main.yaml", &built.manifest()), [])
        .step("it runs", up(), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("a step that fails", with("RUN echo no more space && exit 3"), [])
        .step(
            "is named",
            try_up(),
            [exits(1), says("Step 5/5 : RUN echo no more space"), says("mend the Dockerfile"), untouched("web")],
        )
        .step("what needs BuildKit", with("RUN --mount=type=cache,target=/c echo"), [])
        .step("is said to", try_up(), [exits(1), says("Skiff builds without BuildKit"), untouched("web")])
        .step("no Dockerfile at all", skiff_e2e::act::remove("ctx/Dockerfile"), [])
        .step(
            "is a mistake of the manifest",
            skiff("validate", &[]),
            [exits(1), says("there is no Dockerfile"), says("main.yaml")],
        )
        .step("one that is right again", context("two", DOCKERFILE), [])
        .step("rolls", up(), [ready("web", 1), replaced("web"), holds("/page", "two")])
        .step("down, so that the images can go", skiff("down", &[]), [exits(0)]);
    drop(built);
}

#[test]
fn skiff_run_notices_a_changed_file_of_a_build_context() {
    let built = Built::new("watched");
    scenario("skiff run notices a changed file of a build context")
        .step("a folder with a Dockerfile", context("one", DOCKERFILE), [])
        .step("and a manifest", write("main.yaml", &built.manifest()), [])
        .step("it runs", run(), [eventually(ready("web", 1)), eventually(holds("/page", "one"))])
        .step("a file changes", write("ctx/page", "two"), [eventually(holds("/page", "two"))])
        .step("down, so that the images can go", end_run(), [])
        .step("all of it", skiff("down", &[]), [exits(0)]);
    drop(built);
}

/// Waits until a page is served and its revision is stable.
fn settles(page: &'static str, revision: &'static str) -> [Check; 2] {
    let stable = format!("revision {revision} is stable");
    let stable = check(move |world| {
        world.call(&["rollout", "status", "web", "--timeout", "60s"])?;
        ensure!(world.last.stdout.contains(&stable) || world.last.stderr.contains(&stable), "not yet {stable}");
        Ok(())
    });
    [within(PATIENCE, holds("/page", page)), within(PATIENCE, stable)]
}

#[test]
fn an_image_goes_with_the_last_revision_that_needs_it_unless_somebody_else_has_named_it() {
    let built = Built::new("superseded");
    let theirs = Built::new("theirs");
    let manifest = service("web").image(&built.0).spec("revisionHistoryLimit: 1");
    let manifest = manifest.container("build: { context: ./ctx, args: { WORD: hello } }").to_string();
    let (ours, name) = (built.0.clone(), format!("{}:1", theirs.0));
    let named = act(move |world| {
        let runs = world.replica("web")?.image().to_owned();
        ensure!(runs.starts_with(&ours), "web runs {runs}");
        let output = world.docker.command().args(["tag", &runs, &name]).output()?;
        ensure!(output.status.success(), "docker tag: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    });
    scenario("an image goes with the last revision that needs it, unless somebody else has named it")
        .step("a folder with a Dockerfile", context("one", DOCKERFILE), [])
        .step("and a manifest", write("main.yaml", &manifest), [])
        .step("it runs", run(), settles("one", "1"))
        .step("a second one", write("ctx/page", "two"), settles("two", "2"))
        .step("both are kept, to go back", look(), [built.count(2)])
        .step("somebody names the second one", named, [])
        .step("a third one", write("ctx/page", "three"), settles("three", "3"))
        .step("the first one has gone", look(), [within(PATIENCE, built.count(2)), eventually(logs("remove image"))])
        .step("a fourth one", write("ctx/page", "four"), settles("four", "4"))
        .step("the second one is somebody else's too", look(), [throughout(Duration::from_secs(2), built.count(3))])
        .step("down, so that the images can go", end_run(), [])
        .step("all of it", skiff("down", &[]), [exits(0)]);
    drop((built, theirs));
}

#[test]
fn a_service_of_a_compose_file_is_built_from_its_folder() {
    let built = Built::new("composed");
    let compose = |image: &str| {
        format!(
            "name: default\nservices:\n  web:\n{image}    build: {{ context: ./ctx, args: [WORD=hello] }}\n    \
             command: [sleep, '1000000']\n    stop_grace_period: 0s\n    restart: always\n"
        )
    };
    let named = format!("    image: {}:1.2\n", built.0);
    scenario("a service of a Compose file is built from its folder")
        .step("a folder with a Dockerfile", context("one", DOCKERFILE), [])
        .step("and a Compose file", write("compose.yaml", &compose(&named)), [])
        .step("it can be built beforehand", skiff("build", &[]), [exits(0), says(" built"), built.count(1)])
        .step("and is there then", skiff("build", &[]), [exits(0), says("is there already")])
        .step(
            "it is built and runs",
            up(),
            [ready("web", 1), holds("/page", "one"), holds("/word", "hello"), built.count(1)],
        )
        .step("as it is now", remember(), [])
        .step("again", up(), [untouched("web"), is_silent_on("build image")])
        .step("a file changes", write("ctx/page", "two"), [])
        .step("it rolls", up(), [ready("web", 1), replaced("web"), holds("/page", "two"), built.count(2)])
        .step("down, so that the images can go", skiff("down", &[]), [exits(0)]);
    drop(built);
}

/// Asks the image that `web` runs, and the engine for one by its name.
fn image_is(name: &str, test: fn(&serde_json::Value) -> bool, what: &'static str) -> Check {
    let name = name.to_owned();
    check(move |world| {
        let runs = world.docker.get(&format!("/images/{}/json", world.replica("web")?.image()))?;
        let named = world.docker.get(&format!("/images/{name}/json"))?;
        ensure!(runs.get("Id") == named.get("Id"), "{name} is another image");
        ensure!(test(&runs), "{what}: {runs}");
        Ok(())
    })
}

#[test]
fn a_build_has_all_around_it_that_a_compose_file_says() {
    const LINES: [&str; 7] = [
        "FROM skiff-test/busybox:1",
        "COPY . /all",
        "RUN busybox grep -c mirror /etc/hosts > /hosts",
        "RUN busybox df -k /dev/shm | busybox grep -c 32768 > /shm",
        "RUN ulimit -n > /files",
        "RUN busybox ls /sys/class/net > /net",
        "RUN busybox ls -A /all > /listed",
    ];
    let built = Built::new("around");
    let (name, later) = (format!("{}:1.2", built.0), format!("{}:1.3", built.0));
    let compose = |tags: &str| {
        let build = [
            "context: ./ctx",
            "labels: [team=web]",
            "extra_hosts: [mirror=10.1.2.3]",
            "network: none",
            "shm_size: 32m",
            "ulimits: { nofile: 99 }",
            "no_cache: true",
            "cache_from: [skiff-test/none]",
            &format!("tags: [{tags}]"),
            "dockerfile_inline: |",
        ];
        let lines = LINES.map(|line| format!("        {line}\n")).concat();
        format!(
            "name: default\nservices:\n  web:\n    image: {}\n    command: [sleep, '1000000']\n    \
             stop_grace_period: 0s\n    restart: always\n    build:\n      {}\n{lines}",
            built.0,
            build.join("\n      ")
        )
    };
    let is_labelled = |image: &serde_json::Value| image.pointer("/Config/Labels/team") == Some(&json!("web"));
    scenario("a build has all around it that a Compose file says")
        .step(
            "a folder without a Dockerfile",
            all([write("ctx/page", "one"), write("ctx/.dockerignore", ".dockerignore\n")]),
            [],
        )
        .step("and a Compose file", write("compose.yaml", &compose(&format!("'{name}'"))), [])
        .step(
            "it is built and runs",
            up(),
            [
                ready("web", 1),
                holds("/hosts", "1"),
                holds("/shm", "1"),
                holds("/files", "99"),
                holds("/net", "lo"),
                holds("/listed", "page"),
                image_is(&name, is_labelled, "it has no label"),
            ],
        )
        .step("as it is now", remember(), [])
        .step("a further name", write("compose.yaml", &compose(&format!("'{name}', '{later}'"))), [])
        .step("changes nothing", up(), [untouched("web"), is_silent_on("build image")])
        .step(
            "and is given by a build",
            skiff("build", &[]),
            [exits(0), image_is(&later, is_labelled, "it has no label")],
        )
        .step("down, so that the images can go", skiff("down", &[]), [exits(0)]);
    drop(built);
}
