//! A webhook: what is pushed is there at once, and only who knows the secret is heard.

use std::time::Duration;

use skiff_e2e::check::within;
use skiff_e2e::{Webhook, free_port};

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_webhook_has_what_is_pushed_applied_at_once() {
    let forge = forge();
    let port = free_port().expect("a port");
    let secret = forge.path().join("secret");
    std::fs::write(&secret, SECRET).expect("a file");
    let (listen, secret) = (format!("127.0.0.1:{port}"), secret.display().to_string());
    let hooked = |secret: &'static str, expected: &'static str| {
        act(move |_| {
            let answer = Webhook::signed(secret, "{\"ref\":\"refs/heads/main\"}")?.call(port)?;
            ensure!(answer.contains(expected), "{answer}");
            Ok(())
        })
    };
    let web = |replicas| service("web").replicas(replicas).to_string();
    scenario("a webhook has what is pushed applied at once")
        .step(
            "a repository is followed that is asked once an hour",
            all([
                push(&forge, &[("web.yaml", &web(1))], "One"),
                follow(&[
                    &forge.address("interval=1h").expect("an address"),
                    "--webhook-listen",
                    &listen,
                    "--webhook-secret-file",
                    &secret,
                ]),
            ]),
            [eventually(ready("web", 1))],
        )
        .step(
            "a call with another secret",
            all([push(&forge, &[("web.yaml", &web(2))], "Two"), hooked("fedcba9876543210fedcba9876543210", "401")]),
            [eventually(logs("is not signed with its secret")), throughout(Duration::from_secs(1), ready("web", 1))],
        )
        .step("a call with the secret", hooked(SECRET, "202"), [within(Duration::from_secs(5), ready("web", 2))]);
}

#[test]
fn a_webhook_without_a_secret_is_refused() {
    let forge = forge();
    let weak = forge.path().join("weak");
    std::fs::write(&weak, "hunter2").expect("a file");
    let weak = weak.display().to_string();
    let address = forge.address("").expect("an address");
    scenario("a webhook without a secret is refused")
        .step(
            "none",
            call(&["run", &address, "--webhook-listen", "127.0.0.1:0"]),
            [exits(1), says("--webhook-secret-file")],
        )
        .step(
            "one that is guessed",
            call(&["run", &address, "--webhook-listen", "127.0.0.1:0", "--webhook-secret-file", &weak]),
            [exits(1), says("is guessed too easily"), says("openssl rand -hex 32")],
        );
}
