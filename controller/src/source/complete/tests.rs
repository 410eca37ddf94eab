use std::path::PathBuf;

use skiff_remote::git::Commit;

use super::*;
use crate::source::tests::{Folder, deployment, key, names};
use crate::source::{SourceOptions, load};

pub(super) const FIRST: &str = "1111111111111111111111111111111111111111";
pub(super) const SECOND: &str = "2222222222222222222222222222222222222222";

/// A source of some files.
pub(super) fn declares(source: &str, files: &[(&str, &str)]) -> Loaded {
    let folder = Folder::new(files);
    load(&SourceOptions { name: Some(source.to_owned()), ..folder.options() })
}

/// A source of some deployments with their images.
pub(super) fn says(source: &str, images: &[(&str, &str)]) -> Loaded {
    let files: Vec<(String, String)> =
        images.iter().map(|(name, image)| (format!("{name}.yaml"), deployment(name, image))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    declares(source, &files)
}

pub(super) fn commit(id: &str, loaded: Loaded) -> Loaded {
    let commit = Commit::parse(id.parse().expect("an id"), "\n\nWords");
    let roots = vec![PathBuf::from("git+https://example.com/shop.git")];
    Loaded { revision: Some(id.to_owned()), commit: Some(commit), roots, ..loaded }
}

pub(super) fn broken(loaded: Loaded) -> Loaded {
    Loaded { problems: vec![Problem::of_source(reason::INVALID_OBJECT, "it is wrong")], ..loaded }
}

pub(super) fn completed(loads: Vec<Loaded>, goods: &[(&str, &Good)]) -> Vec<Loaded> {
    completed_beside(loads, &[], goods)
}

/// As [`completed`], beside what is known of other sources.
pub(super) fn completed_beside(loads: Vec<Loaded>, known: &[Loaded], goods: &[(&str, &Good)]) -> Vec<Loaded> {
    let good = |source: &str| goods.iter().find(|(name, _)| *name == source).map(|(_, good)| (*good).clone());
    let good = |source: &str| good(source).unwrap_or_default();
    let completed = complete_beside(loads, known.to_vec(), &good, &Instance::default());
    let objects = known.iter().chain(&completed).flat_map(|loaded| &loaded.objects);
    let objects = objects.map(|(key, declared)| (key.clone(), declared.object.clone())).collect();
    let mut complaints = skiff_api::validate_set(&objects, &Instance::default());
    // What others lack is nothing to what is loaded.
    complaints.retain(|complaint| completed.iter().any(|loaded| loaded.objects.contains_key(&complaint.object)));
    assert_eq!(complaints, [], "what is in force fits together");
    completed
}

fn image(loaded: &Loaded, name: &str) -> String {
    crate::source::tests::image(loaded, name)
}

#[test]
fn a_commit_is_in_force_whole_or_the_last_good_one_stays() {
    let good = commit(FIRST, says("shop", &[("web", "v1"), ("db", "v1")])).good();
    let next = broken(commit(SECOND, says("shop", &[("web", "v2"), ("cache", "v2")])));
    let [now] = completed(vec![next], &[("shop", &good)]).try_into().expect("one");
    assert_eq!(names(&now), ["deployment/default/db", "deployment/default/web"]);
    assert_eq!((image(&now, "web"), now.revision.as_deref()), ("v1".to_owned(), Some(FIRST)));
    assert_eq!(now.refused.as_ref().map(|commit| commit.id.as_str()), Some(SECOND));
    assert_eq!(now.good(), good, "what is good stays good");

    let healed = commit(SECOND, says("shop", &[("web", "v2")]));
    let [now] = completed(vec![healed], &[("shop", &good)]).try_into().expect("one");
    assert_eq!((image(&now, "web"), now.revision.as_deref(), now.refused), ("v2".to_owned(), Some(SECOND), None));
}

#[test]
fn nothing_of_a_first_commit_with_a_mistake_is_in_force() {
    let [now] = completed(vec![broken(commit(FIRST, says("shop", &[("web", "v1")])))], &[]).try_into().expect("one");
    assert!(now.objects.is_empty() && !now.problems.is_empty());
}

#[test]
fn files_fall_back_one_by_one() {
    let good = says("shop", &[("web", "v1"), ("db", "v1")]).good();
    let [now] = completed(vec![broken(says("shop", &[("web", "v2")]))], &[("shop", &good)]).try_into().expect("one");
    assert_eq!((image(&now, "web"), image(&now, "db")), ("v2".to_owned(), "v1".to_owned()));
}

#[test]
fn an_object_of_two_sources_stays_with_the_one_that_had_it_and_the_problem_names_both() {
    let good = says("blog", &[("web", "blog")]).good();
    let loads = vec![says("shop", &[("web", "shop"), ("db", "shop")]), says("blog", &[("web", "blog")])];
    let [shop, blog] = completed(loads, &[("blog", &good)]).try_into().expect("two");
    assert_eq!(
        (names(&shop), names(&blog)),
        (vec!["deployment/default/db".to_owned()], vec!["deployment/default/web".to_owned()])
    );
    assert_eq!(blog.problems, []);
    let words: Vec<String> = shop.problems.iter().map(ToString::to_string).collect();
    let words = words.join("\n");
    assert!(words.contains("source `shop` declares deployment/default/web, which source `blog` has ("), "{words}");
    assert!(words.contains("web.yaml:1)"), "{words}");
    assert!(shop.problems.iter().all(|problem| problem.span.is_some()));
}

#[test]
fn where_nobody_had_it_the_first_one_named_gets_it_and_a_commit_that_claims_it_is_refused_whole() {
    let loads = vec![says("shop", &[("web", "shop")]), commit(FIRST, says("blog", &[("web", "blog"), ("db", "blog")]))];
    let [shop, blog] = completed(loads, &[]).try_into().expect("two");
    assert_eq!((image(&shop, "web"), names(&blog)), ("shop".to_owned(), Vec::new()));
    assert!(key("web").name == "web" && blog.refused.is_some());
}

#[test]
fn what_a_source_had_once_does_not_come_back_to_it_when_it_is_anothers_now() {
    let good = says("shop", &[("web", "old"), ("db", "old")]).good();
    let had = says("blog", &[("web", "blog")]).good();
    let loads = vec![says("blog", &[("web", "blog")]), broken(says("shop", &[("db", "new")]))];
    let [blog, shop] = completed(loads, &[("shop", &good), ("blog", &had)]).try_into().expect("two");
    assert_eq!((names(&blog).len(), names(&shop)), (1, vec!["deployment/default/db".to_owned()]));
}
