//! Devices, names and logs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// A device of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Device {
    /// The host's path, or the name of a CDI device.
    pub path: String,
    /// The container's path, the same unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub container_path: Option<String>,
    /// What may be done with it. `rwm` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub permissions: Option<String>,
}

/// Devices by capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceRequest {
    /// The driver, `nvidia`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// How many; -1 is all. Excludes `deviceIDs`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub count: Option<i64>,
    /// Which ones.
    #[serde(rename = "deviceIDs")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_ids: Vec<String>,
    /// What they must be able to do, `[[gpu]]`: one of the lists, all of its words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub capabilities: Vec<Vec<String>>,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, String>,
}

/// A line of /etc/hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostEntry {
    /// The address, or `host-gateway` for the host's.
    pub ip: String,
    /// The names.
    pub hostnames: Vec<String>,
}

impl HostEntry {
    /// `name:address`, as the engine takes it, one for each name.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.hostnames.iter().map(|name| format!("{name}:{}", self.ip))
    }
}

/// How names are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dns {
    /// The servers' addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub servers: Vec<String>,
    /// Domains to search.
    #[serde(default, skip_serializing_if = "is_default")]
    pub searches: Vec<String>,
    /// Options of resolv.conf(5), `ndots:2`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Vec<String>,
}

/// Where a container's output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logging {
    /// The driver, `json-file`, `local`, `journald`, `none`. The engine's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, String>,
}
