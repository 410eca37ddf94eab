//! Space that goes with its pod, in memory or on the node's disk.

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Volume};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use skiff_api::{AnonymousVolume, Bytes, EmptyDirVolume, TmpfsVolume};

use crate::ledger::Scope;
use crate::report::Verdict;

fn quantity(size: Option<Bytes>) -> Option<Quantity> {
    size.map(|size| Quantity(size.to_string()))
}

/// Space in memory.
fn in_memory(size: Option<Bytes>) -> EmptyDirVolumeSource {
    EmptyDirVolumeSource { medium: Some("Memory".to_owned()), size_limit: quantity(size) }
}

pub(super) fn tmpfs(memory: &TmpfsVolume, scope: &mut Scope<'_, '_>) -> EmptyDirVolumeSource {
    let TmpfsVolume { size, mode, uid, gid, exec, options } = memory;
    scope.says(
        Verdict::Approximated,
        "",
        "",
        "it counts against the memory limit, as in Docker, and programs in it may be run",
        "",
    );
    scope.exact(size, "size", "sizeLimit");
    let why = "everybody may write into it";
    scope.dropped(mode, "mode", why, "let an init container set it where it must be stricter");
    scope.dropped(uid, "uid", why, "");
    scope.dropped(gid, "gid", why, "");
    scope.exact(exec, "exec", "");
    scope.dropped(options, "options", "Kubernetes takes no options of a mount here", "");
    in_memory(*size)
}

pub(super) fn empty_dir(space: &EmptyDirVolume, scope: &mut Scope<'_, '_>) -> EmptyDirVolumeSource {
    let EmptyDirVolume { medium, size_limit, labels } = space;
    scope.exact(medium, "medium", "medium");
    scope.exact(size_limit, "sizeLimit", "sizeLimit");
    scope.dropped(labels, "labels", "there is no volume to carry them", "");
    EmptyDirVolumeSource { medium: medium.clone().filter(|word| !word.is_empty()), size_limit: quantity(*size_limit) }
}

pub(super) fn anonymous(unnamed: &AnonymousVolume, scope: &mut Scope<'_, '_>) -> EmptyDirVolumeSource {
    let AnonymousVolume { labels } = unnamed;
    let why = "what it holds goes with the pod, where Skiff carries it over to the next container";
    scope.says(Verdict::Approximated, "", "", why, "mount a Volume object where data is to stay");
    scope.dropped(labels, "labels", "there is no volume to carry them", "");
    EmptyDirVolumeSource::default()
}

/// The volume for what a container shares between its processes.
pub(in crate::emit) fn shared_memory(name: &str, size: Bytes) -> Volume {
    Volume { name: name.to_owned(), empty_dir: Some(in_memory(Some(size))), ..Volume::default() }
}
