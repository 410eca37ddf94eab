//! The way to a cluster: members, TLS, the user, and the deadlines of calls.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use etcd_client::{Certificate, Client, ConnectOptions, Identity, TlsOptions};
use futures_util::future::select_ok;
use skiff_remote::etcd::EtcdAddress;

use super::EtcdError;

/// A cluster, and what of it is meant.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: Client,
    pub(super) address: EtcdAddress,
}

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a member is asked for a sign of life while a call waits for it, and how long it may take to give one. etcd hangs up on whoever asks more
/// often than every 5 s, or without a call.
const HEARTBEAT: (Duration, Duration) = (Duration::from_secs(6), Duration::from_secs(2));

impl Cluster {
    /// Reads the files that the address names, and asks all members; goes on with the one that answers first. One that is down or frozen
    /// holds nobody up, and whoever loses its member connects again.
    ///
    /// # Errors
    /// When a file cannot be read, or nobody answers.
    pub async fn connect(address: &EtcdAddress) -> Result<Self, EtcdError> {
        let options = options(address)?;
        let members = address.hosts.iter().map(|host| Box::pin(Self::ask(host, address, options.clone())));
        // The error is that of the last one.
        select_ok(members).await.map(|(cluster, _others)| cluster)
    }

    /// Asks one member whether the cluster is there.
    async fn ask(host: &str, address: &EtcdAddress, options: ConnectOptions) -> Result<Self, EtcdError> {
        let scheme = if address.tls { "https" } else { "http" };
        let connecting = Client::connect([format!("{scheme}://{host}")], Some(options));
        let client = within(PATIENCE, address, connecting).await?;
        let mut cluster = Self { client, address: address.clone() };
        // To connect alone proves nothing: it happens with the first call.
        let asked = cluster.client.get(address.prefix.clone(), Some(etcd_client::GetOptions::new().with_count_only()));
        within(PATIENCE, &cluster.address, asked).await?;
        Ok(cluster)
    }

    /// A call with its deadline.
    pub(super) fn call<'a, T: 'a>(
        &'a self,
        call: impl Future<Output = Result<T, etcd_client::Error>> + Send + 'a,
    ) -> impl Future<Output = Result<T, EtcdError>> + Send + 'a {
        within(PATIENCE, &self.address, call)
    }
}

/// The futures of calls are large, and are kept apart from those that wait for them.
fn within<'a, T: 'a>(
    patience: Duration,
    address: &'a EtcdAddress,
    call: impl Future<Output = Result<T, etcd_client::Error>> + Send + 'a,
) -> impl Future<Output = Result<T, EtcdError>> + Send + 'a {
    let call = Box::pin(call);
    async move {
        match tokio::time::timeout(patience, call).await {
            Ok(answer) => answer.map_err(|error| EtcdError::told(&error, address)),
            Err(_) => Err(EtcdError::silent(address)),
        }
    }
}

fn options(address: &EtcdAddress) -> Result<ConnectOptions, EtcdError> {
    let (interval, timeout) = HEARTBEAT;
    let mut options = ConnectOptions::new()
        .with_keep_alive(interval, timeout)
        .with_keep_alive_while_idle(false)
        .with_connect_timeout(PATIENCE)
        .with_require_leader(true);
    if let (Some(user), Some(file)) = (&address.user, &address.password_file) {
        let password = String::from_utf8_lossy(&read(file, "password-file")?).trim_end().to_owned();
        options = options.with_user(user, password).with_auto_token_refresh(true);
    }
    if address.tls {
        options = options.with_tls(tls(address)?);
    }
    Ok(options)
}

fn tls(address: &EtcdAddress) -> Result<TlsOptions, EtcdError> {
    let mut tls = TlsOptions::new();
    tls = match &address.ca_file {
        Some(file) => tls.ca_certificate(Certificate::from_pem(pem(file, "ca-file", "CERTIFICATE")?)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &address.certificate {
        let (certificate, key) = (pem(certificate, "cert-file", "CERTIFICATE")?, pem(key, "key-file", "PRIVATE KEY")?);
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    Ok(tls)
}

/// Reads a file of certificates or a key. One that holds none is told here: TLS would only break the connection off.
fn pem(path: &Path, setting: &str, label: &str) -> Result<Vec<u8>, EtcdError> {
    let text = read(path, setting)?;
    // A key has its kind before the label: `BEGIN EC PRIVATE KEY`.
    let is_head = |line: &[u8]| line.starts_with(b"-----BEGIN ") && line.ends_with(format!("{label}-----").as_bytes());
    if text.split(|byte| *byte == b'\n').any(|line| is_head(line.trim_ascii())) {
        return Ok(text);
    }
    let message = format!("{}: no {} in PEM", path.display(), label.to_lowercase());
    Err(EtcdError::new(message, format!("`{setting}=` names a file with a line `-----BEGIN {label}-----`")))
}

fn read(path: &Path, setting: &str) -> Result<Vec<u8>, EtcdError> {
    std::fs::read(path).map_err(|error| {
        let help = format!("`{setting}=` names it: is the path right, and may skiff read it?");
        EtcdError::new(format!("{}: {error}", path.display()), help)
    })
}

/// Shows where it leads, and nothing of the user.
impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster({})", self.address)
    }
}

#[cfg(test)]
mod tests {
    use skiff_remote::Remote;

    use super::*;

    #[test]
    fn a_file_that_holds_no_certificate_or_key_is_named_before_anything_is_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let certificate = file("cert.pem", "of ann\n-----BEGIN CERTIFICATE-----\r\nMA==\n-----END CERTIFICATE-----\n");
        let key = file("key.pem", "-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n");
        let nothing = file("nothing.pem", "password\n");
        let of = |settings: &str| {
            let address = format!("etcd://host:2379/skiff?tls=true&{settings}");
            let Some(Ok(Remote::Etcd(address))) = Remote::parse(&address) else { panic!("no address: {address}") };
            tls(&address).map(drop).map_err(|error| error.message)
        };
        let mutual = |certificate: &str, key: &str| of(&format!("cert-file={certificate}&key-file={key}"));
        assert_eq!(mutual(&certificate, &key), Ok(()));
        assert_eq!(of(&format!("ca-file={certificate}")), Ok(()));
        assert_eq!(of(&format!("ca-file={nothing}")), Err(format!("{nothing}: no certificate in PEM")));
        assert_eq!(mutual(&nothing, &key), Err(format!("{nothing}: no certificate in PEM")));
        assert_eq!(mutual(&certificate, &certificate), Err(format!("{certificate}: no private key in PEM")));
    }
}
