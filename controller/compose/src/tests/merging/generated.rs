//! Documents of every attribute that has a rule of merging, in each of its forms, with and without tags.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::values::{
    Saying, Written, list, mapping, number, one, one_or_more, pairs, plain, text, texts, time, truth, word,
};

fn command() -> Saying {
    let as_list = plain(vec(word(), 0..3).prop_map(|words| json!(words)));
    let as_text = vec(word(), 1..3).prop_map(|words| one(&json!(words.join(" ")), &json!(words)));
    prop_oneof![as_list, as_text].boxed()
}

/// Address, published port, port, protocol.
type PortKey = (Option<&'static str>, Option<u16>, u16, String);
/// Whether it is short, whether it says TCP, its name.
type PortForm = (bool, bool, Option<String>);

fn ports() -> Saying {
    let key = (option::of(Just("127.0.0.1")), option::of(8080..8082_u16), 80..82_u16, prop_oneof!["tcp", "udp"]);
    let form = (any::<bool>(), any::<bool>(), option::of(word()));
    let port = |(ip, published, target, protocol): PortKey, (is_short, is_explicit, name): PortForm| {
        let mut means = Map::from_iter([("target".to_owned(), json!(target))]);
        means.extend(published.map(|published| ("published".to_owned(), json!(published.to_string()))));
        // An address alone publishes nothing.
        means.extend(ip.filter(|_| published.is_some()).map(|ip| ("host_ip".to_owned(), json!(ip))));
        let is_explicit = is_short || is_explicit || protocol != "tcp";
        means.extend(is_explicit.then(|| ("protocol".to_owned(), json!(protocol))));
        if is_short {
            let host =
                published.map(|published| format!("{}{published}:", ip.map(|ip| format!("{ip}:")).unwrap_or_default()));
            let text = format!("{}{target}/{protocol}", host.unwrap_or_default());
            return one(&json!(text), &Value::Object(means));
        }
        means.extend(name.map(|name| ("name".to_owned(), json!(name))));
        one(&Value::Object(means.clone()), &Value::Object(means))
    };
    let is_new = |key: &PortKey| {
        let (ip, published, target, protocol) = key;
        (ip.filter(|_| published.is_some()), *published, *target, protocol.clone())
    };
    let all = vec((key, form), 0..4).prop_map(move |ports| {
        let mut keys = Vec::new();
        let mut kept = Vec::new();
        for (key, form) in ports {
            let key = is_new(&key);
            if !keys.contains(&key) {
                keys.push(key.clone());
                kept.push(port(key, form));
            }
        }
        kept
    });
    list(all)
}

/// Items that a target tells apart.
fn by_target(item: fn((String, u8)) -> Written) -> Saying {
    list(btree_map(word(), 0..4_u8, 0..4).prop_map(move |items| items.into_iter().map(item).collect()))
}

fn volumes() -> Saying {
    by_target(|(target, form)| {
        let target = format!("/{target}");
        let bind = |source: &str| json!({ "type": "bind", "source": source, "target": target, "bind": { "create_host_path": true } });
        match form {
            0 => one(&json!(format!("./x:{target}")), &bind("./x")),
            1 => {
                let mut means = bind("./y");
                means.as_object_mut().expect("a mapping").insert("read_only".to_owned(), json!(true));
                one(&json!(format!("./y:{target}:ro")), &means)
            }
            2 => {
                let long = json!({ "type": "tmpfs", "target": target, "tmpfs": { "size": 1024 } });
                one(&long, &long)
            }
            _ => {
                let long = json!({ "type": "volume", "source": "data", "target": target, "read_only": true });
                one(&long, &long)
            }
        }
    })
}

fn devices() -> Saying {
    by_target(|(target, form)| {
        let target = format!("/dev/{target}");
        let source = format!("/dev/x{form}");
        one(&json!(format!("{source}:{target}")), &json!({ "source": source, "target": target }))
    })
}

/// Secrets and configs: `name`, which leads to its own target, or a target of any name.
fn grants(folder: &'static str) -> Saying {
    let grant = move |(name, form): (String, u8)| match form {
        0 => one(&json!(name), &json!({ "source": name })),
        1 => {
            let long = json!({ "source": "other", "target": format!("{folder}{name}"), "uid": "7" });
            one(&long, &long)
        }
        _ => {
            let long = json!({ "source": name, "mode": 288 });
            one(&long, &long)
        }
    };
    list(btree_map(word(), 0..3_u8, 0..4).prop_map(move |items| items.into_iter().map(grant).collect()))
}

fn env_files() -> Saying {
    by_target(|(name, form)| {
        let path = format!("./{name}.env");
        match form {
            0 | 1 => one(&json!(path), &json!({ "path": path })),
            _ => {
                let long = json!({ "path": path, "required": false });
                one(&long, &long)
            }
        }
    })
}

fn ulimits() -> Saying {
    let limit = || {
        let both = (1..3_u8, 3..5_u8).prop_map(|(soft, hard)| json!({ "soft": soft, "hard": hard }));
        let both = both.prop_map(|both| one(&both, &both));
        let single = (1..4_u8).prop_map(|limit| one(&json!(limit), &json!({ "soft": limit, "hard": limit })));
        prop_oneof![both, single].boxed()
    };
    mapping(vec![("nofile", limit()), ("nproc", limit()), ("core", limit())])
}

fn logging() -> Saying {
    let driver = plain(prop_oneof![Just(json!("local")), Just(json!("syslog"))]);
    let options = mapping(vec![("x", text()), ("y", text())]);
    let said = (option::of(driver), option::of(options));
    said.prop_map(|(driver, options)| {
        let (mut text, mut means) = (Map::new(), Map::new());
        for (name, value) in [("driver", driver), ("options", options)] {
            if let Some(value) = value {
                text.insert(name.to_owned(), value.text);
                means.insert(name.to_owned(), value.means);
            }
        }
        Written { text: Value::Object(text), means: Value::Object(means) }
    })
    .boxed()
}

/// A list of names, or a mapping by them.
fn named(each: Saying, alone: Value) -> Saying {
    let names = btree_set("[m-o]", 0..4).prop_map(move |names| {
        let means: Map<_, _> = names.iter().map(|name| (name.clone(), alone.clone())).collect();
        Written { text: json!(names), means: Value::Object(means) }
    });
    let entries = ["m", "n", "o"].map(|name| (name, each.clone()));
    prop_oneof![names, mapping(entries.into())].boxed()
}

fn networks() -> Saying {
    let attachment = mapping(vec![
        ("aliases", texts()),
        ("priority", number()),
        ("driver_opts", mapping(vec![("x", text()), ("y", text())])),
    ]);
    let nothing = plain(Just(Value::Null));
    named(prop_oneof![4 => attachment, 1 => nothing].boxed(), Value::Null)
}

fn depends_on() -> Saying {
    let conditions = ["service_started", "service_healthy", "service_completed_successfully"];
    let condition = proptest::sample::select(conditions.to_vec()).prop_map(|condition| json!(condition));
    let need =
        (condition, option::of(any::<bool>()), option::of(any::<bool>())).prop_map(|(condition, restart, required)| {
            let mut need = Map::from_iter([("condition".to_owned(), condition)]);
            need.extend(restart.map(|restart| ("restart".to_owned(), json!(restart))));
            need.extend(required.map(|required| ("required".to_owned(), json!(required))));
            Value::Object(need)
        });
    named(plain(need), json!({ "condition": "service_started" }))
}

fn health() -> Saying {
    let test = plain(vec(word(), 1..3).prop_map(|words| json!([&["CMD".to_owned()], words.as_slice()].concat())));
    mapping(vec![("test", test), ("interval", time()), ("retries", number()), ("timeout", time())])
}

fn build() -> Saying {
    let short = word().prop_map(|word| one(&json!(format!("./{word}")), &json!({ "context": format!("./{word}") })));
    // What is no address is a folder, and is found from where its file lies.
    let context = || plain(word().prop_map(|word| json!(format!("https://{word}"))));
    let long = mapping(vec![
        ("additional_contexts", mapping(vec![("x", context()), ("y", context())])),
        ("args", pairs(true)),
        ("labels", pairs(false)),
        ("target", text()),
        ("tags", texts()),
        ("network", text()),
    ]);
    prop_oneof![short, long].boxed()
}

fn deploy() -> Saying {
    let amounts = || mapping(vec![("pids", number()), ("memory", number())]);
    let reserved = mapping(vec![("memory", number())]);
    let spread = plain(vec(word().prop_map(|word| json!({ "spread": word })), 0..3).prop_map(Value::Array));
    mapping(vec![
        ("replicas", number()),
        ("mode", plain(prop_oneof![Just(json!("replicated")), Just(json!("global"))])),
        ("labels", pairs(false)),
        ("resources", mapping(vec![("limits", amounts()), ("reservations", reserved)])),
        ("placement", mapping(vec![("max_replicas_per_node", number()), ("preferences", spread)])),
        ("update_config", mapping(vec![("parallelism", number()), ("delay", time())])),
        ("restart_policy", mapping(vec![("max_attempts", number()), ("window", time())])),
    ])
}

fn hosts() -> Saying {
    let pairs = || btree_map(word(), prop_oneof![Just("1.1.1.1"), Just("2.2.2.2")], 0..3);
    let means = |hosts: &std::collections::BTreeMap<String, &str>| {
        json!(hosts.iter().map(|(name, address)| format!("{name}={address}")).collect::<Vec<_>>())
    };
    let old = pairs().prop_map(move |hosts| {
        let text = hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect::<Vec<_>>();
        one(&json!(text), &means(&hosts))
    });
    let by_name = pairs().prop_map(move |hosts| one(&json!(hosts), &means(&hosts)));
    prop_oneof![old, by_name].boxed()
}

fn hooks() -> Saying {
    list(vec(word(), 0..3).prop_map(|words| {
        words.iter().map(|word| one(&json!({ "command": [word] }), &json!({ "command": [word] }))).collect()
    }))
}

/// Ports that are opened: numbers or texts.
fn expose() -> Saying {
    list(btree_map(80..83_u8, any::<bool>(), 0..3).prop_map(|ports| {
        let port = |(port, is_text): (u8, bool)| {
            let means = json!(port.to_string());
            if is_text { one(&means, &means) } else { one(&json!(port), &means) }
        };
        ports.into_iter().map(port).collect()
    }))
}

/// Every attribute of a service that has a rule.
pub(super) fn service() -> Saying {
    mapping(vec![
        ("user", text()),
        ("command", command()),
        ("entrypoint", command()),
        ("environment", pairs(true)),
        ("labels", pairs(false)),
        ("annotations", pairs(false)),
        ("sysctls", pairs(false)),
        ("cap_add", texts()),
        ("cap_drop", texts()),
        ("dns", one_or_more()),
        ("dns_search", one_or_more()),
        ("dns_opt", texts()),
        ("tmpfs", one_or_more()),
        ("expose", expose()),
        ("extra_hosts", hosts()),
        ("ports", ports()),
        ("volumes", volumes()),
        ("devices", devices()),
        ("secrets", grants("/run/secrets/")),
        ("configs", grants("/")),
        ("env_file", env_files()),
        ("ulimits", ulimits()),
        ("logging", logging()),
        ("networks", networks()),
        ("depends_on", depends_on()),
        ("healthcheck", health()),
        ("post_start", hooks()),
        ("build", build()),
        ("deploy", deploy()),
    ])
}

pub(super) fn network() -> Saying {
    let pool = |(subnet, gateway): (u8, Option<u8>)| {
        let mut pool = Map::from_iter([("subnet".to_owned(), json!(format!("10.{subnet}.0.0/16")))]);
        pool.extend(gateway.map(|gateway| ("gateway".to_owned(), json!(format!("10.{subnet}.0.{gateway}")))));
        Value::Object(pool)
    };
    let pools =
        btree_map(0..3_u8, option::of(1..3_u8), 0..3).prop_map(move |pools| pools.into_iter().map(pool).collect());
    let options = || mapping(vec![("x", text()), ("y", text())]);
    mapping(vec![
        ("driver", text()),
        ("internal", truth()),
        ("labels", pairs(false)),
        ("driver_opts", options()),
        ("ipam", mapping(vec![("driver", text()), ("config", plain(pools)), ("options", options())])),
    ])
}
