//! `skiff pull`: reads manifests back out of etcd.

use std::path::{Path, PathBuf};

use skiff_remote::etcd::object_of;

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
            let written = write(&documents, &address.prefix, folder)?;
            context.ui.answer(&format!("{written} written to {}\n", folder.display()))?;
        }
    }
    Ok(Exit::Done)
}

/// The documents one after the other, each below a line of dashes.
fn all(documents: &Documents) -> String {
    documents.texts.values().flat_map(|text| ["---\n", text.trim_end(), "\n"]).collect()
}

/// A file for each object, named by it; keys that name no object are nobody's.
fn write(documents: &Documents, prefix: &str, folder: &Path) -> Result<usize, CliError> {
    let failed = |path: &Path, error| CliError::failed(format!("cannot write {}", path.display()), error);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut written = 0;
    for (key, text) in &documents.texts {
        let Some(object) = object_of(prefix, key) else { continue };
        // A name of an object is one of DNS; what is none never becomes a path.
        if !skiff_api::validate::is_dns_label(&object.namespace) || !skiff_api::validate::is_dns_label(&object.name) {
            continue;
        }
        let path = folder.join(format!("{}.{}.{}.yaml", object.namespace, object.name, object.kind.lower()));
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
        written += 1;
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(keys: &[&str]) -> Documents {
        Documents {
            texts: keys.iter().map(|key| ((*key).to_owned(), format!("# {key}\n"))).collect(),
            ..Documents::default()
        }
    }

    #[test]
    fn each_object_has_a_file_and_what_names_none_or_leads_away_has_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let documents = documents(&["/p/deployment/a/web", "/p/other", "/p/deployment/../..", "/p/job/a/Not a name"]);
        assert_eq!(write(&documents, "/p", &folder.path().join("new")).expect("it is written"), 1);
        assert!(folder.path().join("new/a.web.deployment.yaml").exists());
    }

    #[test]
    fn all_of_them_are_one_stream() {
        assert_eq!(all(&documents(&["/p/a", "/p/b"])), "---\n# /p/a\n---\n# /p/b\n");
    }
}
