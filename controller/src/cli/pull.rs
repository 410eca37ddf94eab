//! `skiff pull`: reads manifests back out of etcd.

mod folder;

use std::path::PathBuf;

use folder::{Pulled, write};

use super::push::{address, own};
use super::{CliError, Context, Exit};
use crate::etcd::{Cluster, Documents};

/// Read manifests back out of etcd
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff pull etcd://10.0.0.5:2379/skiff/shop > shop.yaml\n  \
    skiff pull etcd://10.0.0.5:2379/skiff/shop --to ./shop    a file for each object")]
pub(super) struct Args {
    /// Where to read: etcd://HOST:PORT/PREFIX.
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// A folder to write into, a file for each object; stdout where none is named.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

/// Reads, and answers with the documents.
///
/// # Errors
/// When the cluster does not answer, or a file cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let address = address(&args.address)?;
    let documents = Context::block_on(async { Ok(Cluster::connect(&address).await?.list().await?) })?;
    let documents = own(documents, &address)?;
    if documents.texts.is_empty() {
        context.ui.say(&format!("{address} holds no documents"));
    }
    if let Some(who) = &documents.pushing {
        context.ui.say(&format!("{who} has begun to push and has not ended: what is read is no whole set"));
    }
    match &args.to {
        None => context.ui.answer(&all(&documents))?,
        Some(folder) => {
            let Pulled { written, removed, left } = write(&documents, &address, folder)?;
            let gone = if removed == 0 { String::new() } else { format!(", {removed} removed that have gone") };
            context.ui.answer(&format!("{written} written to {}{gone}\n", folder.display()))?;
            for name in left {
                let path = folder.join(name);
                context.ui.say(&format!(
                    "{} has gone from etcd, and was changed since it was pulled: it is left there",
                    path.display()
                ));
            }
        }
    }
    Ok(Exit::Done)
}

/// The documents one after the other, each below a line of dashes.
fn all(documents: &Documents) -> String {
    documents.texts.values().flat_map(|text| ["---\n", text.trim_end(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_are_one_stream() {
        let texts = ["/p/a", "/p/b"].map(|key| (key.to_owned(), format!("# {key}\n")));
        assert_eq!(all(&Documents { texts: texts.into(), ..Documents::default() }), "---\n# /p/a\n---\n# /p/b\n");
    }
}
