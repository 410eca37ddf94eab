use super::*;
use serde_json::json;

/// What we would tell the engine, what it says of a container of Docker Compose, and of its image.
struct Case {
    wanted: Value,
    container: Value,
    image: Value,
    same_files: BTreeSet<String>,
}

const ID: &str = "0123456789abcdef";

/// A container as Docker Compose makes it, and what we would make of the same service: all that differs between the two is
/// what neither the file nor the image says.
fn case() -> Case {
    Case {
        wanted: json!({
            "Image": "app:1", "Cmd": ["serve"], "Env": ["LOG=info"], "StopTimeout": 10, "ExposedPorts": { "80/tcp": {} },
            "Labels": { "tier": "web", "skiff.dev/name": "web", "com.docker.compose.project": "p" },
            "HostConfig": {
                "RestartPolicy": { "Name": "always" }, "NetworkMode": "p_default",
                "LogConfig": { "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } },
                "PortBindings": { "80/tcp": [{ "HostIp": "", "HostPort": "8080" }] },
                "Mounts": [{ "Type": "volume", "Source": "p_data", "Target": "/data" },
                    { "Type": "bind", "Source": "/run/skiff/files/conf", "Target": "/etc/app.conf", "ReadOnly": true }],
                "Binds": ["/srv/src:/src"],
            },
            "NetworkingConfig": { "EndpointsConfig": { "p_default": { "Aliases": ["web"] } } },
        }),
        container: json!({
            "Id": ID,
            "Config": {
                "Hostname": "0123456789ab", "Domainname": "", "User": "www", "Tty": false, "Image": "app:1",
                "Env": ["LOG=info", "PATH=/bin"], "Cmd": ["serve"], "Entrypoint": ["/run"], "WorkingDir": "/srv",
                "ExposedPorts": { "80/tcp": {} }, "Volumes": { "/data": {} }, "StopSignal": "SIGTERM",
                "Labels": { "tier": "web", "com.docker.compose.config-hash": "f00", "maker": "them" },
                "Healthcheck": { "Test": ["CMD", "/check"], "Interval": 30_000_000_000_u64 },
            },
            "HostConfig": {
                "Binds": ["p_data:/data:rw", "/srv/src:/src:rw", "/srv/app.conf:/etc/app.conf:ro"],
                "NetworkMode": "p_default", "RestartPolicy": { "Name": "unless-stopped", "MaximumRetryCount": 0 },
                "LogConfig": { "Type": "json-file", "Config": {} }, "ShmSize": 67_108_864, "Runtime": "runc",
                "IpcMode": "private", "CgroupnsMode": "host", "PidsLimit": null, "OomKillDisable": false, "CapAdd": null,
                "MaskedPaths": ["/proc/acpi"], "ReadonlyPaths": ["/proc/bus"], "VolumesFrom": [], "Isolation": "",
                "PortBindings": { "80/tcp": [{ "HostIp": "", "HostPort": "8080" }] }, "ConsoleSize": [0, 0],
            },
            "Mounts": [
                { "Type": "volume", "Name": "p_data", "Destination": "/data", "Mode": "rw", "RW": true, "Propagation": "" },
                { "Type": "volume", "Name": "f".repeat(64), "Destination": "/cache", "Mode": "", "RW": true },
                { "Type": "bind", "Source": "/srv/src", "Destination": "/src", "RW": true, "Propagation": "rprivate" },
                { "Type": "bind", "Source": "/srv/app.conf", "Destination": "/etc/app.conf", "RW": false },
            ],
            "NetworkSettings": { "Networks": { "p_default": { "Aliases": ["web", "0123456789ab"], "MacAddress": "02:42" } } },
        }),
        image: json!({
            "RepoTags": ["app:1"],
            "Config": {
                "Env": ["PATH=/bin"], "Entrypoint": ["/run"], "Cmd": ["help"], "User": "www", "WorkingDir": "/srv",
                "Labels": { "maker": "them" }, "Volumes": { "/cache": {} },
                "Healthcheck": { "Test": ["CMD", "/check"] },
            },
        }),
        same_files: BTreeSet::from(["/etc/app.conf".to_owned()]),
    }
}

fn told(case: &Case) -> Vec<String> {
    let Case { wanted, container, image, same_files } = case;
    let compared = Compared { wanted, container, image, same_files, log_driver: "json-file" };
    differences(&compared).iter().map(Change::to_string).collect()
}

#[test]
fn what_docker_compose_leaves_to_docker_is_no_difference() {
    assert_eq!(told(&case()), [""; 0]);
}

#[test]
fn each_difference_is_told_by_its_field() {
    // A side, where it is changed, to what; what is told.
    let table = [
        ("wanted", "/Image", json!("app:2"), "Image changed app:1 → app:2"),
        ("wanted", "/Cmd", json!(["other"]), r#"Cmd changed ["serve"] → ["other"]"#),
        ("wanted", "/Env", json!(["LOG=debug"]), "Env.LOG changed"),
        ("wanted", "/Env", json!([]), "Env.LOG removed"),
        ("container", "/Config/WorkingDir", json!("/"), "WorkingDir changed / → /srv"),
        ("container", "/Config/User", json!("root"), "User changed root → www"),
        ("container", "/Config/Hostname", json!("own"), "Hostname removed, was own"),
        ("container", "/Config/Tty", json!(true), "Tty removed, was true"),
        ("container", "/Config/StopSignal", json!("SIGINT"), "StopSignal changed SIGINT → SIGTERM"),
        ("container", "/Config/Labels/tier", json!("db"), "Labels.tier changed db → web"),
        ("container", "/Config/Healthcheck/Retries", json!(5), "Healthcheck changed"),
        ("container", "/HostConfig/Privileged", json!(true), "Privileged removed, was true"),
        ("container", "/HostConfig/ShmSize", json!(1), "ShmSize removed, was 1"),
        ("container", "/HostConfig/CapAdd", json!(["NET_ADMIN"]), r#"CapAdd removed, was ["NET_ADMIN"]"#),
        ("container", "/HostConfig/MaskedPaths", json!([]), "MaskedPaths removed, was []"),
        ("container", "/HostConfig/SecurityOpt", json!(["seccomp=unconfined"]), "SecurityOpt removed"),
        ("container", "/HostConfig/LogConfig/Type", json!("none"), "LogConfig.Type changed none → json-file"),
        ("container", "/HostConfig/LogConfig/Config/tag", json!("x"), "LogConfig.tag removed, was x"),
        ("container", "/HostConfig/NetworkMode", json!("host"), ""),
        ("wanted", "/HostConfig/PortBindings/80~1tcp/0/HostPort", json!("9090"), "PortBindings changed"),
        ("container", "/Mounts/0/Name", json!("q_data"), "Mounts./data changed"),
        ("container", "/Mounts/2/RW", json!(false), "Mounts./src changed"),
        ("container", "/Mounts/2/Mode", json!("z"), "Mounts./src changed"),
        ("container", "/Mounts/1/Name", json!("named"), "Mounts./cache removed"),
        ("container", "/NetworkSettings/Networks", json!({}), "Networks added: p_default"),
    ];
    for (side, pointer, value, expected) in table {
        let mut case = case();
        let tree = if side == "wanted" { &mut case.wanted } else { &mut case.container };
        put(tree, pointer, value);
        let told = told(&case);
        let is_it =
            if expected.is_empty() { told.is_empty() } else { told.len() == 1 && told.concat().starts_with(expected) };
        assert!(is_it, "{side} {pointer}: {told:?}");
    }
}

#[test]
fn what_another_container_brings_is_compared_by_who_reads_and_not_by_its_mounts() {
    let mut case = case();
    put(&mut case.wanted, "/HostConfig/VolumesFrom", json!(["p-data-1", "p-keys-1:ro"]));
    put(&mut case.container, "/HostConfig/VolumesFrom", json!(["0123456789ab:rw", "p_keys_1:ro"]));
    let brought = json!({ "Type": "volume", "Name": "p_other", "Destination": "/other", "RW": true });
    let mounts = case.container.pointer_mut("/Mounts").and_then(Value::as_array_mut).expect("mounts");
    mounts.push(brought);
    assert_eq!(told(&case), [""; 0]);
    put(&mut case.container, "/HostConfig/VolumesFrom", json!(["0123456789ab:rw", "p_keys_1"]));
    assert_eq!(told(&case).len(), 1);
}

/// Writes a value where there may be none.
fn put(tree: &mut Value, pointer: &str, value: Value) {
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let parent = tree.pointer_mut(parent).expect("a parent");
    match parent.as_array_mut() {
        Some(items) => *items.get_mut(field.parse::<usize>().expect("a place")).expect("an item") = value,
        None => drop(parent.as_object_mut().expect("an object").insert(field.to_owned(), value)),
    }
}

#[test]
fn a_file_that_holds_something_else_is_a_difference() {
    let case = Case { same_files: BTreeSet::new(), ..case() };
    assert_eq!(told(&case).len(), 1);
}

#[test]
fn an_entrypoint_of_the_manifest_takes_the_image_s_command_away() {
    let mut case = case();
    put(&mut case.wanted, "/Entrypoint", json!(["/run"]));
    put(&mut case.wanted, "/Cmd", Value::Null);
    put(&mut case.container, "/Config/Cmd", Value::Null);
    assert_eq!(told(&case), [""; 0]);
}

#[test]
fn memory_is_the_same_in_both_of_docker_s_forms() {
    let mut case = case();
    let mounts =
        json!([{ "Type": "tmpfs", "Target": "/run", "TmpfsOptions": { "SizeBytes": 1_048_576, "Mode": 0o700 } }]);
    put(&mut case.wanted, "/HostConfig/Mounts", mounts);
    put(&mut case.wanted, "/HostConfig/Binds", json!([]));
    put(&mut case.container, "/Mounts", json!([]));
    put(&mut case.container, "/HostConfig/Tmpfs", json!({ "/run": "mode=0700,size=1m,nosuid" }));
    assert_eq!(told(&case), [""; 0]);
    put(&mut case.container, "/HostConfig/Tmpfs", json!({ "/run": "mode=0700,size=2m" }));
    assert_eq!(told(&case).len(), 1);
}

#[test]
fn no_value_of_a_variable_is_told() {
    let mut case = case();
    put(&mut case.wanted, "/Env", json!(["LOG=hunter2", "NEW=hunter2"]));
    let told = told(&case);
    assert_eq!(told, ["Env.LOG changed", "Env.NEW added"]);
}
