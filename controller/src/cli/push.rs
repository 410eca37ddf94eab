//! `skiff push`: writes manifests into etcd.

use std::collections::BTreeMap;

use skiff_remote::Remote;
use skiff_remote::etcd::{
    Change, EtcdAddress, batches, changes, document_key, inner_prefix, prefixes_above, too_large,
};

use super::{CliError, Context, Exit, engine, signals};
use crate::etcd::{Cluster, Documents};
use crate::session::{Access, read_all, read_documents, refuse_mistakes};
use crate::source::{self, Declared, Loaded, SourceOptions};
use crate::state::Good;
use crate::ui::{counted, data};

/// Write manifests into etcd, one document a key, for the controllers that follow it
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff push ./manifests etcd://10.0.0.5:2379/skiff/shop\n  \
    skiff push ./manifests etcd://10.0.0.5:2379/skiff/shop --dry-run\n  \
    skiff push compose.yaml 'etcd://a,b,c/skiff/shop?ca-file=/etc/skiff/ca.pem' --prune\n\n\
    What has mistakes is not written. Encrypted Secrets are written as they are, encrypted.")]
pub(super) struct Args {
    /// A file or folder of manifests, or a Compose file; `-` is stdin.
    pub path: std::path::PathBuf,
    /// Where to write: etcd://HOST:PORT/PREFIX.
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// A folder or file whose documents are merged over the manifests; the last one wins.
    #[arg(long = "overlay", value_name = "PATH")]
    pub overlays: Vec<std::path::PathBuf>,
    /// Remove the documents that the manifests no longer declare.
    #[arg(long)]
    pub prune: bool,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Reads the address of a cluster.
///
/// # Errors
/// When it is none.
pub(super) fn address(text: &str) -> Result<EtcdAddress, CliError> {
    match Remote::parse(text) {
        Some(Ok(Remote::Etcd(address))) => Ok(address),
        Some(Err(error)) => Err(CliError::refused(error.message, error.help)),
        Some(Ok(Remote::Git(_))) | None => {
            Err(CliError::refused(format!("`{text}` is no address of etcd"), "write etcd://HOST:PORT/PREFIX"))
        }
    }
}

/// Validates, compares and writes.
///
/// # Errors
/// When there is a mistake, when the cluster does not answer, when somebody else writes at the same time.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let address = address(&args.address)?;
    let settings = context.settings.clone();
    let apply = settings.source_options(std::slice::from_ref(&args.path), &args.overlays);
    let compose = super::paths::ComposeArgs::default().options();
    let options = SourceOptions { may_stay_closed: true, compose, ..apply };
    let folders = engine::folders(&settings);
    Context::block_on(async {
        let loads =
            signals::unless_ended(async |cancel| read_all(&options, &folders, Access::Read, cancel).await).await?;
        let loads = source::complete(loads, &|_| Good::default(), &settings.instance);
        refuse_mistakes(&loads, &mut context.ui)?;
        let wanted = documents(&loads, &address.prefix)?;
        let as_read =
            read_documents(&address, &Documents { texts: wanted.clone(), ..Documents::default() }, &options).await?;
        let as_read = source::complete(vec![as_read], &|_| Good::default(), &settings.instance);
        refuse_mistakes(&as_read, &mut context.ui)?;
        if wanted.is_empty() && args.prune {
            return Err(CliError::refused(
                "the manifests declare nothing: everything would be removed",
                "is the path right?",
            ));
        }
        let cluster = Cluster::connect(&address).await?;
        refuse_below_another(&cluster, &address).await?;
        let there = own(cluster.list().await?, &address)?;
        refuse_beside_half(&there, &wanted, args.prune)?;
        let changes = changes(&there.texts, &wanted, args.prune);
        refuse_too_large(&changes)?;
        context.ui.answer(&told(&changes, there.texts.len(), args.dry_run))?;
        if !args.dry_run {
            let host = rustix::system::uname();
            let (host, pid) = (host.nodename().to_string_lossy(), std::process::id());
            let push = format!("{host}:{pid} at {}", jiff::Timestamp::now());
            cluster.push(&batches(changes), &there, &push).await?;
        }
        Ok(Exit::Done)
    })
}

