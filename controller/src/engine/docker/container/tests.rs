//! One template with every field set, and the whole body that it becomes.

use std::sync::Arc;

use serde_json::json;
use skiff_api::{Kind, ObjectKey};
use skiff_core::{InPlace, Template};

use super::*;
use full::{full_spec, map, text};

mod full;

fn files() -> FileStore {
    FileStore { config_root: "/state/files".into(), secret_root: "/run/skiff/secrets".into() }
}

fn body_of(spec: &ContainerSpec) -> Result<Value, EngineError> {
    body_for(spec, (1, 41))
}

fn body_for(spec: &ContainerSpec, api: (u32, u32)) -> Result<Value, EngineError> {
    let mut content = ContentStore::default();
    content.insert(ObjectKey::new(Kind::Secret, "shop", "db"), "password".to_owned(), b"s3cret".as_slice());
    let profiles = map([("/etc/p.json", "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }\n")]);
    let files = files();
    body(
        spec,
        &Surroundings {
            api,
            image_id: "sha256:01",
            image_volumes: &BTreeSet::from(["/old".to_owned(), "/data".to_owned(), "/fresh".to_owned()]),
            log_driver: "json-file",
            profiles: &profiles,
            files: &files,
            volumes_from: &spec.volumes_from,
            content: &content,
        },
    )
}

#[test]
fn every_field_of_a_template_reaches_docker() {
    let body = body_of(&full_spec()).expect("a body");
    let (host, config) = split(body);
    assert_eq!(config, expected_config());
    assert_eq!(host, expected_host());
}

#[test]
fn an_engine_is_told_what_it_knows_since_its_version() {
    let of = |api| body_for(&full_spec(), api).expect("a body").pointer("/Healthcheck/StartInterval").cloned();
    assert_eq!((of((1, 43)), of((1, 44))), (None, Some(json!(1_000_000_000))));
}

/// The host's part and the rest, so that a difference is found at a glance.
fn split(mut body: Value) -> (Value, Value) {
    let host = body.as_object_mut().and_then(|fields| fields.remove("HostConfig")).unwrap_or_default();
    (host, body)
}

fn expected_config() -> Value {
    json!({
        "Image": "shop/api:1.2",
        "Entrypoint": ["/app/server"],
        "Cmd": ["--port", "8000"],
        "WorkingDir": "/app",
        "ExposedPorts": { "53/udp": {}, "8000/tcp": {}, "9100/tcp": {} },
        "Healthcheck": {
            "Test": ["CMD", "/app/check"],
            "Interval": 5_000_000_000_u64,
            "Timeout": 1_000_000_000,
            "Retries": 2,
            "StartPeriod": 10_000_000_000_u64,
        },
        "User": "1000:1001",
        "Tty": true,
        "OpenStdin": true,
        "StdinOnce": true,
        "StopSignal": "SIGQUIT",
        "StopTimeout": 40,
        "Hostname": "api",
        "Domainname": "example.com",
        "Env": ["LOG=info", "PASSWORD=s3cret", "GONE"],
        "Labels": {
            "tier": "web", "number": "1",
            "skiff.dev/component": "main",
            "skiff.dev/image-id": "sha256:01",
            "skiff.dev/instance": "t",
            "skiff.dev/kind": "deployment",
            "skiff.dev/name": "api",
            "skiff.dev/namespace": "shop",
            "skiff.dev/replica": "1",
            "skiff.dev/revision": "3",
            "skiff.dev/source": "shop",
            "skiff.dev/template-hash": "v1:abc",
        },
        "MacAddress": "02:42:ac:11:00:02",
        "NetworkingConfig": { "EndpointsConfig": { "shop-default": {
            "Aliases": ["api"],
            "IPAMConfig": { "IPv4Address": "10.0.0.9", "IPv6Address": "fd00::9", "LinkLocalIPs": ["169.254.1.1"] },
            "DriverOpts": { "x": "y" },
            "GwPriority": 7,
            "Links": ["db:database"],
        } } },
    })
}

