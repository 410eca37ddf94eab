//! `skiff import compose`: a Compose project as manifests that give the same plan, and what became of each attribute.

use std::path::PathBuf;

use super::super::config::ProjectArgs;
use super::super::{CliError, Context, Exit, Output};
use super::report::{ReportRow, table, worth_a_look};
use super::write::{self, Import};
use crate::session::refuse_mistakes;
use crate::source::ComposeProject;

/// Write a Compose project as manifests, and say what became of each attribute
///
/// The manifests give the plan that the Compose file gives: a stack that runs under Skiff goes on untouched. Without `-o` nothing is
/// written, and the answer is the report alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff import compose                         what would become of the project of this folder\n  \
    skiff import compose ./shop -o manifests     write that of a folder into another one\n  \
    skiff import compose -f compose.yaml -f prod.yaml --profile backup -o manifests\n  \
    skiff import compose --output json           the report for programs, honoured attributes too\n\n\
    Values of secrets are written as they are, into a file for nobody else: `skiff secret encrypt --in-place` makes it fit for git.")]
pub(in crate::cli) struct Args {
    /// Which project.
    #[command(flatten)]
    project: ProjectArgs,
    /// The folder for the manifests.
    #[arg(short = 'o', long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Write over manifests that are there.
    #[arg(long)]
    force: bool,
    /// Show honoured attributes too.
    #[arg(long)]
    all: bool,
    // The same argument as the global one, without its short form, which means the folder here.
    /// How to answer.
    #[arg(long = "output", id = "output", value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    _output: Output,
}

/// Writes the manifests, and answers with the report.
///
/// # Errors
/// When something is wrong with the project, or a file cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let project = args.project.look(context);
    let rows = ReportRow::of(&project);
    let sound = refuse_mistakes(std::slice::from_ref(&project.said), &mut context.ui);
    if let (Some(dir), Ok(())) = (&args.dir, &sound) {
        let import = Import::of(&project, dir, &rows)?;
        write::write(&import, dir, args.force)?;
        tell(&import, dir, &project, context);
    }
    if !context.data(&rows)? {
        let shown: Vec<&ReportRow> = rows.iter().filter(|row| args.all || worth_a_look(row)).collect();
        let honoured = rows.len() - rows.iter().filter(|row| worth_a_look(row)).count();
        let text = table(&shown, honoured, args.all);
        context.ui.answer(&text)?;
    }
    sound.map(|()| Exit::Done)
}

/// Says what was written, and what to do next.
fn tell(import: &Import, dir: &std::path::Path, project: &ComposeProject, context: &mut Context) {
    for file in &import.files {
        context.ui.say(&format!("wrote {}", dir.join(&file.name).display()));
    }
    if import.files.iter().any(|file| file.private) {
        context.ui.say("note: secrets.yaml holds values; `skiff secret encrypt --in-place` makes it fit for git");
    }
    let folder = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    if folder == project.loaded.directory {
        context.ui.say(
            "note: the Compose file beside the manifests declares the same objects; move it away before `skiff up .`",
        );
    }
}
