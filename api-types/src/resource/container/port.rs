//! Ports and mounts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{HostPort, is_default};

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The word as Docker writes it, lower case.
    pub const fn lower(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// A port that the container listens on, and where the host publishes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerPort {
    /// A name to refer to it by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// The port in the container.
    pub container_port: u16,
    /// The host's port, a range, or 0 for any. Not published unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_port: Option<HostPort>,
    /// The host's address. All of them unless said otherwise.
    #[serde(rename = "hostIP")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_ip: Option<String>,
    /// TCP unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub protocol: Protocol,
    /// What is spoken on it, `http`, `https`, `grpc`. For export and routing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub app_protocol: Option<String>,
}

/// Where a volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeMount {
    /// The volume's name in `volumes`.
    pub name: String,
    /// The absolute path in the container.
    pub mount_path: String,
    /// A file or folder of the volume instead of its root. On a Volume it needs Docker's API 1.45.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sub_path: Option<String>,
    /// Whether it is mounted read-only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only: bool,
}
