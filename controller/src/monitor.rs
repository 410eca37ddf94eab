//! Answers whoever watches the controller: `/metrics`, `/livez` and `/readyz`.
//!
//! A port of the host is open to all of its processes and users, so the metrics, which name objects and commits, are given there to who
//! knows the token. Whether it lives and is ready tells nobody anything.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, StatusCode};
use skiff_remote::HookSecret;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::controller::Snapshot;
use crate::listen::{Answer, Listener, plain};
use crate::mandate::Mandate;
use crate::metrics::{self, Counts, Facts, SourceFacts};
use crate::role::Role;

/// A listener, and the token that who asks for metrics must know.
#[derive(Debug)]
pub struct Monitor {
    listener: Listener,
    token: Option<HookSecret>,
}

/// What is answered from.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) sources: watch::Receiver<Arc<SourceFacts>>,
    pub(crate) counts: watch::Receiver<Arc<Counts>>,
    pub(crate) mandate: Mandate,
}

impl Monitor {
    /// Answers at a listener; without a token whoever can call it is told all.
    pub(crate) const fn new(listener: Listener, token: Option<HookSecret>) -> Self {
        Self { listener, token }
    }

    /// Answers until cancelled, from what the process is when it is asked.
    pub(crate) async fn run(self, roles: watch::Receiver<Arc<Role>>, cancel: CancellationToken) {
        let Self { listener, token } = self;
        let answer = move |request: Request<_>, from: String| {
            let answer = answer(&request, &from, token.as_ref(), &roles.borrow());
            async move { answer }
        };
        listener.serve("questions for metrics", cancel, answer).await;
    }
}

fn answer<B>(request: &Request<B>, from: &str, token: Option<&HookSecret>, role: &Role) -> Answer {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "this is read by GET\n");
    }
    match request.uri().path() {
        "/livez" => plain(StatusCode::OK, "ok\n"),
        "/readyz" => {
            let (status, words) = readiness(role);
            plain(status, format!("{words}\n"))
        }
        "/metrics" if token.is_some_and(|token| !bears(request.headers(), token)) => {
            tracing::warn!(from, "a question for metrics does not bear the token");
            let words = "send the token of `--metrics-token-file`: `Authorization: Bearer …`\n";
            with_header(plain(StatusCode::UNAUTHORIZED, words), WWW_AUTHENTICATE, "Bearer")
        }
        "/metrics" => {
            let text = Bytes::from(numbers(role));
            with_header(plain(StatusCode::OK, text), CONTENT_TYPE, metrics::CONTENT_TYPE)
        }
        _ => plain(StatusCode::NOT_FOUND, "there are /metrics, /livez and /readyz\n"),
    }
}

fn numbers(role: &Role) -> String {
    match role {
        Role::Acting(acting) => metrics::text(&acting.watched.facts()),
        Role::StandingBy(standing) => metrics::standing_by(standing.leader.as_deref()),
        Role::Beginning => metrics::standing_by(None),
    }
}

/// Whether the process does its part, and in which words.
fn readiness(role: &Role) -> (StatusCode, String) {
    let (is_ready, words) = match role {
        Role::Acting(acting) => match acting.watched.unready() {
            None => (true, "ok".to_owned()),
            Some(why) => (false, why.to_owned()),
        },
        Role::StandingBy(standing) => (standing.is_ready(), standing.words()),
        Role::Beginning => (false, "it has only just begun".to_owned()),
    };
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, words)
}

fn with_header(mut answer: Answer, name: hyper::header::HeaderName, value: &'static str) -> Answer {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
    answer
}

fn bears(headers: &HeaderMap, token: &HookSecret) -> bool {
    let words =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    words.is_some_and(|(scheme, word)| scheme.eq_ignore_ascii_case("bearer") && token.is(word.trim()))
}

impl Watched {
    fn facts(&self) -> Facts {
        Facts {
            snapshot: Arc::clone(&self.snapshots.borrow()),
            sources: Arc::clone(&self.sources.borrow()),
            counts: Arc::clone(&self.counts.borrow()),
            leads: self.mandate.holds(),
        }
    }

    /// Why it keeps nothing applied now.
    fn unready(&self) -> Option<&'static str> {
        let snapshot = self.snapshots.borrow();
        if !self.mandate.holds() {
            Some("another controller may lead")
        } else if snapshot.engine_error.is_some() {
            Some("the engine does not answer")
        } else if snapshot.pass == 0 {
            Some("the first pass has not ended")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
