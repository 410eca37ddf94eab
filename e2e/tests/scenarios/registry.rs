//! Images: pulled with Docker's credentials before anything is stopped; a failed pull leaves what runs.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use skiff_e2e::act::{Act, act, apply, call, look, remember, run_on, skiff, up, write};
use skiff_e2e::check::{Check, check, eventually, every, exits, gone, logs, ready, replaced, says, untouched, within};
use skiff_e2e::{Docker, IMAGE, Manner, OTHER_IMAGE, Registry, scenario, service};

pub(crate) fn with_credentials(folder: &Path) -> Act {
    let folder = folder.display().to_string();
    act(move |world| {
        world.env.retain(|(name, _)| name != "DOCKER_CONFIG");
        world.env.push(("DOCKER_CONFIG".to_owned(), folder));
        Ok(())
    })
}

#[test]
fn an_image_is_pulled_with_the_credentials_of_dockers_config_file() {
    let mut registry = Registry::start(&Docker::of_environment()).expect("a registry");
    let reference = registry.push("shop/web:1").expect("an image in it");
    let right = registry.credentials().expect("a config folder");
    let wrong = registry.wrong_credentials().expect("a config folder");
    scenario("an image is pulled with the credentials of Docker's config file")
        .step("the image is only in a registry", write("main.yaml", &service("web").image(&reference).to_string()), [])
        .step("with a wrong password", with_credentials(&wrong), [])
        .step("up says what is wrong", skiff("up", &["--timeout", "10s"]), [exits(1), says(&reference), gone("web")])
        .step("with the right one, in which `~>?` stand", with_credentials(&right), [])
        .step("it runs", up(), [ready("web", 1)])
        .step("down, so that the image can go", skiff("down", &[]), [exits(0)]);
    drop(registry);
}

#[test]
fn an_image_that_is_missing_leaves_what_runs() {
    let mut registry = Registry::start(&Docker::of_environment()).expect("a registry");
    let reference = registry.push("shop/api:1").expect("an image in it");
    let missing = reference.replace("api:1", "api:2");
    let right = registry.credentials().expect("a config folder");
    let text = |image: &str| format!("{}{}", service("web").replicas(2).image(image), service("other"));
    scenario("an image that is missing leaves what runs")
        .step("with credentials", with_credentials(&right), [])
        .step("it runs", apply(&text(IMAGE)), [ready("web", 2)])
        .step("as it is now", remember(), [])
        .step("an image that nobody has", write("main.yaml", &text(&missing)), [])
        .step(
            "up says which",
            skiff("up", &["--timeout", "10s"]),
            [exits(1), says(&missing), untouched("web"), untouched("other")],
        )
        .step(
            "an image that the registry has",
            apply(&text(&reference)),
            [ready("web", 2), replaced("web"), untouched("other")],
        )
        .step("down, so that the image can go", skiff("down", &[]), [exits(0)]);
    drop(registry);
}

#[test]
fn a_pull_that_takes_for_ever_is_given_up_when_the_manifest_is_corrected() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    silent.set_nonblocking(true).expect("a socket");
    let port = silent.local_addr().expect("an address").port();
    // Connections are kept to the end, and never answered.
    let (keep, kept) = std::sync::mpsc::channel();
    let listener = silent.try_clone().expect("a socket");
    let is_asked = check(move |_| Ok(keep.send(listener.accept()?)?));
    let wrong = service("web").image(&format!("127.0.0.1:{port}/shop/web:1"));
    scenario("a pull that takes for ever is given up when the manifest is corrected")
        .step("the registry never answers", run_on(&wrong.to_string()), [within(Duration::from_secs(20), is_asked)])
        .step(
            "the right image runs long before the engine would have given up",
            write("main.yaml", &service("web").to_string()),
            [within(Duration::from_secs(8), ready("web", 1))],
        );
    drop((silent, kept));
}

#[test]
fn a_rollback_runs_the_image_that_ran_although_the_tag_has_moved() {
    let docker = Docker::of_environment();
    let mut registry = Registry::start(&docker).expect("a registry");
    let reference = registry.push("shop/web:latest").expect("an image in it");
    let right = registry.credentials().expect("a config folder");
    let ran = docker.image_id(IMAGE).expect("the test image");
    let moved = docker.image_id(OTHER_IMAGE).expect("the other test image");
    let web = |replicas, line: &str| {
        service("web")
            .replicas(replicas)
            .image(&reference)
            .spec("progressDeadlineSeconds: 60")
            .container(line)
            .to_string()
    };
    let scenario = scenario("a rollback runs the image that ran although the tag has moved")
        .step("with credentials", with_credentials(&right), [])
        .step("it runs what the tag means", run_on(&web(1, "")), [eventually(ready("web", 1)), runs(&ran)])
        .step("for long enough to be gone back to", look(), [eventually(logs("revision 1 is stable"))]);
    registry.push_image(OTHER_IMAGE, "shop/web:latest").expect("another image in it");
    registry.pull(&reference).expect("it on the engine");
    assert_eq!(docker.image_id(&reference).expect("the image"), moved, "the tag has moved");
    scenario
        .step("a second replica", write("main.yaml", &web(2, "")), [eventually(ready("web", 2)), runs(&ran)])
        .step(
            "a revision that fails",
            write("main.yaml", &web(2, "command: [/bin/sh, -c, exit 3]")),
            [eventually(logs("back at revision 1")), ready("web", 2), runs(&ran)],
        )
        .step(
            "describe says what runs",
            call(&["describe", "web"]),
            [says(&format!("{}@sha256:", reference.trim_end_matches(":latest")))],
        );
}

