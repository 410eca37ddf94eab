//! Registry credentials, from where `docker login` puts them: Docker's `config.json`, and the helper programs that it names.
//!
//! Read anew for each pull, so that a login counts at once. What cannot be read is an error of the pull that names the file,
//! never a silent pull without credentials.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::deadline;

/// Docker Hub's key in `config.json`.
const HUB: &str = "https://index.docker.io/v1/";
/// What a helper answers as user name where the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// Where credentials are.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DockerConfig {
    auths: BTreeMap<String, Auth>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    #[serde(rename = "auth")]
    encoded: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// Shows nothing.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Credentials {
    /// Docker's own configuration: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
    pub(crate) fn of_docker() -> Self {
        let folder = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".docker")));
        Self { file: folder.map(|folder| folder.join("config.json")) }
    }

    /// The credentials for an image's registry, where there are any.
    pub(crate) async fn of(&self, image: &str) -> Result<Option<DockerCredentials>, String> {
        let Some(config) = self.read().await? else { return Ok(None) };
        let registry = registry(image);
        let key = if registry == "docker.io" { HUB } else { registry };
        let helper = config.helpers.get(registry).or_else(|| config.helpers.get(key)).or(config.store.as_ref());
        match helper {
            Some(helper) => ask(helper, key).await,
            None => stored(&config, key),
        }
    }

    async fn read(&self) -> Result<Option<DockerConfig>, String> {
        let Some(path) = &self.file else { return Ok(None) };
        let unreadable = |error: &dyn std::fmt::Display| {
            format!("Docker's configuration {} cannot be read: {error}", path.display())
        };
        match tokio::fs::read(path).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&error)),
            // The error's text could quote a credential: only its place is told.
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| unreadable(&format!("line {}, column {}", error.line(), error.column()))),
        }
    }
}

/// The registry of a reference, `docker.io` where it names none.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        Some(_) | None => "docker.io",
    }
}

fn stored(config: &DockerConfig, key: &str) -> Result<Option<DockerCredentials>, String> {
    let entry = config.auths.iter().find(|(name, _)| *name == key || bare(name) == bare(key));
    let Some((name, entry)) = entry else { return Ok(None) };
    let mut credentials = DockerCredentials { serveraddress: Some(key.to_owned()), ..DockerCredentials::default() };
    credentials.username.clone_from(&entry.username);
    credentials.password.clone_from(&entry.password);
    if let Some(auth) = entry.encoded.as_deref().filter(|auth| !auth.is_empty()) {
        let (user, password) = decode(auth).ok_or_else(|| {
            format!("the credentials for {name} in Docker's configuration are damaged: `docker login {name}` again")
        })?;
        credentials.username = Some(user);
        credentials.password = Some(password);
    }
    credentials.identitytoken.clone_from(&entry.identitytoken);
    let useful = credentials.username.is_some() || credentials.identitytoken.is_some();
    Ok(useful.then_some(credentials))
}

/// `https://host/v1/` and `host` are one registry.
fn bare(name: &str) -> &str {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    name.split('/').next().unwrap_or(name)
}

fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}

/// Asks a helper program, as Docker does: `docker-credential-NAME get`, the registry on its standard input.
async fn ask(helper: &str, key: &str) -> Result<Option<DockerCredentials>, String> {
    if helper.contains(['/', '\0']) || helper.is_empty() {
        return Err(format!("`{helper}` cannot be the name of a credential helper"));
    }
    let program = format!("docker-credential-{helper}");
    let answer = tokio::time::timeout(deadline::CREDENTIALS, run(&program, key)).await;
    let late =
        || format!("the credential helper {program} has not answered within {} s", deadline::CREDENTIALS.as_secs());
    let (success, output) =
        answer.map_err(|_| late())?.map_err(|error| format!("the credential helper {program}: {error}"))?;
    if !success {
        let said = String::from_utf8_lossy(&output);
        // The helpers' way to say that there is nothing: the pull goes on without.
        let nothing = said.contains("credentials not found") || said.contains("no credentials server URL");
        return if nothing {
            Ok(None)
        } else {
            Err(format!("the credential helper {program} failed: {}", said.trim()))
        };
    }
    let Answer { username, secret } = serde_json::from_slice(&output)
        .map_err(|_| format!("the credential helper {program} answered no credentials"))?;
    let credentials = DockerCredentials { serveraddress: Some(key.to_owned()), ..DockerCredentials::default() };
    Ok(Some(if username == TOKEN_USER {
        DockerCredentials { identitytoken: Some(secret), ..credentials }
    } else {
        DockerCredentials { username: Some(username), password: Some(secret), ..credentials }
    }))
}

async fn run(program: &str, input: &str) -> std::io::Result<(bool, Vec<u8>)> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper may answer without reading.
        stdin.write_all(input.as_bytes()).await.ok();
    }
    let output = child.wait_with_output().await?;
    Ok((output.status.success(), output.stdout))
}

#[cfg(test)]
mod tests;
