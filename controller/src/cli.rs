//! The command line: flags → one value → what the program uses. One file a command.
//!
//! Exit codes: 0 well, 1 an error (wrong usage too), 2 there would be changes (`plan`, `diff`); `exec` passes on what the
//! command in the container said. stdout is the answer, stderr is the talk.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

mod adopt;
mod apply;
mod completion;
mod config;
mod context;
mod crd;
mod describe;
pub mod diff;
mod doctor;
pub mod down;
pub mod engine;
mod error;
mod events;
mod exec;
mod explain;
mod export;
mod get;
mod images;
mod import;
mod logs;
pub mod paths;
pub mod plan;
mod pull;
mod push;
mod restart;
mod rollout;
pub mod run;
mod run_now;
mod run_once;
mod scale;
mod schema;
mod secret;
mod settings;
mod signals;
mod suspend;
mod sync;
pub mod up;
mod usage;
pub mod validate;
mod version;
mod wait;

pub use apply::ApplyArgs;
pub use context::Context;
pub use error::CliError;
pub use settings::{Color, GlobalArgs, Output, Settings};

use crate::telemetry::{self, LogFormat, Usual};
use crate::ui::failure;

/// Keeps one Docker host in the state that a set of manifests declares, unattended.
#[derive(Debug, Parser)]
#[command(
    name = "skiff",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = "Begin with `skiff up ./manifests`, look with `skiff get all`, and let `skiff run ./manifests` keep it so.\n\
                  `skiff COMMAND --help` says more about a command, `skiff explain deployment.spec` about a manifest."
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Up(up::Args),
    Plan(plan::Args),
    Diff(diff::Args),
    Down(down::Args),
    Validate(validate::Args),
    Get(get::Args),
    Describe(describe::Args),
    Events(events::Args),
    Logs(logs::Args),
    Exec(exec::Args),
    Wait(wait::Args),
    Restart(restart::Args),
    RunNow(run_now::Args),
    RunOnce(run_once::Args),
    Suspend(suspend::SuspendArgs),
    Resume(suspend::ResumeArgs),
    Rollout(rollout::Args),
    Rollback(rollout::UndoArgs),
    Scale(scale::Args),
    Sync(sync::Args),
    Push(push::Args),
    Pull(pull::Args),
    Secret(secret::Args),
    Export(export::Args),
    PullImages(images::PullArgs),
    Build(images::BuildArgs),
    Adopt(adopt::Args),
    Import(import::Args),
    Config(config::Args),
    Explain(explain::Args),
    Schema(schema::Args),
    Crd(crd::Args),
    Doctor(doctor::Args),
    Completion(completion::Args),
    Version(version::Args),
}

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Well.
    Done,
    /// There would be changes.
    Changes,
    /// With the code of a command in a container.
    Code(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Changes => Self::from(2),
            Exit::Code(code) => Self::from(code),
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let (name, cli) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            let exit = usage::exit(&error);
            usage::tell(error, &std::env::args().skip(1).collect::<Vec<_>>());
            return exit;
        }
    };
    let mut context = Context::of_process(cli.global.into());
    let Settings { verbosity, color, .. } = context.settings;
    let (usual, format) = cli.command.logging();
    telemetry::init(usual, verbosity, format, color);
    let has_answer = usage::refuse_format(&name, context.settings.output, cli.command.formats());
    match has_answer.and_then(|()| cli.command.run(&mut context)) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(CliError::Reported) => ExitCode::FAILURE,
        Err(error) => {
            context.ui.say(&failure::failure(&error));
            ExitCode::FAILURE
        }
    }
}

/// The command by its word, with its flags.
fn parse() -> Result<(String, Cli), clap::Error> {
    let mut matches = Cli::command().try_get_matches()?;
    let name = matches.subcommand_name().unwrap_or_default().to_owned();
    let cli = Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut Cli::command()))?;
    Ok((name, cli))
}

