//! Compose projects among manifests.

use super::*;
use crate::source::ComposeOptions;

const STACK: &str =
    "services:\n  web:\n    image: shop/web:${TAG:-1}\n    depends_on: [db]\n  db:\n    image: shop/db:1\n";

fn key_in(namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, namespace, name)
}

fn image_in(loaded: &Loaded, namespace: &str, name: &str) -> String {
    match loaded.objects.get(&key_in(namespace, name)).map(|declared| &declared.object) {
        Some(Object::Deployment(deployment)) => deployment.spec.template.container.image.clone(),
        other => format!("{other:?}"),
    }
}

fn deployments(loaded: &Loaded) -> Vec<String> {
    names(loaded).into_iter().filter(|name| name.starts_with("deployment/")).collect()
}

#[test]
fn a_folder_whose_variables_name_its_compose_files_is_a_project() {
    let folder = Folder::new(&[
        ("shop/.env", "# which\nexport COMPOSE_FILE=stack.yaml\n"),
        ("shop/stack.yaml", STACK),
        ("plain/.env", "COMPOSE_FILES=stack.yaml\n"),
    ]);
    let loaded = folder.load();
    assert_eq!(loaded.problems, []);
    assert_eq!(deployments(&loaded), ["deployment/shop/db", "deployment/shop/web"]);
}

#[test]
fn variables_that_are_a_fifo_are_not_waited_for() {
    let folder = Folder::new(&[("native.yaml", &deployment("one", "a:1"))]);
    let path = folder.path().join(".env");
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).expect("a FIFO");
    assert_eq!(deployments(&folder.load()), ["deployment/default/one"]);
}

#[test]
fn every_project_in_a_tree_is_a_namespace_beside_manifests() {
    let folder = Folder::new(&[
        ("native.yaml", &deployment("one", "a:1")),
        ("shop/compose.yaml", STACK),
        ("shop/compose.override.yml", "services: { web: { environment: { A: b } } }"),
        ("blog/docker-compose.yml", STACK),
    ]);
    let loaded = folder.load();
    assert_eq!((&loaded.problems, &loaded.warnings), (&vec![], &vec![]));
    assert_eq!(
        deployments(&loaded),
        [
            "deployment/blog/db",
            "deployment/blog/web",
            "deployment/default/one",
            "deployment/shop/db",
            "deployment/shop/web",
        ]
    );
    let db = &loaded.objects.get(&key_in("shop", "db")).expect("a service").origin;
    assert_eq!((db.file.as_path(), db.line), (folder.path().join("shop/compose.yaml").as_path(), 5));
}

#[test]
fn beside_a_compose_file_only_manifests_of_skiff_count_and_below_it_nothing() {
    let folder = Folder::new(&[
        ("compose.yaml", STACK),
        ("extra.yaml", &deployment("extra", "a:1")),
        ("prometheus.yml", "global: { scrape_interval: 5s }"),
        ("broken.json", "{"),
        ("k8s/app.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }"),
    ]);
    let options = SourceOptions { default_namespace: Some("shop".to_owned()), ..folder.options() };
    let loaded = load_with(&options, &mut empty());
    assert_eq!((&loaded.problems, &loaded.warnings), (&vec![], &vec![]));
    assert_eq!(deployments(&loaded), ["deployment/shop/db", "deployment/shop/extra", "deployment/shop/web"]);
}

#[test]
fn files_that_are_named_are_one_project_whose_folder_names_the_source() {
    let folder = Folder::new(&[
        ("shop/compose.yaml", STACK),
        ("shop/compose.prod.yaml", "services: { web: { image: shop/web:prod } }"),
        ("shop/stack.yml", STACK),
    ]);
    let load = |names: &[&str]| {
        let paths = names.iter().map(|name| folder.path().join("shop").join(name)).collect();
        load_with(&SourceOptions { paths, ..SourceOptions::default() }, &mut empty())
    };
    let both = load(&["compose.yaml", "compose.prod.yaml"]);
    assert_eq!((both.problems.len(), both.source.as_str()), (0, "shop"));
    assert_eq!(image_in(&both, "shop", "web"), "shop/web:prod");
    let by_content = load(&["stack.yml"]);
    assert_eq!((by_content.problems.len(), by_content.source.as_str()), (0, "stack"));
    assert_eq!(image_in(&by_content, "shop", "web"), "shop/web:1");
}

