//! Settings that take one of a few words: namespaces, signals, capabilities, profiles, devices.

use super::address;
use super::words::one_of;
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{Complaint, Container, HostEntry, SecurityContext, mounts_from};

const SIGNALS: [&str; 32] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS", "POLL",
];

const CAPABILITIES: [&str; 42] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

pub(super) fn check(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some(signal) = container.stop_signal.as_ref().filter(|signal| !is_signal(signal)) {
        let complaint = at.key("stopSignal").says(format!("`stopSignal` cannot be `{signal}`"));
        out.push(complaint.help("write a signal such as SIGTERM, or its number"));
    }
    namespace(container.pid_mode.as_ref(), &["host"], &at.key("pidMode"), out);
    namespace(container.ipc_mode.as_ref(), &["private", "shareable", "host", "none"], &at.key("ipcMode"), out);
    let at_mounts = at.key("volumesFrom");
    for (index, item) in container.volumes_from.iter().enumerate() {
        mounts_of(item, &at_mounts.index(index), out);
    }
    one_of(container.userns_mode.as_ref(), &["host"], &at.key("usernsMode"), out);
    one_of(container.uts_mode.as_ref(), &["host"], &at.key("utsMode"), out);
    one_of(container.cgroup_namespace.as_ref(), &["private", "host"], &at.key("cgroupNamespace"), out);
    one_of(container.isolation.as_ref(), &["default", "process", "hyperv"], &at.key("isolation"), out);
    if let Some(platform) = container.platform.as_ref().filter(|platform| !is_platform(platform)) {
        let complaint = at.key("platform").says(format!("`platform` cannot be `{platform}`"));
        out.push(complaint.help("write the system and the architecture: `linux/arm64`"));
    }
    security(&container.security_context, &at.key("securityContext"), out);
    if container.user.is_some() && container.security_context.run_as_user.is_some() {
        let complaint = at.key("user").says("`user` and `securityContext.runAsUser` exclude each other");
        out.push(complaint.help("leave one of them out"));
    }
    devices(container, at, out);
    names(container, at, out);
}

/// `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<u8>() {
        return (1..=64).contains(&number);
    }
    let word = text.strip_prefix("SIG").unwrap_or(text);
    let real_time = |prefix: &str| {
        let offset = word.strip_prefix(prefix);
        offset.is_some_and(|offset| {
            offset.is_empty() || offset.get(1..).is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n < 32))
        })
    };
    SIGNALS.contains(&word) || real_time("RTMIN") || real_time("RTMAX")
}

