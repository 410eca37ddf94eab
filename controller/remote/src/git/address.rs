//! `git+https://host/repository?ref=main&path=manifests`: which repository, what of it, how often, and with whose leave.
//!
//! A secret never stands in an address, since addresses stand in process lists and logs: settings name the files that hold them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Reference;
use crate::address::{AddressError, settings, unknown};

/// Where a repository is, and what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitAddress {
    /// How it is reached.
    pub transport: Transport,
    /// What git itself calls it: `https://host/shop.git`.
    pub url: String,
    /// What is followed.
    pub reference: Reference,
    /// The folder or file of the manifests in it; empty for all of it. Never leads out of it.
    pub path: String,
    /// Folders or files of it that are laid over the manifests.
    pub overlays: Vec<String>,
    /// How often it is asked; by default every half minute.
    pub interval: Duration,
    /// The source's name, where it is said.
    pub name: Option<String>,
    /// The user of the token.
    pub user: String,
    /// The file of a password or token.
    pub token_file: Option<PathBuf>,
    /// The file of an SSH key; by default what `ssh` itself uses.
    pub ssh_key: Option<PathBuf>,
    /// The file of the hosts' keys; by default what `ssh` itself uses.
    pub known_hosts: Option<PathBuf>,
    /// The file of the authorities that a server's certificate is checked against; by default the system's.
    pub ca_file: Option<PathBuf>,
    /// The keys one of which must have signed a commit; none where any commit will do.
    pub allowed_signers: Option<PathBuf>,
}

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// With TLS.
    Https,
    /// Without; no credentials are sent that way.
    Http,
    /// By a program on the other side.
    Ssh,
    /// It is on this host.
    File,
}

const SETTINGS: [&str; 11] = [
    "ref",
    "path",
    "overlay",
    "interval",
    "name",
    "user",
    "token-file",
    "ssh-key",
    "known-hosts",
    "ca-file",
    "allowed-signers",
];

const USUAL: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_secs(1);

impl Transport {
    const ALL: [(&str, Self); 4] =
        [("https", Self::Https), ("http", Self::Http), ("ssh", Self::Ssh), ("file", Self::File)];

    /// Git's word for it.
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }
}

impl GitAddress {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let url = place.strip_prefix("git+").unwrap_or(place);
        if let Some((_, reference)) = url.split_once('#') {
            return Err(AddressError::new("an address has no `#`", format!("write `?ref={reference}`")));
        }
        let transport = transport(url)?;
        let mut address = Self {
            transport,
            url: url.trim_end_matches('/').to_owned(),
            reference: Reference::Head,
            path: String::new(),
            overlays: Vec::new(),
            interval: USUAL,
            name: None,
            user: "git".to_owned(),
            token_file: None,
            ssh_key: None,
            known_hosts: None,
            ca_file: None,
            allowed_signers: None,
        };
        let mut said = Vec::new();
        for (name, value) in settings(query)? {
            if value.is_empty() {
                return Err(AddressError::new(format!("`{name}=` has no value"), "write one, or leave it out"));
            }
            if name != "overlay" && said.contains(&name) {
                return Err(AddressError::new(format!("`{name}=` is said twice"), "say it once"));
            }
            address.set(&name, value)?;
            said.push(name);
        }
        address.fits()
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), AddressError> {
        match name {
            "ref" => {
                let help = "write a branch, a tag, or all 40 digits of a commit";
                self.reference = value.parse().map_err(|message: String| AddressError::new(message, help))?;
            }
            "path" => self.path = inner(name, &value)?,
            "overlay" => self.overlays.push(inner(name, &value)?),
            "interval" => self.interval = interval(&value)?,
            "name" => self.name = Some(value),
            "user" => self.user = value,
            "token-file" => self.token_file = Some(value.into()),
            "ssh-key" => self.ssh_key = Some(value.into()),
            "known-hosts" => self.known_hosts = Some(value.into()),
            "ca-file" => self.ca_file = Some(value.into()),
            "allowed-signers" => self.allowed_signers = Some(value.into()),
            _ => return Err(unknown(name, &SETTINGS)),
        }
        Ok(())
    }

    /// Settings that make no sense together.
    fn fits(self) -> Result<Self, AddressError> {
        let of_ssh = self.ssh_key.is_some() || self.known_hosts.is_some();
        if of_ssh && self.transport != Transport::Ssh {
            return Err(AddressError::new("`ssh-key=` and `known-hosts=` are for git+ssh://", "leave them out"));
        }
        match self.transport {
            Transport::Http if self.token_file.is_some() => Err(AddressError::new(
                "a token is not sent without TLS, where everybody on the way reads it",
                "write git+https://",
            )),
            Transport::Ssh | Transport::File if self.token_file.is_some() => {
                Err(AddressError::new("`token-file=` is for git+https://", "leave it out"))
            }
            Transport::Https | Transport::Http | Transport::Ssh | Transport::File => Ok(self),
        }
    }

    /// What the repository is called: the last part of its place, without `.git`.
    pub fn repository(&self) -> &str {
        let last = self.url.rsplit(['/', ':']).find(|part| !part.is_empty() && *part != ".git").unwrap_or_default();
        last.strip_suffix(".git").unwrap_or(last)
    }

    /// What tells this source from another one of its name: the repository and the part of it, whichever branch is followed.
    pub fn root(&self) -> PathBuf {
        let path = if self.path.is_empty() { String::new() } else { format!("//{}", self.path) };
        format!("git+{}{path}", self.url).into()
    }
}

