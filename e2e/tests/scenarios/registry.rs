//! Images: pulled with Docker's credentials before anything is stopped; a failed pull leaves what runs.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use skiff_e2e::act::{Act, act, apply, remember, run_on, skiff, up, write};
use skiff_e2e::check::{check, exits, gone, ready, replaced, says, untouched, within};
use skiff_e2e::{Docker, IMAGE, Registry, scenario, service};

fn with_credentials(folder: &Path) -> Act {
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
