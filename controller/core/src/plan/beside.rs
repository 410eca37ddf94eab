//! Containers beside those that an object exists for: with its networks, volumes and files, and nothing that would get in the way of
//! what runs: no names, no addresses, and no start by the engine.

use std::sync::Arc;

use skiff_api::RestartPolicy;

use crate::desired::{Attachment, EngineRestart, InPlace, Template, Workload};

/// The workload with another template, for such a container.
pub(super) fn beside(declared: &Workload, mut template: Template) -> Workload {
    let restart_policy = RestartPolicy::Never;
    template.pod.container_name = None;
    template.in_place = InPlace { restart_policy: Some(EngineRestart::Never), ..template.in_place };
    let networks = declared.networks.iter().map(|attachment| Attachment {
        network: attachment.network.clone(),
        driver_opts: attachment.driver_opts.clone(),
        gateway_priority: attachment.gateway_priority,
        ..Attachment::default()
    });
    Workload {
        restart_policy,
        in_place: template.in_place.clone(),
        networks: networks.collect(),
        template: Arc::new(template),
        inits: Vec::new(),
        ..declared.clone()
    }
}
