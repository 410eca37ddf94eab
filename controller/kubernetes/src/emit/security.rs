//! Users, capabilities and profiles.
//!
//! Docker runs containers under its seccomp profile and Kubernetes does not, unless it is told: so it is told.

use k8s_openapi::api::core::v1::{AppArmorProfile, Capabilities, SELinuxOptions, SeccompProfile, SecurityContext};
use skiff_api::{Container, SecurityProfile};

use super::meta::listed;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::Stack;

/// Who a container runs as, as far as numbers say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RunAs {
    pub(super) user: Option<i64>,
    pub(super) group: Option<i64>,
}

/// The user of `name`, `uid` or `uid:gid`.
pub(super) fn user(text: Option<&str>, key: &str, scope: &mut Scope<'_, '_>) -> RunAs {
    let Some(text) = text else { return RunAs::default() };
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    let (uid, gid) = (user.parse().ok(), group.and_then(|group| group.parse().ok()));
    let is_whole = uid.is_some() && (group.is_none() || gid.is_some());
    if is_whole {
        scope.exact(&true, key, "securityContext.runAsUser");
    } else {
        let why = "Kubernetes knows users and groups by number only; the image's user is used for what is named";
        let remedy = "write numbers: `docker run --rm --entrypoint id IMAGE` tells them";
        scope.says(Verdict::NeedsInput, key, "", why, remedy);
    }
    RunAs { user: uid, group: gid }
}

/// What a container may do.
pub(super) fn context(
    stack: &Stack<'_>,
    container: &Container,
    named: RunAs,
    scope: &mut Scope<'_, '_>,
) -> (SecurityContext, RunAs) {
    let skiff_api::SecurityContext {
        run_as_user,
        run_as_group,
        read_only_root_filesystem,
        allow_privilege_escalation,
        privileged,
        capabilities,
        supplemental_groups,
        seccomp_profile,
        app_armor_profile,
        se_linux_options,
        proc_mount,
        masked_paths,
        readonly_paths,
        security_opt,
    } = &container.security_context;
    let mut scope = scope.at("securityContext", "securityContext");
    scope.exact(run_as_user, "runAsUser", "runAsUser");
    scope.exact(run_as_group, "runAsGroup", "runAsGroup");
    scope.exact(read_only_root_filesystem, "readOnlyRootFilesystem", "readOnlyRootFilesystem");
    scope.exact(privileged, "privileged", "privileged");
    scope.near(supplemental_groups, "supplementalGroups", "spec.securityContext", "they are of the whole pod", "");
    scope.exact(proc_mount, "procMount", "procMount");
    if proc_mount.as_deref() == Some("Unmasked") {
        let why = "Kubernetes takes it only with a user namespace of the pod's own (`hostUsers: false`)";
        scope.says(Verdict::NeedsInput, "procMount", "procMount", why, "leave it out unless it is needed");
    }
    let own = "the paths are the runtime's own";
    scope.dropped(masked_paths, "maskedPaths", own, "`procMount: Unmasked` shows all of them");
    scope.dropped(readonly_paths, "readonlyPaths", own, "`procMount: Unmasked` shows all of them");
    scope.dropped(
        security_opt,
        "securityOpt",
        "options of Docker have no counterpart",
        "use the fields of securityContext",
    );
    let run_as =
        RunAs { user: run_as_user.map(i64::from).or(named.user), group: run_as_group.map(i64::from).or(named.group) };
    let seccomp =
        seccomp_profile.as_ref().map(|profile| seccomp(profile, &mut scope.at("seccompProfile", "seccompProfile")));
    let app_armor = app_armor_profile.as_ref().map(|it| armor(it, &mut scope.at("appArmorProfile", "appArmorProfile")));
    let escalation = escalation(stack, *allow_privilege_escalation, *privileged, capabilities, &mut scope);
    let context = SecurityContext {
        run_as_user: run_as.user,
        run_as_group: run_as.group.filter(|_| run_as.user.is_some() || run_as_group.is_some()),
        read_only_root_filesystem: read_only_root_filesystem.then_some(true),
        allow_privilege_escalation: escalation,
        privileged: privileged.then_some(true),
        capabilities: self::capabilities(stack, capabilities, &mut scope),
        seccomp_profile: seccomp,
        app_armor_profile: app_armor,
        se_linux_options: se_linux_options
            .as_ref()
            .map(|it| se_linux(it, &mut scope.at("seLinuxOptions", "seLinuxOptions"))),
        proc_mount: proc_mount.clone(),
        run_as_non_root: None,
        windows_options: None,
    };
    (hardened(stack, context, run_as, &mut scope), run_as)
}

