//! The gRPC health protocol, by hand: one unary call over HTTP/2 with two messages of one field each.
//!
//! `HealthCheckRequest { string service = 1; }`, `HealthCheckResponse { ServingStatus status = 1; }`
//! (`grpc/health/v1/health.proto`). A message is sent behind five bytes: whether it is compressed, and its length.

use std::pin::pin;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, TE};
use hyper::{HeaderMap, Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::words;

const SERVING: u64 = 1;
const FIELD_1_TEXT: u8 = 0x0a;
const FIELD_1_NUMBER: u8 = 0x08;

/// Passes on SERVING.
pub(super) async fn check(stream: TcpStream, authority: &str, service: &str) -> Result<(), String> {
    let request = Request::post(format!("http://{authority}/grpc.health.v1.Health/Check"))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers")
        .body(Full::new(framed(service)))
        .map_err(|error| words(&error))?;
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| words(&error))?;
    let answer = pin!(async move {
        let response = sender.send_request(request).await.map_err(|error| words(&error))?;
        read(response).await
    });
    match select(answer, pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((Err(error), _)) => Err(words(&error)),
        Either::Right((Ok(()), answer)) => answer.await,
    }
}

async fn read(response: Response<Incoming>) -> Result<(), String> {
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        return Err(format!("HTTP {}", head.status.as_u16()));
    }
    let body = body.collect().await.map_err(|error| words(&error))?;
    // An answer without a message has its status in front.
    let trailers = body.trailers().cloned().unwrap_or_default();
    refused(&head.headers).or_else(|| refused(&trailers)).map_or(Ok(()), Err)?;
    match status(&body.to_bytes()) {
        Some(SERVING) => Ok(()),
        Some(0) | None => Err("gRPC: UNKNOWN".to_owned()),
        Some(2) => Err("gRPC: NOT_SERVING".to_owned()),
        Some(3) => Err("gRPC: SERVICE_UNKNOWN".to_owned()),
        Some(other) => Err(format!("gRPC: status {other}")),
    }
}

/// Why a call was refused, where it was.
fn refused(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let code = text("grpc-status").filter(|code| *code != "0")?;
    let known = match code {
        "5" => "the service is not known to its health protocol".to_owned(),
        "12" => "it does not speak the health protocol".to_owned(),
        _ => text("grpc-message").filter(|said| !said.is_empty()).unwrap_or("refused").to_owned(),
    };
    Some(format!("gRPC {code}: {known}"))
}

/// The request with what stands in front of it.
fn framed(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(FIELD_1_TEXT);
        put_varint(&mut message, service.len());
        message.put_slice(service.as_bytes());
    }
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.extend_from_slice(&message);
    framed.freeze()
}

fn put_varint(message: &mut BytesMut, mut number: usize) {
    while number >= 0x80 {
        message.put_u8(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    message.put_u8(u8::try_from(number).unwrap_or_default());
}

/// The status of a response: 0 where the message leaves it out, `None` where it is no message.
fn status(body: &[u8]) -> Option<u64> {
    let (head, rest) = body.split_at_checked(5)?;
    let [compressed, length @ ..] = <[u8; 5]>::try_from(head).ok()?;
    let message = rest.get(..usize::try_from(u32::from_be_bytes(length)).ok()?)?;
    match message {
        _ if compressed != 0 => None,
        [] => Some(0),
        [FIELD_1_NUMBER, number @ ..] => varint(number),
        [..] => None,
    }
}

fn varint(bytes: &[u8]) -> Option<u64> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let digits = bytes.get(..=end).filter(|digits| digits.len() <= 9)?;
    Some(digits.iter().rev().fold(0, |number, digit| number << 7 | u64::from(digit & 0x7f)))
}
