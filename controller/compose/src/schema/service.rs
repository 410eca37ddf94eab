//! A service.

use super::build::{BUILD, CREDENTIAL_SPEC, DEVELOP, LOGGING, PROVIDER};
use super::common::{COMMAND, GRANTS, HOSTS, MAP, ONE_OR_MORE, PAIRS, TEXTS, ULIMITS};
use super::deploy::{DEPLOY, DEVICE_REQUEST};
use super::{Field, Merge, Shape, field};
use crate::canonical::form;

/// A service, in the order of the reference: what it is, how it lives, what it may use, what it reaches, what it keeps.
pub(crate) static SERVICE: Shape = Shape::Fields(&[
    field("image", &Shape::Text),
    field("build", &BUILD),
    field("pull_policy", &Shape::Text),
    field("pull_refresh_after", &Shape::Text),
    field("platform", &Shape::Text),
    field("container_name", &Shape::Text),
    field("command", &COMMAND).merged(Merge::Whole),
    field("entrypoint", &COMMAND).merged(Merge::Whole),
    field("working_dir", &Shape::Text),
    field("user", &Shape::Text),
    field("group_add", &TEXTS).merged(Merge::Unique),
    field("hostname", &Shape::Text),
    field("domainname", &Shape::Text),
    field("environment", &PAIRS),
    field("env_file", &Shape::Form(form::env_files, &Shape::List(&Shape::Fields(ENV_FILE))))
        .merged(Merge::By(&["path"])),
    field("labels", &PAIRS),
    field("label_file", &Shape::Form(form::one_or_more, &Shape::List(&Shape::Path))).merged(Merge::Unique),
    field("annotations", &PAIRS),
    field("tty", &Shape::Truth),
    field("stdin_open", &Shape::Truth),
    field("init", &Shape::Truth),
    field("stop_signal", &Shape::Text),
    field("stop_grace_period", &Shape::Duration),
    field("attach", &Shape::Truth),
    field("profiles", &TEXTS).merged(Merge::Unique),
    field("extends", &Shape::Form(form::extends, &Shape::Fields(EXTENDS))),
    field("scale", &Shape::Integer),
    field("use_api_socket", &Shape::Truth),
    field("provider", &PROVIDER),
    field("models", &Shape::Form(form::names, &Shape::Map(&Shape::Nullable(&MODEL)))),
    field("depends_on", &Shape::Form(form::depends_on, &Shape::Map(&Shape::Fields(DEPENDENCY)))),
    field("restart", &Shape::Text),
    field("healthcheck", &Shape::Fields(HEALTH)),
    field("pre_start", &Shape::List(&Shape::Fields(PRE_START))),
    field("post_start", &Shape::List(&Shape::Fields(HOOK))),
    field("pre_stop", &Shape::List(&Shape::Fields(HOOK))),
    field("develop", &DEVELOP),
    field("deploy", &DEPLOY),
    field("cpus", &Shape::Number),
    field("cpu_count", &Shape::Integer),
    field("cpu_percent", &Shape::Integer),
    field("cpu_shares", &Shape::Integer),
    field("cpu_period", &Shape::Form(form::microseconds, &Shape::Integer)),
    field("cpu_quota", &Shape::Form(form::microseconds, &Shape::Integer)),
    field("cpu_rt_period", &Shape::Form(form::microseconds, &Shape::Integer)),
    field("cpu_rt_runtime", &Shape::Form(form::microseconds, &Shape::Integer)),
    field("cpuset", &Shape::Text),
    field("mem_limit", &Shape::Size),
    field("mem_reservation", &Shape::Size),
    field("memswap_limit", &Shape::Size),
    field("mem_swappiness", &Shape::Integer),
    field("oom_kill_disable", &Shape::Truth),
    field("oom_score_adj", &Shape::Integer),
    field("pids_limit", &Shape::Integer),
    field("shm_size", &Shape::Size),
    field("ulimits", &ULIMITS),
    field("blkio_config", &BLKIO),
    field("sysctls", &PAIRS),
    field("storage_opt", &MAP),
    field("devices", &Shape::Form(form::devices, &Shape::List(&Shape::Fields(DEVICE)))).merged(Merge::By(&["target"])),
    field("device_cgroup_rules", &TEXTS).merged(Merge::Unique),
    field("gpus", &Shape::Form(form::gpus, &Shape::List(&Shape::Fields(DEVICE_REQUEST)))),
    field("cgroup", &Shape::Word(&["host", "private"])),
    field("cgroup_parent", &Shape::Text),
    field("runtime", &Shape::Text),
    field("isolation", &Shape::Text),
    field("cap_add", &TEXTS).merged(Merge::Unique),
    field("cap_drop", &TEXTS).merged(Merge::Unique),
    field("privileged", &Shape::Truth),
    field("read_only", &Shape::Truth),
    field("security_opt", &TEXTS).merged(Merge::Unique),
    field("credential_spec", &CREDENTIAL_SPEC),
    field("userns_mode", &Shape::Text),
    field("pid", &Shape::Text),
    field("ipc", &Shape::Text),
    field("uts", &Shape::Text),
    field("network_mode", &Shape::Text),
    field("networks", &Shape::Form(form::names, &Shape::Map(&Shape::Nullable(&ATTACHMENT)))),
    field("mac_address", &Shape::Text),
    field("ports", &Shape::Form(form::ports, &Shape::List(&Shape::Fields(PORT)))).merged(Merge::Ports),
    field("expose", &TEXTS).merged(Merge::Unique),
    field("links", &TEXTS).merged(Merge::Unique),
    field("external_links", &TEXTS).merged(Merge::Unique),
    field("extra_hosts", &HOSTS).merged(Merge::Unique),
    field("dns", &ONE_OR_MORE).merged(Merge::Unique),
    field("dns_search", &ONE_OR_MORE).merged(Merge::Unique),
    field("dns_opt", &ONE_OR_MORE).merged(Merge::Unique),
    field("volumes", &Shape::Form(form::mounts, &Shape::List(&Shape::Fields(MOUNT)))).merged(Merge::By(&["target"])),
    field("tmpfs", &ONE_OR_MORE).merged(Merge::Unique),
    field("volumes_from", &TEXTS).merged(Merge::Unique),
    field("configs", &GRANTS).merged(Merge::Grants("/")),
    field("secrets", &GRANTS).merged(Merge::Grants("/run/secrets/")),
    field("logging", &LOGGING).merged(Merge::Same("driver")),
    field("volume_driver", &Shape::Text),
    field("x-skiff", &Shape::Anything),
]);

