//! `skiff secret restore`: what a reboot took, before Docker starts the containers that need it.

use skiff_core::{Desired, FileSet, MountSource, Outcome};

use crate::cli::paths::PathArgs;
use crate::cli::{CliError, Context, Exit, engine};
use crate::session::{TargetOptions, read_here, refuse_mistakes, target};
use crate::source;
use crate::state::State;

/// Write the files of Secrets into memory again; needs no engine
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff secret restore /etc/skiff/manifests\n\n\
    A reboot empties the folder that containers mount files of Secrets from. Run before Docker starts, as contrib/skiff-secrets.service\n\
    does, this makes it again, and Docker starts these containers by itself. Without it they wait for `skiff run`.")]
pub(super) struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    manifests: PathArgs,
}

/// Writes what is missing, and says how much that was. What is wrong with one Secret keeps no other from being written.
///
/// # Errors
/// When something is wrong with the manifests, or a file cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    let state = State::open(engine::folders(&settings));
    let state = state.map_err(|error| CliError::failed("cannot open the state directory", error))?;
    let source = args.manifests.source(&settings);
    // The network may not be there yet: a repository's last good commit is what ran.
    let loads = Context::block_on(read_here(&source, &state))?;
    let loads = source::complete(loads, &|source| state.good(source), &settings.instance);
    let mistakes = refuse_mistakes(&loads, &mut context.ui);
    let target = target(&loads, &state, &state.history(), &settings.instance, &TargetOptions::default())?;
    let (store, mut written, mut there) = (engine::files(&settings), 0, 0);
    for set in secret_files(&target.desired) {
        match store.write(set, &target.content)? {
            Outcome::Already => there += 1,
            Outcome::Done | Outcome::Warned { .. } => written += 1,
        }
    }
    context.ui.say(&format!("files of secrets: {written} written, {there} there already"));
    mistakes.map(|()| Exit::Done)
}

/// What containers of the declared templates mount from memory.
fn secret_files(desired: &Desired) -> impl Iterator<Item = &FileSet> {
    let mounts = desired.workloads.values().flat_map(|workload| &workload.template.mounts);
    let files = mounts.filter_map(|mount| match &mount.source {
        MountSource::Files(files) => Some(files),
        MountSource::Volume { .. }
        | MountSource::HostPath { .. }
        | MountSource::Tmpfs(_)
        | MountSource::Anonymous(_)
        | MountSource::Image(_)
        | MountSource::NamedPipe(_) => None,
    });
    files.filter(|files| files.secret)
}
