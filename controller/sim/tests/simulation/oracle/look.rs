//! What of a container can only be changed by making another, which tells one version of a deployment from another.

use std::collections::BTreeMap;

use serde_json::Value;
use skiff_api::{Deployment, ObjectKey};
use skiff_sim::{SimContainer, SimEngine};

use super::container::{environment, image_of, mounted, mounts, user_labels};
use crate::declare::put;
use crate::manifests::Manifests;

/// What can be seen on a container, and what the manifest says besides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    image: String,
    environment: BTreeMap<String, String>,
    mounts: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    ports: String,
    besides: Value,
}

/// How the containers of a deployment should look.
pub(crate) fn wanted_look(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment, ordinal: &str) -> Look {
    let template = &deployment.spec.template;
    let mut besides = serde_json::to_value(template).expect("a template is plain data");
    let first_network = besides.pointer("/networks/0/name").cloned();
    for (at, fields) in
        [("", &["networks", "restartPolicy", "restart"][..]), ("/container", &["resources", "imagePullPolicy"][..])]
    {
        let map = besides.pointer_mut(at).and_then(Value::as_object_mut).expect("a template is a map of maps");
        map.retain(|field, _| !fields.contains(&field.as_str()));
    }
    put(&mut besides, "network", first_network.unwrap_or_default());
    Look {
        image: template.container.image.clone(),
        environment: environment(manifests, key, deployment),
        mounts: mounts(manifests, key, deployment, ordinal),
        labels: template.metadata.labels.clone(),
        ports: format!("{:?}", template.container.ports),
        besides,
    }
}

impl Look {
    /// Whether a container looks so, as far as it can be seen.
    pub(crate) fn is_seen_on(&self, engine: &SimEngine, container: &SimContainer) -> bool {
        self.image == image_of(container)
            && self.environment == container.env
            && self.mounts == mounted(engine, container)
            && self.labels == user_labels(container)
            && self.ports == format!("{:?}", container.ports)
    }
}
