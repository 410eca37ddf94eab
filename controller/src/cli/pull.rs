//! `skiff pull`: reads manifests back out of etcd.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skiff_remote::etcd::{EtcdAddress, object_of};

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

/// What came of a pull into a folder.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pulled {
    /// Files that were written.
    written: usize,
    /// Files of an earlier pull that were removed, for their documents have gone.
    removed: usize,
    /// Such files that somebody has changed since: they stay.
    left: Vec<String>,
}

/// What was pulled into a folder: a digest of each file, by the prefix that it is from.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Receipts {
    pulled: BTreeMap<String, Files>,
}

/// A digest of each file, by its name.
type Files = BTreeMap<String, String>;

/// Its file, which no reader of manifests takes for one.
const RECEIPT: &str = ".skiff-pull";

/// A file for each object, named by it; keys that name no object are nobody's. Files that an earlier pull of the same address wrote and that
/// have gone since are removed; no other file ever is.
fn write(documents: &Documents, address: &EtcdAddress, folder: &Path) -> Result<Pulled, CliError> {
    let failed = |path: &Path, error| CliError::failed(format!("cannot write {}", path.display()), error);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let path = folder.join(RECEIPT);
    // Without them, or with some that cannot be read, nothing is known to be ours.
    let receipts = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Receipts>(&text).ok());
    let mut receipts = receipts.unwrap_or_default();
    let before = receipts.pulled.remove(&address.prefix).unwrap_or_default();
    refuse_what_is_not_ours(documents, address, folder, &before)?;
    let mut files = Files::new();
    for (name, text) in files_of(documents, &address.prefix) {
        let path = folder.join(&name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
        files.insert(name, digest(text.as_bytes()));
    }
    let mut pulled = Pulled { written: files.len(), ..Pulled::default() };
    // A file that another prefix brought as well stays for that one.
    let is_needed =
        |name: &String| files.contains_key(name) || receipts.pulled.values().any(|it| it.contains_key(name));
    for (name, known) in before.into_iter().filter(|(name, _)| !is_needed(name) && is_file_name(name)) {
        let path = folder.join(&name);
        match std::fs::read(&path) {
            Ok(bytes) if digest(&bytes) == known => {
                std::fs::remove_file(&path)
                    .map_err(|error| CliError::failed(format!("cannot remove {}", path.display()), error))?;
                pulled.removed += 1;
            }
            Ok(_) => pulled.left.push(name),
            // It has been removed by hand.
            Err(_) => {}
        }
    }
    receipts.pulled.insert(address.prefix.clone(), files);
    let now = serde_json::to_string_pretty(&receipts).unwrap_or_default();
    std::fs::write(&path, now).map_err(|error| failed(&path, error))?;
    Ok(pulled)
}

/// Refuses to write over files that no pull of this address wrote, or that somebody has changed since.
fn refuse_what_is_not_ours(
    documents: &Documents,
    address: &EtcdAddress,
    folder: &Path,
    before: &Files,
) -> Result<(), CliError> {
    let is_lost = |name: &str, text: &str| {
        let there = std::fs::read(folder.join(name)).ok();
        there.is_some_and(|there| there != text.as_bytes() && before.get(name) != Some(&digest(&there)))
    };
    let lost: Vec<String> = files_of(documents, &address.prefix)
        .filter(|(name, text)| is_lost(name, text))
        .map(|(name, _)| folder.join(name).display().to_string())
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let message = format!("{} would be written over, and holds what was not pulled from {address}", lost.join(", "));
    Err(CliError::refused(message, "move it away, or name another folder: nothing was written"))
}

/// A name of a file is one: a receipt may have been written by anybody.
fn is_file_name(name: &str) -> bool {
    !name.contains('/') && Path::new(name).extension().is_some_and(|extension| extension == "yaml")
}

fn digest(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(bytes))
}

/// The files of the documents that are objects.
fn files_of<'d>(documents: &'d Documents, prefix: &str) -> impl Iterator<Item = (String, &'d str)> {
    documents.texts.iter().filter_map(move |(key, text)| {
        let object = object_of(prefix, key)?;
        // A name of an object is one of DNS; what is none never becomes a path.
        let is_name = skiff_api::validate::is_dns_label;
        let fits = is_name(&object.namespace) && is_name(&object.name);
        let name = format!("{}.{}.{}.yaml", object.namespace, object.name, object.kind.lower());
        fits.then_some((name, text.as_str()))
    })
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
        let pulled = write(&documents, &address("etcd://h/p").expect("an address"), &folder.path().join("new"));
        assert_eq!(pulled.expect("it is written"), Pulled { written: 1, ..Pulled::default() });
        assert!(folder.path().join("new/a.web.deployment.yaml").exists());
    }

    #[test]
    fn what_a_pull_wrote_goes_with_its_document_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let pull = |from: &str, keys: &[&str]| {
            write(&documents(keys), &address(from).expect("an address"), folder.path()).expect("it is written")
        };
        let there = |name: &str| folder.path().join(name).exists();
        pull("etcd://h/p", &["/p/deployment/a/web", "/p/deployment/a/db", "/p/deployment/a/api"]);
        std::fs::write(folder.path().join("own.yaml"), "mine").expect("a file");
        std::fs::write(folder.path().join("a.db.deployment.yaml"), "edited").expect("a file");
        let all = documents(&["/p/deployment/a/web", "/p/deployment/a/db", "/p/deployment/a/api"]);
        let refused = write(&all, &address("etcd://h/p").expect("an address"), folder.path());
        assert!(refused.is_err_and(|error| error.to_string().contains("a.db.deployment.yaml would be written over")));
        let less = pull("etcd://g/p", &["/p/deployment/a/api"]);
        assert_eq!(less, Pulled { written: 1, removed: 1, left: vec!["a.db.deployment.yaml".to_owned()] });
        let names = ["own.yaml", "a.api.deployment.yaml", "a.db.deployment.yaml"];
        assert!(names.iter().all(|name| there(name)) && !there("a.web.deployment.yaml"));
    }

    #[test]
    fn several_prefixes_are_pulled_into_one_folder_and_each_knows_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let same = |keys: &[&str]| Documents {
            texts: keys.iter().map(|key| ((*key).to_owned(), "# same\n".to_owned())).collect(),
            ..Documents::default()
        };
        let pull = |from: &str, keys: &[&str]| {
            let pulled = write(&same(keys), &address(from).expect("an address"), folder.path()).expect("it is written");
            (pulled.written, pulled.removed)
        };
        let there = |name: &str| folder.path().join(name).exists();
        pull("etcd://h/p", &["/p/job/a/one", "/p/job/a/both"]);
        assert_eq!(
            pull("etcd://h/q", &["/q/job/a/other", "/q/job/a/both"]),
            (2, 0),
            "what others brought is not missed"
        );
        assert_eq!(pull("etcd://h/p", &[]), (0, 1), "its own file is still known, and what another one brought stays");
        assert!(there("a.both.job.yaml") && there("a.other.job.yaml") && !there("a.one.job.yaml"));
        assert_eq!(pull("etcd://h/q", &[]), (0, 2));
        assert!(!there("a.both.job.yaml"));
    }

    #[test]
    fn all_of_them_are_one_stream() {
        assert_eq!(all(&documents(&["/p/a", "/p/b"])), "---\n# /p/a\n---\n# /p/b\n");
    }
}
