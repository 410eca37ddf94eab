//! Images and what is secret about variables.

use crate::support::{Stack, at};
use crate::workloads::{deployment, export, pod, verdicts};
use serde_json::Value;
use skiff_kubernetes::{Options, Shape, Verdict, files};

fn there() -> Options {
    Options { image_registry: Some("reg.example.com/apps".to_owned()), ..Options::default() }
}

#[test]
fn images_of_two_registries_stay_two_and_what_is_there_already_stays_where_it_is() {
    let of =
        |name: &str, image: &str| deployment(name, &format!("{{ template: {{ container: {{ image: '{image}' }} }} }}"));
    let text = format!(
        "{}{}{}",
        of("hub", "bitnami/redis:8"),
        of("quay", "quay.io/bitnami/redis:8"),
        of("own", "reg.example.com/apps/own:1")
    );
    let export = Stack::of(&text).export_with(&there());
    let image = |name: &str| pod(&export, &format!("Deployment/{name}"), "/containers/0/image");
    assert_eq!(image("hub"), "reg.example.com/apps/bitnami/redis:8");
    assert_eq!(image("quay"), "reg.example.com/apps/quay.io/bitnami/redis:8");
    assert_eq!(image("own"), "reg.example.com/apps/own:1");
    assert_eq!(verdicts(&export, "spec.template.container.image").last(), Some(&Verdict::Exact), "nothing is to push");
    assert_eq!(export.report.images.len(), 2, "{:?}", export.report.images);
}

#[test]
fn what_is_pushed_is_pulled_first_unless_it_is_built_and_is_tagged_with_a_tag() {
    let digest = "a".repeat(64);
    let text = format!(
        "{}{}",
        deployment("web", &format!("{{ template: {{ container: {{ image: 'a/b@sha256:{digest}' }} }} }}")),
        deployment(
            "api",
            "{ template: { container: { image: api, build: { context: . } }, initContainers: [{ name: i, image: 'tool:1' }] } }"
        )
    );
    let export = Stack::of(&text).export_with(&there());
    let page = files(&export, &Shape::Plain).remove("REPORT.md").expect("a report");
    let to = format!("reg.example.com/apps/a/b:sha256-{digest}");
    assert!(
        page.contains(&format!(
            "docker pull a/b@sha256:{digest}\ndocker tag a/b@sha256:{digest} {to}\ndocker push {to}\n"
        )),
        "{page}"
    );
    assert!(!page.contains("docker pull api") && page.contains("docker tag api "), "{page}");
    assert_eq!(verdicts(&export, "spec.template.initContainers[0].image"), [Verdict::Approximated]);
}

#[test]
fn passwords_are_secrets_under_shorter_names_and_in_addresses_too() {
    let text = deployment(
        "web",
        "{ template: { container: { image: a:1, env: [{ name: DB_PASS, value: x }, { name: MYSQL_PWD, value: x }, { name: STORE, value: 'postgres://shop:x@db/shop' }, { name: PWD, value: /srv }, { name: COMPASS, value: north }, { name: SITE, value: 'http://shop@db:80/a:b@c' }] } } }",
    );
    let export = export(&text);
    let env = pod(&export, "Deployment/web", "/containers/0/env");
    let secret: Vec<&str> = env
        .as_array()
        .expect("variables")
        .iter()
        .filter(|it| it.get("valueFrom").is_some())
        .filter_map(|it| it.get("name").and_then(Value::as_str))
        .collect();
    assert_eq!(secret, ["DB_PASS", "MYSQL_PWD", "STORE"]);
    assert_eq!(at(&export, "Deployment/web", "/spec/template/spec/containers/0/env/3/value"), "/srv");
}
