//! A template with every field set.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use skiff_api::{
    Blkio, BlkioDeviceRate, BlkioDeviceWeight, Bytes, Capabilities, Component, Device, DeviceRequest, Dns, Duration,
    HostEntry, HostPort, ImageVolume, Instance, Kind, Logging, ObjectKey, OwnerLabels, Protocol, SeLinuxOptions,
    SecurityContext, SecurityProfile, TmpfsVolume, Ulimit,
};
use skiff_core::{
    Attachment, EngineRestart, EnvEntry, EnvValue, FileSet, FromImage, InPlace, Mount, MountSource, Nameless,
    Namespaces, Template,
};

use super::super::*;

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

pub(super) fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[expect(clippy::unnecessary_wraps, reason = "every use is an optional field")]
pub(super) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn port(container_port: u16, host_port: Option<HostPort>, host_ip: Option<&str>, protocol: Protocol) -> ContainerPort {
    ContainerPort {
        container_port,
        host_port,
        host_ip: host_ip.map(str::to_owned),
        protocol,
        ..ContainerPort::default()
    }
}

fn full_container() -> Container {
    let rate = |rate| vec![BlkioDeviceRate { path: "/dev/sda".to_owned(), rate: Bytes::new(rate) }];
    let device = |path: &str| Device { path: path.to_owned(), ..Device::default() };
    Container {
        image: "shop/api:1.2".to_owned(),
        command: Some(words(["/app/server"])),
        args: Some(words(["--port", "8000"])),
        working_dir: text("/app"),
        ports: vec![
            port(8000, Some(HostPort::Fixed(8080)), Some("127.0.0.1"), Protocol::Tcp),
            port(8000, Some(HostPort::Range(9000, 9009)), None, Protocol::Tcp),
            port(53, Some(HostPort::Any), None, Protocol::Udp),
            port(9100, None, None, Protocol::Tcp),
        ],
        health_check: Some(HealthCheck {
            test: words(["CMD", "/app/check"]),
            interval: Some(Duration::from_secs(5)),
            timeout: Some(Duration::from_secs(1)),
            retries: Some(2),
            start_period: Some(Duration::from_secs(10)),
            start_interval: Some(Duration::from_secs(1)),
        }),
        security_context: SecurityContext {
            run_as_user: Some(1000),
            run_as_group: Some(1001),
            read_only_root_filesystem: true,
            allow_privilege_escalation: Some(false),
            privileged: true,
            capabilities: Capabilities { add: words(["NET_ADMIN"]), drop: words(["ALL"]) },
            supplemental_groups: vec![44],
            seccomp_profile: Some(SecurityProfile {
                kind: "Localhost".to_owned(),
                localhost_profile: text("/etc/p.json"),
            }),
            app_armor_profile: Some(SecurityProfile { kind: "Unconfined".to_owned(), localhost_profile: None }),
            se_linux_options: Some(SeLinuxOptions { level: text("s0"), ..SeLinuxOptions::default() }),
            proc_mount: text("Unmasked"),
            masked_paths: Some(words(["/proc/kcore"])),
            readonly_paths: None,
            security_opt: words(["label=disable", "systempaths=unconfined"]),
        },
        tty: true,
        stdin: true,
        stdin_once: true,
        init: Some(false),
        stop_signal: text("SIGQUIT"),
        hostname: text("api"),
        domainname: text("example.com"),
        group_add: words(["video"]),
        platform: text("linux/amd64"),
        runtime: text("runc"),
        isolation: text("default"),
        cpu_period: Some(100_000),
        cpu_quota: Some(50_000),
        cpu_realtime_period: Some(1),
        cpu_realtime_runtime: Some(2),
        cpu_count: Some(3),
        cpu_percent: Some(4),
        memory_swappiness: Some(0),
        oom_kill_disable: Some(false),
        oom_score_adj: Some(-5),
        shm_size: Some(Bytes::new(64)),
        ulimits: [("nofile".to_owned(), Ulimit { soft: 1, hard: 2 })].into(),
        blkio: Some(Blkio {
            weight: Some(300),
            weight_devices: vec![BlkioDeviceWeight { path: "/dev/sda".to_owned(), weight: 400 }],
            device_read_bps: rate(1),
            device_write_bps: rate(2),
            device_read_iops: rate(3),
            device_write_iops: rate(4),
        }),
        sysctls: map([("net.core.somaxconn", "1024")]),
        storage_opt: map([("size", "10G")]),
        devices: vec![device("/dev/fuse"), device("vendor.com/gpu=0")],
        device_requests: vec![DeviceRequest { capabilities: vec![words(["gpu"])], ..DeviceRequest::default() }],
        gpus: text("all"),
        device_cgroup_rules: words(["c 1:3 mr"]),
        cgroup_namespace: text("private"),
        cgroup_parent: text("/skiff"),
        userns_mode: text("host"),
        pid_mode: text("host"),
        ipc_mode: text("shareable"),
        uts_mode: text("host"),
        extra_hosts: vec![HostEntry { ip: "10.0.0.1".to_owned(), hostnames: words(["a", "b"]) }],
        dns: Dns { servers: words(["1.1.1.1"]), searches: words(["example.com"]), options: words(["ndots:2"]) },
        links: words(["db:database"]),
        volumes_from: words(["other:ro"]),
        volume_driver: text("local"),
        logging: Some(Logging { driver: text("journald"), options: map([("tag", "x")]) }),
        ..Container::default()
    }
}

