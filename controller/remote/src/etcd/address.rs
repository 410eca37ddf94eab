//! `etcd://host:2379,other:2379/prefix?user=skiff`: which cluster, which keys of it, and with whose leave.
//!
//! As with repositories no secret stands in an address: settings name the files that hold them.

use std::fmt;
use std::path::PathBuf;

use crate::address::{AddressError, settings, unknown};

/// Where a cluster is, and which of its keys are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdAddress {
    /// Its members: `host:2379`.
    pub hosts: Vec<String>,
    /// The prefix of the keys, from `/`, without one at its end.
    pub prefix: String,
    /// Whether TLS is used: where a setting asks for it.
    pub tls: bool,
    /// The source's name, where it is said.
    pub name: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The file of the user's password.
    pub password_file: Option<PathBuf>,
    /// The file of the authorities that the cluster's certificate is checked against.
    pub ca_file: Option<PathBuf>,
    /// The files of our own certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

const SETTINGS: [&str; 7] = ["name", "user", "password-file", "tls", "ca-file", "cert-file", "key-file"];

impl EtcdAddress {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let place = place.strip_prefix("etcd://").unwrap_or(place);
        let (hosts, prefix) = place.split_once('/').unwrap_or((place, ""));
        if hosts.contains('@') {
            return Err(AddressError::new(
                "an address stands in process lists and logs, and holds no user and password",
                "write the password into a file of mode 0600: `?user=skiff&password-file=/etc/skiff/etcd.password`",
            ));
        }
        let mut address = Self {
            hosts: hosts.split(',').map(member).collect::<Result<_, _>>()?,
            prefix: prefix_of(prefix)?,
            tls: false,
            name: None,
            user: None,
            password_file: None,
            ca_file: None,
            certificate: None,
        };
        let (mut certificate, mut key) = (None, None);
        for (name, value) in settings(query)? {
            if value.is_empty() {
                return Err(AddressError::new(format!("`{name}=` has no value"), "write one, or leave it out"));
            }
            match name.as_str() {
                "name" => address.name = Some(value),
                "user" => address.user = Some(value),
                "password-file" => address.password_file = Some(value.into()),
                "tls" => address.tls = value == "true",
                "ca-file" => address.ca_file = Some(value.into()),
                "cert-file" => certificate = Some(value.into()),
                "key-file" => key = Some(value.into()),
                _ => return Err(unknown(&name, &SETTINGS)),
            }
        }
        address.certificate = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(AddressError::new(
                    "a certificate and its key belong together",
                    "write both `cert-file=` and `key-file=`",
                ));
            }
        };
        if address.user.is_some() != address.password_file.is_some() {
            return Err(AddressError::new(
                "a user and the password belong together",
                "write both `user=` and `password-file=`",
            ));
        }
        address.tls |= address.ca_file.is_some() || address.certificate.is_some();
        if address.user.is_some() && !address.tls && !address.hosts.iter().all(|host| is_loopback(host)) {
            return Err(AddressError::new(
                "a password is not sent without TLS, where everybody on the way reads it",
                "write `&ca-file=/etc/skiff/etcd-ca.pem`, or `&tls=true` for an authority that this host knows",
            ));
        }
        Ok(address)
    }

    /// What the source is called: the last part of its prefix.
    pub fn last(&self) -> &str {
        self.prefix.rsplit('/').next().filter(|part| !part.is_empty()).unwrap_or("etcd")
    }

    /// What tells this source from another one of its name.
    pub fn root(&self) -> PathBuf {
        // Members come and go; what they hold is the same.
        format!("etcd:{}", self.prefix).into()
    }
}

/// `etcd://host:2379/prefix`.
impl fmt::Display for EtcdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "etcd://{}{}", self.hosts.join(","), self.prefix)
    }
}

fn member(text: &str) -> Result<String, AddressError> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "2379"));
    let fits = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._[]:".contains(c));
    match port.parse::<u16>() {
        Ok(port) if fits => Ok(format!("{host}:{port}")),
        _ => Err(AddressError::new(
            format!("`{}` is no member of a cluster", text.escape_default()),
            "write etcd://host:2379/prefix",
        )),
    }
}

fn prefix_of(text: &str) -> Result<String, AddressError> {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let is_plain = |part: &&str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) && *part != "..";
    if parts.is_empty() {
        return Err(AddressError::new(
            "the address names no prefix",
            "write etcd://host:2379/skiff/shop: keys of others are not read",
        ));
    }
    if !parts.iter().all(is_plain) {
        return Err(AddressError::new(
            "the prefix holds a character that is none of letters, digits, `-`, `.` and `_`",
            "choose another one",
        ));
    }
    if let Some((part, what)) = parts.iter().find_map(|part| Some((part, reserved(part)?))) {
        let plain = part.rsplit_once('-').map_or("skiff", |(plain, _)| plain);
        return Err(AddressError::new(
            format!(
                "`{part}` ends as a place does in which controllers keep {what}, beside the documents of `{plain}`"
            ),
            "choose a prefix no part of which ends with `-status` or `-leader`",
        ));
    }
    Ok(format!("/{}", parts.join("/")))
}

/// What controllers keep in a place that is called so: see `status_key` and `election_name`.
fn reserved(part: &str) -> Option<&'static str> {
    let ends = |ending: &str| part.ends_with(ending);
    let who_leads = || ends("-leader").then_some("who leads");
    ends("-status").then_some("what objects have come to").or_else(who_leads)
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name == "[::1]" || name.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = EtcdAddress::parse(text).expect_err(text);
        format!("{}; {}", error.message, error.help)
    }

    #[test]
    fn members_prefix_and_settings_are_read() {
        let address = EtcdAddress::parse(
            "etcd://a:2379,b,[::1]:4/skiff//shop/?user=u&password-file=/p&ca-file=/c&cert-file=/x&key-file=/k",
        );
        let address = address.expect("an address");
        assert_eq!(address.to_string(), "etcd://a:2379,b:2379,[::1]:4/skiff/shop");
        assert_eq!((address.last(), address.tls), ("shop", true));
        assert_eq!(address.certificate, Some(("/x".into(), "/k".into())));
        assert!(!EtcdAddress::parse("etcd://localhost/shop").expect("an address").tls);
    }

    #[test]
    fn secrets_and_halves_are_refused_with_what_to_do() {
        assert!(refused("etcd://root:secret@h/x").starts_with("an address stands in process lists"));
        assert!(!refused("etcd://root:secret@h/x").contains(":secret"));
        for wrong in [
            "etcd://h",
            "etcd://h/",
            "etcd:///x",
            "etcd://h:x/p",
            "etcd://h/a b",
            "etcd://h/../x",
            "etcd://h/shop-status",
            "etcd://h/shop-leader/x",
            "etcd://h/x?cert-file=/a",
            "etcd://h/x?user=a",
            "etcd://h/x?user=a&password-file=/p",
            "etcd://h/x?passwort-file=a",
            "etcd://h/x?name=",
        ] {
            assert!(!refused(wrong).ends_with("; "), "{wrong}");
        }
        assert_eq!(
            refused("etcd://h/skiff/shop-leader"),
            "`shop-leader` ends as a place does in which controllers keep who leads, beside the documents of `shop`; \
             choose a prefix no part of which ends with `-status` or `-leader`"
        );
        assert!(EtcdAddress::parse("etcd://h/status/leader").is_ok());
        assert!(EtcdAddress::parse("etcd://127.0.0.1/x?user=a&password-file=/p").is_ok());
    }
}
