//! `skiff exec`: a command in a running container, with its exit code as ours.

use clap::builder::ValueHint;
use skiff_api::Instance;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, Context, Exit, engine};
use crate::engine::docker::{ExecControl, ExecInput, ExecOutput, ExecSession, OutputStream};
use crate::view::{Replica, View, find};

mod terminal;

use terminal::RawTerminal;

/// Run a command in a running container
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff exec web -- ls /data\n  \
    skiff exec -it web-2 -- sh          a shell in the second replica\n  \
    skiff exec -i db -- psql < dump.sql\n\n\
    It ends with the exit code of the command. Here -i keeps stdin open; the instance is --instance.")]
pub(super) struct Args {
    /// An object, whose first Ready replica is taken, or a container.
    #[arg(value_name = "NAME")]
    name: String,
    /// Pass stdin on.
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Give the command a terminal.
    #[arg(short, long)]
    tty: bool,
    // The same argument as the global one, without its short form, which means stdin here as it does elsewhere.
    /// Which controller's objects.
    #[arg(
        id = "instance",
        long,
        env = "SKIFF_INSTANCE",
        hide_env_values = true,
        value_name = "NAME",
        default_value = "default"
    )]
    _instance: Instance,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<String>,
}

/// Runs the command to its end.
///
/// # Errors
/// When the container is not there or does not run, or the connection breaks.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    if args.tty && args.stdin && !terminal::is_terminal() {
        return Err(CliError::refused("stdin is not a terminal", "leave -t out"));
    }
    Context::block_on(async {
        let docker = engine::connect(&context.settings).await?;
        let views = engine::objects(&docker, &context.settings).await?;
        let replica = choose(&views, &args.name, context)?;
        let session = docker.exec(&replica.id, &args.command, args.tty, args.stdin).await?;
        let raw = if args.tty && args.stdin { Some(RawTerminal::enter()?) } else { None };
        let end = converse(session, args).await;
        drop(raw);
        end
    })
}

/// The container that is named, or the first one of the object that is Ready, or runs at least.
fn choose<'a>(views: &'a [View], name: &str, context: &Context) -> Result<&'a Replica, CliError> {
    let found = find::find(views, name, context.settings.namespace.as_deref())
        .map_err(|error| CliError::refused(error.to_string(), error.help()))?;
    let mut replicas: Vec<_> = found.replicas().into_iter().filter(|replica| replica.started_at.is_some()).collect();
    replicas.sort_by_key(|replica| !replica.verdict.is_ready());
    replicas.first().copied().ok_or_else(|| {
        CliError::refused(
            format!("no container of {} runs", found.view.object),
            format!("`skiff describe {}` says why", found.view.object),
        )
    })
}

/// Passes everything on until the command has ended or we are told to.
async fn converse(session: ExecSession, args: &Args) -> Result<Exit, CliError> {
    let ExecSession { output, input, control } = session;
    if args.tty {
        resize(&control).await;
    }
    // Dropping the input would say its end, and some commands end with it: whoever does not feed it holds it.
    let (feeding, _held) = if args.stdin { (Some(tokio::spawn(feed(input))), None) } else { (None, Some(input)) };
    let resizing = args.tty.then(|| tokio::spawn(keep_size(control.clone())));
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
