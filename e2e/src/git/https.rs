//! `git http-backend` behind a small server on loopback, with or without TLS and a password.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// A server under way; its threads end with the process.
#[derive(Debug)]
pub struct GitServer {
    port: u16,
    certificate: Option<TempDir>,
}

/// Whom it lets in: the user and the password, as a header holds them.
#[derive(Clone, Debug)]
struct Door {
    root: PathBuf,
    password: Option<String>,
}

impl GitServer {
    /// Serves the repositories of a folder to everybody, without TLS.
    pub fn plain(root: &Path) -> Result<Self> {
        Self::serve(root, None, None)
    }

    /// Serves them with TLS, by a certificate of its own, to whoever knows the password of the user `deploy`.
    pub fn private(root: &Path, password: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("skiff-https-").tempdir()?;
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout"])
            .arg(folder.path().join("key.pem"))
            .arg("-out")
            .arg(folder.path().join("cert.pem"))
            .stderr(Stdio::null())
            .status()?;
        ensure!(made.success(), "openssl makes no certificate");
        let chain = CertificateDer::pem_file_iter(folder.path().join("cert.pem"))?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(chain, key)?;
        let expected = format!("Basic {}", crate::registry::base64(&format!("deploy:{password}")));
        let server = Self::serve(root, Some(expected), Some(Arc::new(config)))?;
        Ok(Self { certificate: Some(folder), ..server })
    }

    fn serve(root: &Path, password: Option<String>, tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let door = Door { root: root.to_owned(), password };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (door, tls) = (door.clone(), tls.clone());
                // A client that goes away is no matter of the test.
                thread::spawn(move || answer(stream, &door, tls).ok());
            }
        });
        Ok(Self { port, certificate: None })
    }

    /// The address of a repository, with settings.
    pub fn address(&self, name: &str, settings: &str) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("git+{scheme}://localhost:{}/{name}?{settings}", self.port)
    }

    /// The certificate that a client must trust.
    pub fn certificate(&self) -> Result<PathBuf> {
        Ok(self.certificate.as_ref().context("it has none")?.path().join("cert.pem"))
    }
}

fn answer(stream: TcpStream, door: &Door, tls: Option<Arc<ServerConfig>>) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    match tls {
        None => converse(stream, door),
        Some(config) => converse(StreamOwned::new(ServerConnection::new(config)?, stream), door),
    }
}

fn converse(stream: impl Read + Write, door: &Door) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().context("a method")?.to_owned(), words.next().context("a path")?.to_owned());
    let headers = headers(&mut stream)?;
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let body = body(&mut stream, &header)?;
    if door.password.is_some() && door.password != header("authorization") {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return Ok(stream.get_mut().write_all(refusal.as_bytes())?);
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut backend = Command::new("git");
    backend.arg("http-backend").env("GIT_PROJECT_ROOT", &door.root).env("GIT_HTTP_EXPORT_ALL", "1");
    backend.env("PATH_INFO", path).env("QUERY_STRING", query).env("REQUEST_METHOD", &method);
    backend.env("CONTENT_TYPE", header("content-type").unwrap_or_default());
    backend.env("CONTENT_LENGTH", body.len().to_string());
    backend.env("HTTP_CONTENT_ENCODING", header("content-encoding").unwrap_or_default());
    backend.env("GIT_PROTOCOL", header("git-protocol").unwrap_or_default());
    backend.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = backend.spawn()?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    let feeding = thread::spawn(move || stdin.write_all(&body));
    let output = child.wait_with_output()?;
    feeding.join().ok();
    reply(stream.get_mut(), &output.stdout)
}

/// Makes an answer of what the program says: its headers, a blank line, the body.
fn reply(stream: &mut impl Write, output: &[u8]) -> Result<()> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").context("no headers")?;
    let (head, body) = output.split_at_checked(end + 4).context("no body")?;
    let head = String::from_utf8_lossy(head).trim_end().to_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("Status: ")).collect();
    let head = format!(
        "HTTP/1.1 {status}\r\n{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        head.join("\r\n"),
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    Ok(stream.flush()?)
}

fn headers(stream: &mut impl BufRead) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(headers) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn body(stream: &mut impl BufRead, header: &dyn Fn(&str) -> Option<String>) -> Result<Vec<u8>> {
    if header("transfer-encoding").is_none() {
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        return Ok(body);
    }
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).context("a chunk without size")?;
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk)?;
        if size == 0 {
            return Ok(body);
        }
        chunk.truncate(size);
        body.append(&mut chunk);
    }
}
