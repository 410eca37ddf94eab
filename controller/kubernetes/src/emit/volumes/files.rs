//! Files of `ConfigMap`s and `Secret`s: which, with what mode, readable for whom.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::KeyToPath;
use skiff_api::UpdatePolicy;

use crate::emit::building::Building;
use crate::emit::meta;
use crate::ledger::Scope;

/// The most that the API takes as permissions.
const MOST: u32 = 0o777;

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
        // The bits above are for programs, which files of content are not.
        let mode = |mode: u32| i32::try_from(mode & MOST).unwrap_or(0o644);
        let told = |said: Option<u32>, key: &str, scope: &mut Scope<'_, '_>| {
            let why = "Kubernetes takes permissions up to 0777 only";
            match said {
                Some(said) if said > MOST => scope.near(&true, key, key, why, ""),
                Some(_) | None => scope.exact(&said, key, key),
            }
        };
        let mut written = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let skiff_api::KeyToPath { key, path, mode: own } = item;
            let mut scope = scope.at(&format!("items/{index}"), &format!("items[{key}]"));
            scope.exact(key, "key", "key");
            scope.exact(path, "path", "path");
            told(*own, "mode", &mut scope);
            written.push(KeyToPath { key: key.clone(), path: path.clone(), mode: own.map(mode) });
        }
        told(*default_mode, "defaultMode", scope);
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
