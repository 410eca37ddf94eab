//! Probes, run by Skiff from the host: what they gate, what they restart, and that they need no program of the image.

use std::time::Duration;

use skiff_e2e::act::{self, Act, act, apply, end_run, look, remember, run, run_on, skiff, write};
use skiff_e2e::check::{
    Check, check, eventually, exits, gone, is_silent_on, logs, never_fewer_than, ready, replaced, says, throughout,
    told, untouched,
};
use skiff_e2e::{Health, Service, scenario, secret, service};

/// A server that is ready when its page `/ready` is there.
fn server() -> Service {
    service("web")
        .container("command: [/bin/serve]")
        .container("ports: [{ name: http, containerPort: 8000 }]")
        .container("readinessProbe: { httpGet: { path: /ready, port: http }, periodSeconds: 1 }")
}

/// Runs a command in each container of an object that fails to answer this one.
fn exec_where(name: &'static str, not: &'static [&'static str], command: &'static [&'static str]) -> Act {
    act(move |world| {
        for seen in world.replicas(name)? {
            if world.docker.exec(&seen.id, not).is_err() {
                world.docker.exec(&seen.id, command)?;
            }
        }
        Ok(())
    })
}

fn make_ready() -> Act {
    exec_where("web", &["test", "-e", "/www/ready"], &["touch", "/www/ready"])
}

fn runs(name: &'static str, count: usize) -> Check {
    ready(name, count)
}

fn restarted(name: &'static str) -> Check {
    check(move |world| {
        let now = world.replica(name)?;
        let then = world.remembered.get(&now.name);
        anyhow::ensure!(then.is_some_and(|then| then.id == now.id), "{name} is another container");
        anyhow::ensure!(then.is_some_and(|then| then.started_at() != now.started_at()), "{name} was not restarted");
        Ok(())
    })
}

#[test]
fn a_dependent_and_a_rollout_wait_for_readiness() {
    let web = server();
    let with = |web: &Service| format!("{web}{}", service("api").depends_on("web", "Ready"));
    let next = with(&web.clone().env("LEVEL", "debug"));
    scenario("a dependent and a rollout wait for readiness")
        .step("both are declared", run_on(&with(&web)), [eventually(runs("web", 1))])
        .step("the server is not Ready", skiff("plan", &[]), [says("waiting for deployment/default/web"), gone("api")])
        .step(
            "and describe says why",
            look(),
            [eventually(described("HTTP 404")), says("NotReady"), says("Available False MinimumReplicasUnavailable")],
        )
        .step("its page comes", make_ready(), [eventually(runs("api", 1))])
        .step("now it is Ready", get("get"), [says("Ready")])
        .step("as it is now", remember(), [])
        .step("the manifest changes", write("main.yaml", &next), [eventually(runs("web", 2))])
        .step(
            "the old one stays while the new one is not Ready",
            look(),
            [throughout(Duration::from_secs(2), runs("web", 2))],
        )
        .step("its page comes, too", make_ready(), [eventually(runs("web", 1)), replaced("web")])
        .step("there was always one", look(), [never_fewer_than("web", 1), untouched("api")]);
}

/// Calls `skiff get web` or `skiff describe web`.
fn get(command: &'static str) -> Act {
    act::call(&[command, "web"])
}

/// `skiff describe web` says this.
fn described(words: &str) -> Check {
    let mut said = says(words);
    check(move |world| {
        world.call(&["describe", "web"])?;
        said(world)
    })
}

#[test]
fn a_liveness_failure_restarts_the_container_where_it_stands() {
    let probe = "livenessProbe: { exec: { command: [test, -e, /tmp/alive] }, periodSeconds: 1, failureThreshold: 2 }";
    let web = service("web").container("command: [/bin/sh, -c, 'touch /tmp/alive; exec idle']").container(probe);
    let die = exec_where("web", &["false"], &["rm", "/tmp/alive"]);
    scenario("a liveness failure restarts the container where it stands")
        .step("it runs", run_on(&web.to_string()), [eventually(ready("web", 1))])
        .step("as it is now", remember(), [])
        .step("it is left alone while it is well", look(), [throughout(Duration::from_secs(3), untouched("web"))])
        .step("it falls ill", die, [eventually(restarted("web")), eventually(ready("web", 1))])
        .step("and the log says why", look(), [logs("unhealthy: livenessProbe: exit code 1")]);
}

#[test]
fn what_does_not_answer_at_its_address_is_restarted_as_often_as_it_takes_and_a_revision_that_never_does_goes_back() {
    let probe = "livenessProbe: { httpGet: { path: /alive, port: 8000 }, periodSeconds: 1, failureThreshold: 2 }";
    let serving =
        |script: &str| service("web").container(&format!("command: [/bin/sh, -c, '{script}']")).container(probe);
    // Its second start is as ill as the first has become.
    let well = serving("echo >>/starts; [ $(wc -l </starts) = 2 ] || touch /www/alive; exec serve");
    let mute = serving("exec idle");
    let die = exec_where("web", &["false"], &["rm", "/www/alive"]);
    let starts = check(|world| {
        let web = world.replica("web")?;
        let starts = world.docker.exec(&web.id, &["cat", "/starts"])?.lines().count();
        anyhow::ensure!(starts == 3, "it was started {starts} times");
        Ok(())
    });
    scenario("what does not answer at its address is restarted as often as it takes, and a revision that never does goes back")
        .step("it runs well", run_on(&well.to_string()), [eventually(told("web", &["RevisionStable"]))])
        .step("it falls ill, and its next start is", die, [eventually(starts), eventually(ready("web", 1))])
        .step("and the log says why", look(), [logs("unhealthy: livenessProbe: ")])
        .step(
            "another version answers nobody",
            write("main.yaml", &mute.to_string()),
            [eventually(told("web", &["RevisionFailed", "RolledBack"])), eventually(ready("web", 1))],
        );
}

#[test]
fn what_docker_calls_unhealthy_is_restarted() {
    let check = "[CMD-SHELL, 'test -e /tmp/well || { echo no route for pepper42; exit 3; }']";
    let web = service("web")
        .container("command: [/bin/sh, -c, 'touch /tmp/well; exec idle']")
        .container(&format!("healthCheck: {{ test: {check}, interval: 1s, retries: 2 }}"))
        .container("env: [{ name: SPICE, valueFrom: { secretKeyRef: { name: spice, key: kind } } }]");
    let web = format!("{web}{}", secret("spice", "kind", "pepper42"));
    let fall_ill = exec_where("web", &["false"], &["rm", "/tmp/well"]);
    scenario("what Docker calls unhealthy is restarted")
        .step("it runs", run_on(&web), [eventually(ready("web", 1))])
        .step("as it is now", remember(), [])
        .step("it falls ill", fall_ill, [eventually(described("no route for ***"))])
        .step("that restarts it", look(), [eventually(restarted("web")), eventually(ready("web", 1))])
        .step("and the log says why", look(), [logs("unhealthy: healthCheck: exit code 3: no route for ***")])
        .step(
            "and describe counts it, shows the check and since when there is one again",
            look(),
            [
                eventually(described("Available True MinimumReplicasAvailable 0s")),
                says("Restarts: 1"),
                says("Health check: exec [CMD-SHELL test -e /tmp/well"),
            ],
        )
        .step("as do the events", get("events"), [says("exit code 3: no route for ***"), is_silent_on("pepper42")]);
}

#[test]
fn a_slow_start_is_given_its_time_by_a_startup_probe() {
    let web = service("web")
        .container("command: [/bin/sh, -c, 'sleep 3; exec serve']")
        .container("startupProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1, failureThreshold: 30 }")
        .container("livenessProbe: { httpGet: { path: /, port: 8000 }, periodSeconds: 1, failureThreshold: 1 }");
    scenario("a slow start is given its time by a startup probe")
        .step("up waits for it", apply(&web.to_string()), [ready("web", 1)])
        .step("as it is now", remember(), [])
        .step("skiff run takes over", run(), [throughout(Duration::from_secs(3), untouched("web"))])
        .step(
            "it answered at last",
            look(),
            [check(|world| {
                let seen = world.replica("web")?;
                world.docker.exec(&seen.id, &["wget", "-q", "-O", "-", "http://127.0.0.1:8000/"]).map(drop)
            })],
        );
}

#[test]
fn headers_reach_the_server() {
    // The script answers 503 without the header.
    let script = "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\n[ \"$HTTP_X_TOKEN\" = open ] || echo Status: 503 closed\\necho Content-type: text/plain\\necho\\necho fine\\n' > /www/cgi-bin/check; chmod +x /www/cgi-bin/check; exec serve";
    let with = |headers: &str| {
        let get = format!("{{ path: /cgi-bin/check, port: 8000, httpHeaders: [{headers}] }}");
        service("web")
            .container(&format!("command: [/bin/sh, -c, {}]", serde_json::Value::from(script)))
            .container(&format!("readinessProbe: {{ httpGet: {get}, periodSeconds: 1 }}"))
            .to_string()
    };
    scenario("headers reach the server")
        .step("without the header it is not Ready", write("main.yaml", &with("")), [])
        .step("and up says so", skiff("up", &["--timeout", "5s"]), [exits(1), says("readinessProbe: HTTP 503")])
        .step("with it, it is", apply(&with("{ name: X-Token, value: open }")), [ready("web", 1)]);
}

#[test]
fn on_the_hosts_network_the_host_is_asked() {
    let port = skiff_e2e::free_port().expect("a free port");
    let web = service("web")
        .template("networkMode: host")
        .container(&format!("command: [/bin/httpd, -f, -p, '127.0.0.1:{port}', -h, /www]"))
        .container(&format!("readinessProbe: {{ tcpSocket: {{ port: {port} }}, periodSeconds: 1 }}"));
    scenario("on the host's network the host is asked").step("it is Ready", apply(&web.to_string()), [ready("web", 1)]);
}

#[test]
fn commands_beside_the_controller_judge_by_its_verdicts() {
    let web = service("web")
        .container("command: [/bin/sh, -c, 'touch /www/ready; exec serve']")
        .container("readinessProbe: { httpGet: { path: /ready, port: 8000 }, failureThreshold: 100 }");
    let fall_ill = exec_where("web", &["false"], &["rm", "/www/ready"]);
    scenario("commands beside the controller judge by its verdicts")
        .step("it runs", run_on(&web.to_string()), [eventually(ready("web", 1))])
        .step("its page goes", fall_ill, [])
        .step("for the controller it may fail", get("get"), [says("1/1")])
        .step("and so it may for whoever waits", get("wait"), [exits(0)])
        .step("the controller ends", end_run(), [])
        .step("one failure says nothing", get("describe"), [says("Unknown"), says("HTTP 404 (1 of 100 failures)")]);
}

/// How many commands of the probe hang in the container.
fn hanging(most: usize) -> Check {
    check(move |world| {
        let seen = world.replica("web")?;
        let count = world.docker.exec(&seen.id, &["ps"])?.matches("sleep 1000").count();
        anyhow::ensure!((1..=most).contains(&count), "{count} commands hang");
        Ok(())
    })
}

/// A service whose probe never answers.
fn hangs() -> Service {
    let probe = "readinessProbe: { exec: { command: [sleep, '1000'] }, periodSeconds: 1, timeoutSeconds: 1 }";
    service("web").container(probe)
}

#[test]
fn whoever_waits_leaves_no_more_than_one_command_that_hangs() {
    let by_up = write("main.yaml", &hangs().to_string());
    scenario("whoever waits leaves no more than one command that hangs")
        .step("it is declared", by_up, [])
        .step("up leaves one", skiff("up", &["--timeout", "8s"]), [exits(1), hanging(1)])
        .step("wait leaves another", act::call(&["wait", "web", "--timeout", "12s"]), [exits(1), hanging(2)]);
}

#[test]
fn a_command_that_hangs_is_not_begun_twice() {
    let web = hangs();
    scenario("a command that hangs is not begun twice")
        .step("it runs", run_on(&web.to_string()), [eventually(hanging(1))])
        .step("and goes on", look(), [throughout(Duration::from_secs(5), hanging(1))]);
}

#[test]
fn a_server_of_grpc_is_ready_when_its_health_protocol_says_so() {
    let health = Health::start().expect("a server");
    let web = service("web")
        .template("networkMode: host")
        .container(&format!("readinessProbe: {{ grpc: {{ port: {} }}, periodSeconds: 1 }}", health.port))
        .container("command: [idle]");
    scenario("a server of gRPC is Ready when its health protocol says so")
        .step(
            "it does not serve yet",
            run_on(&web.to_string()),
            [eventually(described("readinessProbe: gRPC: NOT_SERVING")), eventually(described("0 Ready"))],
        )
        .step(
            "it serves",
            act(move |_| {
                health.serve(true);
                Ok(())
            }),
            [eventually(ready("web", 1))],
        );
}
