//! A registry on this machine that answers what a test says, and what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

type Asked = Arc<Mutex<Vec<String>>>;
type Head = (u16, Vec<(&'static str, String)>, String);

/// Serves until the test ends: `answer` is given what is asked, `GET /v2/… Basic …`, and the address.
async fn serve(answer: impl Fn(&str, &str) -> Head + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (asked, answer, own) = (Asked::default(), Arc::new(answer), address.clone());
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, noted, own) = (Arc::clone(&answer), Arc::clone(&noted), own.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let (answer, noted, own) = (Arc::clone(&answer), Arc::clone(&noted), own.clone());
                async move {
                    let line = said(request).await;
                    noted.lock().expect("nobody panicked").push(line.clone());
                    let (status, headers, body) = answer(&line, &own);
                    let mut response = Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).expect("an answer"))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, asked)
}

/// `GET /v2/a/tags/list Basic dTpw body`.
async fn said(request: Request<Incoming>) -> String {
    let (head, body) = request.into_parts();
    let authorization = head.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("-");
    let words = format!("{} {} {authorization}", head.method, head.uri);
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    if body.is_empty() { words } else { format!("{words} {}", String::from_utf8_lossy(&body)) }
}

fn list(tags: &[&str]) -> String {
    serde_json::json!({ "name": "shop/api", "tags": tags }).to_string()
}

fn open(secret: Option<Secret>) -> Login {
    Login { secret, is_insecure: true }
}

fn password() -> Secret {
    Secret::Password { user: "u".to_owned(), password: "p".to_owned() }
}

#[tokio::test]
async fn all_pages_of_a_list_are_read() {
    let (address, asked) = serve(|line, own| match line {
        "GET /v2/shop/api/tags/list -" => {
            let next = format!("<http://{own}/v2/shop/api/tags/list?last=1.1&n=2>; rel=\"next\"");
            (200, vec![("link", next)], list(&["1.0", "1.1"]))
        }
        "GET /v2/shop/api/tags/list?last=1.1&n=2 -" => (200, Vec::new(), list(&["1.2"])),
        _ => (404, Vec::new(), String::new()),
    })
    .await;
    let tags = tags(&format!("{address}/shop/api:1.0"), open(None)).await;
    assert_eq!(tags, Ok(vec!["1.0".to_owned(), "1.1".to_owned(), "1.2".to_owned()]));
    assert_eq!(asked.lock().expect("nobody panicked").len(), 2);
}

#[tokio::test]
async fn a_password_is_sent_where_one_is_asked_for_and_to_nobody_else() {
    let (address, asked) = serve(|line, _| match line {
        "GET /v2/shop/api/tags/list Basic dTpw" => (200, Vec::new(), list(&["1.0"])),
        _ => (401, vec![("www-authenticate", "Basic realm=\"r\"".to_owned())], String::new()),
    })
    .await;
    let image = format!("{address}/shop/api:1.0");
    assert_eq!(tags(&image, open(Some(password()))).await, Ok(vec!["1.0".to_owned()]));
    let without = tags(&image, open(None)).await;
    assert!(without.is_err_and(|error| error.contains("`docker login`")));
    let first = asked.lock().expect("nobody panicked").first().cloned();
    assert_eq!(first.as_deref(), Some("GET /v2/shop/api/tags/list -"));
}

#[tokio::test]
async fn a_token_is_had_where_the_registry_sends_for_one() {
    let (address, asked) = serve(|line, own| {
        let bearer = format!("Bearer realm=\"http://{own}/token\",service=\"reg\"");
        match line {
            "GET /token?scope=repository:shop/api:pull&service=reg Basic dTpw" => {
                (200, Vec::new(), r#"{"token":"t1"}"#.to_owned())
            }
            "POST /token - scope=repository:shop/api:pull&service=reg&grant_type=refresh_token&client_id=skiff&refresh_token=id" => {
                (200, Vec::new(), r#"{"access_token":"t2"}"#.to_owned())
            }
            "GET /v2/shop/api/tags/list Bearer t1" | "GET /v2/shop/api/tags/list Bearer t2" => {
                (200, Vec::new(), list(&["1.0"]))
            }
            _ => (401, vec![("www-authenticate", bearer)], String::new()),
        }
    })
    .await;
    let image = format!("{address}/shop/api:1.0");
    for secret in [Some(password()), Some(Secret::IdentityToken("id".to_owned()))] {
        assert_eq!(tags(&image, open(secret)).await, Ok(vec!["1.0".to_owned()]));
    }
    assert!(tags(&image, open(None)).await.is_err());
    assert!(asked.lock().expect("nobody panicked").len() >= 6);
}

#[tokio::test]
async fn a_registry_that_must_be_safe_is_not_asked_without_tls() {
    let (address, asked) = serve(|_, _| (200, Vec::new(), list(&["1.0"]))).await;
    let tags = tags(&format!("{address}/shop/api:1.0"), Login { secret: Some(password()), is_insecure: false }).await;
    assert!(tags.is_err_and(|error| error.starts_with("TLS")));
    assert_eq!(asked.lock().expect("nobody panicked").len(), 0);
}

#[tokio::test]
async fn what_is_no_list_is_an_error_in_words() {
    for (status, body, words) in
        [(404, "", "HTTP 404"), (200, "<html>", "an answer that is no list of tags"), (403, "", "HTTP 403")]
    {
        let (address, _) = serve(move |_, _| (status, Vec::new(), body.to_owned())).await;
        let tags = tags(&format!("{address}/shop/api:1.0"), open(None)).await;
        assert!(tags.as_ref().is_err_and(|error| error.starts_with(words)), "{tags:?}");
    }
}
