//! The way to the engine: one pool of kept-alive connections, the API version pinned into every path, a deadline on every call.
//!
//! bollard sends its requests through the same pool. On the way two of its mistakes are mended: it drops the API version from
//! the path (every daemon would then answer in its newest), and encodes credentials in the wrong base64 (the daemon would then
//! drop them silently). No TLS and no ssh.
//!
//! Whether a request may leave is asked by the socket that writes it (`socket.rs`).

mod endpoint;
mod socket;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use skiff_core::EngineError;

pub(crate) use endpoint::Endpoint;
use socket::Connector;

use super::error::{Reply, unreachable};
use crate::mandate::Mandate;

type BodyStream = StreamBody<Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, io::Error>> + Send>>>;
/// bollard's type of a request's body, spelled out because it is not public.
pub(crate) type Body = Either<Full<Bytes>, BodyStream>;
type Pool = hyper_util::client::legacy::Client<Connector, Body>;

/// The newest API version whose meaning this adapter knows.
const NEWEST: (u32, u32) = (1, 53);
/// The oldest API version that it can work with (Docker 19.03).
const OLDEST: (u32, u32) = (1, 40);
/// Connections that are kept open: as many as actions may run at once.
const IDLE_CONNECTIONS: usize = 8;
/// What each of them reads at once, in bytes: it stays with the connection.
const BUFFER: usize = 32 * 1024;

/// A connection to an engine.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pool: Pool,
    endpoint: Arc<Endpoint>,
    bollard: bollard::Docker,
    api: (u32, u32),
    daemon_api: (u32, u32),
    mandate: Mandate,
}

impl Client {
    /// Connects and agrees on an API version. It writes only while there is leave to.
    pub(crate) async fn connect(host: Option<&str>, mandate: Mandate) -> Result<Self, EngineError> {
        let endpoint = Endpoint::parse(host)?;
        let pool = pool_under(&endpoint, &mandate);
        let endpoint = Arc::new(endpoint);
        let daemon_api = ping(&pool, &endpoint).await?;
        let api = agree(daemon_api)?;
        let bollard = bollard_over(pool.clone(), Arc::clone(&endpoint), api)?;
        Ok(Self { pool, endpoint, bollard, api, daemon_api, mandate })
    }

    /// Whether anything may be written now.
    pub(crate) const fn mandate(&self) -> &Mandate {
        &self.mandate
    }

    /// The API version that is spoken.
    pub(crate) const fn api(&self) -> (u32, u32) {
        self.api
    }

    /// The newest API version that the daemon knows.
    pub(crate) const fn daemon_api(&self) -> (u32, u32) {
        self.daemon_api
    }

    /// Where the engine is.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// bollard, over the same connections.
    pub(crate) const fn bollard(&self) -> &bollard::Docker {
        &self.bollard
    }

