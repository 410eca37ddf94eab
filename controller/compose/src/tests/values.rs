//! Where the value decides what becomes of an attribute: of `build`, and of what Skiff does anyhow.

use serde_json::Value;

use super::meaning::{loaded, object, rows};
use super::{complaints, load_files, load_text};
use crate::Verdict;

/// What becomes of the image of service `a`: the image, the build, the policy, and the rows that are no plain yes.
fn image_of(service: &str, files: &[(&str, &str)]) -> String {
    let text = format!("name: p\nservices:\n  a: {{ {service} }}\n");
    let files: Vec<(&str, &str)> = files.iter().copied().chain([("compose.yaml", text.as_str())]).collect();
    let loaded = load_files(&files);
    let container = object(&loaded, "deployment/p/a").pointer("/spec/template/container").cloned().unwrap_or_default();
    let field = |name: &str| container.get(name).map(|value| format!("{name}={value} ")).unwrap_or_default();
    let said: Vec<String> = rows(&loaded).lines().filter(|row| !row.contains("restart")).map(str::to_owned).collect();
    let all = format!("{}{}{}{}", field("image"), field("build"), field("imagePullPolicy"), said.join("; "));
    all.trim_end().to_owned()
}

#[test]
fn a_service_is_built_where_compose_would_build_it() {
    let dockerfile = [("web/Dockerfile", "FROM i\n")];
    let said = [
        image_of("build: ./web", &dockerfile),
        image_of("build: { context: ./web, args: [A, B=2], target: dev }", &dockerfile),
        image_of("build: ./web, image: 'r.io/shop/web:1.2'", &dockerfile),
        image_of("build: ./web, image: 'r.io/shop/web:1.2'", &[]),
        image_of(
            "build: { context: ./web, secrets: [key] }, image: 'r.io/shop/web:1.2', pull_policy: missing",
            &dockerfile,
        ),
        image_of("build: ./web, pull_policy: never", &dockerfile),
        image_of("build: ./web, pull_policy: always", &dockerfile),
        image_of("image: i, pull_policy: weekly", &[]),
        image_of(
            "build: { dockerfile_inline: FROM i, cache_from: [i, 'type=local,src=/c'], no_cache_filter: [x] }",
            &[],
        ),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    image="p-a" build={"context":"./web"}
    image="p-a" build={"context":"./web","args":{"B":"2"},"target":"dev"}
    image="r.io/shop/web" build={"context":"./web"} 3:29 services.a.image approximated: its tag says what it is built from, not what is written here (refer to it by what `skiff describe` shows, or name no tag)
    image="r.io/shop/web:1.2" 3:15 services.a.build approximated: the image is pulled by its name: there is nothing here to build it from (write `pull_policy: build` to have it built)
    image="r.io/shop/web:1.2" 3:15 services.a.build approximated: the image is pulled by its name, as `pull_policy` says (write `pull_policy: build` to have it built)
    image="p-a" imagePullPolicy="Never" 3:15 services.a.build approximated: the image is taken as it was built last (write `pull_policy: build` to have it built)
    image="p-a" build={"context":"./web"} 3:35 services.a.pull_policy approximated: the image is built, and never pulled
    image="i" 3:31 services.a.pull_policy approximated: the registry is asked so often by `skiff run`, and an image that has moved rolls out
    image="p-a" build={"context":".","dockerfileInline":"FROM i","cacheFrom":["i"],"noCache":true} 3:60 services.a.build.cache_from approximated: caches that are no images are left out, as BuildKit alone reads them (name an image that the engine has, or leave it out); 3:82 services.a.build.no_cache_filter approximated: all stages are made anew, as the engine's classic builder knows only all or none
    "#);
}

/// Attributes that are honoured with one value and approximated with another, side by side.
#[test]
fn a_value_that_means_what_skiff_does_anyhow_is_no_approximation() {
    let approximated = |services: &str| {
        let loaded = loaded(&format!(
            "name: p\nservices:\n  b: {{ image: i, restart: always }}\n  a: {{ image: i, restart: always, {services} }}\n"
        ));
        let told = loaded.report.rows.iter().filter(|row| row.verdict != Verdict::Honoured);
        told.map(|row| row.attribute.replace("services.a.", "")).collect::<Vec<_>>().join(" ")
    };
    let (update, back) = ("deploy.update_config.max_failure_ratio", "deploy.rollback_config");
    let pairs = [
        ("links: [b]", "links: ['b:x']", "links".to_owned()),
        ("ports: [{ target: 80, mode: host }]", "ports: [{ target: 80, mode: ingress }]", "ports.mode".to_owned()),
        ("deploy: { endpoint_mode: dnsrr }", "deploy: { endpoint_mode: vip }", "deploy.endpoint_mode".to_owned()),
        (
            "depends_on: { b: { condition: service_started, restart: false } }",
            "depends_on: { b: { condition: service_started, restart: true } }",
            "depends_on.restart".to_owned(),
        ),
        (
            "deploy: { update_config: { max_failure_ratio: 0 } }",
            "deploy: { update_config: { max_failure_ratio: 0.1 } }",
            update.to_owned(),
        ),
        (
            "deploy: { update_config: { parallelism: 2 }, rollback_config: { parallelism: 1, order: start-first, failure_action: pause } }",
            "deploy: { update_config: { parallelism: 2 }, rollback_config: { delay: 1s, failure_action: continue } }",
            format!("{back}.delay {back}.failure_action"),
        ),
    ];
    for (same, other, rows) in pairs {
        assert_eq!((approximated(same), approximated(other)), (String::new(), rows), "{same}");
    }
}

#[test]
fn what_the_classic_builder_cannot_do_is_refused_at_its_line() {
    let text = "name: p\nservices:\n  a:\n    build:\n      context: https://example.com/x.git\n      ssh: [default]\n";
    insta::assert_snapshot!(complaints(&load_text(text)).join("\n"), @r"
    5:16 `services.a.build.context` must be a folder, found `https://example.com/x.git` (fetch it beside the manifest, and name the folder)
    6:7 `ssh` is refused: images are built by the engine's classic builder, which has none of it (build it beforehand, and name it in `image`)
    ");
}

#[test]
fn the_times_of_the_images_own_check_can_be_set() {
    let loaded =
        loaded("name: p\nservices: { a: { image: i, restart: always, healthcheck: { interval: 5s, retries: 9 } } }\n");
    let check = object(&loaded, "deployment/p/a").pointer("/spec/template/container/healthCheck").map(Value::to_string);
    assert_eq!(check.as_deref(), Some(r#"{"interval":"5s","retries":9}"#));
}
