//! `skiff secret encrypt`.

use std::path::{Path, PathBuf};

use super::{has_values, read, refused, values, write};
use crate::cli::{CliError, Context, Exit};
use crate::secret::document::{self, Changed};
use crate::secret::{Keyring, Recipients, RecipientsError};

/// Encrypt the values of Secrets; keys, order and comments stay
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff secret encrypt --in-place shop/db.yaml\n  \
    skiff secret encrypt shop/db.yaml -r age1… -r age1… > encrypted.yaml\n\n\
    Without -r and -R, recipients are those in `.skiff-recipients` beside the file or above it. What is encrypted to them already\n\
    stays as it is; what is encrypted to others is encrypted anew, where the key is at hand.")]
pub(super) struct Args {
    /// The files; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Who can decrypt it: a public key, as often as you like.
    #[arg(short, long = "recipient", value_name = "KEY")]
    recipients: Vec<String>,
    /// A file of public keys, one a line.
    #[arg(short = 'R', long = "recipients-file", value_name = "FILE")]
    recipients_files: Vec<PathBuf>,
    /// Change the files themselves.
    #[arg(long, conflicts_with = "out")]
    in_place: bool,
    /// Write it into this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Answers with the encrypted text, or writes it.
///
/// # Errors
/// When nobody is named to encrypt to, when a value cannot be encrypted, or a file cannot be read or written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    if args.files.len() > 1 && !args.in_place {
        return Err(CliError::refused("several files have one answer", "use --in-place, or name them one by one"));
    }
    let places = context.settings.key_places();
    let keys = Keyring::at(&places);
    for file in &args.files {
        one(args, file, &keys, context)?;
    }
    Ok(Exit::Done)
}

fn one(args: &Args, file: &Path, keys: &Keyring<'_>, context: &mut Context) -> Result<(), CliError> {
    let recipients = recipients(args, file).map_err(|error| CliError::refused(error.to_string(), error.help()))?;
    let text = read(file)?;
    let changed = document::encrypt(&text, &recipients, keys);
    let changed = changed.map_err(|problems| refused(file, text, problems, &mut context.ui))?;
    has_values(&changed, file)?;
    match &args.out {
        Some(out) => write(out, &changed.text, false)?,
        None if args.in_place && file != Path::new("-") => {
            if changed.changed > 0 {
                write(file, &changed.text, false)?;
            }
        }
        None => context.ui.answer(&changed.text)?,
    }
    context.ui.say(&said(file, &changed, &recipients));
    Ok(())
}

fn said(file: &Path, Changed { changed, kept, .. }: &Changed, recipients: &Recipients) -> String {
    let (file, names) = (file.display(), recipients.names().join(", "));
    match (changed, kept) {
        (0, _) => format!("{file}: nothing to do, {} encrypted to {names} already", values(*kept)),
        (_, 0) => format!("{file}: {} encrypted to {names}", values(*changed)),
        (_, _) => format!("{file}: {} encrypted to {names}, {kept} already", values(*changed)),
    }
}

fn recipients(args: &Args, file: &Path) -> Result<Recipients, RecipientsError> {
    if !args.recipients.is_empty() || !args.recipients_files.is_empty() {
        return Recipients::named(&args.recipients, &args.recipients_files);
    }
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Recipients::found_from(path.parent().unwrap_or(&path))
}