/// Kubernetes refuses to keep rights from what has all of them.
fn escalation(
    stack: &Stack<'_>,
    allow: Option<bool>,
    privileged: bool,
    capabilities: &skiff_api::Capabilities,
    scope: &mut Scope<'_, '_>,
) -> Option<bool> {
    let has_all = privileged || capabilities.add.iter().any(|it| ["SYS_ADMIN", "CAP_SYS_ADMIN"].contains(&it.as_str()));
    if stack.options.hardened {
        // What has all rights is stripped of them.
        scope.exact(&allow, "allowPrivilegeEscalation", "allowPrivilegeEscalation");
        return Some(false);
    }
    if allow == Some(false) && has_all {
        let why = "Kubernetes takes it neither with `privileged` nor with SYS_ADMIN";
        scope.lost("allowPrivilegeEscalation", why, "take the rights away");
        return None;
    }
    scope.exact(&allow, "allowPrivilegeEscalation", "allowPrivilegeEscalation");
    allow
}

fn capabilities(stack: &Stack<'_>, it: &skiff_api::Capabilities, scope: &mut Scope<'_, '_>) -> Option<Capabilities> {
    let skiff_api::Capabilities { add, drop } = it;
    let mut scope = scope.at("capabilities", "capabilities");
    scope.exact(add, "add", "add");
    scope.exact(drop, "drop", "drop");
    let bare = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| name.strip_prefix("CAP_").unwrap_or(name).to_owned()).collect()
    };
    let (mut add, mut drop) = (bare(add), bare(drop));
    if stack.options.hardened {
        let kept = add.iter().filter(|name| *name == "NET_BIND_SERVICE").cloned().collect();
        if add != kept {
            let why = "the restricted level allows no more than NET_BIND_SERVICE";
            scope.lost("add", why, "export without `--hardened`, or do without them");
        }
        (add, drop) = (kept, vec!["ALL".to_owned()]);
    }
    let written = Capabilities { add: listed(add), drop: listed(drop) };
    (written != Capabilities::default()).then_some(written)
}

fn profile(it: &SecurityProfile, scope: &mut Scope<'_, '_>) {
    let SecurityProfile { kind, localhost_profile } = it;
    scope.exact(kind, "type", "type");
    if localhost_profile.is_some() {
        let why = "every node must have the profile";
        scope.says(Verdict::NeedsInput, "localhostProfile", "localhostProfile", why, "put it on the nodes");
        let name = localhost_profile.as_deref().unwrap_or_default();
        scope.ledger().requires("Security profile", name, "", "on every node");
    }
}

fn seccomp(it: &SecurityProfile, scope: &mut Scope<'_, '_>) -> SeccompProfile {
    profile(it, scope);
    SeccompProfile { type_: it.kind.clone(), localhost_profile: it.localhost_profile.clone() }
}

fn armor(it: &SecurityProfile, scope: &mut Scope<'_, '_>) -> AppArmorProfile {
    profile(it, scope);
    AppArmorProfile { type_: it.kind.clone(), localhost_profile: it.localhost_profile.clone() }
}

fn se_linux(it: &skiff_api::SeLinuxOptions, scope: &mut Scope<'_, '_>) -> SELinuxOptions {
    let skiff_api::SeLinuxOptions { user, role, kind, level } = it;
    scope.exact(user, "user", "user");
    scope.exact(role, "role", "role");
    scope.exact(kind, "type", "type");
    scope.exact(level, "level", "level");
    SELinuxOptions { user: user.clone(), role: role.clone(), type_: kind.clone(), level: level.clone() }
}

/// What the restricted level asks for besides.
fn hardened(stack: &Stack<'_>, context: SecurityContext, run_as: RunAs, scope: &mut Scope<'_, '_>) -> SecurityContext {
    if !stack.options.hardened {
        return context;
    }
    if context.privileged == Some(true) {
        scope.lost("privileged", "the restricted level allows it to nobody", "export without `--hardened`");
    }
    match run_as.user {
        Some(0) => {
            let why = "the restricted level lets nobody run as root: the pod will not start";
            scope.says(Verdict::NeedsInput, "runAsUser", "securityContext.runAsUser", why, "give it another user");
        }
        Some(_) => {}
        None => {
            let why = "the restricted level lets nobody run as root, and whether the image does is not known";
            let remedy = "set `runAsUser` where the image's own user is root or has a name";
            scope.says(Verdict::NeedsInput, "", "runAsNonRoot", why, remedy);
        }
    }
    let unconfined = |kind: &str| kind == "Unconfined";
    SecurityContext {
        privileged: None,
        run_as_non_root: Some(true),
        seccomp_profile: context.seccomp_profile.filter(|profile| !unconfined(&profile.type_)),
        app_armor_profile: context.app_armor_profile.filter(|profile| !unconfined(&profile.type_)),
        proc_mount: None,
        ..context
    }
}

/// The profile of a pod whose containers say nothing: Docker's own is the runtime's default.
pub(super) fn seccomp_default() -> SeccompProfile {
    SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }
}

/// The group that files must be readable for, where the container does not run as root.
pub(super) fn readers(run_as: RunAs) -> Option<u32> {
    let user = run_as.user.filter(|user| *user != 0)?;
    u32::try_from(run_as.group.filter(|group| *group != 0).unwrap_or(user)).ok()
}
