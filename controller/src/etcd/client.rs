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
        Some(file) => tls.ca_certificate(Certificate::from_pem(read(file, "ca-file")?)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &address.certificate {
        tls = tls.identity(Identity::from_pem(read(certificate, "cert-file")?, read(key, "key-file")?));
    }
    Ok(tls)
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
