//! What stands over what stands over something: chains of `extends`, files of variables behind each other.

use serde_json::{Value, json};

use super::meaning::object;
use super::{complaints, load_files};

/// What a service is in the model, once everything is laid over each other.
fn service(files: &[(&str, &str)], name: &str) -> Value {
    let loaded = load_files(files);
    assert_eq!(complaints(&loaded), Vec::<String>::new());
    let model = loaded.model.map(|model| model.to_json()).unwrap_or_default();
    model.pointer(&format!("/services/{name}")).cloned().unwrap_or_default()
}

#[test]
fn what_the_middle_of_a_chain_resets_and_overrides_stays_so_for_what_extends_it() {
    let files = [
        (
            "compose.yaml",
            "networks: { nn: }\nservices:\n  a:\n    extends: { file: lib/base.yaml, service: base }\n    ports: !reset []\n    networks: !reset null\n    \
             environment: !override { V: mine }\n  b: { extends: a, user: me }\n  c: { extends: b }\n",
        ),
        (
            "lib/base.yaml",
            "services:\n  base:\n    image: i\n    ports: ['18460:80']\n    networks: [nn]\n    environment: { V: base, W: w }\n",
        ),
    ];
    let middle = json!({ "image": "i", "environment": { "V": "mine" } });
    let with_user = json!({ "image": "i", "environment": { "V": "mine" }, "user": "me" });
    assert_eq!(service(&files, "a"), middle);
    assert_eq!(service(&files, "b"), with_user);
    assert_eq!(service(&files, "c"), with_user);
}

#[test]
fn a_tag_of_the_middle_of_a_chain_takes_nothing_from_what_extends_it() {
    let text = "services:\n  base: { image: i, cap_add: [CHOWN], labels: { l: base } }\n  \
                a: { extends: base, cap_add: !reset [], labels: !override { m: a } }\n  \
                b: { extends: a, cap_add: [MKNOD], labels: { n: b } }\n";
    let expected = json!({ "image": "i", "cap_add": ["MKNOD"], "labels": { "m": "a", "n": "b" } });
    assert_eq!(service(&[("compose.yaml", text)], "b"), expected);
}

#[test]
fn extends_that_is_reset_extends_nothing() {
    let files = [
        ("compose.yaml", "services: { a: { extends: { file: base.yaml, service: b } } }"),
        ("base.yaml", "services: { b: { image: i, extends: !reset null } }"),
    ];
    assert_eq!(service(&files, "a"), json!({ "image": "i" }));
    let text = "services: { a: { image: i, extends: !reset { service: none } } }";
    assert_eq!(service(&[("compose.yaml", text)], "a"), json!({ "image": "i" }));
}

#[test]
fn a_service_may_extend_one_that_is_included() {
    let files = [
        (
            "compose.yaml",
            "include: [sub/c.yaml]\nservices:\n  a: { extends: x, environment: { B: mine }, ports: !override ['81:81'] }\n  \
             x: { labels: { here: too } }\n",
        ),
        (
            "sub/c.yaml",
            "services:\n  x: { extends: base, environment: { B: theirs }, volumes: ['./d:/d'], ports: ['80:80'] }\n  \
             base: { image: i, environment: { A: base } }\n",
        ),
    ];
    let mount = json!({ "type": "bind", "source": "./sub/d", "target": "/d", "bind": { "create_host_path": true } });
    assert_eq!(
        service(&files, "a"),
        json!({
            "image": "i",
            "environment": { "A": "base", "B": "mine" },
            "labels": { "here": "too" },
            "ports": [{ "target": 81, "published": "81", "protocol": "tcp" }],
            "volumes": [mount],
        })
    );
}

#[test]
fn a_service_that_extends_itself_by_way_of_an_include_is_a_circle() {
    let files = [
        ("compose.yaml", "include: [c.yaml]\nservices: { a: { extends: { service: a } } }"),
        ("c.yaml", "services: { a: { image: i } }"),
    ];
    let told = complaints(&load_files(&files)).concat();
    assert!(told.contains("services extend each other in a circle: a → a"), "{told}");
}

#[test]
fn of_includes_that_declare_one_thing_the_first_wins_and_what_both_take_in_is_there_once() {
    let files = [
        ("compose.yaml", "include: [one.yaml, two.yaml]"),
        ("one.yaml", "include: [base.yaml]\nservices: { a: { user: one } }"),
        ("two.yaml", "include: [base.yaml]\nservices: { a: { user: two } }"),
        ("base.yaml", "services:\n  a: { image: i, user: base }\n  b: { image: i, post_start: [{ command: [x] }] }\n"),
    ];
    assert_eq!(service(&files, "a"), json!({ "image": "i", "user": "one" }));
    assert_eq!(service(&files, "b"), json!({ "image": "i", "post_start": [{ "command": ["x"] }] }));
}

#[test]
fn tags_of_what_extends_or_includes_are_for_earlier_files_as_well() {
    let base = (
        "compose.yaml",
        "services:\n  a: { image: i, ports: ['80:80'], labels: { l: first }, cap_add: [CHOWN], user: me }\n",
    );
    let over = "{ ports: !override ['81:81'], labels: !reset {}, cap_add: [MKNOD] }";
    let other = "services: { b: { image: i, ports: ['82:82'], labels: { l: b }, dns: [1.1.1.1] } }";
    let expected = json!({
        "image": "i", "user": "me", "cap_add": ["CHOWN", "MKNOD"], "dns": ["1.1.1.1"],
        "ports": [{ "target": 81, "published": "81", "protocol": "tcp" }],
    });
    let extending = format!("services:\n  a: {}\n", over.replacen('{', "{ extends: { service: b, file: b.yaml },", 1));
    let files = [base, ("compose.override.yaml", extending.as_str()), ("b.yaml", other)];
    assert_eq!(service(&files, "a"), expected);
    let including = format!("include: [b.yaml]\nservices:\n  a: {over}\n");
    let files = [base, ("compose.override.yaml", including.as_str()), ("b.yaml", &other.replacen("b:", "a:", 1))];
    assert_eq!(service(&files, "a"), expected);
    let documents = format!("services: {{ a: {{ user: me }} }}\n---\nservices:\n  a: {over}\n");
    let mut alone = expected;
    alone.as_object_mut().expect("a mapping").remove("dns");
    assert_eq!(service(&[base, ("compose.override.yaml", documents.as_str())], "a"), alone);
}

