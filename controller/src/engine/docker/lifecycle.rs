//! Starts, stops, removes, renames and unpauses containers. What has been done already is no error.

use std::time::{Duration, Instant};

use hyper::Method;
use skiff_core::{ContainerRef, ContentStore, EngineError, Outcome, StopContainer};

use super::client::Client;
use super::create::describe;
use super::deadline;
use super::error::{Reply, with_remedy};
use super::hook;
use super::observe::inspect;
use super::{path, volume};
use crate::ask::Asker;

/// The seconds that a stop gets at least once a hook has used up the grace period.
const AFTER_A_HOOK: u64 = 2;
/// How often it is looked whether a removal that somebody else has begun is over.
const REMOVAL_PERIOD: Duration = Duration::from_millis(100);

async fn post(client: &Client, container: &ContainerRef, verb: &str) -> Result<Reply, EngineError> {
    client.post(&format!("/containers/{}/{verb}", path::name(container.handle())?), None).await
}

fn gone(container: &ContainerRef) -> EngineError {
    EngineError::Stale(format!("container {} is gone", container.name))
}

/// Starts a container.
pub(super) async fn start(client: &Client, container: &ContainerRef) -> Result<Outcome, EngineError> {
    let reply = post(client, container, "start").await?;
    match reply.status {
        304 => Ok(Outcome::Already),
        _ if reply.is_success() => Ok(Outcome::Done),
        status => Err(why_not_started(client, container, status, &reply).await),
    }
}

/// A start that fails leaves its reason in the container's state, often better than the answer.
async fn why_not_started(client: &Client, container: &ContainerRef, status: u16, reply: &Reply) -> EngineError {
    let what = format!("start container {}", container.name);
    match inspect(client, container.handle()).await {
        Ok(None) => gone(container),
        Ok(Some(inspected)) if !inspected.state.error.is_empty() => {
            EngineError::Failed(with_remedy(&what, &inspected.state.error))
        }
        // 404 with the container there: what it needs (a network, a program of the image) is not.
        Ok(Some(_)) if status == 404 => EngineError::Failed(with_remedy(&what, &reply.message())),
        Ok(Some(_)) | Err(_) => reply.refusal(&what),
    }
}

/// Runs what is to be run before, asks a container to stop and lets the engine kill it after what is left of the grace period.
pub(super) async fn stop(
    client: &Client,
    asker: &Asker,
    stop: &StopContainer,
    content: &ContentStore,
) -> Result<Outcome, EngineError> {
    let StopContainer { container, grace_seconds, pre_stop } = stop;
    let grace = Duration::from_secs(u64::from(*grace_seconds));
    let begun = Instant::now();
    let warning = match pre_stop {
        Some(check) => hook::pre_stop(client, asker, container, check, grace, content).await.err(),
        None => None,
    };
    let left = seconds_left(*grace_seconds, pre_stop.as_ref().map(|_| begun.elapsed()));
    let path = format!("/containers/{}/stop?t={left}", path::name(container.handle())?);
    let reply = client.call(Method::POST, &path, None, Duration::from_secs(left) + deadline::STOP_MARGIN).await?;
    match reply.status {
        304 | 404 => Ok(Outcome::Already),
        _ => reply.done(&format!("stop container {}", container.name)).map(|()| warned(warning)),
    }
}

/// Whole seconds of the grace period that a hook has left over, and two at least, as in Kubernetes.
fn seconds_left(grace_seconds: u32, hook_took: Option<Duration>) -> u64 {
    let grace = u64::from(grace_seconds);
    hook_took.map_or(grace, |took| grace.saturating_sub(took.as_secs()).max(AFTER_A_HOOK))
}

fn warned(warning: Option<String>) -> Outcome {
    warning.map_or(Outcome::Done, |warning| Outcome::Warned { warnings: vec![format!("preStop: {warning}")] })
}

/// Sends a signal.
pub(super) async fn kill(client: &Client, container: &str, signal: &str) -> Result<(), EngineError> {
    let path = format!("/containers/{}/kill{}", path::name(container)?, path::query(&[("signal", signal)]));
    client.post(&path, None).await?.done(&format!("send {signal} to container {container}"))
}

/// Removes a container, and the volumes that go with it. One that another container has by then stays.
pub(super) async fn remove(
    client: &Client,
    container: &ContainerRef,
    volumes: &[String],
) -> Result<Outcome, EngineError> {
    let path = format!("/containers/{}?force=1", path::name(container.handle())?);
    let reply = client.delete(&path).await?;
    let outcome = match reply.status {
        404 => Outcome::Already,
        409 if reply.message().contains("already in progress") => wait_until_gone(client, container).await?,
        _ => reply.done(&format!("remove container {}", container.name)).map(|()| Outcome::Done)?,
    };
    for name in volumes {
        volume::remove_unused(client, name).await?;
    }
    Ok(outcome)
}

/// Somebody else removes it.
async fn wait_until_gone(client: &Client, container: &ContainerRef) -> Result<Outcome, EngineError> {
    let wait = async {
        while inspect(client, container.handle()).await?.is_some() {
            tokio::time::sleep(REMOVAL_PERIOD).await;
        }
        Ok(Outcome::Already)
    };
    let seconds = deadline::REMOVAL.as_secs();
    let late = || {
        EngineError::Failed(format!(
            "container {} has been in removal for {seconds} s: `docker rm -f {}` shows why, a restart of Docker mends it",
            container.name, container.name
        ))
    };
    tokio::time::timeout(deadline::REMOVAL, wait).await.unwrap_or_else(|_| Err(late()))
}

/// Gives a container another name.
pub(super) async fn rename(client: &Client, container: &ContainerRef, to: &str) -> Result<Outcome, EngineError> {
    let query = path::query(&[("name", path::name(to)?)]);
    let path = format!("/containers/{}/rename{query}", path::name(container.handle())?);
    let reply = client.post(&path, None).await?;
    if reply.is_success() {
        return Ok(Outcome::Done);
    }
    if let Some(holder) = inspect(client, to).await? {
        let own = container.id.as_ref() == Some(&holder.id);
        return if own && holder.bare_name() == to {
            Ok(Outcome::Already)
        } else {
            Err(EngineError::NameTaken { name: to.to_owned(), by: describe(&holder) })
        };
    }
    Err(reply.refusal(&format!("rename container {} to {to}", container.name)))
}

/// Lets a paused container go on.
pub(super) async fn unpause(client: &Client, container: &ContainerRef) -> Result<Outcome, EngineError> {
    let reply = post(client, container, "unpause").await?;
    if reply.status == 404 {
        return Err(gone(container));
    }
    if reply.message().contains("is not paused") {
        return Ok(Outcome::Already);
    }
    reply.done(&format!("unpause container {}", container.name)).map(|()| Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_shares_the_grace_period_and_leaves_two_seconds() {
        let after = |took: u64| seconds_left(30, Some(Duration::from_secs(took)));
        assert_eq!([after(0), after(10), after(29), after(40)], [30, 20, 2, 2]);
        assert_eq!(seconds_left(0, None), 0);
    }
}
