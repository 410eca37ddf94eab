//! Users, capabilities and profiles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;

/// What a container may do to the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityContext {
    /// The user's number. The image's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub run_as_user: Option<u32>,
    /// The group's number. The image's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub run_as_group: Option<u32>,
    /// Whether the container's own files are read-only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_only_root_filesystem: bool,
    /// Whether a program may gain more rights than its parent. Yes unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_privilege_escalation: Option<bool>,
    /// Whether it has all rights on the host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// Capabilities to add and to take away.
    #[serde(default, skip_serializing_if = "is_default")]
    pub capabilities: Capabilities,
    /// Further groups by number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub supplemental_groups: Vec<u32>,
    /// The system calls that it may make.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seccomp_profile: Option<SecurityProfile>,
    /// The AppArmor profile.
    #[serde(default, skip_serializing_if = "is_default")]
    pub app_armor_profile: Option<SecurityProfile>,
    /// The SELinux label.
    #[serde(default, skip_serializing_if = "is_default")]
    pub se_linux_options: Option<SeLinuxOptions>,
    /// `Unmasked` shows all of /proc and /sys.
    #[serde(default, skip_serializing_if = "is_default")]
    pub proc_mount: Option<String>,
    /// Paths that are hidden, instead of Docker's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub masked_paths: Option<Vec<String>>,
    /// Paths that are read-only, instead of Docker's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub readonly_paths: Option<Vec<String>>,
    /// Further options as Docker takes them, `label=disable`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub security_opt: Vec<String>,
}

/// Capabilities to add and to take away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capabilities {
    /// To add, `NET_ADMIN` or `ALL`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub add: Vec<String>,
    /// To take away, `ALL` or single ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub drop: Vec<String>,
}

impl SecurityContext {
    /// The seccomp profiles that are files of the host, as they are written: the engine wants their text.
    pub fn seccomp_files(&self) -> impl Iterator<Item = &str> {
        let own = self.seccomp_profile.iter().filter_map(|profile| profile.localhost_profile.as_deref());
        let options = self.security_opt.iter().filter_map(|option| option.strip_prefix("seccomp="));
        own.chain(options.filter(|value| Self::is_profile_file(value)))
    }

    /// Whether the option `seccomp` names a file: `unconfined`, `builtin` and a profile's own text are none.
    pub fn is_profile_file(value: &str) -> bool {
        !matches!(value, "unconfined" | "builtin") && !value.starts_with('{')
    }
}

/// A seccomp or AppArmor profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityProfile {
    /// `RuntimeDefault`, `Unconfined` or `Localhost`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For `Localhost`: the profile's file (seccomp), a relative one starting at the manifest's folder, or name (AppArmor).
    #[serde(default, skip_serializing_if = "is_default")]
    pub localhost_profile: Option<String>,
}

/// An SELinux label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeLinuxOptions {
    /// The user.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// The role.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: Option<String>,
    /// The type.
    #[serde(rename = "type")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: Option<String>,
    /// The level.
    #[serde(default, skip_serializing_if = "is_default")]
    pub level: Option<String>,
}