#[test]
fn a_service_that_is_put_in_the_place_of_another_one_extends_all_the_same() {
    let files = [
        ("compose.yaml", "services: { a: { image: i, user: me } }"),
        ("compose.override.yaml", "services: { a: !override { extends: b, user: you }, b: { image: j, tty: true } }"),
    ];
    assert_eq!(service(&files, "a"), json!({ "image": "j", "user": "you", "tty": true }));
}

#[test]
fn the_last_file_of_variables_of_an_include_wins_and_sees_the_earlier_ones() {
    let include = "include: [{ path: sub/c.yaml, env_file: [one.env, two.env] }]";
    let files = [
        ("compose.yaml", include),
        ("sub/c.yaml", "services: { a: { image: 'i:$V', user: '$W', hostname: '$KEY', domainname: '$SEEN' } }"),
        ("one.env", "V=one\nW=one\nKEY=one"),
        ("two.env", "V=two\nKEY=two\nSEEN=${W}-${V}-${KEY}"),
        ("sub/.env", "V=dot"),
    ];
    // `KEY` is set where the including project is loaded, which wins. `V` in `two.env` is what `one.env` says, as in Compose.
    let expected = json!({ "image": "i:two", "user": "one", "hostname": "value", "domainname": "one-one-value" });
    assert_eq!(service(&files, "a"), expected);
}

/// What the deployment `a` has at a place.
fn made(files: &[(&str, &str)], pointer: &str) -> Value {
    let loaded = load_files(files);
    assert_eq!(complaints(&loaded), Vec::<String>::new());
    object(&loaded, "deployment/p/a").pointer(pointer).cloned().unwrap_or_default()
}

/// The variables of the deployment `a`, `NAME=value`.
fn variables(files: &[(&str, &str)]) -> Vec<String> {
    let list = made(files, "/spec/template/container/env");
    let part = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.as_array().into_iter().flatten().map(|it| format!("{}={}", part(it, "name"), part(it, "value"))).collect()
}

#[test]
fn a_later_file_of_variables_of_a_service_sees_those_of_the_earlier_ones() {
    let compose = ("compose.yaml", "services: { a: { image: i, env_file: [base.env, extra.env] } }");
    let base = ("base.env", "FOO=expected\nKEY=base");
    let extra = ("extra.env", "FOO=\"${FOO:-default}\"\nBAR=${FOO}x\nSEEN=$KEY\nNONE=${LATER:-none}\nLATER=1");
    assert_eq!(
        variables(&[compose, base, extra]),
        // `KEY` is one of the project's own, which come before those of files where a value uses it.
        ["BAR=expectedx", "FOO=expected", "KEY=base", "LATER=1", "NONE=none", "SEEN=value"]
    );
    let own = ("extra.env", "FOO=own\nBAR=${FOO}x");
    assert_eq!(variables(&[compose, base, own]), ["BAR=ownx", "FOO=own", "KEY=base"]);
    let turned = ("compose.yaml", "services: { a: { image: i, env_file: [extra.env, base.env] } }");
    let extra = ("extra.env", "FOO=\"${FOO:-default}\"\nBAR=${FOO}x");
    assert_eq!(variables(&[turned, ("base.env", "FOO=base"), extra]), ["BAR=defaultx", "FOO=base"]);
    let raw = ("compose.yaml", "services: { a: { image: i, env_file: [{ path: r.env, format: raw }, extra.env] } }");
    assert_eq!(variables(&[raw, ("r.env", "FOO=$raw"), extra]), ["BAR=$rawx", "FOO=$raw"]);
}

#[test]
fn a_file_of_variables_of_a_service_sees_what_the_service_sets_itself() {
    let service =
        "services:\n  a: { image: i, env_file: [a.env, b.env], environment: { DB: db, KEY: own, NONE: , HOME: } }\n";
    let files = [
        ("compose.yaml", service),
        ("a.env", "URL=$DB:${PORT:-1}\nSEEN=$KEY\nAT=$HOME\nLOST=${NONE:-none}\nDB=file\nSAME=$DB\nHOST=a"),
        ("b.env", "BOTH=$DB-$HOST"),
    ];
    // `KEY` is one of the project's own as well, which come first where a value uses it.
    let expected = [
        "AT=/root",
        "BOTH=db-a",
        "DB=db",
        "HOME=/root",
        "HOST=a",
        "KEY=own",
        "LOST=none",
        "NONE=",
        "SAME=db",
        "SEEN=value",
        "URL=db:1",
    ];
    assert_eq!(variables(&files), expected);
}

#[test]
fn a_later_file_of_labels_sees_those_of_the_earlier_ones() {
    let files = [
        ("compose.yaml", "services: { a: { image: i, label_file: [one.labels, two.labels] } }"),
        ("one.labels", "tier=web"),
        ("two.labels", "role=${tier}-1"),
    ];
    assert_eq!(made(&files, "/spec/template/metadata/labels/role"), json!("web-1"));
}
