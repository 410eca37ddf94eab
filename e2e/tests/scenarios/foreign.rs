//! What Skiff did not make it never touches, and says who is in the way.

use anyhow::ensure;
use serde_json::json;
use skiff_e2e::act::{Act, act, look, skiff, write};
use skiff_e2e::check::{Check, check, eventually, exits, gone, ready, says};
use skiff_e2e::{Docker, IMAGE, Seen, free_port, scenario, service};

/// A container of somebody else's; it goes with the value.
struct Foreign {
    docker: Docker,
    seen: Seen,
}

impl Foreign {
    fn run(docker: &Docker, name: &str, host_config: serde_json::Value) -> anyhow::Result<Self> {
        let body = json!({ "Image": IMAGE, "HostConfig": host_config, "ExposedPorts": { "8000/tcp": {} } });
        Ok(Self { docker: docker.clone(), seen: docker.run_foreign(name, &body)? })
    }

    fn is_untouched(&self) -> anyhow::Result<()> {
        let now = self.docker.inspect(&self.seen.id)?;
        ensure!(now.started_at() == self.seen.started_at() && now.name == self.seen.name, "{} was touched", now.name);
        Ok(())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.docker.call("DELETE", &format!("/containers/{}?force=1", self.seen.id)).ok();
    }
}

fn foreign_untouched(foreign: &std::rc::Rc<std::cell::RefCell<Option<Foreign>>>) -> Check {
    let foreign = std::rc::Rc::clone(foreign);
    check(move |_| foreign.borrow().as_ref().map_or(Ok(()), Foreign::is_untouched))
}

#[test]
fn a_foreign_container_with_our_name_is_left_alone_and_named() {
    let foreign = std::rc::Rc::default();
    let make = taking_name(&foreign);
    scenario("a foreign container with our name is left alone, and named")
        .step("somebody has the name", make, [])
        .step("we want it", write("main.yaml", &format!("{}{}", service("web"), service("other"))), [])
        .step(
            "up says who has it",
            skiff("up", &["--timeout", "15s"]),
            [exits(1), says("web-1"), gone("web"), ready("other", 1)],
        )
        .step("plan says so too", skiff("plan", &[]), [says("web-1")])
        .step("and it is as it was", look(), [foreign_untouched(&foreign)])
        .step("when it has gone", let_go(&foreign), [])
        .step("up is content", skiff("up", &["--timeout", "60s"]), [exits(0), ready("web", 1)]);
}

fn taking_name(foreign: &std::rc::Rc<std::cell::RefCell<Option<Foreign>>>) -> Act {
    let foreign = std::rc::Rc::clone(foreign);
    act(move |world| {
        let made = Foreign::run(&world.docker, &world.docker_name("web", 1), json!({}))?;
        *foreign.borrow_mut() = Some(made);
        Ok(())
    })
}

fn let_go(foreign: &std::rc::Rc<std::cell::RefCell<Option<Foreign>>>) -> Act {
    let foreign = std::rc::Rc::clone(foreign);
    act(move |_| {
        foreign.borrow_mut().take();
        Ok(())
    })
}

#[test]
fn a_foreign_container_with_our_port_is_left_alone_and_named() {
    let port = free_port().expect("a free port");
    let name = format!("foreign-port-{port}");
    let bound = json!({ "PortBindings": { "8000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": port.to_string() }] } });
    let foreign = Foreign::run(&Docker::of_environment(), &name, bound).expect("it starts");
    let foreign = std::rc::Rc::new(std::cell::RefCell::new(Some(foreign)));
    let web =
        service("web").container(&format!("ports: [{{ containerPort: 8000, hostPort: {port}, hostIP: 127.0.0.1 }}]"));
    scenario("a foreign container with our port is left alone, and named")
        .step("we want the port", write("main.yaml", &format!("{web}{}", service("other"))), [])
        .step(
            "up says who has it",
            skiff("up", &["--timeout", "15s"]),
            [exits(1), says(&name), says(&port.to_string()), ready("other", 1)],
        )
        .step("and it is as it was", look(), [foreign_untouched(&foreign)])
        .step("when it has gone", let_go(&foreign), [])
        .step("up is content", skiff("up", &["--timeout", "60s"]), [exits(0), ready("web", 1)]);
}

#[test]
fn a_port_that_a_program_of_the_host_has_is_reported_and_taken_when_it_is_free() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let web =
        service("web").container(&format!("ports: [{{ containerPort: 8000, hostPort: {port}, hostIP: 127.0.0.1 }}]"));
    scenario("a port that a program of the host has is reported, and taken when it is free")
        .step("we want the port", write("main.yaml", &format!("{web}{}", service("other"))), [])
        .step(
            "up says what is wrong",
            skiff("up", &["--timeout", "15s"]),
            [exits(1), says(&port.to_string()), ready("other", 1)],
        )
        .step(
            "when it is free",
            act(move |_| {
                drop(listener);
                Ok(())
            }),
            [],
        )
        .step("up is content", skiff("up", &["--timeout", "60s"]), [exits(0), eventually(ready("web", 1))]);
}