/// What is followed, for people: `main of https://host/shop.git`.
impl fmt::Display for GitAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.reference, self.url)
    }
}

fn transport(url: &str) -> Result<Transport, AddressError> {
    let (scheme, place) = url.split_once("://").unwrap_or((url, ""));
    let Some((_, transport)) = Transport::ALL.into_iter().find(|(word, _)| *word == scheme) else {
        let help = "repositories are reached by git+https://, git+ssh:// or git+file:///";
        return Err(AddressError::new(format!("`git+{scheme}://` is no way to a repository"), help));
    };
    if place.contains(|c: char| c.is_control() || c.is_whitespace() || "\\\"'`$".contains(c)) {
        return Err(AddressError::new(
            "the address holds a character that no address holds",
            "write `%20` for a space",
        ));
    }
    if transport == Transport::File {
        let fits = place.starts_with('/') && place.len() > 1;
        let refused = || {
            AddressError::new(
                "a repository on this host is named from the root",
                "write the whole path: git+file:///srv/git/shop.git",
            )
        };
        return if fits { Ok(transport) } else { Err(refused()) };
    }
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if user.is_some_and(|user| user.contains(':')) || user.is_some() && transport != Transport::Ssh {
        return Err(AddressError::new(
            "an address stands in process lists and logs, and holds no user and password",
            "write the token into a file of mode 0600 and name that: `?token-file=/etc/skiff/git.token`, with `&user=` where it matters",
        ));
    }
    // A host or user that begins like a flag could become one of ssh.
    let is_flag = |part: &str| part.is_empty() || part.starts_with('-');
    if is_flag(host) || user.is_some_and(is_flag) || path.is_empty() || path.starts_with('-') {
        return Err(AddressError::new(
            "the address names no repository",
            format!("write git+{scheme}://host/team/shop.git"),
        ));
    }
    Ok(transport)
}

/// A path within the repository.
fn inner(name: &str, value: &str) -> Result<String, AddressError> {
    let parts: Vec<&str> = value.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(AddressError::new(
            format!("`{name}={value}` leads out of the repository"),
            "name a folder or file in it",
        ));
    }
    Ok(parts.join("/"))
}

fn interval(value: &str) -> Result<Duration, AddressError> {
    let interval: skiff_api::Duration =
        value.parse().map_err(|error| AddressError::new(format!("{error}"), "write such as `interval=30s`"))?;
    let interval = interval.to_std();
    let too_short =
        || AddressError::new("an interval is at least 1s", "a webhook, or `skiff sync`, has it looked at at once");
    if interval >= SHORTEST { Ok(interval) } else { Err(too_short()) }
}

#[cfg(test)]
mod tests;
