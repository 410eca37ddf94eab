//! `Network`: where containers reach each other by name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ObjectMeta, is_default};

/// A network, or one that exists already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What is wanted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: NetworkSpec,
}

/// What is wanted of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkSpec {
    /// Docker's name of the network, where it must not be `<namespace>-<name>`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network_name: Option<String>,
    /// Whether the network exists already and is neither made nor removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external: bool,
    /// The driver. `bridge` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver_opts: BTreeMap<String, String>,
    /// Whether containers on it reach nothing outside of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub internal: bool,
    /// Whether containers that are not of this project may join.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attachable: bool,
    /// Whether containers get IPv4 addresses. Needs Docker's API 1.48 to be switched off.
    #[serde(rename = "enableIPv4")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub enable_ipv4: Option<bool>,
    /// Whether containers get IPv6 addresses.
    #[serde(rename = "enableIPv6")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub enable_ipv6: Option<bool>,
    /// How addresses are given out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipam: Ipam,
}

/// How a network gives out addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ipam {
    /// The driver. `default` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, String>,
    /// The address pools.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config: Vec<IpamConfig>,
}

/// One address pool of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IpamConfig {
    /// The subnet, `172.28.0.0/16`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub subnet: Option<String>,
    /// The part of the subnet that addresses are taken from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ip_range: Option<String>,
    /// The gateway's address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gateway: Option<String>,
    /// Addresses that are taken, by the name of who has them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aux_addresses: BTreeMap<String, String>,
}
