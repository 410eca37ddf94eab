//! A command and we: our standard input to it, what it writes to ours, the size of our terminal, and how it ended.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

use super::super::{CliError, Exit};
use super::terminal;
use crate::engine::docker::{ExecControl, ExecInput, ExecOutput, ExecSession, OutputStream};

/// How to converse.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Manner {
    /// The command has a terminal.
    pub(in crate::cli) tty: bool,
    /// Our standard input is passed on.
    pub(in crate::cli) stdin: bool,
}

/// Passes everything on until the command has ended or we are told to.
///
/// # Errors
/// When the connection breaks, or our own streams do.
pub(in crate::cli) async fn converse(session: ExecSession, manner: Manner) -> Result<Exit, CliError> {
    let ExecSession { output, input, control } = session;
    if manner.tty {
        resize(&control).await;
    }
    // Dropping the input would say its end, and some commands end with it: whoever does not feed it holds it.
    let (feeding, _held) = if manner.stdin { (Some(tokio::spawn(feed(input))), None) } else { (None, Some(input)) };
    let resizing = manner.tty.then(|| tokio::spawn(keep_size(control.clone())));
    let end = tokio::select! {
        biased;
        code = stopped() => Ok(Exit::Code(code?)),
        printed = print(output) => match printed {
            Ok(()) => exit_code(&control).await,
            Err(error) => Err(error),
        },
    };
    for task in [feeding, resizing].into_iter().flatten() {
        task.abort();
    }
    end
}

/// Passes stdin on to its end, and then says that it has ended.
async fn feed(mut input: ExecInput) {
    let mut stdin = tokio::io::stdin();
    let mut buffer = vec![0; 8192];
    while let Ok(count @ 1..) = stdin.read(&mut buffer).await {
        let sent = input.write_all(buffer.get(..count).unwrap_or_default()).await;
        if sent.is_err() || input.flush().await.is_err() {
            return;
        }
    }
    // Where the command has ended already nobody minds.
    input.shutdown().await.ok();
}

async fn print(mut output: ExecOutput) -> Result<(), CliError> {
    let (mut stdout, mut stderr) = (tokio::io::stdout(), tokio::io::stderr());
    while let Some((stream, bytes)) = output.next().await? {
        match stream {
            OutputStream::Out | OutputStream::Terminal => {
                stdout.write_all(&bytes).await?;
                stdout.flush().await?;
            }
            OutputStream::Err => {
                stderr.write_all(&bytes).await?;
                stderr.flush().await?;
            }
        }
    }
    Ok(())
}

/// How the command ended. The engine may need a moment after the last output.
async fn exit_code(control: &ExecControl) -> Result<Exit, CliError> {
    for _ in 0..100 {
        if let Some(code) = control.exit_code().await? {
            return Ok(Exit::Code(u8::try_from(code).unwrap_or(1)));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Err(CliError::refused("the command has closed its output and runs on", "it cannot be seen from here any more"))
}

async fn resize(control: &ExecControl) {
    if let Some((rows, columns)) = terminal::size() {
        // A command that has ended needs no size.
        control.resize(rows, columns).await.ok();
    }
}

async fn keep_size(control: ExecControl) {
    let Ok(mut changes) = signal(SignalKind::window_change()) else { return };
    while changes.recv().await.is_some() {
        resize(&control).await;
    }
}

/// The exit code of a process that is ended by the signal that came.
async fn stopped() -> Result<u8, CliError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => Ok(128 + 2),
        _ = terminate.recv() => Ok(128 + 15),
        _ = hangup.recv() => Ok(128 + 1),
    }
}
