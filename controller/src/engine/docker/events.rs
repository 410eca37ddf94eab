//! Events: told, not trusted. An event names what the next look must inspect, and wakes whoever waits; it decides nothing.
//!
//! The stream is drained by a task that does nothing else: a reader that lags slows every call of the daemon and loses events.
//! Where the wakes are not taken in time they are dropped, because one that waits already says the same: look again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::Incoming;
use serde::Deserialize;
use skiff_core::Instance;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::client::Client;
use super::deadline;
use super::observe::Ask;
use super::path;
use crate::engine::Wake;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is asked for. Above all no `exec_*`: each health check makes three of them. Of images, imports and builds tell of their tag.
const ACTIONS: [&str; 19] = [
    "create",
    "start",
    "die",
    "oom",
    "pause",
    "unpause",
    "rename",
    "update",
    "destroy",
    "health_status",
    "connect",
    "disconnect",
    "remove",
    "restart",
    "pull",
    "tag",
    "untag",
    "delete",
    "load",
];

/// What a foreign container may do that concerns us: give a name or a port free, or take one.
const OF_FOREIGNERS: [&str; 4] = ["start", "die", "rename", "destroy"];

/// Whose events are told in full.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    /// What carries this in its labels.
    pub(super) instance: Instance,
    /// The containers that were taken over from others, by id.
    pub(super) adopted: watch::Receiver<BTreeSet<String>>,
}

impl Ours {
    fn has(&self, actor: &Actor) -> bool {
        let label = actor.attributes.get(skiff_api::label::INSTANCE);
        label.is_some_and(|value| value == self.instance.as_str()) || self.adopted.borrow().contains(&actor.id)
    }
}

/// Watches until the receiver of the wakes is dropped.
pub(super) async fn watch(client: Client, asks: mpsc::UnboundedSender<Ask>, ours: Ours, wakes: mpsc::Sender<Wake>) {
    let mut pause = FIRST_PAUSE;
    while !wakes.is_closed() {
        let heard = tokio::select! {
            biased;
            () = wakes.closed() => return,
            heard = drain(&client, &asks, &ours, &wakes) => heard,
        };
        // Nothing that was known may be relied on, also while the engine is away.
        asks.send(Ask::Forget).ok();
        wakes.try_send(Wake::Reconnected).ok();
        pause = if heard { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        tracing::debug!(pause = pause.as_secs(), "the stream of events broke");
        tokio::select! {
            biased;
            () = wakes.closed() => return,
            () = sleep(pause) => {}
        }
    }
}

/// Reads one stream to its end; says whether it was ever open.
async fn drain(client: &Client, asks: &mpsc::UnboundedSender<Ask>, ours: &Ours, wakes: &mpsc::Sender<Wake>) -> bool {
    let Some(mut body) = open(client).await else { return false };
    // Only now that nothing can be missed any more is it worth to look again at everything.
    asks.send(Ask::Forget).ok();
    wakes.try_send(Wake::Reconnected).ok();
    // A stream that hangs says nothing, like one on which nothing happens: the difference is found out by asking.
    let mut heartbeat = interval_at(Instant::now() + deadline::HEARTBEAT, deadline::HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut text = BytesMut::new();
    loop {
        tokio::select! {
            biased;
            frame = body.frame() => {
                let Some(Ok(frame)) = frame else { return true };
                text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line = text.split_to(end + 1);
                    // What cannot be read tells no less than that something has happened, and the next look sees it.
                    let Ok(event) = serde_json::from_slice(&line) else { continue };
                    if pass_on(event, asks, ours, wakes).is_break() {
                        return true;
                    }
                }
            }
            _ = heartbeat.tick() => if client.ping().await.is_err() { return true },
        }
    }
}

/// Asks for the stream; it is open once the head of the answer is there.
async fn open(client: &Client) -> Option<Incoming> {
    let filters =
        serde_json::json!({ "type": ["container", "network", "volume", "image"], "event": ACTIONS }).to_string();
    let request =
        client.request(Method::GET, &format!("/events{}", path::query(&[("filters", &filters)])), None).ok()?;
    let response = client.open(request).await.ok()?;
    response.status().is_success().then(|| response.into_body())
}

/// An event; only what is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    action: String,
    actor: Actor,
}

