//! Devices of the host: GPUs are asked of a device plugin, others cannot be had by their paths.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use skiff_api::{Device, DeviceRequest};

use crate::ledger::Scope;
use crate::report::Verdict;

/// What the device plugin of NVIDIA calls its GPUs.
const NVIDIA: &str = "nvidia.com/gpu";
const PLUGIN: &str = "run a device plugin and ask for what it offers";

/// The devices of a container as limits of extended resources.
pub(super) fn limits(
    devices: &[Device],
    requests: &[DeviceRequest],
    gpus: Option<&str>,
    scope: &mut Scope<'_, '_>,
) -> BTreeMap<String, Quantity> {
    for (index, device) in devices.iter().enumerate() {
        let Device { path, container_path, permissions } = device;
        let mut scope = scope.at(&format!("devices/{index}"), "");
        let why = "no pod gets a device of its node by its path";
        scope.dropped(path, "path", why, PLUGIN);
        scope.dropped(container_path, "containerPath", why, "");
        scope.dropped(permissions, "permissions", why, "");
    }
    let mut asked: u64 = 0;
    for (index, request) in requests.iter().enumerate() {
        let mut scope = scope.at(&format!("deviceRequests/{index}"), "");
        asked = asked.max(requested(request, &mut scope));
    }
    if let Some(gpus) = gpus {
        let number = gpus.parse::<u64>().ok();
        asked = asked.max(number.unwrap_or(1));
        let field = format!("resources.limits[{NVIDIA}]");
        if number.is_some() {
            scope.exact(&true, "gpus", &field);
        } else {
            let why = "a node has as many as it has: one is asked for";
            scope.says(Verdict::NeedsInput, "gpus", &field, why, "write how many it needs");
        }
    }
    if asked == 0 {
        return BTreeMap::new();
    }
    scope.ledger().requires("Device plugin", NVIDIA, "", "GPUs");
    BTreeMap::from([(NVIDIA.to_owned(), Quantity(asked.to_string()))])
}

/// How many GPUs a request asks for; none where it is for something else.
fn requested(request: &DeviceRequest, scope: &mut Scope<'_, '_>) -> u64 {
    let DeviceRequest { driver, count, device_ids, capabilities, options } = request;
    let is_nvidia = driver.as_deref().is_none_or(|driver| driver == "nvidia");
    let is_gpu = capabilities.iter().flatten().any(|word| word == "gpu") || (driver.is_some() && is_nvidia);
    if !(is_nvidia && is_gpu) {
        let why = "which plugin has such devices is the cluster's matter";
        scope.dropped(driver, "driver", why, PLUGIN);
        scope.dropped(count, "count", why, PLUGIN);
        scope.dropped(device_ids, "deviceIDs", why, PLUGIN);
        scope.dropped(capabilities, "capabilities", why, PLUGIN);
        scope.dropped(options, "options", why, "");
        return 0;
    }
    let field = format!("resources.limits[{NVIDIA}]");
    scope.exact(driver, "driver", &field);
    scope.exact(capabilities, "capabilities", &field);
    scope.dropped(device_ids, "deviceIDs", "any that is free is given", "");
    scope.dropped(options, "options", "the plugin takes none", "");
    if let Some(Ok(number)) = count.map(u64::try_from) {
        scope.exact(count, "count", &field);
        return number;
    }
    let why = "a node has as many as it has: as many as are named, else one, are asked for";
    scope.says(Verdict::NeedsInput, "count", &field, why, "write how many it needs");
    u64::try_from(device_ids.len()).unwrap_or(1).max(1)
}
