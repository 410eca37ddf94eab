//! A command in a running container, or the one that a container runs: its output, its input, the size of its terminal, and how it
//! ended.
//!
//! Done by hand and not by bollard, whose decoder takes a terminal's output that begins with a control byte for a frame.

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::BodyExt;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use skiff_api::HookCommand;
use skiff_core::EngineError;
use tokio::io::{AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};

use super::client::Client;
use super::error::{Reply, unreachable};
use super::fields::Fields;
use super::frames::{Decoder, OutputStream};
use super::path;

/// A piece of output, not cut into lines.
pub type Output = (OutputStream, Bytes);

/// A command that runs in a container.
#[derive(Debug)]
pub struct ExecSession {
    /// What it writes, until it ends.
    pub output: ExecOutput,
    /// What it reads; shutting it down closes its standard input.
    pub input: ExecInput,
    /// Its size and how it ends.
    pub control: ExecControl,
}

/// What a command writes.
#[derive(Debug)]
pub struct ExecOutput {
    half: ReadHalf<TokioIo<Upgraded>>,
    decoder: Decoder,
    client: Client,
}

/// What a command reads.
pub type ExecInput = WriteHalf<TokioIo<Upgraded>>;

/// What can be asked of a command while it runs and afterwards.
#[derive(Clone, Debug)]
pub struct ExecControl {
    client: Client,
    command: Command,
}

/// Which command.
#[derive(Clone, Debug)]
enum Command {
    /// One that was started in a container, by its id.
    Exec(String),
    /// The one that a container runs, by the container's id or name.
    Container(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    state: State,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    status: String,
    exit_code: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ended {
    running: bool,
    exit_code: Option<i64>,
}

/// Starts a command.
pub(super) async fn exec(
    client: &Client,
    container: &str,
    argv: &[String],
    tty: bool,
    stdin: bool,
) -> Result<ExecSession, EngineError> {
    let command = HookCommand { command: argv.to_vec(), ..HookCommand::default() };
    exec_as(client, container, &command, tty, stdin).await
}

/// Starts a command as the user, in the folder and with the variables that it says.
pub(super) async fn exec_as(
    client: &Client,
    container: &str,
    command: &HookCommand,
    tty: bool,
    stdin: bool,
) -> Result<ExecSession, EngineError> {
    let what = format!("exec in container {container}");
    let path = format!("/containers/{}/exec", path::name(container)?);
    let Made { id } = client.post(&path, Some(&body(command, tty, stdin))).await?.read(&what)?;
    let path = format!("/exec/{}/start", path::name(&id)?);
    hijack(client, &path, Some(&json!({ "Tty": tty })), &what, tty, Command::Exec(id)).await
}

fn body(command: &HookCommand, tty: bool, stdin: bool) -> Value {
    let HookCommand { command, user, privileged, working_dir, env } = command;
    let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Fields::default()
        .set("Cmd", command)
        .set("User", user)
        .set("Privileged", privileged)
        .set("WorkingDir", working_dir)
        .set("Env", env)
        .set("Tty", tty)
        .set("AttachStdin", stdin)
        .set("AttachStdout", true)
        .set("AttachStderr", true)
        .build()
}

/// Attaches to what a container runs, or will run once it is started.
pub(super) async fn attach(client: &Client, container: &str, tty: bool) -> Result<ExecSession, EngineError> {
    let what = format!("attach to container {container}");
    let path = format!("/containers/{}/attach?stream=1&stdin=1&stdout=1&stderr=1", path::name(container)?);
    hijack(client, &path, None, &what, tty, Command::Container(container.to_owned())).await
}

/// Turns a connection into a stream of output and input.
async fn hijack(
    client: &Client,
    path: &str,
    body: Option<&serde_json::Value>,
    what: &str,
    tty: bool,
    command: Command,
) -> Result<ExecSession, EngineError> {
    let mut request = client.request(Method::POST, path, body)?;
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    request.headers_mut().insert(UPGRADE, HeaderValue::from_static("tcp"));
    let response = client.open(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|error| unreachable(client.endpoint(), &error))?;
        return Err(Reply { status, bytes: bytes.to_bytes() }.refusal(what));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|error| unreachable(client.endpoint(), &error))?;
    let (half, input) = tokio::io::split(TokioIo::new(upgraded));
    let output = ExecOutput { half, decoder: Decoder::new(tty), client: client.clone() };
    Ok(ExecSession { output, input, control: ExecControl { client: client.clone(), command } })
}

impl ExecOutput {
    /// The next piece, `None` when the command has closed its output.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Output>, EngineError> {
        let mut buffer = [0; 8192];
        loop {
            if let Some(piece) = self.decoder.next() {
                return Ok(Some(piece));
            }
            let read = self.half.read(&mut buffer).await;
            match read.map_err(|error| unreachable(self.client.endpoint(), &error))? {
                0 => return Ok(None),
                count => self.decoder.feed(buffer.get(..count).unwrap_or_default()),
            }
        }
    }

    /// The pieces as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Output, EngineError>> + Send {
        stream::try_unfold(self, async |mut output| Ok(output.next().await?.map(|piece| (piece, output))))
    }
}

impl ExecControl {
    /// A command that somebody began.
    pub(super) fn of(client: &Client, id: &str) -> Self {
        Self { client: client.clone(), command: Command::Exec(id.to_owned()) }
    }

    /// Tells the command how large its terminal is.
    ///
    /// # Errors
    /// When the engine refuses, for one because the command has ended.
    pub async fn resize(&self, rows: u16, columns: u16) -> Result<(), EngineError> {
        let of = match &self.command {
            Command::Exec(id) => format!("/exec/{id}"),
            Command::Container(name) => format!("/containers/{}", path::name(name)?),
        };
        let path = format!("{of}/resize?h={rows}&w={columns}");
        self.client.post(&path, None).await?.done("resize the terminal")
    }

    /// How the command ended, `None` while it runs.
    ///
    /// # Errors
    /// When the engine does not know it any more.
    pub async fn exit_code(&self) -> Result<Option<i64>, EngineError> {
        const WHAT: &str = "inspect the command";
        match &self.command {
            Command::Exec(id) => {
                let ended: Ended = self.client.get(&format!("/exec/{id}/json")).await?.read(WHAT)?;
                Ok(ended.exit_code.filter(|_| !ended.running))
            }
            Command::Container(name) => {
                let path = format!("/containers/{}/json", path::name(name)?);
                let Inspected { state } = self.client.get(&path).await?.read(WHAT)?;
                Ok(["exited", "dead"].contains(&state.status.as_str()).then_some(state.exit_code))
            }
        }
    }
}

const fn assert_writes<T: AsyncWrite + Unpin + Send>() {}
const _: () = assert_writes::<ExecInput>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_runs_as_whom_and_where_it_says() {
        let hook = HookCommand {
            command: vec!["drain".to_owned(), "--now".to_owned()],
            user: Some("1000:1000".to_owned()),
            privileged: true,
            working_dir: Some("/srv".to_owned()),
            env: std::collections::BTreeMap::from([("MODE".to_owned(), "slow".to_owned())]),
        };
        let wanted = json!({
            "Cmd": ["drain", "--now"], "User": "1000:1000", "Privileged": true, "WorkingDir": "/srv", "Env": ["MODE=slow"],
            "AttachStdout": true, "AttachStderr": true,
        });
        assert_eq!(body(&hook, false, false), wanted);
    }
}
