//! Asks a registry for the tags of an image, by the distribution specification: what the engine cannot be asked for.
//!
//! As Docker does it: over TLS with the system's certificates and those of `/etc/docker/certs.d`; a registry that the engine takes as
//! insecure with any certificate, or without TLS. Credentials go where the registry sends one for a token, as with a pull. Nothing is kept
//! between two questions.

mod challenge;
mod connection;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use skiff_api::ImageName;

use challenge::Challenge;
use connection::{Answer, Connection};

/// Where Docker Hub's images are.
const HUB: &str = "registry-1.docker.io";
/// A list of more pages is cut there: nobody waits for the rest.
const PAGES: usize = 100;

/// How a registry is asked.
#[derive(Debug)]
pub struct Login {
    /// The credentials, where there are any.
    pub secret: Option<Secret>,
    /// Whether any certificate will do, or none.
    pub is_insecure: bool,
}

/// Credentials of a registry.
pub enum Secret {
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that is given for tokens.
    IdentityToken(String),
}

/// Shows nothing.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, Deserialize)]
struct List {
    tags: Option<Vec<String>>,
}

/// The tags of an image's repository, in the registry's order.
///
/// # Errors
/// Why the registry gives none, in a few words.
pub async fn tags(image: &str, login: Login) -> Result<Vec<String>, String> {
    let name = ImageName::of(image);
    let host = if name.registry == "docker.io" { HUB } else { &name.registry };
    let connection = Connection::to(host, login.is_insecure);
    let (mut tags, mut authorization) = (Vec::new(), None);
    let mut next = Some(format!("/v2/{}/tags/list", name.path));
    for _ in 0..PAGES {
        let Some(path) = next.take() else { break };
        let mut answer = connection.get(&path, authorization.as_deref()).await?;
        if answer.status == 401 && authorization.is_none() {
            let challenge = Challenge::of(&answer).ok_or("HTTP 401, without a word of how to log in")?;
            authorization = Some(challenge.meet(login.secret.as_ref(), &name.path, login.is_insecure).await?);
            answer = connection.get(&path, authorization.as_deref()).await?;
        }
        next = answer.next_page();
        tags.extend(read(&answer)?.tags.unwrap_or_default());
    }
    Ok(tags)
}

fn read(answer: &Answer) -> Result<List, String> {
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map_err(|_| "an answer that is no list of tags".to_owned()),
        401 | 403 => Err(format!("HTTP {}; `docker login` to it as the user that runs Skiff", answer.status)),
        status => Err(format!("HTTP {status}")),
    }
}