fn namespace(text: Option<&String>, words: &[&'static str], at: &At<'_>, out: &mut Vec<Complaint>) {
    let named = |text: &&String, prefix: &str| text.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    let joins = |text: &&String| ["deployment:", "container:"].iter().any(|prefix| named(text, prefix));
    if text.as_ref().is_some_and(joins) {
        return;
    }
    one_of(text, words, at, out);
}

/// Whose mounts a container gets, and how.
fn mounts_of(item: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    let (whose, mode) = mounts_from(item);
    let name = whose.strip_prefix("deployment:").unwrap_or(whose);
    let is_mode = |word: &str| ["ro", "rw", "z", "Z"].contains(&word);
    if name.is_empty() || name == "container" || !mode.is_none_or(|mode| mode.split(',').all(is_mode)) {
        let complaint = at.says(format!("`{}` cannot be `{item}`", at.field()));
        out.push(
            complaint
                .help("write `deployment:NAME` or the name of a container, and `:ro` after it where it only reads"),
        );
    }
}

fn is_platform(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    (1..=3).contains(&parts.len()) && parts.iter().all(word)
}

fn security(security: &SecurityContext, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_capabilities = at.key("capabilities");
    for (name, list) in [("add", &security.capabilities.add), ("drop", &security.capabilities.drop)] {
        let at = at_capabilities.key(name);
        for (index, capability) in list.iter().enumerate() {
            self::capability(capability, &at.index(index), out);
        }
    }
    one_of(security.proc_mount.as_ref(), &["Default", "Unmasked"], &at.key("procMount"), out);
    for (name, profile) in
        [("seccompProfile", &security.seccomp_profile), ("appArmorProfile", &security.app_armor_profile)]
    {
        let Some(profile) = profile else { continue };
        let at = at.key(name);
        one_of(Some(&profile.kind), &["RuntimeDefault", "Unconfined", "Localhost"], &at.key("type"), out);
        if (profile.kind == "Localhost") != profile.localhost_profile.is_some() {
            let message = format!("`{name}` needs `localhostProfile` with the type Localhost, and only then");
            out.push(at.says(message).for_want_of(&at));
        }
    }
}

fn capability(text: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    let word = text.strip_prefix("CAP_").unwrap_or(text);
    if CAPABILITIES.contains(&word) {
        return;
    }
    let complaint = at.says(format!("`{text}` is not a capability"));
    let upper = word.to_ascii_uppercase();
    out.push(match nearest(upper.trim_start_matches("CAP_"), CAPABILITIES) {
        Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
        None => complaint.help("write it as capabilities(7) does: `NET_ADMIN`"),
    });
}

fn devices(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_devices = at.key("devices");
    for (index, device) in container.devices.iter().enumerate() {
        let at = at_devices.index(index);
        let permissions = |text: &&String| text.is_empty() || !text.chars().all(|letter| "rwm".contains(letter));
        if let Some(text) = device.permissions.as_ref().filter(permissions) {
            out.push(
                at.key("permissions").says(format!("`permissions` cannot be `{text}`")).help("write some of `rwm`"),
            );
        }
        if !device.path.starts_with('/') && !device.path.contains('=') {
            let complaint = at.key("path").says(format!("`path` cannot be `{}`", device.path));
            out.push(complaint.help("write the host's path, `/dev/snd`, or a CDI device, `vendor.com/class=name`"));
        }
    }
    let at_requests = at.key("deviceRequests");
    for (index, request) in container.device_requests.iter().enumerate() {
        if request.count.is_some_and(|count| count != 0) && !request.device_ids.is_empty() {
            let complaint = at_requests.index(index).says("`count` and `deviceIDs` exclude each other");
            out.push(complaint.help("leave one of them out"));
        }
    }
    if let Some(gpus) = container.gpus.as_ref().filter(|gpus| *gpus != "all" && gpus.parse::<u32>().is_err()) {
        let complaint = at.key("gpus").says(format!("`gpus` cannot be `{gpus}`"));
        out.push(complaint.help("write `all`, a number, or use `deviceRequests`"));
    }
    let at_rules = at.key("deviceCgroupRules");
    for (index, rule) in container.device_cgroup_rules.iter().enumerate().filter(|(_, rule)| !is_device_rule(rule)) {
        let at = at_rules.index(index);
        out.push(
            at.says(format!("`{}` cannot be `{rule}`", at.field())).help("write kind, numbers and rights: `c 1:3 mr`"),
        );
    }
}

fn is_device_rule(rule: &str) -> bool {
    let number = |text: &str| text == "*" || text.parse::<u32>().is_ok();
    let words: Vec<&str> = rule.split(' ').collect();
    let [kind, numbers, rights] = words.as_slice() else { return false };
    let numbered = numbers.split_once(':').is_some_and(|(major, minor)| number(major) && number(minor));
    let rightful = !rights.is_empty() && rights.chars().all(|letter| "rwm".contains(letter));
    ["a", "b", "c"].contains(kind) && numbered && rightful
}

fn names(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    hosts(&container.extra_hosts, &at.key("extraHosts"), out);
    let (at_dns, dns) = (at.key("dns"), &container.dns);
    let at_servers = at_dns.key("servers");
    for (index, server) in dns.servers.iter().enumerate() {
        address::ip(Some(server), None, &at_servers.index(index), out);
    }
}

/// Complains about lines of /etc/hosts that say nothing.
pub(super) fn hosts(hosts: &[HostEntry], at: &At<'_>, out: &mut Vec<Complaint>) {
    for (index, host) in hosts.iter().enumerate() {
        let at = at.index(index);
        if host.ip != "host-gateway" {
            address::ip(Some(&host.ip), None, &at.key("ip"), out);
        }
        if host.hostnames.is_empty() {
            out.push(at.key("hostnames").says("`hostnames` is empty").help("write the names of the address"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_words_or_numbers() {
        let taken = ["SIGTERM", "TERM", "15", "RTMIN", "SIGRTMIN+3", "RTMAX-1"].map(is_signal);
        let refused = ["", "0", "65", "sigterm", "SIGTERN", "RTMIN+99"].map(is_signal);
        assert_eq!((taken, refused), ([true; 6], [false; 6]));
    }

    #[test]
    fn rules_of_devices_have_three_parts() {
        assert!(is_device_rule("c 1:3 mr") && is_device_rule("a *:* rwm"));
        assert!(!is_device_rule("c 1:3") && !is_device_rule("x 1:3 r") && !is_device_rule("c 1 r"));
    }
}
