//! Attributes that say the same in two places must say the same.

use skiff_yaml::Node;

use crate::problems::Problems;

/// What stands at the service, and its twin.
const TWINS: [(&str, &str); 5] = [
    ("cpus", "deploy.resources.limits.cpus"),
    ("mem_limit", "deploy.resources.limits.memory"),
    ("mem_reservation", "deploy.resources.reservations.memory"),
    ("pids_limit", "deploy.resources.limits.pids"),
    ("scale", "deploy.replicas"),
];

pub(super) fn check(service: &Node, problems: &mut Problems) {
    for (name, other) in TWINS {
        let Some((one, twin)) = service.get(name).zip(find(service, other)) else { continue };
        if one.value != twin.value {
            let complaint = problems.wrong(one.place(), format!("`{name}` is not what `{other}` says"));
            complaint.label(twin.place(), "this is its twin").help("write one of them only");
        }
    }
}

/// An attribute by its path.
pub(super) fn find<'n>(service: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('.').try_fold(service, |node, name| node.get(name))
}
