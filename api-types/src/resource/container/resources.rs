//! What a container may use of CPU, memory, disks and processes.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Bytes, Cpu, is_default};

/// What a container asks for and what it may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// What it should have. Memory becomes Docker's reservation, CPU its weight where cores are short (`cpuShares`, 1024 for a core).
    #[serde(default, skip_serializing_if = "is_default")]
    pub requests: Amounts,
    /// The most that it gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Amounts,
}

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Amounts {
    /// Cores, `500m` or `2`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu: Option<Cpu>,
    /// Bytes, `512Mi`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub memory: Option<Bytes>,
}

/// A limit of processes: a number, or a soft and a hard one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ulimit {
    /// What a process starts with.
    pub soft: i64,
    /// What it may raise it to.
    pub hard: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum UlimitForm {
    Both(i64),
    Each { soft: i64, hard: i64 },
}

impl Serialize for Ulimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match *self {
            Self { soft, hard } if soft == hard => UlimitForm::Both(soft),
            Self { soft, hard } => UlimitForm::Each { soft, hard },
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ulimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match UlimitForm::deserialize(deserializer)? {
            UlimitForm::Both(both) => Self { soft: both, hard: both },
            UlimitForm::Each { soft, hard } => Self { soft, hard },
        })
    }
}

impl JsonSchema for Ulimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ulimit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number, or a soft and a hard one.",
            "anyOf": [
                { "type": "integer", "format": "int64" },
                {
                    "type": "object",
                    "properties": {
                        "soft": { "type": "integer", "format": "int64", "description": "What a process starts with." },
                        "hard": { "type": "integer", "format": "int64", "description": "What it may raise it to." },
                    },
                    "required": ["soft", "hard"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

/// A container's share of the disks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Blkio {
    /// Its weight against other containers, 10 to 1000.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weight: Option<u16>,
    /// Weights on single devices.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weight_devices: Vec<BlkioDeviceWeight>,
    /// The most bytes read per second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_read_bps: Vec<BlkioDeviceRate>,
    /// The most bytes written per second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_write_bps: Vec<BlkioDeviceRate>,
    /// The most reads per second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_read_iops: Vec<BlkioDeviceRate>,
    /// The most writes per second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_write_iops: Vec<BlkioDeviceRate>,
}

/// A weight on a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlkioDeviceWeight {
    /// The device, `/dev/sda`.
    pub path: String,
    /// The weight, 10 to 1000.
    pub weight: u16,
}

/// A rate on a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlkioDeviceRate {
    /// The device, `/dev/sda`.
    pub path: String,
    /// Bytes (`50Mi`) or operations per second.
    pub rate: Bytes,
}
