//! `skiff secret decrypt`.

use std::path::PathBuf;

use super::{has_values, read, refused, values, write};
use crate::cli::{CliError, Context, Exit};
use crate::secret::{Keyring, document};

/// Decrypt the values of Secrets, to stdout
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff secret decrypt shop/db.yaml\n  \
    skiff secret decrypt shop/db.yaml --age-key-file old.key\n\n\
    Nothing is written to a disk unless --out says so. A file that is decrypted to be changed is better not decrypted at all: write\n\
    the new value in plain text among the encrypted ones, and run `skiff secret encrypt --in-place`.")]
pub(super) struct Args {
    /// The file; `-` is stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write it into this file, for nobody else to read.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Answers with the text in plain, or writes it.
///
/// # Errors
/// When a value stays closed, or a file cannot be read or written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let places = context.settings.key_places();
    let text = read(&args.file)?;
    let changed = document::decrypt(&text, &Keyring::at(&places));
    let changed = changed.map_err(|problems| refused(&args.file, text, problems, &mut context.ui))?;
    has_values(&changed, &args.file)?;
    match &args.out {
        Some(out) => {
            write(out, &changed.text, true)?;
            context.ui.say(&format!("{}: {} in plain text", out.display(), values(changed.changed + changed.kept)));
        }
        None => context.ui.answer(&changed.text)?,
    }
    Ok(Exit::Done)
}
