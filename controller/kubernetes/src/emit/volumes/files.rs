//! Files of `ConfigMap`s and `Secret`s: which, with what mode, readable for whom.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::KeyToPath;
use skiff_api::UpdatePolicy;

use crate::emit::building::Building;
use crate::emit::meta;
use crate::ledger::Scope;

/// What the files of a `ConfigMap` and of a `Secret` have in common.
pub(super) struct Files<'f> {
    pub(super) items: &'f [skiff_api::KeyToPath],
    pub(super) default_mode: Option<u32>,
    pub(super) optional: bool,
    pub(super) policy: UpdatePolicy,
}

pub(super) type Common = (Option<Vec<KeyToPath>>, Option<i32>, Option<bool>);

impl Files<'_> {
    pub(super) fn common(
        &self,
        owner: (Option<u32>, Option<u32>),
        scope: &mut Scope<'_, '_>,
        building: &mut Building<'_>,
    ) -> Common {
        let Self { items, default_mode, optional, policy } = self;
        let mode = |mode: u32| i32::try_from(mode).unwrap_or(0o644);
        let mut written = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let skiff_api::KeyToPath { key, path, mode: own } = item;
            let mut scope = scope.at(&format!("items/{index}"), &format!("items[{key}]"));
            scope.exact(key, "key", "key");
            scope.exact(path, "path", "path");
            scope.exact(own, "mode", "mode");
            written.push(KeyToPath { key: key.clone(), path: path.clone(), mode: own.map(mode) });
        }
        scope.exact(default_mode, "defaultMode", "defaultMode");
        scope.exact(optional, "optional", "optional");
        let in_place = *policy == UpdatePolicy::InPlace;
        scope.exact(&in_place, "updatePolicy", "");
        let (uid, gid) = owner;
        let why = "the files are root's; the pod's group may read them";
        scope.near(&uid, "uid", "spec.securityContext.fsGroup", why, "");
        scope.near(&gid, "gid", "spec.securityContext.fsGroup", why, "");
        building.wants_group(gid.or(uid));
        (meta::listed(written), default_mode.map(mode), optional.then_some(true))
    }
}

/// Files of a generated object, each at its path.
pub(in crate::emit) fn items(paths: &BTreeMap<String, String>) -> Vec<KeyToPath> {
    paths.iter().map(|(key, path)| KeyToPath { key: key.clone(), path: path.clone(), mode: None }).collect()
}