fn expected_host() -> Value {
    let device = json!({ "PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm" });
    let mut host = json!({
        "NanoCpus": 2_000_000_000, "CpuShares": 512, "CpusetCpus": "0-1", "CpusetMems": "0",
        "Memory": 1024, "MemoryReservation": 512, "MemorySwap": -1, "PidsLimit": 100,
        "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 3 },
        "CpuPeriod": 100_000, "CpuQuota": 50_000, "CpuRealtimePeriod": 1, "CpuRealtimeRuntime": 2,
        "CpuCount": 3, "CpuPercent": 4, "MemorySwappiness": 0, "OomKillDisable": false, "OomScoreAdj": -5, "ShmSize": 64,
        "Ulimits": [{ "Name": "nofile", "Soft": 1, "Hard": 2 }],
        "Sysctls": { "net.core.somaxconn": "1024" },
        "StorageOpt": { "size": "10G" },
        "BlkioWeight": 300,
        "BlkioWeightDevice": [{ "Path": "/dev/sda", "Weight": 400 }],
        "BlkioDeviceReadBps": [{ "Path": "/dev/sda", "Rate": 1 }],
        "BlkioDeviceWriteBps": [{ "Path": "/dev/sda", "Rate": 2 }],
        "BlkioDeviceReadIOps": [{ "Path": "/dev/sda", "Rate": 3 }],
        "BlkioDeviceWriteIOps": [{ "Path": "/dev/sda", "Rate": 4 }],
        "Devices": [device],
        "DeviceRequests": [
            { "Count": -1, "Capabilities": [["gpu"]] },
            { "Driver": "cdi", "DeviceIDs": ["vendor.com/gpu=0"] },
            { "Count": -1, "Capabilities": [["gpu"]] },
        ],
        "DeviceCgroupRules": ["c 1:3 mr"],
    });
    let rest = json!({
        "Init": false, "GroupAdd": ["video", "44"], "Runtime": "runc", "Isolation": "default",
        "CgroupnsMode": "private", "CgroupParent": "/skiff",
        "UsernsMode": "host", "PidMode": "host", "IpcMode": "shareable", "UTSMode": "host",
        "ExtraHosts": ["a:10.0.0.1", "b:10.0.0.1"],
        "Dns": ["1.1.1.1"], "DnsSearch": ["example.com"], "DnsOptions": ["ndots:2"],
        "Links": ["db:database"], "VolumesFrom": ["other:ro"], "VolumeDriver": "local",
        "LogConfig": { "Type": "journald", "Config": { "tag": "x" } },
        "PortBindings": {
            "8000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "8080" }, { "HostIp": "", "HostPort": "9000-9009" }],
            "53/udp": [{ "HostIp": "", "HostPort": "" }],
        },
        "ReadonlyRootfs": true, "Privileged": true, "CapAdd": ["NET_ADMIN"], "CapDrop": ["ALL"],
        "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": [],
        "SecurityOpt": [
            "no-new-privileges", "seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "apparmor=unconfined", "label=level:s0",
            "label=disable",
        ],
        "Annotations": { "a": "b" },
        "NetworkMode": "shop-default",
        "Binds": ["/srv/made:/made"],
    });
    let rest = rest.as_object().cloned().unwrap_or_default();
    let fields = host.as_object_mut().expect("an object");
    let mounts = json!([
        { "Type": "volume", "Target": "/old", "Source": "0b" },
        { "Type": "volume", "Target": "/data", "ReadOnly": true, "Source": "shop-data", "VolumeOptions": { "NoCopy": true } },
        { "Type": "bind", "Target": "/src", "ReadOnly": true, "Source": "/srv/shop/src", "BindOptions": { "Propagation": "rslave" } },
        { "Type": "bind", "Target": "/etc/conf", "ReadOnly": true, "Source": "/state/files/conf-1" },
        { "Type": "bind", "Target": "/etc/key", "ReadOnly": true, "Source": "/run/skiff/secrets/key-1/tls.key" },
        { "Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": { "SizeBytes": 64, "Mode": 0o1777 } },
        { "Type": "volume", "Target": "/scratch", "VolumeOptions": { "Labels": { "keep": "no" } } },
        { "Type": "volume", "Target": "/kept/", "Source": "0a", "VolumeOptions": { "Labels": { "keep": "yes" } } },
        { "Type": "image", "Target": "/image", "ReadOnly": true, "Source": "x:1", "ImageOptions": { "Subpath": "sub" } },
        { "Type": "npipe", "Target": "/pipe", "Source": r"\\.\pipe\x" },
    ]);
    fields.extend(rest);
    fields.insert("Mounts".to_owned(), mounts);
    host
}

#[test]
fn a_bare_template_leaves_every_default_to_the_engine() {
    let mut spec = full_spec();
    let mut template = Template::clone(&spec.template);
    template.pod = PodTemplate {
        container: Container { image: "a".to_owned(), ..Container::default() },
        ..PodTemplate::default()
    };
    (template.env, template.in_place) = (Vec::new(), InPlace::default());
    spec = ContainerSpec {
        template: Arc::new(template),
        mounts: Vec::new(),
        carried: BTreeMap::new(),
        network_mode: text("none"),
        namespaces: Namespaces::default(),
        volumes_from: Vec::new(),
        ..spec
    };
    let (host, config) = split(body_of(&spec).expect("a body"));
    let logs = json!({ "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } });
    assert_eq!(host, json!({ "NetworkMode": "none", "LogConfig": logs }));
    let fields: Vec<&String> = config.as_object().into_iter().flat_map(serde_json::Map::keys).collect();
    assert_eq!(fields, ["Image", "Labels", "StopTimeout"]);
}

#[test]
fn a_folder_of_a_volume_is_refused_where_the_engine_would_mount_all_of_it() {
    let mut spec = full_spec();
    if let Some(volume) = spec.mounts.first_mut() {
        volume.sub_path = text("sub");
    }
    let error = body_of(&spec).expect_err("API 1.41 knows no subpath").to_string();
    assert!(error.contains("1.45"), "{error}");
}
