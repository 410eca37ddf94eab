//! What addresses have in common: a scheme, a place, and settings behind a question mark.

use skiff_api::suggest;

use crate::etcd::EtcdAddress;
use crate::git::GitAddress;

/// A source that is not on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// A branch, tag or commit of a repository.
    Git(GitAddress),
    /// Documents below a prefix.
    Etcd(EtcdAddress),
}

/// Why an address makes no sense, with what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AddressError {
    /// What is wrong: lower case, no full stop, no secret.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl AddressError {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl Remote {
    /// Reads an address; `None` for what is a path.
    ///
    /// # Errors
    /// When it is meant as an address and is none.
    pub fn parse(text: &str) -> Option<Result<Self, AddressError>> {
        let Some((scheme, _)) = text.split_once("://") else {
            return of_scp(text).or_else(|| of_one_slash(text)).map(Err);
        };
        if scheme.starts_with("git+") {
            return Some(GitAddress::parse(text).map(Self::Git));
        }
        if scheme == "etcd" {
            return Some(EtcdAddress::parse(text).map(Self::Etcd));
        }
        let help = match scheme {
            "https" | "http" | "ssh" | "file" => format!("for a repository write `git+{text}`"),
            _ => "a source is a path, or an address that begins with git+https://, git+ssh://, git+file:/// or etcd://"
                .to_owned(),
        };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        is_scheme.then(|| Err(AddressError::new(format!("`{scheme}://` is no source that is known"), help)))
    }

    /// What the source is called where nobody says otherwise; not yet made fit for a label.
    pub fn usual_name(&self) -> &str {
        match self {
            Self::Git(address) => address.name.as_deref().unwrap_or_else(|| address.repository()),
            Self::Etcd(address) => address.name.as_deref().unwrap_or_else(|| address.last()),
        }
    }
}

/// `git@host:team/shop.git`, as ssh and git hosts write it: meant as an address, for hardly a path looks like that.
fn of_scp(text: &str) -> Option<AddressError> {
    let (user, place) = text.split_once('@')?;
    let (host, path) = place.split_once(':')?;
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    let path = path.trim_start_matches('/');
    (is_name(user) && is_name(host) && !path.is_empty()).then(|| {
        let help = format!("write `git+ssh://{user}@{host}/{path}`");
        AddressError::new(format!("`{}` is no path", text.escape_default()), help)
    })
}

/// `etcd:/x` and `git+https:/x`: a slip, for hardly a path looks like that.
fn of_one_slash(text: &str) -> Option<AddressError> {
    let (scheme, place) = text.split_once(':')?;
    let place = place.trim_start_matches('/');
    let form = match scheme {
        "etcd" => format!("etcd://HOST:2379/{}", if place.is_empty() { "PREFIX" } else { place }),
        "git" => "git+https://HOST/PATH, git+ssh://USER@HOST/PATH or git+file:///PATH".to_owned(),
        "git+file" => format!("git+file:///{place}"),
        "git+https" | "git+http" | "git+ssh" => {
            format!("{scheme}://{}", if place.is_empty() { "HOST/PATH" } else { place })
        }
        _ => return None,
    };
    Some(AddressError::new(format!("`{}` is no address", text.escape_default()), format!("write `{form}`")))
}

/// The settings behind the question mark, in their order, `%2F` and the like read.
pub(crate) fn settings(query: &str) -> Result<Vec<(String, String)>, AddressError> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = decoded(value).ok_or_else(|| {
                AddressError::new(
                    format!("the value of `{name}` cannot be read"),
                    "behind a `%` stand two hexadecimal digits; a `%` itself is written `%25`",
                )
            })?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

/// A setting that there is none of, with the nearest one.
pub(crate) fn unknown(name: &str, known: &[&'static str]) -> AddressError {
    let help = match suggest::nearest(name, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}=`?"),
        None => format!("the settings are {}", known.join(", ")),
    };
    AddressError::new(format!("`{name}` is no setting of such a source"), help)
}

/// Percent-decoding; nothing that is no text, and no characters that only steer a terminal.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_slash_too_few_is_told_its_form() {
        let help = |text: &str| Remote::parse(text).expect("meant as an address").expect_err("it is none").help;
        assert_eq!(help("etcd:/skiff/shop"), "write `etcd://HOST:2379/skiff/shop`");
        assert_eq!(help("etcd:skiff"), "write `etcd://HOST:2379/skiff`");
        assert_eq!(help("etcd:"), "write `etcd://HOST:2379/PREFIX`");
        assert_eq!(help("git+https:/example.com/shop.git"), "write `git+https://example.com/shop.git`");
        assert_eq!(help("git+file:/srv/shop.git"), "write `git+file:///srv/shop.git`");
        assert!(help("git:example.com/shop.git").contains("git+https://HOST/PATH"));
        for path in ["./etcd:/x", "shop", "/srv/a:b", "C:/x", "a:b"] {
            assert!(Remote::parse(path).is_none(), "{path}");
        }
    }
}
