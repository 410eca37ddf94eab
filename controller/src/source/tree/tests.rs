use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use skiff_remote::git::{Commit, Oddity};

use super::*;
use crate::source::tests::{Folder, deployment, key, names};
use crate::source::{SourceOptions, load};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// A commit that holds the files of a folder.
fn source(folder: &Folder, odd: Vec<Oddity>) -> TreeSource {
    let mut ids = BTreeMap::new();
    collect(folder.path(), folder.path(), &mut ids);
    let commit = Commit::parse(ID.parse().expect("an id"), "author Ann <a@e> 1 +0000\n\nRaise the limit");
    TreeSource {
        checkout: Checkout { commit, tree: folder.path().to_owned(), odd, ids },
        name: "shop".to_owned(),
        named: false,
        root: "git+https://example.com/shop.git".into(),
        mounts: "/state/mounts".into(),
    }
}

fn collect(root: &Path, folder: &Path, ids: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let inner = path.strip_prefix(root).expect("inside").display().to_string();
        ids.insert(inner.clone(), format!("id-of-{}", inner.replace('/', "-")));
        if path.is_dir() {
            collect(root, &path, ids);
        }
    }
}

fn load_below(folder: &Folder, path: &str, odd: Vec<Oddity>) -> Loaded {
    let paths = vec![if path.is_empty() { folder.path().to_owned() } else { folder.path().join(path) }];
    load(&SourceOptions { paths, tree: Some(Arc::new(source(folder, odd))), ..SourceOptions::default() })
}

fn mounting(path: &str, read_only: bool) -> String {
    let mounts = "      volumeMounts: [{ name: v, mountPath: /v }]\n";
    let volumes = format!("    volumes: [{{ name: v, hostPath: {{ path: {path}, readOnly: {read_only} }} }}]\n");
    format!("{}{mounts}{volumes}", deployment("web", "nginx"))
}

fn host_path(loaded: &Loaded) -> String {
    let declared = loaded.objects.get(&key("web")).expect("web");
    host_files::all(&declared.object).next().expect("a host path").path.clone()
}

fn complaints(loaded: &Loaded) -> Vec<String> {
    let at = |problem: &Problem| problem.span.map(|span| format!(":{}", span.start.line)).unwrap_or_default();
    let file = |problem: &Problem| problem.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    loaded.problems.iter().map(|problem| format!("{}{}: {problem}", file(problem), at(problem))).collect()
}

#[test]
fn a_load_is_of_its_commit_and_files_are_called_as_git_calls_them() {
    let wrong = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: db }\nspec: { replicaz: 1 }\n";
    let folder = Folder::new(&[("web.yaml", &deployment("web", "nginx")), ("db.yaml", wrong)]);
    let loaded = load_below(&folder, "", Vec::new());
    assert_eq!((loaded.source.as_str(), loaded.revision.as_deref()), ("shop", Some(ID)));
    assert_eq!(loaded.places().get(&key("web")).map(String::as_str), Some("0123456:web.yaml:1"));
    let complaints = complaints(&loaded);
    assert!(complaints.iter().all(|complaint| complaint.starts_with("0123456:db.yaml:4: ")), "{complaints:?}");
    assert!(!complaints.is_empty());
    assert_eq!(loaded.roots, [PathBuf::from("git+https://example.com/shop.git")]);
}

#[test]
fn a_small_file_is_content_and_a_folder_is_mounted_from_a_copy_that_is_named_by_what_it_holds() {
    let folder = Folder::new(&[("app/web.yaml", &mounting("../conf/./nginx.conf", true)), ("conf/nginx.conf", "x")]);
    let loaded = load_below(&folder, "app", Vec::new());
    assert_eq!((host_path(&loaded), loaded.mounts.len()), ("../conf/./nginx.conf".to_owned(), 0));
    folder.write("app/web.yaml", mounting("../conf", true));
    let loaded = load_below(&folder, "app", Vec::new());
    assert_eq!(host_path(&loaded), "/state/mounts/id-of-conf");
    assert_eq!(loaded.mounts, BTreeMap::from([("/state/mounts/id-of-conf".into(), folder.path().join("conf"))]));
}

#[test]
fn what_could_be_written_to_leads_out_or_is_not_there_is_refused_at_its_line() {
    for (path, read_only, expected) in [
        ("./data", false, "is relative and may be written to"),
        ("../../../etc", true, "leads out of the repository"),
        ("./conf", true, "there is no `conf` in the commit"),
    ] {
        let folder = Folder::new(&[("web.yaml", &mounting(path, read_only)), ("data/x", "")]);
        let loaded = load_below(&folder, "", Vec::new());
        let complaints = complaints(&loaded);
        let is_it = |it: &String| it.starts_with("0123456:web.yaml:9: ") && it.contains(expected);
        assert!(complaints.iter().any(is_it), "{complaints:?}");
        assert!(names(&loaded).is_empty());
    }
    let folder = Folder::new(&[("web.yaml", &mounting("/srv/data", false))]);
    assert_eq!(host_path(&load_below(&folder, "", Vec::new())), "/srv/data", "a folder of the host is its own");
}

#[test]
fn what_was_left_out_is_a_mistake_only_where_manifests_are() {
    let odd = |path: &str| vec![Oddity { path: path.to_owned(), what: "is a submodule", help: "help" }];
    let folder = Folder::new(&[("app/web.yaml", &deployment("web", "nginx")), ("docs/x", "")]);
    let of = |path: &str| complaints(&load_below(&folder, "app", odd(path)));
    assert_eq!(of("app/module"), ["0123456:app/module: it is a submodule"]);
    assert_eq!(of("docs/theme"), Vec::<String>::new());
    assert_eq!(of("app/.vendor"), Vec::<String>::new(), "hidden folders hold no manifests");
}