/// Every container runs the image with this id.
pub(crate) fn runs(id: &str) -> Check {
    let id = id.to_owned();
    every("web", "it runs the image that it should", move |seen| seen.image_id() == id)
}

#[test]
fn an_image_that_may_not_be_pulled_is_named() {
    let web = service("web").image("skiff-test/no-such-image:1").container("imagePullPolicy: Never");
    scenario("an image that may not be pulled is named")
        .step("it is declared", write("main.yaml", &web.to_string()), [])
        .step(
            "up says which",
            skiff("up", &["--timeout", "8s"]),
            [exits(1), says("skiff-test/no-such-image:1"), gone("web")],
        );
}

#[test]
fn a_registry_on_a_bad_day_holds_up_nothing_but_what_it_has() {
    let mut registry = Registry::start(&Docker::of_environment()).expect("a registry");
    let pushed = registry.push("shop/web:2").expect("an image in it");
    let proxy = registry.proxy().expect("a proxy");
    let reference = registry.through(&proxy, &pushed);
    let right = registry.credentials().expect("a config folder");
    let both = |web: &str, other: &str| format!("{}{}", service("web").image(web), service("other").env("A", other));
    let scenario = scenario("a registry on a bad day holds up nothing but what it has")
        .step("with credentials", with_credentials(&right), [])
        .step(
            "two objects run",
            run_on(&both(IMAGE, "0")),
            [eventually(ready("web", 1)), eventually(ready("other", 1))],
        )
        .step("as they are now", remember(), []);
    let bad_days = [
        (Manner::IsDown, "1", "EOF"),
        (Manner::Answers(401), "2", "unauthorized"),
        (Manner::Answers(429), "3", "toomanyrequests"),
        (Manner::Answers(500), "4", "500"),
    ];
    let scenario = bad_days.into_iter().fold(scenario, |scenario, (manner, other, said)| {
        proxy.set(manner);
        scenario
            .step(
                &format!("it {manner:?}, and both change"),
                write("main.yaml", &both(&reference, other)),
                [eventually(is_env("other", other)), untouched("web")],
            )
            .step(
                "describe says that it is pulled again",
                look(),
                [eventually(describes("ImagePullBackOff")), eventually(logs(said))],
            )
            .step("back to what there was", write("main.yaml", &both(IMAGE, other)), [eventually(describes_well())])
    });
    // The engine itself tries a layer that is cut again and again for most of a minute.
    let scenario =
        [(Manner::Cuts, "5"), (Manner::Hangs, "6")].into_iter().fold(scenario, |scenario, (manner, other)| {
            proxy.set(manner);
            scenario.step(
                &format!("it {manner:?}, and what needs nothing of it goes on"),
                write("main.yaml", &both(&reference, other)),
                [eventually(is_env("other", other)), untouched("web")],
            )
        });
    proxy.set(Manner::Works);
    scenario.step(
        "it works again",
        look(),
        [within(Duration::from_secs(90), replaced("web")), eventually(ready("web", 1))],
    );
    drop(registry);
}

/// The variable `A` of an object's only container.
fn is_env(name: &'static str, value: &str) -> Check {
    let value = value.to_owned();
    check(move |world| {
        let seen = world.replica(name)?;
        ensure!(seen.variable("A") == Some(&value), "A is {:?}", seen.variable("A"));
        Ok(())
    })
}

/// `skiff describe web` says this.
fn describes(text: &'static str) -> Check {
    check(move |world| {
        world.call(&["describe", "web"])?;
        ensure!(world.last.stdout.contains(text), "not {text}:\n{}", world.last.stdout);
        Ok(())
    })
}

/// `skiff describe web` says that nothing is wrong.
fn describes_well() -> Check {
    check(|world| {
        world.call(&["describe", "web"])?;
        ensure!(!world.last.stdout.contains("Reason:"), "something is wrong:\n{}", world.last.stdout);
        Ok(())
    })
}
