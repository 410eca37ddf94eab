//! What a service may do to the host.

use super::super::{Attribute, approximated, copied, honoured};

pub(super) const ROWS: &[Attribute] = &[
    copied(
        "cap_add",
        "template/container/securityContext/capabilities/add",
        "cap_add: [NET_ADMIN]",
        r#"["NET_ADMIN"]"#,
    ),
    copied("cap_drop", "template/container/securityContext/capabilities/drop", "cap_drop: [ALL]", r#"["ALL"]"#),
    copied("privileged", "template/container/securityContext/privileged", "privileged: true", "true"),
    copied("read_only", "template/container/securityContext/readOnlyRootFilesystem", "read_only: true", "true"),
    honoured(
        "security_opt",
        "template/container/securityContext",
        "security_opt: [no-new-privileges:true, 'seccomp:./profile.json', apparmor=mine, 'label:disable', systempaths=unconfined]",
        r#"{"allowPrivilegeEscalation":false,"seccompProfile":{"type":"Localhost","localhostProfile":"./profile.json"},"appArmorProfile":{"type":"Localhost","localhostProfile":"mine"},"procMount":"Unmasked","securityOpt":["label=disable"]}"#,
    ),
    approximated(
        "credential_spec",
        "",
        "credential_spec: { file: a.json }",
        "",
        "nothing, as in Compose: it is for Windows",
        "",
    ),
    copied("userns_mode", "template/container/usernsMode", "userns_mode: host", r#""host""#),
    honoured("pid", "template/container/pidMode", "pid: host", r#""host""#),
    honoured("ipc", "template/container/ipcMode", "ipc: service:b", r#""deployment:b""#),
    copied("uts", "template/container/utsMode", "uts: host", r#""host""#),
];