#[test]
fn files_that_are_named_are_laid_over_each_other_whatever_they_are_called() {
    let folder = Folder::new(&[
        ("shop/compose.yaml", STACK),
        ("shop/prod.yaml", "services: { web: { image: shop/web:prod }, extra: { image: b } }"),
        ("shop/nets.yaml", "networks: { front: {} }"),
        ("shop/compose.last.yaml", "services: { web: { image: shop/web:last } }"),
    ]);
    let load = |names: &[&str]| {
        let paths = names.iter().map(|name| folder.path().join("shop").join(name)).collect();
        load_with(&SourceOptions { paths, ..SourceOptions::default() }, &mut empty())
    };
    let over = load(&["compose.yaml", "prod.yaml", "nets.yaml"]);
    assert_eq!((&over.problems, over.source.as_str()), (&vec![], "shop"));
    assert_eq!(image_in(&over, "shop", "web"), "shop/web:prod");
    assert_eq!(deployments(&over), ["deployment/shop/db", "deployment/shop/extra", "deployment/shop/web"]);
    let in_order = load(&["prod.yaml", "compose.last.yaml", "compose.yaml"]);
    assert_eq!(image_in(&in_order, "shop", "web"), "shop/web:1");
    let last = load(&["compose.yaml", "prod.yaml", "compose.last.yaml"]);
    assert_eq!(image_in(&last, "shop", "web"), "shop/web:last");
}

#[test]
fn what_another_project_includes_is_no_project_of_its_own() {
    let folder = Folder::new(&[
        ("shop/compose.yaml", "include: [db/compose.yaml]\nservices: { web: { image: a } }"),
        ("shop/db/compose.yaml", "services: { db: { image: b } }"),
    ]);
    assert_eq!(deployments(&folder.load()), ["deployment/shop/db", "deployment/shop/web"]);
}

#[test]
fn everything_that_a_project_reads_is_watched_and_changes_the_fingerprint() {
    let folder = Folder::new(&[
        ("shop/compose.yaml", "services: { web: { image: 'a:${TAG:-1}', env_file: [../web.env] } }"),
        ("web.env", "A=1"),
    ]);
    let before = folder.load();
    for file in ["shop/.env", "web.env", "shop/compose.yaml"] {
        assert!(before.beside.files.contains(&folder.path().join(file)), "{file}: {:?}", before.beside.files);
    }
    assert_eq!(folder.load().fingerprint, before.fingerprint);
    folder.write("shop/.env", "TAG=2");
    let after = folder.load();
    assert_ne!(after.fingerprint, before.fingerprint);
    assert_eq!(image_in(&after, "shop", "web"), "a:2");
    folder.write("web.env", "A=2");
    assert_ne!(folder.load().fingerprint, after.fingerprint);
}

#[test]
fn a_variable_that_is_not_set_is_a_warning_and_to_whoever_runs_unattended_a_problem() {
    let folder = Folder::new(&[("shop/compose.yaml", "services: { web: { image: 'a:${TAG}' } }")]);
    let loaded = folder.load();
    assert_eq!(places(&folder, &loaded.warnings), ["shop/compose.yaml:1:27 InvalidCompose"]);
    let compose = ComposeOptions { unset_is_a_problem: true, ..ComposeOptions::default() };
    let unattended = load_with(&SourceOptions { compose, ..folder.options() }, &mut empty());
    let places = places(&folder, &unattended.problems);
    assert!(
        !places.is_empty() && places.iter().all(|place| place == "shop/compose.yaml:1:27 InvalidCompose"),
        "{places:?}"
    );
    assert_eq!(deployments(&unattended), [""; 0]);
}

#[test]
fn a_mistake_keeps_the_last_good_services_and_a_warning_does_not() {
    let folder = Folder::new(&[("shop/compose.yaml", STACK)]);
    let good = folder.load().good();
    folder.write("shop/compose.yaml", "services: { web: { image: 'shop/web:2', bogus: 1 } }");
    let loaded = merge_last_good(folder.load(), &good, &skiff_core::Instance::default());
    assert_eq!(places(&folder, &loaded.problems).len(), 1);
    assert_eq!(deployments(&loaded), ["deployment/shop/db", "deployment/shop/web"]);
    assert_eq!(image_in(&loaded, "shop", "web"), "shop/web:1");
    folder.write("shop/compose.yaml", "services: { web: { image: 'shop/web:2${NOT_SET}' } }");
    let loaded = merge_last_good(folder.load(), &good, &skiff_core::Instance::default());
    assert_eq!((loaded.problems.len(), loaded.warnings.len()), (0, 1));
    assert_eq!(image_in(&loaded, "shop", "web"), "shop/web:2");
}

