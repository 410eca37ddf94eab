//! One GET over a connection that is open. Redirects are not followed: what redirects, answers.

use std::pin::pin;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{ACCEPT, CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{HeaderMap, Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use skiff_core::HttpCheck;

use super::{Stream, authority, words};

/// Passes with a status from 200 to 399; the body is not read.
pub(super) async fn get(stream: Box<dyn Stream>, check: &HttpCheck) -> Result<(), String> {
    let response = send(stream, request(check)?).await?;
    match response.status().as_u16() {
        200..=399 => Ok(()),
        status => Err(format!("HTTP {status}")),
    }
}

async fn send(stream: Box<dyn Stream>, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, String> {
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| words(&error))?;
    let mut connection = pin!(connection);
    // The connection moves the bytes; the answer comes by way of it, also where it ends at once.
    let answer = pin!(sender.send_request(request));
    let ended = futures_util::future::select(answer, connection.as_mut()).await;
    match ended {
        futures_util::future::Either::Left((answer, _)) => answer.map_err(|error| words(&error)),
        futures_util::future::Either::Right((_, answer)) => answer.await.map_err(|error| words(&error)),
    }
}

fn request(check: &HttpCheck) -> Result<Request<Empty<Bytes>>, String> {
    let mut headers = HeaderMap::new();
    let known = |text: &str| HeaderValue::from_str(text).map_err(|_| "its host cannot be a header".to_owned());
    headers.insert(HOST, known(&authority(&check.host, check.port))?);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("skiff-probe/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    for name in named(check)?.keys() {
        headers.remove(name);
    }
    headers.extend(named(check)?);
    let mut request = Request::builder().uri(&check.path).body(Empty::new());
    if let Ok(request) = &mut request {
        *request.headers_mut() = headers;
    }
    request.map_err(|_| format!("the path {} cannot be asked for", check.path))
}

/// The headers of the manifest, which win over ours; one of them may come more than once.
fn named(check: &HttpCheck) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &check.headers {
        let error = || format!("the header {name} cannot be sent");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| error())?;
        headers.append(header, HeaderValue::from_str(value).map_err(|_| error())?);
    }
    Ok(headers)
}
