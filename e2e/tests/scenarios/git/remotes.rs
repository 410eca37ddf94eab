//! The ways to a repository: HTTP, HTTPS with a token and an authority of its own, SSH with a key and known hosts.

use std::time::Duration;

use skiff_e2e::{GitServer, SshServer};

use super::*;

#[test]
fn a_repository_is_followed_over_http() {
    let forge = forge();
    let server = GitServer::plain(forge.path()).expect("a server");
    let web = |replicas| service("web").replicas(replicas).to_string();
    scenario("a repository is followed over HTTP")
        .step(
            "one replica",
            all([push(&forge, &[("web.yaml", &web(1))], "One"), follow(&[&server.address("shop.git", OFTEN)])]),
            [eventually(ready("web", 1))],
        )
        .step("two", push(&forge, &[("web.yaml", &web(2))], "Two"), [eventually(ready("web", 2))]);
}

#[test]
fn a_private_repository_is_followed_over_https_with_a_token_that_shows_nowhere() {
    const TOKEN: &str = "t0ken-'\"$(x) \\%n";
    let forge = forge();
    let server = GitServer::private(forge.path(), TOKEN).expect("a server");
    let file = |name: &str, text: &str| {
        let path = forge.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (right, wrong) = (file("right", &format!("{TOKEN}\n")), file("wrong", "guess\n"));
    let ca = server.certificate().expect("a certificate").display().to_string();
    let address =
        |token: &str| server.address("shop.git", &format!("user=deploy&token-file={token}&ca-file={ca}&{OFTEN}"));
    let two = service("web").replicas(2).to_string();
    scenario("a private repository is followed over HTTPS with a token that shows nowhere")
        .step("it is pushed", push(&forge, &[("web.yaml", &service("web").to_string())], "One"), [])
        .step(
            "an unknown authority",
            call(&["plan", &server.address("shop.git", "")]),
            [exits(1), says("name the authority that signed the server's certificate")],
        )
        .step(
            "no token",
            call(&["plan", &server.address("shop.git", &format!("ca-file={ca}"))]),
            [exits(1), says("write a token that may read the repository")],
        )
        .step(
            "a wrong token",
            call(&["plan", &address(&wrong)]),
            [exits(1), says("is the token in"), says("Authentication failed")],
        )
        .step(
            "a token that is not there",
            call(&["plan", &address("/nowhere")]),
            [exits(1), says("/nowhere: No such file")],
        )
        .step("the right one", follow(&[&address(&right)]), [eventually(ready("web", 1)), shows_nowhere(TOKEN)])
        .step("as it is now", remember(), [])
        .step(
            "it is taken back, and there is a commit",
            all([replace(&right, "guess\n"), push(&forge, &[("web.yaml", &two)], "Two")]),
            [eventually(logs("Authentication failed")), throughout(Duration::from_secs(3), untouched("web"))],
        )
        .step("get says so", call(&["get"]), [says("Authentication failed")])
        .step("another one is given", replace(&right, TOKEN), [eventually(ready("web", 2)), shows_nowhere(TOKEN)]);
}

/// Writes a file anew, as whoever gives out tokens does.
fn replace(path: &str, text: &'static str) -> Act {
    let path = path.to_owned();
    act(move |_| Ok(std::fs::write(path, text)?))
}

/// Neither in the log nor in any file of the state directory.
fn shows_nowhere(secret: &'static str) -> Check {
    check(move |world| {
        let state = world.folder().join("state");
        let found = std::process::Command::new("grep").args(["-rlF", secret]).arg(state).output()?;
        ensure!(found.stdout.is_empty(), "in {}", String::from_utf8_lossy(&found.stdout));
        ensure!(!world.running()?.log().contains(secret), "in the log");
        Ok(())
    })
}

#[test]
fn a_repository_is_followed_over_ssh_by_a_key_and_from_a_known_host_only() {
    let forge = forge();
    let server = SshServer::start().expect("a server");
    let (known, key, strange) = (server.known_hosts(), server.key(), server.strange_key());
    let nobody = forge.path().join("nobody");
    std::fs::write(&nobody, "").expect("a file");
    let bare = forge.bare().expect("a repository");
    let address = |key: &std::path::Path, known: &std::path::Path| {
        let settings = format!("ssh-key={}&known-hosts={}&{OFTEN}", key.display(), known.display());
        server.address(&bare, &settings).expect("an address")
    };
    let web = |replicas| service("web").replicas(replicas).to_string();
    scenario("a repository is followed over SSH, by a key and from a known host only")
        .step("it is pushed", push(&forge, &[("web.yaml", &web(1))], "One"), [])
        .step(
            "a host that is not known",
            call(&["plan", &address(&key, &nobody)]),
            [exits(1), says("host key is known for"), says("ssh-keyscan")],
        )
        .step(
            "a key that the host does not know",
            call(&["plan", &address(&strange, &known)]),
            [exits(1), says("Permission denied"), says("name a key that the host knows")],
        )
        .step("both are right", follow(&[&address(&key, &known)]), [eventually(ready("web", 1))])
        .step("two", push(&forge, &[("web.yaml", &web(2))], "Two"), [eventually(ready("web", 2))]);
}
