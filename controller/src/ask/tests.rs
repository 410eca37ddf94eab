//! Each question against a server of its own on this machine.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A key and a certificate that nobody trusts, in DER.
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/qxmatHp6EjpbK0AfRJwq6fmmp4svNYxsj9MruRg/uChRANCAAQedlzC8qfMV3AKZHRthrp/uXVvrUpWTqhGiqw79EEVDrBDiKGZgVpKcd7G3ngbMupDWnCZZB6wb2NMFWgb/fPS";
const CERTIFICATE: &str = "MIIBgDCCASegAwIBAgIUKIympGkCYp8Lc40f3Dp/IC7cvXgwCgYIKoZIzj0EAwIwFTETMBEGA1UEAwwKc2tpZmYtdGVzdDAgFw0yNjExMjUxODMyMzZaGA8yMTI2MTEwMTE4MzIzNlowFTETMBEGA1UEAwwKc2tpZmYtdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB52XMLyp8xXcApkdG2Gun+5dW+tSlZOqEaKrDv0QRUOsEOIoZmBWkpx3sbeeBsy6kNacJlkHrBvY0wVaBv989KjUzBRMB0GA1UdDgQWBBRrQfEv5NQxCQeTI7yEkTDsiEXP9jAfBgNVHSMEGDAWgBRrQfEv5NQxCQeTI7yEkTDsiEXP9jAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBfdJRxtNbAQj9h0SXNF1GSfHk9cyBvm6XIV8isZDbEWAiBEnT78Bt0SFrg+GDaBNc/gHe4ohbdcnx3rDKO0ypR1Xw==";

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    (listener, port)
}

fn check(port: u16, path: &str) -> HttpCheck {
    HttpCheck { host: "127.0.0.1".to_owned(), port, path: path.to_owned(), tls: false, headers: Vec::new() }
}

/// Answers one request with a line, and returns what was asked.
async fn answer_once(mut stream: impl Stream, answer: &str) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await.expect("a request"));
    }
    stream.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.expect("an answer");
    stream.flush().await.expect("it is sent");
    String::from_utf8(asked).expect("text")
}

async fn http(answer: &'static str, headers: &[(&str, &str)]) -> (Result<(), String>, String) {
    let (listener, port) = listener().await;
    let server = async { answer_once(listener.accept().await.expect("a client").0, answer).await };
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let check = HttpCheck { headers, ..check(port, "/health?deep=1") };
    tokio::join!(async { Asker::default().http(&check).await }, server)
}

#[tokio::test]
async fn a_get_passes_from_200_to_399_and_a_redirect_is_an_answer() {
    for (answer, result) in [
        ("200 OK", Ok(())),
        ("204 No Content", Ok(())),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", Ok(())),
        ("399 Odd", Ok(())),
        ("400 Bad Request", Err("HTTP 400".to_owned())),
        ("503 Service Unavailable", Err("HTTP 503".to_owned())),
    ] {
        assert_eq!(http(answer, &[]).await.0, result, "{answer}");
    }
}

