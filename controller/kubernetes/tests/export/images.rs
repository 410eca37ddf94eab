//! Images and what is secret about variables.

use crate::support::{Stack, at};
use crate::workloads::{deployment, export, pod, verdicts};
use serde_json::{Value, json};
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

fn built(image: &str) -> String {
    deployment("api", &format!("{{ template: {{ container: {{ image: '{image}', build: {{ context: . }} }} }} }}"))
}

#[test]
fn what_is_built_is_pushed_after_the_build_and_needs_a_registry_to_go_to() {
    let page = |image: &str, options: Options| {
        let source = Some("./shop".to_owned());
        let export = Stack::of(&built(image)).export_with(&Options { source, ..options });
        let context = verdicts(&export, "spec.template.container.build.context");
        (context, files(&export, &Shape::Plain).remove("REPORT.md").expect("a report"))
    };
    let (verdict, named) = page("reg.example.com/api", Options::default());
    assert_eq!(verdict, [Verdict::Approximated]);
    assert!(named.contains("```sh\nskiff build ./shop\ndocker push reg.example.com/api\n```"), "{named}");
    let (verdict, elsewhere) = page("api", there());
    assert_eq!(verdict, [Verdict::Approximated]);
    assert!(
        elsewhere.contains("```sh\nskiff build ./shop\ndocker tag api reg.example.com/apps/api:latest\n"),
        "{elsewhere}"
    );
    for nowhere in ["api", "localhost:5000/api"] {
        let (verdict, page) = page(nowhere, Options::default());
        assert_eq!(verdict, [Verdict::NeedsInput]);
        assert!(!page.contains("docker push") && page.contains("names no registry"), "{page}");
    }
}

#[test]
fn a_registry_that_may_ask_who_pulls_is_a_prerequisite_and_a_secret_answers_it() {
    let text = format!(
        "{}{}",
        deployment("own", "{ template: { container: { image: 'reg.example.com/own:1' } } }"),
        deployment("open", "{ template: { container: { image: 'quay.io/open:1' } } }")
    );
    let export = Stack::of(&text).export();
    let asks: Vec<_> = export.report.prerequisites.iter().map(|it| (it.kind.as_str(), it.name.as_str())).collect();
    assert_eq!(asks, [("Image registry", "reg.example.com")]);
    let options = || Options { image_pull_secret: Some("pull".to_owned()), ..Options::default() };
    let export = Stack::of(&text).export_with(&options());
    crate::support::decode::strictly(&export);
    let wrong = crate::support::references::complaints(&export);
    assert!(wrong.is_empty(), "{wrong:?}");
    for name in ["Deployment/own", "Deployment/open"] {
        assert_eq!(pod(&export, name, "/imagePullSecrets"), json!([{ "name": "pull" }]));
    }
    let own = export.report.prerequisites.iter().find(|it| it.why.contains("--docker-server=reg.example.com "));
    assert!(own.is_some_and(|it| (it.kind.as_str(), it.name.as_str()) == ("Secret", "pull")), "{own:?}");
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: { name: pull }\ntype: kubernetes.io/dockerconfigjson\nstringData: { .dockerconfigjson: '{}' }\n";
    let export = Stack::of(&format!("{text}{secret}")).export_with(&options());
    let name = pod(&export, "Deployment/own", "/imagePullSecrets/0/name");
    let names = crate::support::names(&export);
    assert!(names.iter().any(|it| it.strip_prefix("Secret/") == name.as_str()), "{name} is not among {names:?}");
    assert!(export.report.prerequisites.is_empty(), "it is among what is exported");
}

#[test]
fn a_password_in_a_command_is_told_without_its_text() {
    let text = deployment(
        "web",
        "{ template: { container: { image: a:1, command: [serve, --password=geheim, '--token-file=/t'], args: [--requirepass, geheim, 'postgres://a:geheim@db/x', '--password=$PASS'] }, initContainers: [{ name: i, args: [--db-password, geheim] }] } }",
    );
    let export = export(&text);
    let told: Vec<&str> =
        export.report.rows.iter().filter(|row| row.why.contains("password")).map(|row| row.key.as_str()).collect();
    let main = "spec.template.container";
    let expected = [format!("{main}.args[1]"), format!("{main}.args[2]"), format!("{main}.command[1]")];
    assert_eq!(told, [&expected[..], &["spec.template.initContainers[0].args[1]".to_owned()]].concat());
    let page = files(&export, &Shape::Plain).remove("REPORT.md").expect("a report");
    assert!(!page.contains("geheim"), "{page}");
}

#[test]
fn a_setting_that_is_a_password_is_a_secret() {
    let env = "{ template: { container: { image: a:1, env: [{ name: DSN, value: 'Server=db;Uid=shop;Pwd=hunter2' }, { name: APP_KEY, value: 'base64:x' }, { name: MODE, value: 'user=me password=$PW' }] } } }";
    let export = export(&deployment("web", env));
    let of =
        |index: usize| pod(&export, "Deployment/web", &format!("/containers/0/env/{index}/valueFrom/secretKeyRef/key"));
    assert_eq!((of(0), of(1), of(2)), (json!("DSN"), json!("APP_KEY"), Value::Null));
}