fn mount(target: &str, read_only: bool, sub_path: Option<&str>, source: MountSource) -> Mount {
    Mount { target: target.to_owned(), read_only, sub_path: sub_path.map(str::to_owned), source }
}

fn full_mounts() -> Vec<Mount> {
    let object = ObjectKey::new(Kind::Volume, "shop", "data");
    let volume = MountSource::Volume {
        object: object.clone(),
        name: "shop-data".to_owned(),
        per_replica: false,
        no_copy: true,
        definition: None,
    };
    let host = |path: &str, create| MountSource::HostPath {
        volume: skiff_api::HostPathVolume {
            path: path.to_owned(),
            create,
            propagation: (!create).then(|| "rslave".to_owned()),
            ..skiff_api::HostPathVolume::default()
        },
        base: "/srv/shop".to_owned(),
    };
    let set = FileSet { id: "conf-1".to_owned(), version: None, object, secret: false, files: Vec::new() };
    let secret = FileSet { id: "key-1".to_owned(), secret: true, ..set.clone() };
    vec![
        mount("/data", true, None, volume),
        mount("/src", true, None, host("./src", false)),
        mount("/made", false, None, host("../made", true)),
        mount("/etc/conf", false, None, MountSource::Files(set)),
        mount("/etc/key", false, Some("tls.key"), MountSource::Files(secret)),
        mount(
            "/tmp",
            false,
            None,
            MountSource::Tmpfs(TmpfsVolume {
                size: Some(Bytes::new(64)),
                mode: Some(0o1777),
                ..TmpfsVolume::default()
            }),
        ),
        mount(
            "/scratch",
            false,
            None,
            MountSource::Anonymous(Nameless { labels: map([("keep", "no")]), is_carried: false }),
        ),
        mount(
            "/kept/",
            false,
            None,
            MountSource::Anonymous(Nameless { labels: map([("keep", "yes")]), is_carried: true }),
        ),
        mount(
            "/image",
            false,
            None,
            MountSource::Image(ImageVolume { reference: "x:1".to_owned(), sub_path: text("sub") }),
        ),
        mount("/pipe", false, None, MountSource::NamedPipe(r"\\.\pipe\x".to_owned())),
    ]
}

pub(super) fn full_spec() -> ContainerSpec {
    let instance: Instance = "t".parse().expect("an instance");
    let owner = OwnerLabels {
        instance,
        source: "shop".to_owned(),
        object: ObjectKey::new(Kind::Deployment, "shop", "api"),
        ordinal: 1,
        component: Component::Main,
        run: None,
        revision: 3,
        source_revision: None,
        template_hash: "v1:abc".to_owned(),
        template: None,
        content: None,
        image_id: None,
    };
    let in_place = InPlace {
        nano_cpus: Some(2_000_000_000),
        cpu_shares: Some(512),
        cpuset_cpus: text("0-1"),
        cpuset_mems: text("0"),
        memory: Some(1024),
        memory_reservation: Some(512),
        memory_swap: Some(-1),
        pids_limit: Some(100),
        restart_policy: Some(EngineRestart::OnFailureTimes(NonZeroU32::new(3).expect("three"))),
    };
    let metadata = TemplateMeta {
        labels: map([("tier", "web")]),
        annotations: map([("a", "b")]),
        ordinal_labels: words(["number"]),
    };
    let pod = PodTemplate {
        metadata,
        container: full_container(),
        termination_grace_period_seconds: Some(40),
        ..PodTemplate::default()
    };
    let secret = EnvValue::Key { object: ObjectKey::new(Kind::Secret, "shop", "db"), key: "password".to_owned() };
    let env = vec![
        EnvEntry { name: "LOG".to_owned(), value: EnvValue::Literal("info".to_owned()) },
        EnvEntry { name: "PASSWORD".to_owned(), value: secret },
        EnvEntry { name: "GONE".to_owned(), value: EnvValue::Unset },
    ];
    let template = Template {
        hash: "v1:abc".to_owned(),
        identity: "v1:test".to_owned(),
        uses: Vec::new(),
        canonical: String::new(),
        content: BTreeMap::new(),
        pod,
        env,
        mounts: Vec::new(),
        in_place,
        base: String::new(),
    };
    let attachment = Attachment {
        network: "shop-default".to_owned(),
        aliases: BTreeSet::from(["api".to_owned()]),
        ipv4_address: text("10.0.0.9"),
        ipv6_address: text("fd00::9"),
        link_local_ips: words(["169.254.1.1"]),
        mac_address: text("02:42:ac:11:00:02"),
        driver_opts: map([("x", "y")]),
        gateway_priority: Some(7),
    };
    ContainerSpec {
        owner,
        image: FromImage::whatever(&template.pod.container.image),
        template: Arc::new(template),
        mounts: full_mounts(),
        carried: map([("/kept", "0a"), ("/old", "0b"), ("/unasked", "0c"), ("/data", "0d")]),
        first_network: Some(attachment),
        network_mode: None,
        namespaces: Namespaces { pid: text("host"), ipc: text("shareable") },
        volumes_from: words(["other:ro"]),
    }
}
