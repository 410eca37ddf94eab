//! What a registry asks for before it answers: a password, or a token from somewhere else.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::WWW_AUTHENTICATE;
use serde::Deserialize;

use super::Secret;
use super::connection::{Answer, Connection};

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password with each question.
    Basic,
    /// A token from a place.
    Bearer {
        /// Where.
        realm: String,
        /// For which service.
        service: Option<String>,
    },
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Challenge {
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let mut texts = answer.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        texts.find_map(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let parameter = |name: &str| {
            let start = format!("{name}=\"");
            let value = rest.split_once(start.as_str())?.1;
            Some(value.split('"').next().unwrap_or(value).to_owned())
        };
        let realm = parameter("realm").filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
        Some(Self::Bearer { realm, service: parameter("service") })
    }

    /// What goes into the header `Authorization`.
    pub(super) async fn meet(&self, secret: Option<&Secret>, path: &str, is_insecure: bool) -> Result<String, String> {
        match self {
            Self::Basic => secret
                .and_then(basic)
                .ok_or_else(|| "it asks for a password; `docker login` to it as the user that runs Skiff".to_owned()),
            Self::Bearer { realm, service } => {
                let token = token(realm, service.as_deref(), secret, path, is_insecure).await?;
                Ok(format!("Bearer {token}"))
            }
        }
    }
}

/// A user and a password as a header; an identity token is none.
fn basic(secret: &Secret) -> Option<String> {
    match secret {
        Secret::Password { user, password } => Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))),
        Secret::IdentityToken(_) => None,
    }
}

/// Has a token that may read one repository.
async fn token(
    realm: &str,
    service: Option<&str>,
    secret: Option<&Secret>,
    path: &str,
    is_insecure: bool,
) -> Result<String, String> {
    let uri: Uri = realm.parse().map_err(|_| format!("it sends for a token to {realm}, which is no address"))?;
    let host = uri.authority().ok_or_else(|| format!("it sends for a token to {realm}, which is no address"))?;
    if uri.scheme_str() != Some("https") && !is_insecure {
        return Err(format!("it sends for a token to {realm}, which is not safe"));
    }
    let connection = Connection::to(host.as_str(), is_insecure && uri.scheme_str() != Some("https"));
    let scope = format!("repository:{path}:pull");
    let mut fields = vec![("scope", scope.as_str())];
    fields.extend(service.map(|service| ("service", service)));
    let answer = if let Some(Secret::IdentityToken(token)) = secret {
        fields.extend([("grant_type", "refresh_token"), ("client_id", "skiff"), ("refresh_token", token)]);
        connection.post(uri.path(), &form(&fields)).await?
    } else {
        let path = format!("{}?{}", uri.path(), form(&fields));
        connection.get(&path, secret.and_then(basic).as_deref()).await?
    };
    if answer.status != 200 {
        let help = "`docker login` to the registry as the user that runs Skiff";
        return Err(format!("no token: HTTP {}; {help}", answer.status));
    }
    let found: Token = serde_json::from_slice(&answer.body).map_err(|_| "an answer that is no token".to_owned())?;
    found.token.or(found.access_token).ok_or_else(|| "an answer without a token".to_owned())
}

/// `a=b&c=d`, everything escaped that needs it.
fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |value: &str| {
        value.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~/:".contains(&byte) {
                text.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                write!(text, "%{byte:02X}").ok();
            }
            text
        })
    };
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(ToOwned::to_owned) })
        };
        let table = [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a:pull\"",
                bearer("https://auth.docker.io/token", Some("registry.docker.io")),
            ),
            ("bearer realm=\"https://r.io/t\"", bearer("https://r.io/t", None)),
            ("Negotiate", None),
            ("Bearer service=\"x\"", None),
        ];
        for (text, expected) in table {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_goes_into_a_form_is_escaped() {
        assert_eq!(form(&[("a", "b c&d"), ("e", "repository:x/y:pull")]), "a=b%20c%26d&e=repository:x/y:pull");
    }
}
