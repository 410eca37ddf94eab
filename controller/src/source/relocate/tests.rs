use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use skiff_remote::git::Commit;

use super::normal;
use crate::git::Checkout;
use crate::source::tests::{Folder, deployment, key, names};
use crate::source::tree::TreeSource;
use crate::source::{GivenSource, Loaded, Problem, SourceOptions, SourceText, load};

/// `web`, which mounts `./page` read-only and says where that starts.
fn web(way: &str) -> String {
    let annotated = deployment("web", "nginx")
        .replace("name: web", &format!("name: web, annotations: {{ skiff.dev/paths-relative-to: {way} }}"));
    assert!(annotated.contains("paths-relative-to"), "{annotated}");
    format!(
        "{annotated}      volumeMounts: [{{ name: v, mountPath: /v }}]\n    volumes: [{{ name: v, hostPath: {{ path: ./page, readOnly: true }} }}]\n"
    )
}

fn complaints(loaded: &Loaded) -> Vec<String> {
    let at = |problem: &Problem| problem.span.map(|span| format!("{}: ", span.start.line)).unwrap_or_default();
    loaded.problems.iter().map(|problem| format!("{}{}", at(problem), problem.message)).collect()
}

fn base(loaded: &Loaded) -> PathBuf {
    loaded.objects.get(&key("web")).expect("web").base.clone()
}

#[test]
fn paths_start_where_the_document_says_and_are_kept_as_they_are_written() {
    let folder = Folder::new(&[("out/web.yaml", &web("../shop")), ("shop/page", "hello"), ("out/page", "other")]);
    let loaded = load(&SourceOptions { paths: vec![folder.path().join("out")], ..SourceOptions::default() });
    assert_eq!(complaints(&loaded), Vec::<String>::new());
    assert_eq!(base(&loaded), fs::canonicalize(folder.path()).expect("it is there").join("shop"));
    let content: Vec<&[u8]> = loaded.host_files.values().map(AsRef::as_ref).collect();
    assert_eq!(content, [b"hello"], "the file of the other folder counts as content");
    assert!(loaded.beside.files.iter().any(|file| file.ends_with("shop/page")), "and is watched");
}

#[test]
fn a_folder_of_manifests_that_is_a_link_has_the_parent_of_what_it_leads_to() {
    let folder = Folder::new(&[("deep/er/out/web.yaml", &web("../shop")), ("deep/er/shop/page", "hello")]);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("deep/er/out"), &link).expect("a link");
    let loaded = load(&SourceOptions { paths: vec![link], ..SourceOptions::default() });
    assert_eq!(base(&loaded), fs::canonicalize(folder.path()).expect("it is there").join("deep/er/shop"));
}

#[test]
fn a_way_from_the_root_is_refused_at_its_place() {
    let folder = Folder::new(&[("web.yaml", &web("/srv"))]);
    let loaded = folder.load();
    assert_eq!(names(&loaded), Vec::<String>::new());
    assert!(complaints(&loaded).concat().contains("cannot be `/srv`"), "{:?}", complaints(&loaded));
}

fn from_git(folder: &Folder) -> Loaded {
    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    let commit = Commit::parse(ID.parse().expect("an id"), "author Ann <a@e> 1 +0000\n\nSay hello");
    let ids = BTreeMap::from([("shop/page".to_owned(), "id-of-page".to_owned())]);
    let checkout = Checkout { commit, tree: folder.path().to_owned(), odd: Vec::new(), ids };
    let tree = TreeSource {
        checkout,
        name: "shop".to_owned(),
        named: false,
        root: "git+https://example.com/shop.git".into(),
        mounts: "/state/mounts".into(),
    };
    let paths = vec![folder.path().join("out")];
    load(&SourceOptions { paths, tree: Some(Arc::new(tree)), ..SourceOptions::default() })
}

#[test]
fn in_a_commit_the_way_stays_inside() {
    let folder = Folder::new(&[("out/web.yaml", &web("../shop")), ("shop/page", "hello")]);
    let loaded = from_git(&folder);
    assert_eq!((complaints(&loaded), base(&loaded)), (Vec::new(), folder.path().join("shop")));
    folder.write("out/web.yaml", web("../../etc"));
    let loaded = from_git(&folder);
    assert_eq!(names(&loaded), Vec::<String>::new());
    let said = complaints(&loaded).concat();
    assert!(said.ends_with("`skiff.dev/paths-relative-to: ../../etc` leads out of the repository"), "{said}");
    assert!(said.starts_with(char::is_numeric), "with its line: {said}");
}

#[test]
fn in_etcd_there_is_no_folder_to_start_from() {
    let text = SourceText { path: "/p/deployment/default/web".into(), text: web("../shop").into() };
    let given = GivenSource {
        name: "shop".to_owned(),
        named: false,
        root: "etcd:/p".into(),
        prefix: "/p".to_owned(),
        revision: 7,
        texts: vec![text],
        strangers: None,
    };
    let loaded = load(&SourceOptions { given: Some(Arc::new(given)), ..SourceOptions::default() });
    assert_eq!(names(&loaded), Vec::<String>::new());
    assert!(complaints(&loaded).concat().contains("a document in etcd has no folder"), "{:?}", complaints(&loaded));
}

#[test]
fn no_way_leads_above_the_root() {
    for (path, expected) in [("/a/./b/../c", Some("/a/c")), ("/a/..", Some("/")), ("/a/../..", None)] {
        assert_eq!(normal(path.as_ref()), expected.map(PathBuf::from), "{path}");
    }
}
