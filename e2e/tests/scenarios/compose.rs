//! Compose files as manifests: a stack comes up as it is, and is kept so.

use anyhow::ensure;
use skiff_e2e::act::{all, remember, run, skiff, write};
use skiff_e2e::check::{
    Check, check, eventually, exits, gone, networks, nothing_was_written, ready, replaced, says, untouched, volumes,
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

/// A profile that forbids one call, whatever the engine allows by itself.
fn profile(call: &str) -> String {
    format!(
        r#"{{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{{ "names": ["{call}", "{call}at"], "action": "SCMP_ACT_ERRNO" }}] }}"#
    )
}

/// Whether containers may make folders and links.
fn may(folders: bool, links: bool) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        for (may, command) in [(folders, ["mkdir", "/tmp/made", ""]), (links, ["ln", "-s", "/tmp/link"])] {
            let command: Vec<&str> = command.into_iter().filter(|word| !word.is_empty()).collect();
            let done = world.docker.exec(&seen.id, &command).is_ok();
            ensure!(done == may, "{command:?} was done: {done}");
        }
        Ok(())
    })
}

#[test]
fn a_relative_seccomp_profile_counts_and_rolls_its_users() {
    let stack = format!(
        "name: default
services:
  web:
    image: {IMAGE}
    stop_grace_period: 0s
    security_opt: ['seccomp:./rights/profile.json']
"
    );
    scenario("a relative seccomp profile counts, and rolls its users")
        .step("a stack is written", write("compose.yaml", &stack), [])
        .step("with the profile", write("rights/profile.json", &profile("mkdir")), [])
        .step("it comes up", skiff("up", &[]), [exits(0), ready("web", 1), may(false, true)])
        .step("as it is now", remember(), [])
        .step("the profile changes", write("rights/profile.json", &profile("symlink")), [])
        .step("what it counts for is replaced", skiff("up", &[]), [exits(0), replaced("web"), may(true, false)])
        .step("as it is now", remember(), [])
        .step("nothing is left to do", skiff("up", &[]), [exits(0), nothing_was_written()]);
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

#[test]
fn memory_has_the_owner_and_the_options_that_it_is_given_and_a_nameless_volume_its_labels() {
    let text = format!(
        "name: default
services:
  web:
    image: {IMAGE}
    stop_grace_period: 1s
    tmpfs: ['/scratch:size=1m,mode=750,uid=5,gid=6,exec,nr_inodes=50']
    volumes: [{{ type: volume, target: /cache, volume: {{ labels: {{ e2e.keep: \"no\" }} }} }}]
"
    );
    scenario("memory has the owner and the options that it is given, and a nameless volume its labels")
        .step("it comes up", write("compose.yaml", &text), [])
        .step("and is there", skiff("up", &[]), [exits(0), ready("web", 1)])
        .step(
            "the folder is as it was asked for",
            remember(),
            [check(|world| {
                let seen = world.replica("web")?;
                let owner = world.docker.exec(&seen.id, &["stat", "-c", "%u:%g %a", "/scratch"])?;
                anyhow::ensure!(owner.trim() == "5:6 750", "{owner}");
                let mounts = world.docker.exec(&seen.id, &["grep", " /scratch ", "/proc/mounts"])?;
                let options = mounts.split(' ').nth(3).unwrap_or_default();
                let has = |word: &str| options.split(',').any(|option| option == word);
                let is_right = ["nosuid", "nodev", "size=1024k", "nr_inodes=50"].into_iter().all(has) && !has("noexec");
                anyhow::ensure!(is_right, "{mounts}");
                Ok(())
            })],
        )
        .step(
            "and the volume carries the labels",
            remember(),
            [check(|world| {
                let seen = world.replica("web")?;
                let named = seen.inspect.pointer("/Mounts").and_then(|mounts| mounts.as_array()).and_then(|mounts| {
                    mounts.iter().find(|mount| mount.get("Destination").is_some_and(|path| path == "/cache"))
                });
                let name = named.and_then(|mount| mount.get("Name")?.as_str()).unwrap_or_default().to_owned();
                let output =
                    world.docker.command().args(["volume", "inspect", "-f", "{{json .Labels}}", &name]).output()?;
                let labels = String::from_utf8_lossy(&output.stdout).into_owned();
                anyhow::ensure!(labels.contains(r#""e2e.keep":"no""#), "{labels}");
                Ok(())
            })],
        )
        .step("and a second up does nothing", skiff("up", &[]), [exits(0), untouched("web"), nothing_was_written()]);
}

/// Hooks as Compose has them, and a service that sees the processes of another one.
const HOOKED: &str = "
name: default
services:
  web:
    image: IMAGE
    command: [sleep, '1000000']
    stop_grace_period: 5s
    user: '1000'
    restart: always
    volumes: ['notes:/notes']
    post_start:
      - { command: [sh, -c, 'echo first $$(id -u) >> /notes/all; chmod 777 /notes /notes/all'], user: root }
      - { command: [sh, -c, 'echo $$WORD $$(id -u) $$(pwd) >> /notes/all'], working_dir: /notes, environment: { WORD: second } }
    pre_stop:
      - { command: [sh, -c, 'echo third >> /notes/all'] }
      - { command: [sh, -c, 'echo fourth >> /notes/all'], user: root }
  watcher:
    image: IMAGE
    command: [sleep, '2000000']
    stop_grace_period: 0s
    restart: always
    pid: 'service:web'
    volumes: ['notes:/notes']
volumes: { notes: }
";

/// What is noted after one replacement.
const WHOLE: &str = "first 0 second 1000 /notes third fourth first 0 second 1000 /notes";

/// What the hooks have noted.
fn noted(text: &'static str) -> Check {
    check(move |world| {
        let notes = world.docker.exec(&world.replica("watcher")?.id, &["cat", "/notes/all"])?;
        let words: Vec<&str> = notes.split_whitespace().collect();
        ensure!(words.join(" ") == text, "{words:?} instead of {text:?}");
        Ok(())
    })
}

/// The watcher sees the process of the service whose processes it shares.
fn sees() -> Check {
    check(|world| {
        let processes = world.docker.exec(&world.replica("watcher")?.id, &["ps"])?;
        ensure!(processes.contains("sleep 1000000"), "it sees {processes}");
        Ok(())
    })
}

#[test]
fn hooks_are_lists_with_users_and_folders_and_a_service_joins_the_processes_of_another() {
    let first = HOOKED.replace("IMAGE", IMAGE);
    let second = first.replace("    user: '1000'\n", "    user: '1000'\n    environment: { NEXT: 'yes' }\n");
    scenario("hooks are lists with users and folders, and a service joins the processes of another")
        .step("a Compose file", write("compose.yaml", &first), [])
        .step("it comes up", skiff("up", &[]), [exits(0), noted("first 0 second 1000 /notes"), sees()])
        .step("as it is now", remember(), [])
        .step("the one that is joined changes", write("compose.yaml", &second), [])
        .step(
            "both are others afterwards",
            skiff("up", &[]),
            [exits(0), replaced("web"), replaced("watcher"), sees(), noted(WHOLE)],
        )
        .step("nothing is left to do", skiff("plan", &[]), [exits(0)]);
}

#[test]
fn a_check_is_asked_early_on_an_engine_that_does_not() {
    let stack = format!(
        "services:\n  \
         db:\n    image: {IMAGE}\n    init: true\n    restart: always\n    command: [sh, -c, 'sleep 2; touch /tmp/up; sleep 1000']\n    \
         healthcheck: {{ test: 'test -e /tmp/up', interval: 1m, start_period: 2m, start_interval: 500ms }}\n  \
         api:\n    image: {IMAGE}\n    init: true\n    restart: always\n    command: [sleep, '1000']\n    \
         depends_on: {{ db: {{ condition: service_healthy }} }}\n"
    );
    scenario("a check is asked early on an engine that does not")
        .step("a service whose check is asked every minute, and early", write("compose.yaml", &stack), [])
        .step(
            "what waits for it starts long before that minute is over",
            skiff("up", &["--timeout", "40s"]),
            [exits(0), ready("api", 1)],
        );
}

/// A service that keeps a word where only its container has it, and one that reads it there.
const LENT: &str = "
name: default
services:
  web:
    image: IMAGE
    command: [sh, -c, 'echo one > /notes/word; exec sleep 1000000']
    stop_grace_period: 0s
    restart: always
    volumes: [/notes]
    deploy: { update_config: { order: start-first } }
  reader:
    image: IMAGE
    command: [sleep, '2000000']
    stop_grace_period: 0s
    restart: always
    volumes_from: ['web:ro']
";

/// What the reader reads where the other service writes.
fn reads(word: &'static str) -> Check {
    check(move |world| {
        let found = world.docker.exec(&world.replica("reader")?.id, &["cat", "/notes/word"])?;
        ensure!(found.trim() == word, "it reads {found}");
        Ok(())
    })
}

#[test]
fn who_has_the_volumes_of_a_service_has_them_after_each_update_of_either() {
    let first = LENT.replace("IMAGE", IMAGE);
    let second = first.replace("echo one", "echo two");
    let third = second.replace("'2000000'", "'3000000'");
    scenario("who has the volumes of a service has them after each update of either")
        .step("a Compose file", write("compose.yaml", &first), [])
        .step("it comes up", skiff("up", &[]), [exits(0), ready("web", 1), eventually(reads("one"))])
        .step("as it is now", remember(), [])
        .step("the one that has the volumes changes", write("compose.yaml", &second), [])
        .step(
            "both are others afterwards",
            skiff("up", &[]),
            [exits(0), replaced("web"), replaced("reader"), eventually(reads("two"))],
        )
        .step("nothing is left to do", skiff("plan", &[]), [exits(0)])
        .step("as it is then", remember(), [])
        .step("the one that reads changes", write("compose.yaml", &third), [])
        .step(
            "and it alone is another one",
            skiff("up", &[]),
            [exits(0), untouched("web"), replaced("reader"), eventually(reads("two"))],
        );
}

#[test]
fn a_service_that_is_named_comes_up_whatever_its_profile() {
    let text = format!(
        "name: default\nservices:\n  web: {{ image: {IMAGE}, restart: always, stop_grace_period: 0s }}\n  \
         debug: {{ image: {IMAGE}, restart: always, stop_grace_period: 0s, profiles: [tools] }}\n"
    );
    scenario("a service that is named comes up whatever its profile")
        .step("a Compose file", write("compose.yaml", &text), [])
        .step("all of it comes up", skiff("up", &[]), [exits(0), ready("web", 1), gone("debug")])
        .step("as it is now", remember(), [])
        .step("a plan of the other one names it", skiff("plan", &["debug"]), [exits(2), says("debug")])
        .step("it comes up", skiff("up", &["debug"]), [exits(0), ready("debug", 1), untouched("web")]);
}
