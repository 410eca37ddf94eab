//! What is held is said in the log: once when it begins, once when it ends, however many passes see it.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::json;
use skiff::session::tell_holds;
use tokio_util::sync::CancellationToken;
use tracing::subscriber::DefaultGuard;

use crate::fixture::{Fixture, deployment, key};

/// Takes in what this thread logs at INFO and above.
#[derive(Clone)]
struct Log(Sender<String>);

impl Log {
    fn listen() -> (Receiver<String>, DefaultGuard) {
        let (sender, lines) = channel();
        let log = Self(sender);
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).without_time();
        let subscriber = subscriber.with_target(false).with_ansi(false).with_writer(move || log.clone());
        (lines, tracing::subscriber::set_default(subscriber.finish()))
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8_lossy(bytes).trim().to_owned()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_a_stranger_has_is_said_once_and_once_when_it_is_free() {
    let mut web = deployment("web", 1, "app:1");
    let ports = json!([{ "containerPort": 80, "hostPort": 8080 }]);
    *web.pointer_mut("/spec/template/container").expect("a container") = json!({ "image": "app:1", "ports": ports });
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("db", 1, "app:1")]);
    fixture.settled().await;
    let (lines, _guard) = Log::listen();
    let telling = tokio::spawn(tell_holds(fixture.listen(), CancellationToken::new()));
    fixture.engine.with(|world| world.sim.add_foreign_container("stranger", &[8080], BTreeMap::new())).await;
    fixture.declare(&[deployment("db", 1, "app:1"), web]);
    fixture.passes(20).await;
    fixture.engine.with(|world| world.sim.remove_by_hand("stranger")).await;
    fixture.until("web up", |s| s.status.get(&key("web")).is_some_and(|web| web.ready == 1)).await;
    fixture.passes(20).await;
    fixture.end().await;
    telling.await.expect("it ends with the loop");
    let told: Vec<String> = lines.try_iter().filter(|line| line.contains("held")).collect();
    assert_eq!(
        told,
        [
            "WARN held: port 8080/tcp of the host is taken by container stranger object=\"deployment/shop/web\" remedy=\"remove or rename container stranger, or change the manifest; what is not Skiff's is never touched\"",
            "INFO no longer held: port 8080/tcp of the host is taken by container stranger object=\"deployment/shop/web\"",
        ]
    );
}
