//! Services where little is known: a port that only peers name, and names that must resolve all the same.

use serde_json::{Value, json};
use skiff_kubernetes::Verdict;

use crate::reach::{PORTS, export, web};
use crate::support::{at, names};
use crate::workloads::verdicts;

fn cluster_ip(export: &skiff_kubernetes::Export, name: &str) -> (Value, Value) {
    let service = format!("Service/{name}");
    (at(export, &service, "/spec/clusterIP"), at(export, &service, PORTS))
}

#[test]
fn a_port_that_nobody_declares_is_the_one_that_peers_speak_to() {
    let client = web("client", "a", "{ container: { image: a, env: [{ name: URL, value: 'http://server:9999/x' }] } }");
    let export = export(&format!("{client}{}", web("server", "a", "{ container: { image: b } }")));
    assert_eq!(at(&export, "Service/server", "/spec/ports/0/port"), 9999);
}

#[test]
fn a_name_of_which_no_port_is_known_gives_the_addresses_of_its_pods() {
    let quiet = web("client", "a", "{ container: { image: a, env: [{ name: HOST, value: server }] } }");
    let export = export(&format!("{quiet}{}", web("server", "a", "{ container: { image: b } }")));
    let headless = (json!("None"), Value::Null);
    assert_eq!(cluster_ip(&export, "server"), headless);
    assert_eq!(cluster_ip(&export, "client"), headless, "nothing speaks to it, and the other one could");
    let of = |object: &str| {
        let rows = export.report.rows.iter().filter(|row| row.object == object && row.key == "metadata.name");
        rows.map(|row| row.verdict).collect::<Vec<_>>()
    };
    assert!(of("deployment/a/server").contains(&Verdict::NeedsInput), "{:?}", of("deployment/a/server"));
    assert!(!of("deployment/a/client").contains(&Verdict::NeedsInput), "{:?}", of("deployment/a/client"));
    assert!(of("deployment/a/client").contains(&Verdict::Defaulted), "{:?}", of("deployment/a/client"));
}

#[test]
fn what_nobody_could_ask_for_gets_no_service() {
    let network = "---\napiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: own, namespace: a }\n";
    let apart = web("apart", "a", "{ container: { image: a }, networks: [{ name: own }] }");
    let other = web("other", "a", "{ container: { image: b, ports: [{ containerPort: 80 }] } }");
    let joined = web("joined", "a", "{ container: { image: c }, networkMode: 'deployment:other' }");
    let once = web("once", "a", "{ container: { image: d }, restartPolicy: Never }");
    let export = export(&format!("{network}{apart}{other}{joined}{once}"));
    let services: Vec<String> = names(&export).into_iter().filter(|name| name.starts_with("Service/")).collect();
    assert_eq!(services, ["Service/other"]);
    assert!(verdicts(&export, "metadata.name").contains(&Verdict::Defaulted), "it is said");
}

#[test]
fn replicas_find_each_other_by_the_name_that_they_share() {
    let one = web("node", "a", "{ container: { image: a } }");
    let several = one.replace("spec: { template", "spec: { replicas: 3, template");
    assert!(!names(&export(&one)).contains(&"Service/node".to_owned()));
    assert_eq!(cluster_ip(&export(&several), "node"), (json!("None"), Value::Null));
}

#[test]
fn what_an_image_is_known_for_is_its_port_where_others_may_speak_to_it_and_nothing_is_seen_to() {
    let client = web("client", "a", "{ container: { image: app } }");
    let db = |command: &str| {
        let db = web("db", "a", &format!("{{ container: {{ image: 'postgres:17'{command} }} }}"));
        at(&export(&format!("{client}{db}")), "Service/db", "/spec/ports/0/port")
    };
    assert_eq!(db(""), 5432);
    assert_eq!(db(", command: [postgres, -p, '5433']"), 5433);
    assert_eq!(db(", args: [-c, x=y]"), 5432);
    assert_eq!(db(", command: [sh, -c, psql]"), Value::Null);
    let talks = web("talks", "a", "{ container: { image: app, command: [talk, -p, '99'] } }");
    assert_eq!(cluster_ip(&export(&format!("{client}{talks}")), "talks"), (json!("None"), Value::Null));
}

#[test]
fn a_network_that_has_a_name_of_its_own_may_have_others_on_it() {
    let network = "---\napiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: own, namespace: a }\nspec: { networkName: shared }\n";
    let apart = web("apart", "a", "{ container: { image: a }, networks: [{ name: own }] }");
    assert_eq!(cluster_ip(&export(&format!("{network}{apart}")), "apart"), (json!("None"), Value::Null));
}