impl Command {
    /// How much is logged, and how. A controller has nothing else to say; a command talks itself.
    const fn logging(&self) -> (Usual, LogFormat) {
        match self {
            Self::Run(args) => (Usual::Actions, args.log_format),
            Self::Up(_) | Self::Down(_) | Self::Adopt(_) => (Usual::Shown, LogFormat::Text),
            Self::Plan(_)
            | Self::Diff(_)
            | Self::Validate(_)
            | Self::Get(_)
            | Self::Describe(_)
            | Self::Events(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Wait(_)
            | Self::Restart(_)
            | Self::RunNow(_)
            | Self::RunOnce(_)
            | Self::Suspend(_)
            | Self::Resume(_)
            | Self::Rollout(_)
            | Self::Rollback(_)
            | Self::Scale(_)
            | Self::Sync(_)
            | Self::Push(_)
            | Self::Pull(_)
            | Self::Secret(_)
            | Self::PullImages(_)
            | Self::Build(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Config(_)
            | Self::Explain(_)
            | Self::Schema(_)
            | Self::Crd(_)
            | Self::Doctor(_)
            | Self::Completion(_)
            | Self::Version(_) => (Usual::Warnings, LogFormat::Text),
        }
    }

    /// The formats for programs that it answers in.
    const fn formats(&self) -> &'static [Output] {
        const DATA: &[Output] = &[Output::Json, Output::Yaml];
        const ALL: &[Output] = &[Output::Json, Output::Yaml, Output::Name];
        match self {
            Self::Plan(_)
            | Self::Diff(_)
            | Self::Validate(_)
            | Self::Get(_)
            | Self::Describe(_)
            | Self::Events(_)
            | Self::Export(_)
            | Self::Config(_)
            | Self::Crd(_) => ALL,
            Self::Rollout(args) => args.formats(),
            Self::Import(_) | Self::Explain(_) | Self::Schema(_) | Self::Doctor(_) | Self::Version(_) => DATA,
            Self::Logs(_) => &[Output::Json],
            Self::Run(_)
            | Self::Up(_)
            | Self::Down(_)
            | Self::Adopt(_)
            | Self::PullImages(_)
            | Self::Build(_)
            | Self::Exec(_)
            | Self::Wait(_)
            | Self::Restart(_)
            | Self::RunNow(_)
            | Self::RunOnce(_)
            | Self::Suspend(_)
            | Self::Resume(_)
            | Self::Rollback(_)
            | Self::Scale(_)
            | Self::Sync(_)
            | Self::Push(_)
            | Self::Pull(_)
            | Self::Secret(_)
            | Self::Completion(_) => &[],
        }
    }

    fn run(self, context: &mut Context) -> Result<Exit, CliError> {
        match self {
            Self::Run(args) => run::run(&args, context),
            Self::Up(args) => up::run(&args, context),
            Self::Plan(args) => plan::run(&args, context),
            Self::Diff(args) => diff::run(&args, context),
            Self::Down(args) => down::run(&args, context),
            Self::Validate(args) => validate::run(&args, context),
            Self::Get(args) => get::run(&args, context),
            Self::Describe(args) => describe::run(&args, context),
            Self::Events(args) => events::run(&args, context),
            Self::Logs(args) => logs::run(&args, context),
            Self::Exec(args) => exec::run(&args, context),
            Self::Wait(args) => wait::run(&args, context),
            Self::Restart(args) => restart::run(&args, context),
            Self::RunNow(args) => run_now::run(&args, context),
            Self::RunOnce(args) => run_once::run(&args, context),
            Self::Suspend(args) => suspend::suspend(&args, context),
            Self::Resume(args) => suspend::resume(&args, context),
            Self::Rollout(args) => rollout::run(&args, context),
            Self::Rollback(args) => rollout::undo(&args, context),
            Self::Scale(args) => scale::run(&args, context),
            Self::Sync(args) => sync::run(&args, context),
            Self::Push(args) => push::run(&args, context),
            Self::Pull(args) => pull::run(&args, context),
            Self::Secret(args) => secret::run(&args, context),
            Self::Export(args) => export::run(&args, context),
            Self::PullImages(args) => images::pull(&args, context),
            Self::Build(args) => images::build(&args, context),
            Self::Adopt(args) => adopt::run(&args, context),
            Self::Import(args) => import::run(&args, context),
            Self::Config(args) => config::run(&args, context),
            Self::Explain(args) => explain::run(&args, context),
            Self::Crd(args) => crd::run(&args, context),
            Self::Schema(args) => schema::run(&args, context),
            Self::Doctor(args) => doctor::run(&args, context),
            Self::Completion(args) => completion::run(&args, context),
            Self::Version(args) => version::run(&args, context),
        }
    }
}

#[cfg(test)]
mod tests;
