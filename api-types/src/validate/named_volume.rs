//! The `Volume` kind.

use super::words::docker_name;
use crate::complaint::At;
use crate::{Complaint, ReclaimPolicy, VolumeSpec};

pub(super) fn check(spec: &VolumeSpec, out: &mut Vec<Complaint>) {
    let at = At::ROOT.key("spec");
    docker_name(spec.volume_name.as_ref(), &at.key("volumeName"), out);
    if !spec.external {
        return;
    }
    for (name, given) in [("driver", spec.driver.is_some()), ("driverOpts", !spec.driver_opts.is_empty())] {
        if given {
            let complaint = at.key(name).says(format!("`{name}` with `external: true`")).on_key();
            out.push(complaint.help("leave it out: an external volume is as it is"));
        }
    }
    if spec.reclaim_policy == ReclaimPolicy::Delete {
        let complaint = at.key("reclaimPolicy").says("`reclaimPolicy: Delete` with `external: true`");
        out.push(complaint.help("leave it out: an external volume is never removed"));
    }
}
