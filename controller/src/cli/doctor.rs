//! `skiff doctor`: what could stand in the way, and what to do about it. Changes nothing.

use jiff::Timestamp;
use serde::Serialize;

use super::{CliError, Context, Exit, Settings, engine};
use crate::ui::style::{BAD, CHANGE, FAINT, GOOD, HINT, paint};
use crate::ui::wrap::hanging;

mod checks;
mod host;

/// Check that everything Skiff needs is there
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff doctor\n  \
    skiff doctor -H unix:///run/user/1000/docker.sock\n  \
    skiff doctor -o json\n\n\
    ✓ is well, ! works with a limit, ✗ stands in the way: only ✗ makes it end with 1.")]
pub(super) struct Args {}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    name: &'static str,
    verdict: Verdict,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    Warning,
    Failed,
}

/// Where what was found begins on its line.
const INDENT: usize = 14;

impl Check {
    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, message: message.into(), remedy: None }
    }

    fn warning(name: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warning, message: message.into(), remedy: Some(remedy.into()) }
    }

    fn failed(name: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Failed, message: message.into(), remedy: Some(remedy.into()) }
    }

    /// What was found, in lines of at most so many columns.
    fn lines(&self, width: usize) -> String {
        let mark = match self.verdict {
            Verdict::Ok => paint(GOOD, "✓"),
            Verdict::Warning => paint(CHANGE, "!"),
            Verdict::Failed => paint(BAD, "✗"),
        };
        let name = paint(FAINT, format_args!("{:<11}", self.name));
        let remedy = self.remedy.as_ref().map(|remedy| format!("{:INDENT$}{} {remedy}", "", paint(HINT, "help:")));
        let lines = std::iter::once(format!("{mark} {name} {}", self.message)).chain(remedy);
        lines.map(|line| hanging(&line, width, INDENT) + "\n").collect()
    }
}

/// Looks at everything and answers with what was found.
///
/// # Errors
/// When something stands in the way, or stdout cannot be written.
pub(super) fn run(Args {}: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let mut checks = Context::block_on(async { Ok(of_engine(&context.settings).await) })?;
    checks.extend(engine::leader_now(&context.settings).map(|leader| host::leader(&leader, Timestamp::now())));
    checks.extend(host::checks(&engine::folders(&context.settings)));
    if !context.data(&checks)? {
        let width = if context.ui.stdout_is_terminal { context.ui.width } else { usize::MAX };
        let lines: Vec<_> = checks.iter().map(|check| check.lines(width)).collect();
        context.ui.answer(&lines.concat())?;
    }
    let failed = checks.iter().any(|check| check.verdict == Verdict::Failed);
    if failed { Err(CliError::Reported) } else { Ok(Exit::Done) }
}

async fn of_engine(settings: &Settings) -> Vec<Check> {
    let docker = match engine::connect(settings).await {
        Ok(docker) => docker,
        Err(error) => return vec![host::unreachable(&error)],
    };
    let asked = Timestamp::now();
    match docker.info().await {
        Ok(info) => checks::of(&info, asked, Timestamp::now()),
        Err(error) => vec![Check::failed("engine", error.to_string(), "look at the engine's own log")],
    }
}

#[cfg(test)]
mod tests;
