//! Which files of commits are still needed: trees that last good objects or remembered revisions start from, copies that containers
//! mount, are about to, or would after a rollback.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skiff_api::PodTemplate;
use skiff_core::{History, Observed};

use crate::git::older_than;
use crate::source::host_paths;
use crate::state::Good;

/// The folders that manifests start from which somebody may still build from, and what containers mount straight from a commit: the
/// next start of those needs it, however old the commit is.
pub(super) fn bases(good: &Good, history: &History, observed: &Observed) -> BTreeSet<PathBuf> {
    let mounted = observed.containers.iter().flat_map(|container| &container.binds).map(PathBuf::from);
    let of_good = good.objects.values().map(|object| object.base.clone());
    let revisions = history.objects.values().flat_map(|known| &known.revisions);
    of_good.chain(revisions.map(|revision| PathBuf::from(&revision.base))).chain(mounted).collect()
}

/// The copies below a folder that are needed; `None` where that is not known, because a container's label does not say what it mounts.
pub(super) fn copies(folder: &Path, good: &Good, history: &History, observed: &Observed) -> Option<BTreeSet<PathBuf>> {
    let revisions = history.objects.values().flat_map(|known| &known.revisions);
    let declared = good.objects.values().flat_map(|good| host_paths(&good.object)).map(PathBuf::from);
    let mut needed: BTreeSet<PathBuf> = revisions.flat_map(|revision| mounted(&revision.pod)).chain(declared).collect();
    let prefix = format!("{}/", folder.display());
    for labels in observed.containers.iter().filter_map(|container| container.owner.labels()) {
        let template = labels.template.as_ref()?;
        let ids = template.split(prefix.as_str()).skip(1);
        needed.extend(ids.map(|id| folder.join(id.chars().take_while(char::is_ascii_hexdigit).collect::<String>())));
    }
    Some(needed)
}

fn mounted(pod: &PodTemplate) -> impl Iterator<Item = PathBuf> {
    pod.volumes.iter().filter_map(|volume| volume.host_path.as_ref()).map(|host| PathBuf::from(&host.path))
}

/// What is younger is never removed: it may not have been taken up yet.
pub(super) const YOUNG: Duration = Duration::from_secs(600);

/// Removes what a folder holds that is not young, but for what is needed.
pub(super) fn sweep(folder: &Path, needed: &BTreeSet<PathBuf>, young: Duration) {
    for path in older_than(young, folder) {
        if !needed.contains(&path) {
            // What cannot be removed now is tried again with the next commit.
            if path.is_dir() {
                std::fs::remove_dir_all(&path).ok()
            } else {
                std::fs::remove_file(&path).ok()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use skiff_api::{Kind, ObjectKey, OwnerLabels};
    use skiff_core::{ObservedContainer, Owner};

    use super::*;
    use crate::testing::labels_of;

    fn running(template: Option<&str>) -> Observed {
        let template = template.map(ToOwned::to_owned);
        let labels = OwnerLabels { template, ..labels_of(ObjectKey::new(Kind::Deployment, "shop", "web")) };
        let container = ObservedContainer { owner: Owner::Ours(Box::new(labels)), ..ObservedContainer::default() };
        Observed { containers: vec![container], ..Observed::default() }
    }

    #[test]
    fn what_a_container_mounts_stays_and_what_nobody_mounts_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (used, unused) = (folder.path().join("aa11"), folder.path().join("bb22"));
        for path in [&used, &unused] {
            std::fs::create_dir_all(path.join("inner")).expect("a folder");
        }
        let template = format!(r#"{{"volumes":[{{"hostPath":{{"path":"{}"}}}}]}}"#, used.display());
        let observed = running(Some(&template));
        let needed = copies(folder.path(), &Good::default(), &History::default(), &observed).expect("it is known");
        sweep(folder.path(), &needed, YOUNG);
        assert!(unused.exists(), "it may be about to be mounted");
        sweep(folder.path(), &needed, Duration::ZERO);
        assert_eq!((used.exists(), unused.exists()), (true, false));
    }

    #[test]
    fn what_a_container_mounts_straight_from_a_commit_stays() {
        let motd = "/state/git/shop/trees/1a2b/shop/motd";
        let container = ObservedContainer { binds: [motd.to_owned()].into(), ..ObservedContainer::default() };
        let observed = Observed { containers: vec![container], ..Observed::default() };
        let needed = bases(&Good::default(), &History::default(), &observed);
        assert_eq!(needed, [PathBuf::from(motd)].into());
    }

    #[test]
    fn where_a_container_does_not_say_what_it_mounts_nothing_goes() {
        assert_eq!(copies(Path::new("/m"), &Good::default(), &History::default(), &running(None)), None);
    }
}