#[derive(Debug, Deserialize)]
struct Actor {
    #[serde(rename = "ID", default)]
    id: String,
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, String>,
}

fn pass_on(
    event: Event,
    asks: &mpsc::UnboundedSender<Ask>,
    ours: &Ours,
    wakes: &mpsc::Sender<Wake>,
) -> ControlFlow<()> {
    if event.kind == "image" {
        // Nothing is done because an image came or went, so that nobody is woken.
        return if asks.send(Ask::Images).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    }
    let Some((wake, container)) = read(event, ours) else { return ControlFlow::Continue(()) };
    if let Some(id) = container
        && asks.send(Ask::Touched(id)).is_err()
    {
        return ControlFlow::Break(());
    }
    match wakes.try_send(wake) {
        Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => ControlFlow::Continue(()),
        Err(mpsc::error::TrySendError::Closed(_)) => ControlFlow::Break(()),
    }
}

/// The wake that an event means, and the container that it names; `None` where it is nothing to us.
fn read(event: Event, ours: &Ours) -> Option<(Wake, Option<String>)> {
    let Event { kind, action, actor } = event;
    let is_container = kind == "container";
    let is_ours = is_container && ours.has(&actor);
    let Actor { id, attributes } = actor;
    if is_container && !is_ours && !OF_FOREIGNERS.contains(&action.as_str()) {
        return None;
    }
    // Of a network's events the container is an attribute, of a container's it is the actor.
    let container = if is_container { Some(id.clone()) } else { attributes.get("container").cloned() };
    let name = attributes.get("name").cloned().unwrap_or(id);
    Some((Wake::Event { action, name }, container))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, action: &str, attributes: &str) -> Option<(Wake, Option<String>)> {
        event_of("abc", kind, action, attributes)
    }

    fn event_of(id: &str, kind: &str, action: &str, attributes: &str) -> Option<(Wake, Option<String>)> {
        let text =
            format!(r#"{{"Type":"{kind}","Action":"{action}","Actor":{{"ID":"{id}","Attributes":{attributes}}}}}"#);
        let (taken_over, adopted) = watch::channel(BTreeSet::from(["taken-over".to_owned()]));
        drop(taken_over);
        let ours = Ours { instance: Instance::default(), adopted };
        read(serde_json::from_str(&text).expect("an event"), &ours)
    }

    #[test]
    fn an_event_of_ours_names_its_container() {
        let expected = Wake::Event { action: "health_status: healthy".to_owned(), name: "web-1".to_owned() };
        let attributes = r#"{"name":"web-1","skiff.dev/instance":"default"}"#;
        assert_eq!(event("container", "health_status: healthy", attributes), Some((expected, Some("abc".to_owned()))));
    }

    #[test]
    fn a_foreign_container_wakes_only_where_it_frees_or_takes_a_name_or_a_port() {
        let attributes = r#"{"name":"x","skiff.dev/instance":"other"}"#;
        assert_eq!(event("container", "health_status: healthy", attributes), None);
        assert!(event("container", "die", attributes).is_some());
    }

    #[test]
    fn an_event_of_what_was_taken_over_is_one_of_ours() {
        let attributes = r#"{"name":"x","com.docker.compose.project":"shop"}"#;
        let found = event_of("taken-over", "container", "health_status: unhealthy", attributes);
        assert_eq!(found.and_then(|(_, container)| container), Some("taken-over".to_owned()));
    }

    #[test]
    fn an_attachment_names_the_container_that_it_is_of() {
        let found = event("network", "disconnect", r#"{"name":"shop","container":"c1"}"#);
        assert_eq!(found.and_then(|(_, container)| container), Some("c1".to_owned()));
    }
}