#[test]
fn what_does_not_fit_together_is_told_in_the_words_of_compose() {
    let told = |files: &[(&str, &str)]| {
        let loaded = merge_last_good(
            Folder::new(files).load(),
            &crate::state::Good::default(),
            &skiff_core::Instance::default(),
        );
        let line = |problem: &Problem| {
            let related = problem.related.iter().map(|related| format!("; {}", related.message));
            format!(
                "{}{} ({})",
                problem.message,
                related.collect::<String>(),
                problem.help.as_deref().unwrap_or_default()
            )
        };
        loaded.problems.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let services =
        "services:\n  web_1: { image: i, network_mode: 'service:api' }\n  api: { image: i, volumes_from: [web_1] }\n";
    let clash = "services:\n  web: { image: i, ports: ['80:80'] }\n  api: { image: i, ports: ['80:81'], networks: [n] }\nnetworks: { n: }\n";
    let other = "services: { proxy: { image: i, ports: ['80:80'] } }";
    insta::assert_snapshot!([
        told(&[("compose.yaml", services)]),
        told(&[("shop/compose.yaml", clash), ("blog/compose.yaml", other)]),
    ].join("\n"), @r"
    objects wait for each other: service `api` → service `web_1` → service `api`; service `web_1` waits for service `api` (take one of the dependencies away)
    host port 80 is published by service `api` too; host port 80 is published here (take another port, or another `host_ip`)
    host port 80 is published by service `proxy` of `blog` too; host port 80 is published here (take another port, or another `host_ip`)
    host port 80 is published by service `proxy` of `blog` too; host port 80 is published here (take another port, or another `host_ip`)
    ");
}

#[test]
fn an_overlay_is_laid_over_services() {
    let patch =
        "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: web, namespace: base }\nspec: { replicas: 3 }\n";
    let folder = Folder::new(&[("base/compose.yaml", STACK), ("overlays/prod/web.yaml", patch)]);
    let loaded = folder.overlaid(&["prod"]);
    assert_eq!(loaded.problems, vec![]);
    let web = loaded.objects.get(&key_in("base", "web")).map(|declared| &declared.object);
    assert!(matches!(web, Some(Object::Deployment(web)) if web.spec.replicas == Some(3)), "{web:?}");
}

#[test]
fn two_projects_that_come_to_one_namespace_are_told_what_to_do() {
    let stack = "services: { web: { image: a } }";
    let folder = Folder::new(&[("my-proj/compose.yaml", stack), ("my_proj/compose.yaml", stack)]);
    let told = folder.load().problems;
    let web = told.iter().find(|problem| problem.object == Some(key_in("my-proj", "web"))).expect("a problem");
    let expected =
        "deployment/my-proj/web is declared 2 times: several Compose projects come to the namespace `my-proj`";
    assert_eq!(web.message, expected);
    assert!(web.help.as_ref().is_some_and(|help| help.starts_with("write `name: OTHER`")), "{:?}", web.help);
}

#[test]
fn a_warning_stays_one_beside_a_mistake_of_the_same_file() {
    let folder = Folder::new(&[("shop/compose.yaml", STACK)]);
    let good = folder.load().good();
    let broken = format!("{STACK}  bad: {{ image: a, domainname: '${{UNSET}}', networks: [nowhere] }}\n");
    folder.write("shop/compose.yaml", &broken);
    let loaded = merge_last_good(folder.load(), &good, &skiff_core::Instance::default());
    let told = |problems: &[Problem]| problems.iter().map(|it| it.message.clone()).collect::<Vec<_>>();
    assert_eq!(told(&loaded.problems), ["there is no network `nowhere`"]);
    assert_eq!(told(&loaded.warnings), ["the variable `UNSET` is not set and counts as empty"]);
}

#[test]
fn a_hook_without_time_is_a_warning_at_its_line() {
    let hook = "lifecycle: { preStop: { exec: { command: [a] } } }";
    let text = format!(
        "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: a }}\nspec:\n  template:\n    \
         terminationGracePeriodSeconds: 0\n    container: {{ image: a, {hook} }}\n"
    );
    let loaded = Folder::new(&[("a.yaml", &text)]).load();
    assert_eq!((loaded.problems.len(), loaded.objects.len()), (0, 1));
    let lines: Vec<_> = loaded.warnings.iter().map(|it| it.span.map(|span| span.start.line)).collect();
    assert_eq!(lines, [Some(6)], "{:?}", loaded.warnings);
}