static ENV_FILE: &[Field] =
    &[field("path", &Shape::Path), field("required", &Shape::Truth), field("format", &Shape::Word(&["raw"]))];

static EXTENDS: &[Field] = &[field("service", &Shape::Text), field("file", &Shape::Text)];

static MODEL: Shape = Shape::Fields(&[field("endpoint_var", &Shape::Text), field("model_var", &Shape::Text)]);

static DEPENDENCY: &[Field] = &[
    field("condition", &Shape::Word(&["service_started", "service_healthy", "service_completed_successfully"])),
    field("restart", &Shape::Truth),
    field("required", &Shape::Truth),
];

static HEALTH: &[Field] = &[
    field("test", &Shape::Form(form::health_test, &TEXTS)).merged(Merge::Whole),
    field("interval", &Shape::Duration),
    field("timeout", &Shape::Duration),
    field("retries", &Shape::Integer),
    field("start_period", &Shape::Duration),
    field("start_interval", &Shape::Duration),
    field("disable", &Shape::Truth),
];

static PRE_START: &[Field] = &[
    field("command", &COMMAND).merged(Merge::Whole),
    field("image", &Shape::Text),
    field("user", &Shape::Text),
    field("privileged", &Shape::Truth),
    field("working_dir", &Shape::Text),
    field("environment", &PAIRS),
    field("per_replica", &Shape::Truth),
];

static HOOK: &[Field] = &[
    field("command", &COMMAND).merged(Merge::Whole),
    field("user", &Shape::Text),
    field("privileged", &Shape::Truth),
    field("working_dir", &Shape::Text),
    field("environment", &PAIRS),
];

static BLKIO: Shape = Shape::Fields(&[
    field("weight", &Shape::Integer),
    field("weight_device", &Shape::List(&Shape::Fields(WEIGHT))).merged(Merge::By(&["path"])),
    field("device_read_bps", &RATES).merged(Merge::By(&["path"])),
    field("device_read_iops", &RATES).merged(Merge::By(&["path"])),
    field("device_write_bps", &RATES).merged(Merge::By(&["path"])),
    field("device_write_iops", &RATES).merged(Merge::By(&["path"])),
]);

static WEIGHT: &[Field] = &[field("path", &Shape::Text), field("weight", &Shape::Integer)];
static RATES: Shape = Shape::List(&Shape::Fields(&[field("path", &Shape::Text), field("rate", &Shape::Size)]));

static DEVICE: &[Field] =
    &[field("source", &Shape::Text), field("target", &Shape::Text), field("permissions", &Shape::Text)];

static ATTACHMENT: Shape = Shape::Fields(&[
    field("aliases", &TEXTS).merged(Merge::Unique),
    field("ipv4_address", &Shape::Text),
    field("ipv6_address", &Shape::Text),
    field("link_local_ips", &TEXTS).merged(Merge::Unique),
    field("mac_address", &Shape::Text),
    field("driver_opts", &MAP),
    field("interface_name", &Shape::Text),
    field("gw_priority", &Shape::Integer),
    field("priority", &Shape::Integer),
]);

static PORT: &[Field] = &[
    field("target", &Shape::Integer),
    field("published", &Shape::Text),
    field("host_ip", &Shape::Text),
    field("protocol", &Shape::Text),
    field("app_protocol", &Shape::Text),
    field("mode", &Shape::Word(&["host", "ingress"])),
    field("name", &Shape::Text),
];

static MOUNT: &[Field] = &[
    field("type", &Shape::Word(&["bind", "volume", "tmpfs", "image", "npipe", "cluster"])),
    field("source", &Shape::Text),
    field("target", &Shape::Text),
    field("read_only", &Shape::Truth),
    field("consistency", &Shape::Text),
    field(
        "bind",
        &Shape::Fields(&[
            field("propagation", &Shape::Text),
            field("create_host_path", &Shape::Truth),
            field("recursive", &Shape::Word(&["enabled", "disabled", "writable", "readonly"])),
            field("selinux", &Shape::Word(&["z", "Z"])),
        ]),
    ),
    field(
        "volume",
        &Shape::Fields(&[field("nocopy", &Shape::Truth), field("subpath", &Shape::Text), field("labels", &PAIRS)]),
    ),
    field(
        "tmpfs",
        &Shape::Fields(&[field("size", &Shape::Size), field("mode", &Shape::Form(form::mode, &Shape::Integer))]),
    ),
    field("image", &Shape::Fields(&[field("subpath", &Shape::Text)])),
];
