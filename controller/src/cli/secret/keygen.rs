//! `skiff secret keygen`.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::cli::{CliError, Context, Exit};
use crate::secret::keys::{NewKey, generate, write_new};

/// Make a key; the public half goes to whoever encrypts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff secret keygen --out /etc/skiff/age.key >> .skiff-recipients\n  \
    skiff secret keygen > age.key\n\n\
    With --out the answer is the public key alone; without it, the whole file. The file is as `age-keygen` writes it.")]
pub(super) struct Args {
    /// Write the key into this new file, for nobody else to read.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Answers with the public key, or with the file.
///
/// # Errors
/// When the file is there already, or cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let NewKey { file, public } = generate(Timestamp::now());
    let Some(path) = &args.out else {
        context.ui.answer(&file)?;
        context.ui.say(&format!("public key: {public}"));
        return Ok(Exit::Done);
    };
    match write_new(path, &file) {
        Ok(()) => context.ui.answer(&format!("{public}\n"))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let help = "a key that is gone opens nothing any more: move the file away, or choose another one";
            return Err(CliError::refused(format!("{} is there already", path.display()), help));
        }
        Err(error) => return Err(CliError::failed(format!("cannot write {}", path.display()), error)),
    }
    Ok(Exit::Done)
}