/// Refuses a prefix below one that has documents: to the controllers of that one the keys of this one are no documents.
async fn refuse_below_another(cluster: &Cluster, address: &EtcdAddress) -> Result<(), CliError> {
    for above in prefixes_above(&address.prefix) {
        if let Some(first) = cluster.first_document(above).await? {
            let EtcdAddress { prefix, hosts, .. } = address;
            let message = format!("`{prefix}` lies below another prefix that has documents, `{above}` (`{first}`)");
            let below = prefix.strip_prefix(above).unwrap_or_default().replace('/', "-");
            let beside = format!("etcd://{}{above}{below}", hosts.join(","));
            let such_as = if self::address(&beside).is_ok() { format!(", such as `{beside}`") } else { String::new() };
            let help = format!("nothing was written; choose one beside it{such_as}");
            return Err(CliError::refused(message, help));
        }
    }
    Ok(())
}

/// The documents of a prefix; what else is there is somebody else's.
///
/// # Errors
/// When another prefix lies below: whoever names what several have in common means one of them.
pub(super) fn own(documents: Documents, address: &EtcdAddress) -> Result<Documents, CliError> {
    let prefix = address.prefix.as_str();
    if let Some(inner) = documents.strangers.iter().find_map(|key| inner_prefix(prefix, key)) {
        let message = format!("below `{prefix}` lies another prefix, `{inner}`: the keys there are not its documents");
        let help = format!("name that one, `etcd://{}{inner}`, or one that is nobody's yet", address.hosts.join(","));
        return Err(CliError::refused(message, help));
    }
    Ok(documents)
}

/// Where another push has not come to its end, what these manifests do not declare may be half of its set, and would be in force with the end
/// of this one.
fn refuse_beside_half(there: &Documents, wanted: &BTreeMap<String, String>, prune: bool) -> Result<(), CliError> {
    let Some(who) = there.pushing.as_ref().filter(|_| !prune) else { return Ok(()) };
    let others: Vec<&String> = there.texts.keys().filter(|key| !wanted.contains_key(*key)).collect();
    let Some(first) = others.first() else { return Ok(()) };
    let count = counted(others.len(), "document");
    let message = format!(
        "{who} has begun to push and has not ended, and {count} that these manifests do not declare may be half of that set (`{first}`)"
    );
    let help = "nothing was written; push all that belongs there as one set, or say by `--prune` that this is all";
    Err(CliError::refused(message, help))
}

/// What etcd does not take is found before anything is written: half of a set would keep everybody waiting for the rest.
fn refuse_too_large(changes: &[Change]) -> Result<(), CliError> {
    let Some((change, size)) = too_large(changes) else { return Ok(()) };
    let message = format!("{} has {} KiB, and etcd takes no more than 1.5 MiB at once", change.key(), size >> 10);
    let help = "nothing was written; make several objects of it, or keep what is large on the host or in a repository";
    Err(CliError::refused(message, help))
}

/// What is to stand in etcd, by key.
fn documents(loads: &[Loaded], prefix: &str) -> Result<BTreeMap<String, String>, CliError> {
    let objects = loads.iter().flat_map(|loaded| &loaded.objects);
    objects
        .map(|(key, Declared { object, written, .. })| {
            let text = match written {
                // A Secret as it was written: what is encrypted stays so.
                Some(written) => data::manifest(written)?,
                None => data::manifest(&object.to_manifest())?,
            };
            Ok((document_key(prefix, key), text))
        })
        .collect()
}

