//! `skiff secret`: keys, and Secrets that may stand in git.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{CliError, Context, Exit};
use crate::secret::document::Changed;
use crate::session::refuse_mistakes;
use crate::source::{Loaded, Problem, SourceText, Texts, reason};
use crate::ui::Ui;

mod decrypt;
mod encrypt;
mod keygen;
mod restore;

/// Encrypt Secrets for git, with age, and give containers their files again after a reboot
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff secret keygen --out /etc/skiff/age.key > .skiff-recipients\n  \
    skiff secret encrypt --in-place shop/db.yaml\n  \
    skiff secret decrypt shop/db.yaml")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Keygen(keygen::Args),
    Encrypt(encrypt::Args),
    Decrypt(decrypt::Args),
    Restore(restore::Args),
}

/// Does what the sub-command says.
///
/// # Errors
/// The sub-command's.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::Keygen(args) => keygen::run(args, context),
        Command::Encrypt(args) => encrypt::run(args, context),
        Command::Decrypt(args) => decrypt::run(args, context),
        Command::Restore(args) => restore::run(args, context),
    }
}

/// More than a manifest may have.
const LARGEST: u64 = 4 << 20;

/// The text of a file, or of the standard input for `-`.
fn read(path: &Path) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LARGEST).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text))
    };
    read.map_err(|error| CliError::failed(format!("cannot read {}", path.display()), error))?;
    Ok(text)
}

/// Shows what is wrong with a file.
fn refused(path: &Path, text: String, problems: Vec<skiff_yaml::Problem>, ui: &mut Ui) -> CliError {
    let mut texts = Texts::default();
    texts.add(SourceText { path: path.to_owned(), text: text.into() });
    let to_problem = |problem| Problem::of_yaml(problem, reason::NOT_DECRYPTED, &texts);
    let problems = problems.into_iter().map(to_problem).collect();
    let loaded = Loaded { problems, texts, ..Loaded::default() };
    refuse_mistakes(std::slice::from_ref(&loaded), ui).err().unwrap_or(CliError::Reported)
}

/// Refuses a file in which there is nothing to do: it may be another one than was meant.
fn has_values(changed: &Changed, path: &Path) -> Result<(), CliError> {
    if changed.changed + changed.kept > 0 {
        return Ok(());
    }
    let help = "name the file of a `kind: Secret` with `data` or `stringData`";
    Err(CliError::refused(format!("{} holds no value of a Secret", path.display()), help))
}

/// Writes a file whole: beside its place, then renamed. It keeps the permissions that it has; a new one, or one for `private`
/// eyes, is for nobody else.
fn write(path: &Path, text: &str, private: bool) -> Result<(), CliError> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&path).map_or(if private { 0o600 } else { 0o644 }, |meta| meta.mode() & 0o7777);
    let mode = if private { 0o600 } else { mode };
    let put = || -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft: PathBuf = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let written =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
                file.sync_all()?;
                fs::rename(&draft, &path)
            });
        if written.is_err() {
            // What could not be written is not left about.
            fs::remove_file(&draft).ok();
        }
        written
    };
    put().map_err(|error| CliError::failed(format!("cannot write {}", path.display()), error))
}

/// `1 value`, `3 values`.
fn values(count: usize) -> String {
    format!("{count} {}", if count == 1 { "value" } else { "values" })
}
