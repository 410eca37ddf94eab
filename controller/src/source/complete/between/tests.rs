use super::super::tests::{FIRST, SECOND, broken, commit, completed, completed_beside, declares};
use super::*;
use crate::source::tests::{deployment, image, names};

const NETWORK: &str = "apiVersion: skiff.dev/v1\nkind: Network\nmetadata: { name: edge }\n";

fn config(keys: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: conf }}\ndata: {{ {keys} }}\n")
}

/// A deployment that publishes a port of the host.
fn publishing(name: &str, image: &str, port: u16) -> String {
    deployment(name, image) + &format!("      ports: [ {{ containerPort: 80, hostPort: {port} }} ]\n")
}

fn on_network(name: &str, image: &str) -> String {
    deployment(name, image) + "    networks: [ { name: edge } ]\n"
}

fn with_variable(name: &str, key: &str) -> String {
    let reference = format!("configMapKeyRef: {{ name: conf, key: {key} }}");
    deployment(name, "a:1") + &format!("      env: [ {{ name: MODE, valueFrom: {{ {reference} }} }} ]\n")
}

fn words(loaded: &Loaded) -> String {
    loaded.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn two(loads: Vec<Loaded>, goods: &[(&str, &Good)]) -> [Loaded; 2] {
    completed(loads, goods).try_into().expect("two sources")
}

/// What is known of a source that is not loaded.
fn known(loaded: &Loaded) -> Loaded {
    Loaded::remembered(&loaded.source, &loaded.good())
}

/// One source, beside another one that is known.
fn one(loaded: Loaded, beside: &Loaded, good: &Good) -> Loaded {
    let source = loaded.source.clone();
    let completed = completed_beside(vec![loaded], &[known(beside)], &[(&source, good)]);
    let [now] = completed.try_into().expect("what is known of others is no source");
    now
}

#[test]
fn an_object_names_what_a_source_declared_that_is_not_loaded_now() {
    let base = declares("base", &[("edge.yaml", NETWORK), ("conf.yaml", &config("mode: a"))]);
    let web = [("web.yaml", on_network("web", "web:1")), ("api.yaml", with_variable("api", "mode"))];
    let web: Vec<(&str, &str)> = web.iter().map(|(path, text)| (*path, text.as_str())).collect();
    for shop in [declares("shop", &web), commit(FIRST, declares("shop", &web))] {
        let now = one(shop, &base, &Good::default());
        assert_eq!((words(&now), now.objects.len()), (String::new(), 2));
    }
}

#[test]
fn ports_and_keys_of_a_source_that_is_not_loaded_are_as_they_are() {
    let base = declares("base", &[("conf.yaml", &config("mode: a")), ("web.yaml", &publishing("web", "web:1", 8080))]);
    let now = one(declares("shop", &[("api.yaml", &publishing("api", "api:1", 8080))]), &base, &Good::default());
    assert!(now.objects.is_empty());
    let told = words(&now);
    assert!(told.contains("of source `base` (") && told.contains("8080"), "{told}");
    let help = now.problems.first().and_then(|problem| problem.help.as_deref()).unwrap_or_default();
    assert!(help.contains("skiff down --source base") || help.contains("port"), "{help}");

    let now = one(declares("shop", &[("api.yaml", &with_variable("api", "colour"))]), &base, &Good::default());
    assert!(now.objects.is_empty() && words(&now).contains("no key `colour`"), "{}", words(&now));
}

#[test]
fn what_a_source_drops_that_is_not_loaded_needs_is_no_mistake_and_a_changed_key_is() {
    let shop =
        declares("shop", &[("web.yaml", &on_network("web", "web:1")), ("api.yaml", &with_variable("api", "mode"))]);
    let had = declares("base", &[("edge.yaml", NETWORK), ("conf.yaml", &config("mode: a"))]).good();
    let now = one(
        declares("base", &[("db.yaml", &deployment("db", "db:1")), ("conf.yaml", &config("mode: a"))]),
        &shop,
        &had,
    );
    assert_eq!((words(&now), now.objects.len()), (String::new(), 2), "the plan holds the removal");

    let now = one(declares("base", &[("edge.yaml", NETWORK), ("conf.yaml", &config("other: b"))]), &shop, &had);
    assert!(words(&now).contains("no key `mode`") && words(&now).contains("of source `shop` ("), "{}", words(&now));
    assert_eq!(now.objects.values().filter(|declared| declared.last_good).count(), 1);
}

#[test]
fn what_was_wrong_among_others_before_is_nothing_to_a_source() {
    let shop = declares("shop", &[("web.yaml", &on_network("web", "web:1"))]);
    let now = one(declares("blog", &[("db.yaml", &deployment("db", "db:1"))]), &shop, &Good::default());
    assert_eq!((words(&now), now.objects.len()), (String::new(), 1));
}

#[test]
fn a_secret_that_went_with_a_reboot_comes_back_with_its_source() {
    let secret = ObjectKey::new(skiff_api::Kind::Secret, "default", "db");
    let base = Loaded { source: "base".to_owned(), lost: [secret].into(), ..Loaded::default() };
    let env = "      envFrom: [ { secretRef: { name: db } } ]\n";
    let shop = declares("shop", &[("web.yaml", &(deployment("web", "web:1") + env))]);
    let [now] = completed_beside(vec![shop], &[base], &[]).try_into().expect("one");
    let help = now.problems.first().and_then(|problem| problem.help.as_deref()).unwrap_or_default();
    assert!(help.contains("comes back with source `base`"), "{help}");
}

#[test]
fn an_object_names_what_another_source_declares_whatever_the_sources_are() {
    let base = || {
        declares(
            "base",
            &[("edge.yaml", NETWORK), ("conf.yaml", &config("mode: a")), ("db.yaml", &deployment("db", "db:1"))],
        )
    };
    let web = on_network("web", "web:1").replace("spec:\n", "spec:\n  dependsOn: [ { name: db, condition: Ready } ]\n");
    let files = [("web.yaml", web.as_str()), ("api.yaml", &with_variable("api", "mode"))];
    for [base, shop] in [
        two(vec![base(), declares("shop", &files)], &[]),
        two(vec![commit(FIRST, base()), commit(SECOND, declares("shop", &files))], &[]),
    ] {
        assert_eq!((words(&base), words(&shop)), (String::new(), String::new()));
        assert_eq!((base.objects.len(), shop.objects.len()), (3, 2));
    }
}

#[test]
fn a_port_stays_with_the_source_that_had_it_though_its_object_changes_and_comes_last() {
    let had = declares("blog", &[("web.yaml", &publishing("web", "web:1", 8080))]).good();
    let before = declares("shop", &[("api.yaml", &publishing("api", "api:1", 8081))]).good();
    let loads = vec![
        declares("shop", &[("api.yaml", &publishing("api", "api:2", 8080))]),
        declares("blog", &[("web.yaml", &publishing("web", "web:2", 8080))]),
    ];
    let [shop, blog] = two(loads, &[("blog", &had), ("shop", &before)]);
    assert_eq!((image(&shop, "api"), image(&blog, "web")), ("api:1".to_owned(), "web:2".to_owned()));
    assert_eq!(words(&blog), "");
    let told = words(&shop);
    for part in [
        "deployment/default/api of source `shop` (",
        "api.yaml:1)",
        "deployment/default/web of source `blog` (",
        "8080",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let problem = shop.problems.first().expect("a problem");
    assert!(problem.span.is_some() && problem.help.is_some());
    assert_eq!(problem.object.as_ref().map(|object| object.name.as_str()), Some("api"));
}

#[test]
fn where_nobody_had_a_port_or_both_did_the_source_that_is_named_first_gets_it() {
    let says = |source: &str, name: &str| declares(source, &[("a.yaml", &publishing(name, "a:1", 8080))]);
    for (first, last) in [("api", "web"), ("web", "api")] {
        let goods = (says("one", first).good(), says("two", last).good());
        let had: [&[(&str, &Good)]; 2] = [&[], &[("one", &goods.0), ("two", &goods.1)]];
        for goods in had {
            let [one, two] = two(vec![says("one", first), says("two", last)], goods);
            assert_eq!((names(&one), names(&two)), (vec![format!("deployment/default/{first}")], vec![]));
            assert!(one.problems.is_empty() && words(&two).contains("of source `one`"), "{}", words(&two));
        }
    }
}

#[test]
fn a_container_has_one_name_whichever_source_wants_it() {
    let named = |source: &str, name: &str| {
        let text = deployment(name, "a:1").replace("  template:\n", "  template:\n    containerName: proxy\n");
        declares(source, &[("a.yaml", &text)])
    };
    let had = named("two", "web").good();
    let [one, two] = two(vec![named("one", "api"), named("two", "web")], &[("two", &had)]);
    assert_eq!((one.objects.len(), two.objects.len()), (0, 1));
    assert!(words(&one).contains("`proxy`"), "{}", words(&one));
}

#[test]
fn a_commit_that_wants_the_port_of_another_source_is_refused_whole() {
    let had = declares("blog", &[("web.yaml", &publishing("web", "web:1", 8080))]);
    let good = commit(FIRST, declares("shop", &[("api.yaml", &deployment("api", "api:1"))])).good();
    let next = [("api.yaml", publishing("api", "api:2", 8080)), ("db.yaml", deployment("db", "db:2"))];
    let next: Vec<(&str, &str)> = next.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let loads = vec![commit(SECOND, declares("shop", &next)), had.clone()];
    let [shop, blog] = two(loads, &[("shop", &good), ("blog", &had.good())]);
    assert_eq!((image(&shop, "api"), shop.objects.len(), blog.objects.len()), ("api:1".to_owned(), 1, 1));
    assert_eq!(shop.refused.as_ref().map(|commit| commit.id.as_str()), Some(SECOND));
    assert_eq!((shop.revision.as_deref(), words(&blog)), (Some(FIRST), String::new()));
}

#[test]
fn nobody_loses_to_a_commit_that_is_itself_refused() {
    // The second source has two ports that it never had: one is the first source's, of the other the third one has nobody to fear.
    let first = declares("first", &[("a.yaml", &publishing("a", "a:1", 8080))]);
    let both = deployment("b", "b:1")
        + "      ports: [ { containerPort: 80, hostPort: 8080 }, { containerPort: 81, hostPort: 8081 } ]\n";
    let third = declares("third", &[("c.yaml", &publishing("c", "c:1", 8081))]);
    let loads = vec![first, commit(FIRST, declares("second", &[("b.yaml", &both)])), third];
    let all = completed(loads, &[]);
    let counts: Vec<(usize, usize)> = all.iter().map(|loaded| (loaded.objects.len(), loaded.problems.len())).collect();
    assert_eq!(counts.first(), Some(&(1, 0)));
    assert_eq!(counts.get(1).map(|(objects, _)| *objects), Some(0));
    assert_eq!(counts.get(2), Some(&(1, 0)));
}

#[test]
fn what_leaves_a_source_stays_while_another_one_uses_it() {
    let had = declares("base", &[("edge.yaml", NETWORK), ("db.yaml", &deployment("db", "db:1"))]).good();
    let shop = declares("shop", &[("web.yaml", &on_network("web", "web:1"))]);
    let goods = [("base", &had), ("shop", &shop.good())];
    let [base, shop] = two(vec![declares("base", &[("db.yaml", &deployment("db", "db:2"))]), shop], &goods);
    assert_eq!(names(&base), ["network/default/edge", "deployment/default/db"]);
    assert_eq!((image(&base, "db"), words(&shop)), ("db:2".to_owned(), String::new()));
    let told = words(&base);
    assert!(
        told.contains("deployment/default/web of source `shop` (")
            && told.contains("network/default/edge of source `base`"),
        "{told}"
    );
}

#[test]
fn a_key_that_another_source_uses_stays_and_one_that_never_was_does_not_come() {
    let base = |keys: &str| declares("base", &[("conf.yaml", &config(keys))]);
    let shop = |key: &str| declares("shop", &[("web.yaml", &with_variable("web", key))]);
    let goods = (base("mode: a").good(), shop("mode").good());
    let goods = [("base", &goods.0), ("shop", &goods.1)];
    let [kept, shop_now] = two(vec![base("other: b"), shop("mode")], &goods);
    assert!(
        kept.objects.values().all(|declared| declared.last_good) && words(&kept).contains("no key `mode`"),
        "{}",
        words(&kept)
    );
    assert_eq!(words(&shop_now), "");

    let [base_now, shop] = two(vec![base("mode: a"), shop("colour")], &goods);
    assert_eq!(words(&base_now), "");
    assert!(
        shop.objects.values().all(|declared| declared.last_good) && words(&shop).contains("no key `colour`"),
        "{}",
        words(&shop)
    );
}

#[test]
fn a_mistake_of_one_source_is_none_of_another_that_names_the_object_while_its_last_good_version_is_there() {
    let had = declares("base", &[("edge.yaml", NETWORK)]).good();
    let shop = || declares("shop", &[("web.yaml", &on_network("web", "web:1"))]);
    let wrong = || broken(declares("base", &[("edge.yaml", "kind: [")]));
    let [base, now] = two(vec![wrong(), shop()], &[("base", &had)]);
    assert_eq!((base.objects.len(), now.objects.len(), words(&now)), (1, 1, String::new()));

    let [_, now] = two(
        vec![declares("base", &[("edge.yaml", &NETWORK.replace("metadata", "spec: { bad: 1 }\nmetadata"))]), shop()],
        &[],
    );
    assert_eq!(now.objects.len(), 0);
    assert!(words(&now).contains("there is no Network `edge`"), "{}", words(&now));
}

#[test]
fn sources_that_wait_for_each_other_are_a_cycle_that_the_newcomer_breaks() {
    let waits = |name: &str, other: &str| {
        deployment(name, "a:1").replace("spec:\n", &format!("spec:\n  dependsOn: [ {{ name: {other} }} ]\n"))
    };
    let had = declares("one", &[("a.yaml", &deployment("a", "a:1"))]).good();
    let two_had = declares("two", &[("b.yaml", &waits("b", "a"))]);
    let loads = vec![declares("one", &[("a.yaml", &waits("a", "b"))]), two_had.clone()];
    let [one, two] = two(loads, &[("one", &had), ("two", &two_had.good())]);
    assert!(words(&one).contains("wait for each other") && two.problems.is_empty(), "{}", words(&one));
    assert_eq!((one.objects.len(), two.objects.len()), (1, 1));
}
