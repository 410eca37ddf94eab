//! What validation says of one object, in its own words.

use serde_json::{Value, json};

use crate::parse_object;

mod image;
mod mounts;

/// The complaints about a document as lines, `pointer: message (help)`.
fn complaints(kind: &str, fields: Value) -> String {
    let mut document = json!({ "apiVersion": "skiff.dev/v1", "kind": kind, "metadata": { "name": "web" } });
    if let (Some(document), Value::Object(fields)) = (document.as_object_mut(), fields) {
        document.extend(fields);
    }
    let lines = parse_object(&document).err().unwrap_or_default().into_iter().map(|complaint| {
        let help = complaint.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", complaint.pointer, complaint.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn container(fields: Value) -> String {
    let mut container = json!({ "image": "nginx" });
    if let (Some(container), Value::Object(fields)) = (container.as_object_mut(), fields) {
        container.extend(fields);
    }
    complaints("Deployment", json!({ "spec": { "template": { "container": container } } }))
        .replace("/spec/template/container", "")
}

fn template(fields: Value) -> String {
    let mut template = json!({ "container": { "image": "nginx" } });
    if let (Some(template), Value::Object(fields)) = (template.as_object_mut(), fields) {
        template.extend(fields);
    }
    complaints("Deployment", json!({ "spec": { "replicas": 3, "template": template } })).replace("/spec/template", "")
}

#[test]
fn names_and_labels_must_suit_dns_and_docker() {
    insta::assert_snapshot!(
        complaints("Volume", json!({
            "metadata": { "name": "My_Data", "namespace": "-x", "labels": { "skiff.dev/name": "a" }, "annotations": { "skiff.dev/prune": "no", "skiff.dev/paths-relative-to": "/srv" } },
            "spec": { "volumeName": "x", "external": true, "driver": "local", "reclaimPolicy": "Delete" },
        })),
        @r#"
    /metadata/name: `name` cannot be `My_Data` (use lower-case letters, digits and inner hyphens, at most 63: `my-data`)
    /metadata/namespace: `namespace` cannot be `-x` (use lower-case letters, digits and inner hyphens, at most 63: `x`)
    /metadata/labels/skiff.dev~1name: label `skiff.dev/name` is Skiff's own (use another prefix, or none)
    /metadata/annotations/skiff.dev~1prune: `skiff.dev/prune` cannot be `no` (write "false" to protect the object from pruning, else "true")
    /metadata/annotations/skiff.dev~1paths-relative-to: `skiff.dev/paths-relative-to` cannot be `/srv` (write the way from the folder of this file, such as `../shop`)
    /spec/volumeName: `volumeName` cannot be `x` (Docker takes letters, digits, `_`, `.` and `-`, a letter or digit first, at least two)
    /spec/driver: `driver` with `external: true` (leave it out: an external volume is as it is)
    /spec/reclaimPolicy: `reclaimPolicy: Delete` with `external: true` (leave it out: an external volume is never removed)
    "#
    );
}

#[test]
fn what_one_replica_can_hold_is_not_for_three() {
    insta::assert_snapshot!(
        template(json!({
            "containerName": "web",
            "networks": [ { "name": "default", "ipv4Address": "10.0.0.9" }, { "name": "default" } ],
            "container": { "image": "nginx", "ports": [ { "containerPort": 80, "hostPort": 8080 }, { "containerPort": 81, "hostPort": "8080-8081" } ] },
        })),
        @r"
    /container/ports/0/hostPort: `hostPort` 8080 has room for 1 of 3 replicas (write a range such as `8080-8082`, or 0 for any that is free)
    /container/ports/1/hostPort: `hostPort` 8080-8081 has room for 2 of 3 replicas (write a range such as `8080-8082`, or 0 for any that is free)
    /container/ports/1/hostPort: `hostPort` 8080-8081 is published by ports[0] too
    /containerName: `containerName` web can be held by one replica, and there are 3 (leave it out, or run one replica)
    /networks/0/ipv4Address: `ipv4Address` 10.0.0.9 can be held by one replica, and there are 3 (leave it out, or run one replica)
    /networks/1/name: network `default` is named twice
    "
    );
}

#[test]
fn ports_variables_and_mounts_are_looked_at_one_by_one() {
    insta::assert_snapshot!(
        container(json!({
            "image": "Nginx",
            "ports": [
                { "name": "http", "containerPort": 0 },
                { "name": "http", "containerPort": 80, "hostPort": 80, "hostIP": "localhost" },
                { "containerPort": 81, "hostPort": 80, "protocol": "UDP" },
                { "containerPort": 82, "hostPort": "80-90", "hostIP": "::" },
            ],
            "env": [
                { "name": "A", "value": "1" }, { "name": "A" }, { "name": "B=c" }, { "name": "" },
                { "name": "C", "value": "", "unset": true }, { "name": "D", "valueFrom": {} },
            ],
            "envFrom": [ {} ],
            "volumeMounts": [
                { "name": "dta", "mountPath": "data" }, { "name": "data", "mountPath": "/a" },
                { "name": "data", "mountPath": "/a/", "subPath": "../b" },
            ],
        })),
        @r"
    /image: `image` cannot be `Nginx`: `Nginx` has upper-case letters (names of images are lower case: `nginx`)
    /ports/0/containerPort: `containerPort` is 0: ports go from 1 to 65535
    /ports/1/name: another port is named `http` too
    /ports/1/hostIP: `hostIP` must be an IP address, found `localhost`
    /ports/3/hostPort: `hostPort` 80-90 is published by ports[1] too
    /env/1/name: variable `A` is set twice
    /env/2/name: the name of variable `B` may not contain `=` (put what is behind it into `value`)
    /env/3/name: a variable has no name
    /env/4: `env[4]` has value and unset (give exactly one of value, valueFrom, unset)
    /env/5/valueFrom: `valueFrom` says nothing (give exactly one of configMapKeyRef, secretKeyRef)
    /envFrom/0: `envFrom[0]` says nothing (give exactly one of configMapRef, secretRef)
    /volumeMounts/0/name: no volume is named `dta` in `template.volumes` (add `- { name: dta, … }` to `template.volumes`)
    /volumeMounts/0/mountPath: `mountPath` must be an absolute path, found `data`
    /volumeMounts/1/name: no volume is named `data` in `template.volumes` (add `- { name: data, … }` to `template.volumes`)
    /volumeMounts/2/name: no volume is named `data` in `template.volumes` (add `- { name: data, … }` to `template.volumes`)
    /volumeMounts/2/mountPath: something else is mounted at `/a` too
    /volumeMounts/2/subPath: `subPath` may not contain `..`, found `../b`
    "
    );
}

#[test]
fn probes_and_hooks_do_exactly_one_thing() {
    insta::assert_snapshot!(
        container(json!({
            "ports": [ { "name": "http", "containerPort": 80 } ],
            "readinessProbe": { "httpGet": { "path": "health", "port": "htp", "scheme": "http" }, "periodSeconds": 0 },
            "livenessProbe": { "exec": { "command": [] }, "tcpSocket": { "port": 0 }, "successThreshold": 2 },
            "startupProbe": {},
            "healthCheck": { "test": ["curl", "localhost"], "timeout": "10us" },
            "lifecycle": { "postStart": { "commands": [{ "command": [], "env": { "A=": "b" } }] }, "preStop": {} },
            "stopSignal": "SIGTERN",
        })),
        @r"
    /readinessProbe/httpGet/path: `path` must begin with `/`, found `health`
    /readinessProbe/httpGet/port: no port is named `htp` in `ports` (did you mean `http`?)
    /readinessProbe/httpGet/scheme: `scheme` cannot be `http` (did you mean `HTTP`?)
    /readinessProbe/periodSeconds: `periodSeconds` is 0: the least is 1
    /livenessProbe: `livenessProbe` has exec and tcpSocket (give exactly one of exec, httpGet, tcpSocket, grpc)
    /livenessProbe/exec/command: `command` is empty (write the program and its arguments: `[/app/check]`)
    /livenessProbe/tcpSocket/port: `port` is 0: ports go from 1 to 65535
    /livenessProbe/successThreshold: `successThreshold` must be 1 in livenessProbe
    /startupProbe: `startupProbe` says nothing (give exactly one of exec, httpGet, tcpSocket, grpc)
    /healthCheck/test: `test` must begin with CMD, CMD-SHELL or NONE (put `CMD` before the program: `[CMD, program, …]`)
    /healthCheck/timeout: `timeout` is 10us: the least is 1ms
    /lifecycle/postStart/commands/0/command: `command` is empty (write the program and its arguments: `[/app/warm]`)
    /lifecycle/postStart/commands/0/env: no variable can be called `A=` (a name is not empty and has no `=`)
    /lifecycle/preStop: `preStop` says nothing (give exactly one of exec, commands, httpGet, sleep)
    /stopSignal: `stopSignal` cannot be `SIGTERN` (write a signal such as SIGTERM, or its number)
    "
    );
}

#[test]
fn limits_do_not_contradict_each_other() {
    insta::assert_snapshot!(
        container(json!({
            "resources": { "requests": { "cpu": "2", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "5Mi" } },
            "memorySwap": "1Mi", "memorySwappiness": 101, "oomScoreAdj": 2000, "cpuQuota": 5000, "cpusetCpus": "2-1",
            "blkio": { "weight": 5, "deviceReadBps": [ { "path": "sda", "rate": "1Mi" } ] },
            "ulimits": { "nofiles": 10, "nproc": { "soft": 5, "hard": 4 } },
        })),
        @r"
    /resources/requests/cpu: `cpu` 2 is requested, but the limit is 1
    /resources/requests/memory: `memory` 1Gi is requested, but the limit is 5Mi
    /resources/limits/memory: `memory` is 5Mi: Docker's least is 6Mi
    /memorySwap: `memorySwap` is 1Mi, less than the memory limit 5Mi (it is memory and swap together: at least the memory limit)
    /memorySwappiness: `memorySwappiness` is 101: it goes from 0 to 100
    /oomScoreAdj: `oomScoreAdj` is 2000: it goes from -1000 to 1000
    /cpuQuota: `cpuQuota` and `resources.limits.cpu` exclude each other (leave one of them out)
    /cpusetCpus: `cpusetCpus` cannot be `2-1` (write numbers and ranges: `0-2,4`)
    /blkio/weight: `weight` is 5: it goes from 10 to 1000
    /blkio/deviceReadBps/0/path: `path` must be a device such as /dev/sda, found `sda`
    /ulimits/nofiles: `nofiles` is not a limit of processes (did you mean `nofile`?)
    /ulimits/nproc: the soft limit 5 is above the hard one 4
    "
    );
}

#[test]
fn what_an_image_is_built_from_is_said_once_and_so_that_the_engine_takes_it() {
    insta::assert_snapshot!(
        container(json!({
            "image": "shop/web",
            "build": {
                "context": "", "dockerfile": "../Dockerfile", "dockerfileInline": " ", "args": { "A=": "1" }, "target": "",
                "network": "", "extraHosts": [ { "ip": "here", "hostnames": [] } ], "shmSize": "0", "ulimits": { "files": 1 },
                "cacheFrom": ["a b"], "tags": ["https://x/y", "shop/web:0123456789abcdef"],
            },
        })),
        @r"
    /build/context: `context` is empty (name the folder: `.` is that of the manifest)
    /build/dockerfile: `dockerfile` must lie in the context, found `../Dockerfile` (write its path from the context's folder)
    /build/dockerfileInline: `dockerfileInline` and `dockerfile` exclude each other (leave one of them out)
    /build/dockerfileInline: `dockerfileInline` is empty (write the Dockerfile's text: `FROM …`)
    /build/args/A=: `A=` cannot be the name of an `ARG`
    /build/target: `target` is empty (leave it out to build the last stage)
    /build/network: `network` is empty (leave it out for the engine's own)
    /build/extraHosts/0/ip: `ip` must be an IP address, found `here`
    /build/extraHosts/0/hostnames: `hostnames` is empty (write the names of the address)
    /build/shmSize: `shmSize` is 0 (leave it out for Docker's 64Mi)
    /build/ulimits/files: `files` is not a limit of processes (they are core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack)
    /build/cacheFrom/0: `cacheFrom[0]` cannot be `a b`: `a b` is not a part of a path (use lower-case letters and digits with `.`, `_`, `__` or `-` between them)
    /build/tags/0: `tags[0]` cannot be `https://x/y`: it is a URL (leave the scheme out: `x/y`)
    /build/tags/1: `shop/web:0123456789abcdef` cannot be given to an image (write a name with a tag of your own: `shop/web:1.2`)
    "
    );
}

#[test]
fn words_are_those_that_docker_knows() {
    insta::assert_snapshot!(
        container(json!({
            "pidMode": "hosts", "ipcMode": "container:", "usernsMode": "x", "cgroupNamespace": "Private", "platform": "linux/",
            "securityContext": { "runAsUser": 1, "capabilities": { "add": ["net_admin", "CAP_KILL", "FLY"] }, "seccompProfile": { "type": "Localhost" } },
            "user": "root", "gpus": "some", "devices": [ { "path": "snd", "permissions": "rx" } ], "deviceCgroupRules": ["c 1"],
            "volumesFrom": ["db", "deployment:db:ro", "deployment:", "container:db", "db:x"],
            "extraHosts": [ { "ip": "x", "hostnames": [] } ], "dns": { "servers": ["x"] },
        })),
        @r"
    /pidMode: `pidMode` cannot be `hosts` (did you mean `host`?)
    /ipcMode: `ipcMode` cannot be `container:` (it is private, shareable, host, none)
    /usernsMode: `usernsMode` cannot be `x` (it is host)
    /cgroupNamespace: `cgroupNamespace` cannot be `Private` (did you mean `private`?)
    /platform: `platform` cannot be `linux/` (write the system and the architecture: `linux/arm64`)
    /securityContext/capabilities/add/0: `net_admin` is not a capability (did you mean `NET_ADMIN`?)
    /securityContext/capabilities/add/2: `FLY` is not a capability (write it as capabilities(7) does: `NET_ADMIN`)
    /securityContext/seccompProfile: `seccompProfile` needs `localhostProfile` with the type Localhost, and only then
    /user: `user` and `securityContext.runAsUser` exclude each other (leave one of them out)
    /gpus: `gpus` cannot be `some` (write `all`, a number, or use `deviceRequests`)
    /devices/0/path: `path` cannot be `snd` (write the host's path, `/dev/snd`, or a CDI device, `vendor.com/class=name`)
    /devices/0/permissions: `permissions` cannot be `rx` (write some of `rwm`)
    /deviceCgroupRules/0: `deviceCgroupRules[0]` cannot be `c 1` (write kind, numbers and rights: `c 1:3 mr`)
    /volumesFrom/2: `volumesFrom[2]` cannot be `deployment:` (write `deployment:NAME` or the name of a container, and `:ro` after it where it only reads)
    /volumesFrom/3: `volumesFrom[3]` cannot be `container:db` (write `deployment:NAME` or the name of a container, and `:ro` after it where it only reads)
    /volumesFrom/4: `volumesFrom[4]` cannot be `db:x` (write `deployment:NAME` or the name of a container, and `:ro` after it where it only reads)
    /extraHosts/0/ip: `ip` must be an IP address, found `x`
    /extraHosts/0/hostnames: `hostnames` is empty (write the names of the address)
    /dns/servers/0: `servers[0]` must be an IP address, found `x`
    "
    );
}

#[test]
fn a_network_mode_stands_alone() {
    let modes = ["service:db", "host", "container:x", "default"].map(|mode| {
        template(json!({ "networkMode": mode, "networks": [], "container": { "image": "nginx", "hostname": "x", "ports": [ { "containerPort": 80, "hostPort": 0 } ] } }))
    });
    insta::assert_snapshot!(modes.join("\n"), @r"
    /container/ports/0/hostPort: `hostPort` 0 with networkMode service:db (leave it out: Docker publishes ports only on networks of its own)
    /networkMode: `networkMode` cannot be `service:db` (write `deployment:db`)
    /networkMode: `networkMode` and `networks` exclude each other (leave one of them out)
    /container/ports/0/hostPort: `hostPort` 0 with networkMode host (leave it out: Docker publishes ports only on networks of its own)
    /networkMode: `networkMode` and `networks` exclude each other (leave one of them out)
    /container/hostname: `hostname` with networkMode container:x (leave it out: it is the other container's)
    /container/ports/0/hostPort: `hostPort` 0 with networkMode container:x (leave it out: Docker publishes ports only on networks of its own)
    /networkMode: `networkMode` and `networks` exclude each other (leave one of them out)
    /container/ports/0/hostPort: `hostPort` 0 with networkMode default (leave it out: Docker publishes ports only on networks of its own)
    /networkMode: `networkMode` cannot be `default` (leave it out for the namespace's default network)
    /networkMode: `networkMode` and `networks` exclude each other (leave one of them out)
    ");
}

#[test]
fn a_rollout_must_be_able_to_move() {
    let spec = |strategy: Value| {
        let spec = json!({ "strategy": strategy, "minReadySeconds": 60, "progressDeadlineSeconds": 60, "template": { "container": { "image": "a" } } });
        complaints("Deployment", json!({ "spec": spec }))
    };
    let table = [
        spec(json!({ "rollingUpdate": { "maxSurge": 0 } })),
        spec(json!({ "rollback": { "maxSurge": 0 } })),
        spec(json!({ "type": "Recreate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "101%" } })),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    /spec/strategy/rollingUpdate: `maxSurge` and `maxUnavailable` are both 0, so that no replica could ever be replaced (write `maxUnavailable: 1` to replace one after the other, stop-first)
    /spec/progressDeadlineSeconds: `progressDeadlineSeconds` is 60: it must be more than `minReadySeconds`, 60
    /spec/strategy/rollback: `maxSurge` and `maxUnavailable` are both 0, so that no replica could ever be replaced (write `maxUnavailable: 1` to replace one after the other, stop-first)
    /spec/progressDeadlineSeconds: `progressDeadlineSeconds` is 60: it must be more than `minReadySeconds`, 60
    /spec/strategy/rollingUpdate: `rollingUpdate` with `type: Recreate` (leave one of them out)
    /spec/strategy/rollingUpdate/maxUnavailable: `maxUnavailable` is 101%: the most is 100%
    /spec/progressDeadlineSeconds: `progressDeadlineSeconds` is 60: it must be more than `minReadySeconds`, 60
    ");
}

#[test]
fn jobs_end() {
    let template = json!({ "restartPolicy": "Always", "container": { "image": "a" } });
    let spec =
        json!({ "schedule": "60 * * * *", "timeZone": "berlin", "jobTemplate": { "spec": { "template": template } } });
    insta::assert_snapshot!(complaints("CronJob", json!({ "spec": spec })), @r"
    /spec/schedule: `schedule` cannot be `60 * * * *`: `60` is not a minute (it goes from 0 to 59, as `*`, `1-5`, `*/2` or `1,3`)
    /spec/timeZone: `timeZone` cannot be `berlin` (did you mean `Europe/Berlin`?)
    /spec/jobTemplate/spec/template/restartPolicy: `restartPolicy` cannot be `Always` in a job, which ends (write OnFailure or Never)
    ");
}

#[test]
fn networks_have_subnets_that_hold_their_addresses() {
    let pools = json!([
        { "subnet": "10.0.0.0/24", "gateway": "10.0.1.1", "ipRange": "10.0.0.0/16", "auxAddresses": { "a": "x" } },
        { "subnet": "10.0.0.0/8" }, { "gateway": "10.0.0.1" }, { "subnet": "10/8" },
    ]);
    let table = [
        complaints("Network", json!({ "spec": { "driver": "host", "ipam": { "config": pools } } })),
        complaints("Network", json!({ "spec": { "external": true, "internal": true, "networkName": "a" } })),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    /spec/driver: `driver` cannot be `host`: the engine has one such network (write `networkMode: host` in the template)
    /spec/ipam/config/0/gateway: `gateway` 10.0.1.1 does not lie in the subnet 10.0.0.0/24
    /spec/ipam/config/0/ipRange: `ipRange` 10.0.0.0/16 does not lie in the subnet 10.0.0.0/24
    /spec/ipam/config/0/auxAddresses/a: `a` must be an IP address, found `x`
    /spec/ipam/config/1/subnet: `subnet` 10.0.0.0/8 overlaps another one of this network
    /spec/ipam/config/2: `ipRange` and `gateway` need a `subnet` (add `subnet`)
    /spec/ipam/config/3/subnet: `subnet` must be a subnet, found `10/8` (write it as `172.28.0.0/16`)
    /spec/internal: `internal` with `external: true` (leave it out: an external network is as it is)
    /spec/networkName: `networkName` cannot be `a` (Docker takes letters, digits, `_`, `.` and `-`, a letter or digit first, at least two)
    ");
}

#[test]
fn a_secret_value_is_never_shown() {
    let text =
        complaints("Secret", json!({ "data": { "a": "hunter2!", "b/c": "aGk=" }, "stringData": { "..": "hunter2" } }));
    assert!(!text.contains("hunter2"));
    insta::assert_snapshot!(text, @r"
    /data/a: the value of `a` is not base64 (plain text goes into `stringData`)
    /data/b~1c: `b/c` cannot be a key (use letters, digits, `-`, `_` and `.`, at most 253; `..` is no file's name)
    /stringData/..: `..` cannot be a key (use letters, digits, `-`, `_` and `.`, at most 253; `..` is no file's name)
    ");
}

#[test]
fn what_is_for_what_serves_is_refused_in_a_job() {
    let template = json!({
        "restart": { "delay": "5s" },
        "container": {
            "image": "app",
            "readinessProbe": { "tcpSocket": { "port": 1 } },
            "livenessProbe": { "exec": { "command": ["x"] } },
            "startupProbe": { "exec": { "command": ["x"] } },
            "lifecycle": { "postStart": { "sleep": "1s" }, "preStop": { "sleep": "1s" } },
        },
    });
    let job = complaints("Job", json!({ "spec": { "template": template } }));
    insta::assert_snapshot!(job, @r"
    /spec/template/restart: `restart` in a job, whose attempts are not restarted (leave it out; `backoffLimit` says how often a job is tried, 10 s later and then twice as long each time)
    /spec/template/container/readinessProbe: `readinessProbe` in a job, which serves nobody (leave it out; what waits for a job waits for its end, with `condition: Completed`)
    /spec/template/container/livenessProbe: `livenessProbe` in a job, which serves nobody (leave it out; `activeDeadlineSeconds` ends a run that hangs)
    /spec/template/container/startupProbe: `startupProbe` in a job, which serves nobody (leave it out; `activeDeadlineSeconds` ends a run that hangs)
    /spec/template/container/lifecycle/postStart: `postStart` in a job (leave it out; begin the command with it, or use `initContainers`)
    ");
    let schedule = json!({ "schedule": "0 3 * * *", "jobTemplate": { "spec": { "template": template } } });
    assert_eq!(complaints("CronJob", json!({ "spec": schedule })).lines().count(), job.lines().count());
}

#[test]
fn a_health_check_says_something() {
    assert_eq!(container(json!({ "healthCheck": { "interval": "5s" } })), "");
    assert_eq!(
        container(json!({ "healthCheck": {} })),
        "/healthCheck: `healthCheck` says nothing (write `test: [CMD, program, …]`, or a time of the image's own check)"
    );
}
