//! Users, capabilities and profiles.

use std::collections::BTreeMap;

use serde_json::Value;
use skiff_api::{Capabilities, Container, SeLinuxOptions, SecurityContext, SecurityProfile};
use skiff_core::EngineError;

use crate::engine::docker::fields::Fields;

const SECCOMP: &str = "seccomp=";
/// An option of Docker's command line, not of the engine: nothing of /proc and /sys is hidden.
const UNMASKED: &str = "systempaths=unconfined";

/// The user as Docker takes it.
pub(super) fn user(user: Option<&str>, context: &SecurityContext) -> Option<String> {
    let id = user.map(str::to_owned).or_else(|| context.run_as_user.map(|uid| uid.to_string()));
    match (id, context.run_as_group) {
        (Some(id), Some(group)) if !id.contains(':') => Some(format!("{id}:{group}")),
        // Docker reads an empty user as root.
        (None, Some(group)) => Some(format!("0:{group}")),
        (id, _) => id,
    }
}

/// Everything of `HostConfig` that concerns what a container may do to the host.
pub(super) fn apply(
    host: &mut Fields,
    container: &Container,
    profiles: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let context = &container.security_context;
    let SecurityContext {
        read_only_root_filesystem,
        privileged,
        capabilities: Capabilities { add, drop },
        proc_mount,
        masked_paths,
        readonly_paths,
        security_opt,
        // Options: see `options`.
        allow_privilege_escalation: _,
        seccomp_profile: _,
        app_armor_profile: _,
        se_linux_options: _,
        // The user and its groups: see `user` and `host_config`.
        run_as_user: _,
        run_as_group: _,
        supplemental_groups: _,
    } = context;
    let unmasked = proc_mount.as_deref() == Some("Unmasked") || security_opt.iter().any(|option| option == UNMASKED);
    let paths = |own: &Option<Vec<String>>| own.clone().or_else(|| unmasked.then(Vec::new));
    host.set("ReadonlyRootfs", read_only_root_filesystem)
        .set("Privileged", privileged)
        .set("CapAdd", add)
        .set("CapDrop", drop)
        .keep("MaskedPaths", paths(masked_paths))
        .keep("ReadonlyPaths", paths(readonly_paths))
        .set("SecurityOpt", options(context, profiles)?);
    Ok(())
}

fn options(context: &SecurityContext, profiles: &BTreeMap<String, String>) -> Result<Vec<String>, EngineError> {
    let mut options = Vec::new();
    if context.allow_privilege_escalation == Some(false) {
        options.push("no-new-privileges".to_owned());
    }
    if let Some(profile) = &context.seccomp_profile {
        options.extend(seccomp(profile, profiles)?);
    }
    if let Some(profile) = &context.app_armor_profile {
        options.extend(option("apparmor=", profile)?);
    }
    if let Some(SeLinuxOptions { user, role, kind, level }) = &context.se_linux_options {
        let parts = [("user", user), ("role", role), ("type", kind), ("level", level)];
        options.extend(parts.into_iter().filter_map(|(part, value)| Some(format!("label={part}:{}", value.as_ref()?))));
    }
    for own in context.security_opt.iter().filter(|option| *option != UNMASKED) {
        options.push(match own.strip_prefix(SECCOMP) {
            Some(path) if SecurityContext::is_profile_file(path) => format!("{SECCOMP}{}", text_of(path, profiles)?),
            Some(_) | None => own.clone(),
        });
    }
    Ok(options)
}

fn seccomp(profile: &SecurityProfile, profiles: &BTreeMap<String, String>) -> Result<Option<String>, EngineError> {
    match &profile.localhost_profile {
        Some(path) if profile.kind == "Localhost" => Ok(Some(format!("{SECCOMP}{}", text_of(path, profiles)?))),
        Some(_) | None => option(SECCOMP, profile),
    }
}

fn option(
    prefix: &str,
    SecurityProfile { kind, localhost_profile }: &SecurityProfile,
) -> Result<Option<String>, EngineError> {
    match (kind.as_str(), localhost_profile) {
        ("RuntimeDefault", _) => Ok(None),
        ("Unconfined", _) => Ok(Some(format!("{prefix}unconfined"))),
        ("Localhost", Some(name)) => Ok(Some(format!("{prefix}{name}"))),
        _ => Err(EngineError::Invalid(format!(
            "a security profile of type `{kind}`: it is RuntimeDefault, Unconfined, or Localhost with a localhostProfile"
        ))),
    }
}

/// The profile's text in one line.
fn text_of(path: &str, profiles: &BTreeMap<String, String>) -> Result<String, EngineError> {
    let text =
        profiles.get(path).ok_or_else(|| EngineError::Invalid(format!("the seccomp profile {path} was not read")))?;
    let profile: Value = serde_json::from_str(text)
        .map_err(|error| EngineError::Invalid(format!("the seccomp profile {path} is not JSON: {error}")))?;
    Ok(profile.to_string())
}