#[tokio::test]
async fn the_headers_of_the_manifest_are_sent_and_win_over_ours() {
    let headers = [("Host", "shop.example"), ("X-Token", "a"), ("X-Token", "b"), ("User-Agent", "probe")];
    let (result, asked) = http("200 OK", &headers).await;
    assert_eq!(result, Ok(()));
    let mut lines: Vec<String> = asked.lines().map(str::to_lowercase).filter(|line| !line.is_empty()).collect();
    lines.sort();
    let expected = [
        "accept: */*",
        "connection: close",
        "get /health?deep=1 http/1.1",
        "host: shop.example",
        "user-agent: probe",
        "x-token: a",
        "x-token: b",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn without_headers_the_host_is_what_is_connected_to() {
    let (_, asked) = http("200 OK", &[]).await;
    assert!(asked.to_lowercase().contains("host: 127.0.0.1:") && asked.contains("skiff-probe/"), "{asked}");
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_taken() {
    let decode = |text: &str| STANDARD.decode(text).expect("base64");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(decode(KEY));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let config = builder.with_single_cert(vec![decode(CERTIFICATE).into()], key.into()).expect("a certificate");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (listener, port) = listener().await;
    let server = async {
        let stream = acceptor.accept(listener.accept().await.expect("a client").0).await.expect("TLS");
        answer_once(stream, "200 OK").await
    };
    let check = HttpCheck { tls: true, ..check(port, "/") };
    let (result, asked) = tokio::join!(async { Asker::default().http(&check).await }, server);
    assert_eq!(result, Ok(()));
    assert!(asked.starts_with("GET / HTTP/1.1"));
}

#[tokio::test]
async fn what_does_not_speak_the_protocol_says_so_in_a_few_words() {
    let (listener, port) = listener().await;
    let closes = async { drop(listener.accept().await) };
    let (result, ()) = tokio::join!(async { Asker::default().http(&check(port, "/")).await }, closes);
    let said = result.expect_err("it closes without an answer");
    assert!(!said.is_empty() && !said.contains("os error"), "{said}");
    // Held without listening, so that no other test gets the port meanwhile.
    let held = tokio::net::TcpSocket::new_v4().expect("a socket");
    held.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let refusing = held.local_addr().expect("its address").port();
    assert_eq!(Asker::default().http(&check(refusing, "/")).await, Err("connection refused".to_owned()));
    assert_eq!(Asker::default().tcp("127.0.0.1", refusing).await, Err("connection refused".to_owned()));
    let spoilt = HttpCheck { headers: vec![("a b".to_owned(), "c".to_owned())], ..check(port, "/") };
    assert!(http::get(Box::new(tokio::io::duplex(1).0), &spoilt).await.is_err());
}

#[tokio::test]
async fn a_connection_that_opens_passes() {
    let (_listener, port) = listener().await;
    assert_eq!(Asker::default().tcp("127.0.0.1", port).await, Ok(()));
}

/// Asks a gRPC server that answers with this message and these trailers; returns what it was asked, too.
async fn grpc(service: &'static str, message: &'static [u8], status: &'static str) -> (Result<(), String>, Vec<u8>) {
    let (listener, port) = listener().await;
    let (told, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let answer = service_fn(move |request: Request<Incoming>| {
            let told = told.clone();
            async move {
                assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
                assert_eq!(
                    request.headers().get("te").map(hyper::header::HeaderValue::as_bytes),
                    Some(&b"trailers"[..])
                );
                let body = request.into_body().collect().await.expect("a body").to_bytes();
                told.send(body.to_vec()).expect("the test listens");
                Ok::<_, Infallible>(Response::new(answered(message, status)))
            }
        });
        let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        // It ends when the client leaves.
        served.serve_connection(TokioIo::new(stream), answer).await.ok();
    });
    let result = Asker::default().grpc("127.0.0.1", port, service).await;
    server.abort();
    (result, asked.recv().await.unwrap_or_default())
}

type Answered = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

fn answered(message: &'static [u8], status: &'static str) -> Answered {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().expect("a number"));
    if message.is_empty() {
        let nothing = Full::new(Bytes::new()).with_trailers(async move { Some(Ok(trailers)) });
        return nothing.boxed_unsync();
    }
    let frames = [Ok(Frame::data(Bytes::from_static(message))), Ok(Frame::trailers(trailers))];
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

#[tokio::test]
async fn the_health_protocol_of_grpc_passes_on_serving() {
    let serving = b"\0\0\0\0\x02\x08\x01";
    assert_eq!(grpc("", serving, "0").await, (Ok(()), b"\0\0\0\0\0".to_vec()));
    assert_eq!(grpc("shop.Api", serving, "0").await, (Ok(()), b"\0\0\0\0\x0a\x0a\x08shop.Api".to_vec()));
    let said = |text: &str| Err(text.to_owned());
    assert_eq!(grpc("", b"\0\0\0\0\x02\x08\x02", "0").await.0, said("gRPC: NOT_SERVING"));
    assert_eq!(grpc("", b"\0\0\0\0\x00", "0").await.0, said("gRPC: UNKNOWN"));
    assert_eq!(grpc("", b"", "5").await.0, said("gRPC 5: the service is not known to its health protocol"));
    assert_eq!(grpc("", b"", "12").await.0, said("gRPC 12: it does not speak the health protocol"));
}

#[tokio::test]
async fn what_speaks_no_http_2_does_not_pass() {
    let (listener, port) = listener().await;
    let closes = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it is sent");
    };
    let (result, ()) = tokio::join!(async { Asker::default().grpc("127.0.0.1", port, "").await }, closes);
    assert!(result.is_err());
}

#[test]
fn an_address_of_the_new_kind_stands_in_brackets() {
    assert_eq!([authority("10.0.0.9", 80), authority("fd00::1", 80)], ["10.0.0.9:80", "[fd00::1]:80"]);
}
