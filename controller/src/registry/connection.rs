//! One question to a host over a connection of its own: TLS that is checked, or for hosts that need not be safe TLS that is not, or none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, LINK, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::ask::{Stream, connect, tls, words};

/// Where systems keep the certificates that they trust.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Where Docker keeps those of single registries.
const OF_DOCKER: &str = "/etc/docker/certs.d";
/// An answer that is longer is no list of tags.
const LONGEST: usize = 8 * 1024 * 1024;

/// A host that is asked.
#[derive(Debug)]
pub(super) struct Connection {
    /// `registry.example.com`, or with a port.
    authority: String,
    is_insecure: bool,
}

/// What a host answers, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The path of the page after this one.
    pub(super) fn next_page(&self) -> Option<String> {
        let link = self.headers.get(LINK)?.to_str().ok()?;
        let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
        let path = target
            .split_once("://")
            .map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/")));
        (relation.contains("next") && path.starts_with('/')).then(|| path.to_owned())
    }
}

impl Connection {
    pub(super) fn to(authority: &str, is_insecure: bool) -> Self {
        Self { authority: authority.to_owned(), is_insecure }
    }

    pub(super) async fn get(&self, path: &str, authorization: Option<&str>) -> Result<Answer, String> {
        let mut request = self.request(Method::GET, path, String::new())?;
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::from_str(authorization).map_err(|_| "credentials that cannot be sent")?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        self.send(request).await
    }

    pub(super) async fn post(&self, path: &str, form: &str) -> Result<Answer, String> {
        let mut request = self.request(Method::POST, path, form.to_owned())?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str, body: String) -> Result<Request<Full<Bytes>>, String> {
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(USER_AGENT, concat!("skiff/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| format!("{path} cannot be asked for"))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let stream = self.open().await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| words(&error))?;
        // It ends with the answer, or with whoever waits for it.
        let moving = tokio::spawn(connection);
        let whole = async {
            let response = sender.send_request(request).await.map_err(|error| words(&error))?;
            let (head, body) = response.into_parts();
            let read = Limited::new(body, LONGEST).collect().await;
            let body = read.map_err(|_| "an answer that breaks off, or has no end")?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        };
        let answer = whole.await;
        moving.abort();
        answer
    }

    async fn open(&self) -> Result<Box<dyn Stream>, String> {
        let (host, port) = self.place();
        if !self.is_insecure {
            let stream = connect(&host, port.unwrap_or(443)).await?;
            let config = checked(&self.authority).await?;
            return Ok(Box::new(tls::handshake(Some(config), &host, stream).await?));
        }
        let with_tls = async {
            let stream = connect(&host, port.unwrap_or(443)).await?;
            tls::handshake(tls::unchecked(), &host, stream).await
        };
        match with_tls.await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(_) => Ok(Box::new(connect(&host, port.unwrap_or(80)).await?)),
        }
    }

    fn place(&self) -> (String, Option<u16>) {
        let split = self.authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = split.map_or((self.authority.as_str(), None), |(host, port)| (host, Some(port)));
        (host.trim_matches(['[', ']']).to_owned(), port)
    }
}

/// A client that checks certificates by the system's own, and by Docker's for this registry.
async fn checked(authority: &str) -> Result<Arc<ClientConfig>, String> {
    let of_registry = Path::new(OF_DOCKER).join(authority);
    let roots = tokio::task::spawn_blocking(move || roots(&of_registry)).await.map_err(|error| words(&error))?;
    if roots.is_empty() {
        return Err(format!("no certificates to check it by in {}", BUNDLES.join(", ")));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| words(&error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn roots(of_registry: &Path) -> RootCertStore {
    let bundle = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let bundle = bundle.or_else(|| BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()));
    let own = std::fs::read_dir(of_registry).into_iter().flatten().flatten().map(|entry| entry.path());
    let own = own.filter(|path| path.extension().is_some_and(|extension| extension == "crt"));
    let mut roots = RootCertStore::empty();
    for file in bundle.into_iter().chain(own) {
        let certificates = CertificateDer::pem_file_iter(file).into_iter().flatten().flatten();
        roots.add_parsable_certificates(certificates);
    }
    roots
}