/// One line a change, and a count.
fn told(changes: &[Change], there: usize, dry_run: bool) -> String {
    let line = |change: &Change| match change {
        Change::Put { key, new: true, .. } => format!("+ {key}\n"),
        Change::Put { key, new: false, .. } => format!("~ {key}\n"),
        Change::Delete { key } => format!("- {key}\n"),
    };
    let count = |is: fn(&Change) -> bool| changes.iter().filter(|change| is(change)).count();
    let removed = count(|change| matches!(change, Change::Delete { .. }));
    let changed = count(|change| matches!(change, Change::Put { new: false, .. }));
    let (written, same) = (changes.len() - removed, there - removed - changed);
    let would = if dry_run { " (nothing was: --dry-run)" } else { "" };
    format!(
        "{}{written} written, {removed} removed, {same} left as they are{would}\n",
        changes.iter().map(line).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_told_line_by_line_and_counted() {
        let put = |key: &str, new| Change::Put { key: key.to_owned(), value: String::new(), new };
        let changes = [put("/p/a", true), put("/p/b", false), Change::Delete { key: "/p/c".to_owned() }];
        insta::assert_snapshot!(told(&changes, 5, true), @r"
        + /p/a
        ~ /p/b
        - /p/c
        2 written, 1 removed, 3 left as they are (nothing was: --dry-run)
        ");
    }

    #[test]
    fn keys_that_are_no_documents_are_nobodys_to_remove_and_a_prefix_above_others_is_refused() {
        let address = address("etcd://h/skiff").expect("an address");
        let there = |strangers: &[&str]| Documents {
            texts: BTreeMap::from([("/skiff/job/a/b".to_owned(), String::new())]),
            strangers: strangers.iter().map(|key| (*key).to_owned()).collect(),
            ..Documents::default()
        };
        let own = |strangers: &[&str]| super::own(there(strangers), &address);
        let kept = own(&["/skiff/notes", "/skiff/job/a"]).expect("one prefix");
        assert_eq!(kept.texts.keys().collect::<Vec<_>>(), ["/skiff/job/a/b"]);
        let gone = changes(&kept.texts, &BTreeMap::new(), true);
        assert_eq!(gone, [Change::Delete { key: "/skiff/job/a/b".to_owned() }]);
        for foreign in ["/skiff/shop/job/a/b", "/skiff/shop-leader/default/id/6a", "/skiff/shop-status/i/e/job/a/b"] {
            let error = own(&[foreign]).expect_err(foreign);
            assert!(error.to_string().contains("another prefix, `/skiff/shop`"), "{error}");
        }
    }

    #[test]
    fn a_set_that_broke_off_is_made_whole_by_what_declares_all_that_is_there_and_by_nothing_else() {
        let set = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        let there = |pushing: bool| Documents {
            texts: set(&["/p/job/a/one", "/p/job/a/two"]),
            pushing: pushing.then(|| "host:1 at noon".to_owned()),
            ..Documents::default()
        };
        let refused = |pushing, wanted: &[&str], prune| refuse_beside_half(&there(pushing), &set(wanted), prune).err();
        let error = refused(true, &["/p/job/a/one", "/p/job/a/new"], false).expect("it is refused").to_string();
        let told = "host:1 at noon has begun to push and has not ended, and 1 document that these manifests";
        assert!(error.starts_with(told) && error.contains("(`/p/job/a/two`)"), "{error}");
        assert!(refused(true, &["/p/job/a/one", "/p/job/a/two", "/p/job/a/new"], false).is_none());
        assert!(refused(true, &["/p/job/a/new"], true).is_none() && refused(false, &["/p/job/a/new"], false).is_none());
    }

    #[test]
    fn a_document_that_etcd_does_not_take_is_refused_before_anything_is_written() {
        let put = |size| Change::Put { key: "/p/x".to_owned(), value: "x".repeat(size), new: true };
        assert!(refuse_too_large(&[put(10), put(2_000_000)]).is_err() && refuse_too_large(&[put(1_400_000)]).is_ok());
    }

    #[test]
    fn only_an_address_of_etcd_is_written_to() {
        assert!(address("./manifests").is_err() && address("git+https://h/x").is_err() && address("etcd://h").is_err());
        assert_eq!(address("etcd://h/x").map(|address| address.prefix).ok().as_deref(), Some("/x"));
    }
}
