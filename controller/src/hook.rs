//! Listens for webhooks of git hosts: one that is genuine has the repositories asked at once. It carries nothing into any decision.
//!
//! What a call says is not read, only proved; a body is never kept.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode};
use skiff_remote::{HookHeaders, HookSecret};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::listen::{Answer, Listener, plain};
use crate::role::{Relay, Role, StandingBy};

/// A listener, and the secret that calls are signed with.
#[derive(Debug)]
pub struct HookListener {
    listener: Listener,
    secret: HookSecret,
}

/// The largest body: GitHub sends at most 25 MiB.
const LARGEST: u64 = 32 << 20;

impl HookListener {
    /// Hears what is signed with a secret.
    pub(crate) const fn new(listener: Listener, secret: HookSecret) -> Self {
        Self { listener, secret }
    }

    /// Answers until cancelled, as what the process is when it is called; a relay passes on to another one that leads.
    pub(crate) async fn run(self, roles: watch::Receiver<Arc<Role>>, relay: Option<Relay>, cancel: CancellationToken) {
        let Self { listener, secret } = self;
        let answer = move |request, from: String| {
            let (secret, roles, relay) = (secret.clone(), roles.clone(), relay.clone());
            async move { answer(request, &from, &secret, || pass_on(&roles.borrow(), relay.as_ref())).await }
        };
        listener.serve("webhooks", cancel, answer).await;
    }
}

async fn answer<B>(request: Request<B>, from: &str, secret: &HookSecret, pass_on: impl FnOnce() -> Answer) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "a webhook is called by POST\n");
    }
    match is_genuine(request, secret).await {
        Ok(true) => {
            tracing::info!(from, "a webhook asks for the repositories to be fetched");
            pass_on()
        }
        Ok(false) => {
            tracing::warn!(from, "a call of the webhook is not signed with its secret");
            plain(StatusCode::UNAUTHORIZED, "the call is not signed with the secret of this webhook\n")
        }
        Err(status) => plain(status, "the body is too large, or broke off\n"),
    }
}

/// Has repositories fetched: by this process where it leads, else by whoever does.
fn pass_on(role: &Role, relay: Option<&Relay>) -> Answer {
    match role {
        Role::Acting(acting) if acting.watched.mandate.holds() => {
            acting.syncer.nudge();
            plain(StatusCode::ACCEPTED, "the repositories are being fetched\n")
        }
        Role::StandingBy(StandingBy { leader: Some(leader), .. }) if relay.is_some_and(Relay::nudge) => {
            plain(StatusCode::ACCEPTED, format!("{leader} leads, and has been told\n"))
        }
        Role::StandingBy(standing) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", standing.words())),
        Role::Acting(_) | Role::Beginning => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "this controller does not lead now; the next one asks all repositories\n",
        ),
    }
}

async fn is_genuine<B: Body<Data = Bytes> + Unpin>(
    request: Request<B>,
    secret: &HookSecret,
) -> Result<bool, StatusCode> {
    let headers = headers(request.headers());
    let (mut body, mut proof, mut length) = (request.into_body(), secret.proof(), 0_u64);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        let Some(piece) = frame.data_ref() else { continue };
        length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if length > LARGEST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        proof.add(piece);
    }
    Ok(proof.holds(&headers))
}

fn headers(headers: &HeaderMap) -> HookHeaders {
    let of = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let signature = of("x-hub-signature-256").or_else(|| of("x-gitea-signature")).or_else(|| of("x-forgejo-signature"));
    HookHeaders { signature, token: of("x-gitlab-token") }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    async fn called(method: &str, header: (&str, &str), body: &str) -> u16 {
        let request = Request::builder().method(method).header(header.0, header.1);
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
        let secret = HookSecret::new(SECRET.as_bytes()).expect("a secret");
        answer(request, "here", &secret, || plain(StatusCode::ACCEPTED, "ok")).await.status().as_u16()
    }

    #[tokio::test]
    async fn only_a_call_with_the_secret_is_heard() {
        let hub = |signature| ("X-Hub-Signature-256", signature);
        assert_eq!(called("POST", hub(SIGNATURE), "Hello, World!").await, 202);
        assert_eq!(called("POST", ("X-Gitea-Signature", &SIGNATURE["sha256=".len()..]), "Hello, World!").await, 202);
        assert_eq!(called("POST", ("X-Gitlab-Token", SECRET), "{}").await, 202);
        assert_eq!(called("POST", hub(SIGNATURE), "Hello, World?").await, 401);
        assert_eq!(called("POST", ("X-Gitlab-Token", "guess"), "{}").await, 401);
        assert_eq!(called("POST", ("X-Other", "x"), "{}").await, 401);
        assert_eq!(called("GET", hub(SIGNATURE), "Hello, World!").await, 405);
    }

    #[tokio::test]
    async fn a_body_without_end_is_not_read_to_its_end() {
        let large = "x".repeat(usize::try_from(LARGEST).expect("it fits") + 1);
        assert_eq!(called("POST", ("X-Gitlab-Token", SECRET), &large).await, 413);
    }
}