    /// Asks whether the engine is alive.
    pub(crate) async fn ping(&self) -> Result<(u32, u32), EngineError> {
        ping(&self.pool, &self.endpoint).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Reply, EngineError> {
        self.call(Method::GET, path, None, super::deadline::READ).await
    }

    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Reply, EngineError> {
        self.call(Method::POST, path, body, super::deadline::WRITE).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Reply, EngineError> {
        self.call(Method::DELETE, path, None, super::deadline::WRITE).await
    }

    /// One request and its whole answer, whatever its status.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Reply, EngineError> {
        let request = self.request(method, path, body)?;
        let whole = async {
            let response = self.send(request).await?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await.map_err(|error| unreachable(&self.endpoint, &error))?;
            // The connection goes back to the pool now; without a pause the next request would find none and open another.
            tokio::task::yield_now().await;
            Ok(Reply { status, bytes: bytes.to_bytes() })
        };
        tokio::time::timeout(limit, whole).await.unwrap_or_else(|_| Err(late(path, limit)))
    }

    /// One request and the head of its answer: for bodies that are streams. The deadline covers the head.
    pub(crate) async fn open(&self, request: Request<Body>) -> Result<Response<Incoming>, EngineError> {
        self.open_within(request, super::deadline::READ).await
    }

    /// The same, for what takes the engine longer: it answers once it has all that it is sent.
    pub(crate) async fn open_within(
        &self,
        request: Request<Body>,
        limit: Duration,
    ) -> Result<Response<Incoming>, EngineError> {
        let path = request.uri().path().to_owned();
        tokio::time::timeout(limit, self.send(request)).await.unwrap_or_else(|_| Err(late(&path, limit)))
    }

    /// A request with the pinned version before its path.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Body>, EngineError> {
        let bytes = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let mut request = self.request_with(method, path, Either::Left(Full::new(bytes)))?;
        if body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    /// The same with a body that is still being written.
    pub(crate) fn upload(
        &self,
        method: Method,
        path: &str,
        pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<Request<Body>, EngineError> {
        let frames: Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>> = Box::pin(pieces.map_ok(Frame::data));
        self.request_with(method, path, Either::Right(StreamBody::new(frames)))
    }

    fn request_with(&self, method: Method, path: &str, body: Body) -> Result<Request<Body>, EngineError> {
        let (major, minor) = self.api;
        let uri = self.endpoint.uri(&format!("/v{major}.{minor}{path}"));
        Request::builder()
            .method(method)
            .uri(uri)
            .body(body)
            .map_err(|error| EngineError::Invalid(format!("a request that cannot be sent ({path}): {error}")))
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, EngineError> {
        self.pool.request(request).await.map_err(|error| unreachable(&self.endpoint, &error))
    }
}

fn pool_under(endpoint: &Endpoint, mandate: &Mandate) -> Pool {
    hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .http1_max_buf_size(BUFFER)
        .build(Connector { endpoint: endpoint.clone(), mandate: mandate.clone() })
}

fn late(path: &str, limit: Duration) -> EngineError {
    let path = path.split('?').next().unwrap_or(path);
    EngineError::Unreachable(format!("no answer to {path} within {} s", limit.as_secs()))
}

async fn ping(pool: &Pool, endpoint: &Endpoint) -> Result<(u32, u32), EngineError> {
    let request = Request::get(endpoint.uri("/_ping"))
        .body(Either::Left(Full::default()))
        .map_err(|error| EngineError::Invalid(format!("the engine's address {endpoint} cannot be used: {error}")))?;
    let whole = async {
        let response = pool.request(request).await.map_err(|error| unreachable(endpoint, &error))?;
        let version = response.headers().get("api-version").and_then(|value| value.to_str().ok()).and_then(version);
        // The body is read to its end so that the connection can be used again.
        response.into_body().collect().await.map_err(|error| unreachable(endpoint, &error))?;
        version.ok_or_else(|| {
            EngineError::Unreachable(format!(
                "what answers at {endpoint} is not a Docker Engine: it names no API version"
            ))
        })
    };
    let limit = super::deadline::READ;
    tokio::time::timeout(limit, whole).await.unwrap_or_else(|_| Err(late("/_ping", limit)))
}

/// Reads `1.41`.
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn agree(daemon: (u32, u32)) -> Result<(u32, u32), EngineError> {
    if daemon < OLDEST {
        let ((major, minor), (old_major, old_minor)) = (daemon, OLDEST);
        return Err(EngineError::Invalid(format!(
            "the engine speaks API {major}.{minor} at most and Skiff needs {old_major}.{old_minor}: upgrade Docker to 19.03 or later"
        )));
    }
    Ok(daemon.min(NEWEST))
}

fn bollard_over(pool: Pool, endpoint: Arc<Endpoint>, api: (u32, u32)) -> Result<bollard::Docker, EngineError> {
    let transport = move |request: bollard::BollardRequest| {
        let (pool, mended) = (pool.clone(), mend(request, &endpoint, api));
        async move { Ok(pool.request(mended?).await?) }
    };
    // The deadline covers only the head of an answer; streams are watched by whoever reads them.
    let seconds = super::deadline::PULL_SILENCE.as_secs();
    bollard::Docker::connect_with_custom_transport(
        transport,
        Some("http://docker"),
        seconds,
        bollard::API_DEFAULT_VERSION,
    )
    .map_err(|error| EngineError::Invalid(format!("the engine's client could not be made: {error}")))
}

fn mend(
    mut request: bollard::BollardRequest,
    endpoint: &Endpoint,
    (major, minor): (u32, u32),
) -> Result<bollard::BollardRequest, bollard::errors::Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let unversioned = strip_version(path);
    let uri: Uri = endpoint.uri(&format!("/v{major}.{minor}{unversioned}")).parse()?;
    *request.uri_mut() = uri;
    if let Some(auth) = request.headers_mut().get_mut("x-registry-auth") {
        let url_safe = String::from_utf8_lossy(auth.as_bytes()).replace('+', "-").replace('/', "_");
        *auth = HeaderValue::from_str(&url_safe)
            .map_err(|error| bollard::errors::Error::HttpClientError { err: error.into() })?;
        auth.set_sensitive(true);
    }
    Ok(request)
}

/// `/v1.53/events` and `/events` are both `/events`.
fn strip_version(path: &str) -> &str {
    let versioned = path.strip_prefix("/v").and_then(|rest| rest.find('/').map(|end| (rest, end)));
    match versioned {
        Some((rest, end)) if rest.get(..end).and_then(version).is_some() => rest.get(end..).unwrap_or(path),
        Some(_) | None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_taken_off_a_path_once() {
        let stripped = ["/v1.53/events?a=/b", "/events", "/volumes/v1", "/v1"].map(strip_version);
        assert_eq!(stripped, ["/events?a=/b", "/events", "/volumes/v1", "/v1"]);
    }

    #[test]
    fn the_older_of_both_versions_is_spoken() {
        assert_eq!(agree((1, 41)), Ok((1, 41)));
        assert_eq!(agree((1, 60)), Ok(NEWEST));
        assert!(agree((1, 24)).is_err());
    }
}
