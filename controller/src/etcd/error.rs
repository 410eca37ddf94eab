//! Why etcd did not do what was asked of it, and what to do.

use etcd_client::Error;
use skiff_remote::etcd::EtcdAddress;

/// Why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EtcdError {
    /// In words.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl EtcdError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// What etcd or the way to it said.
    pub(super) fn told(error: &Error, address: &EtcdAddress) -> Self {
        let words = words(error);
        let told = plain(&words).unwrap_or(&words);
        let lower = words.to_lowercase();
        let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
        let help = if has(&["authentication failed", "invalid auth token", "user name is empty", "user name not found"])
        {
            "name a user of the cluster: `?user=skiff&password-file=/etc/skiff/etcd.password`"
        } else if has(&["permission denied"]) {
            "let the user read and write the prefix: `etcdctl role grant-permission ROLE --prefix=true readwrite PREFIX`, \
             and PREFIX-status and PREFIX-leader as well"
        } else if has(&["certificate", "unknownissuer", "tls", "handshake"]) {
            "name the authority of the cluster's certificate by `?ca-file=`, and our own by `&cert-file=` and `&key-file=` where it asks for one"
        } else {
            "are the members right, and reachable from here? what runs stays as it is; it is asked again"
        };
        Self::new(format!("{address}: {told}"), help)
    }

    /// Whether it was asked for a revision that is no more.
    pub(super) fn is_compaction(&self) -> bool {
        self.message.contains("has been compacted")
    }

    /// Whether the answer was larger than an answer may be.
    pub(super) fn is_too_large(&self) -> bool {
        self.message.contains("message length too large")
    }

    /// Whether it was asked for a lease that is no more.
    pub(crate) fn is_of_no_lease(&self) -> bool {
        self.message.contains("lease not found")
    }

    /// Whether the user may not do it.
    pub(crate) fn is_permission_denied(&self) -> bool {
        self.message.contains("permission denied")
    }

    /// No answer in time.
    pub(crate) fn silent(address: &EtcdAddress) -> Self {
        Self::new(
            format!("{address}: no answer"),
            "are the members right, and reachable from here? what runs stays as it is; it is asked again",
        )
    }
}

/// The sentence that says most: that of the innermost cause.
fn words(error: &Error) -> String {
    let Error::GRpcStatus(status) = error else { return innermost(error).to_string() };
    match std::error::Error::source(status) {
        Some(cause) => innermost(cause).to_string(),
        None => status.message().to_owned(),
    }
}

fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    error.source().map_or(error, innermost)
}

/// What the words of libraries mean for people, which names of types in them do not say; `None` for words that are people's own.
fn plain(words: &str) -> Option<&'static str> {
    const MEANINGS: [(&[&str], &str); 10] = [
        (&["unknownissuer", "unknown issuer"], "the cluster's certificate is of an authority that is not trusted"),
        (&["notvalidforname", "not valid for name"], "the cluster's certificate is for another host"),
        (
            &["causedasendentity", "ca used as end entity"],
            "the cluster shows the certificate of an authority, and must show one that an authority has signed for it",
        ),
        (&["expired"], "the cluster's certificate has expired"),
        (&["certificaterequired", "certificate required"], "the cluster asks for a certificate, and none is given"),
        (&["connection refused"], "nobody listens there (connection refused)"),
        (&["failed to lookup address", "dns error"], "a member's name is not known"),
        (&["invalidcontenttype", "corrupt message"], "one side speaks TLS, and the other one does not"),
        (&["invalid peer certificate"], "the cluster's certificate is not accepted"),
        (
            &["transport error", "h2 protocol error", "broken pipe", "connection reset", "error reading a body"],
            "the connection broke off",
        ),
    ];
    let lower = words.to_lowercase();
    let is_meant = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    MEANINGS.iter().find(|(signs, _)| is_meant(signs)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_what_it_means_and_not_how_a_library_calls_it() {
        for (words, meaning) in [
            (
                "invalid peer certificate: UnknownIssuer",
                "the cluster's certificate is of an authority that is not trusted",
            ),
            ("invalid peer certificate: BadSignature", "the cluster's certificate is not accepted"),
            ("received fatal alert: CertificateRequired", "the cluster asks for a certificate, and none is given"),
            ("received corrupt message of type InvalidContentType", "one side speaks TLS, and the other one does not"),
            ("Connection refused (os error 111)", "nobody listens there (connection refused)"),
            ("h2 protocol error: error reading a body from connection", "the connection broke off"),
        ] {
            assert_eq!(plain(words), Some(meaning));
        }
        assert_eq!(plain("etcdserver: permission denied"), None);
    }
}
