//! What a pull writes, and what it leaves alone.

use super::*;
use crate::cli::push::address;

fn documents(keys: &[&str]) -> Documents {
    Documents {
        texts: keys.iter().map(|key| ((*key).to_owned(), format!("# {key}\n"))).collect(),
        ..Documents::default()
    }
}

#[test]
fn each_object_has_a_file_and_what_names_none_or_leads_away_has_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = documents(&["/p/deployment/a/web", "/p/other", "/p/deployment/../..", "/p/job/a/Not a name"]);
    let pulled = write(&documents, &address("etcd://h/p").expect("an address"), &folder.path().join("new"));
    assert_eq!(pulled.expect("it is written"), Pulled { written: 1, ..Pulled::default() });
    assert!(folder.path().join("new/a.web.deployment.yaml").exists());
}

#[test]
fn what_a_pull_wrote_goes_with_its_document_and_nothing_else_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let pull = |from: &str, keys: &[&str]| {
        write(&documents(keys), &address(from).expect("an address"), folder.path()).expect("it is written")
    };
    let there = |name: &str| folder.path().join(name).exists();
    pull("etcd://h/p", &["/p/deployment/a/web", "/p/deployment/a/db", "/p/deployment/a/api"]);
    std::fs::write(folder.path().join("own.yaml"), "mine").expect("a file");
    std::fs::write(folder.path().join("a.db.deployment.yaml"), "edited").expect("a file");
    let all = documents(&["/p/deployment/a/web", "/p/deployment/a/db", "/p/deployment/a/api"]);
    let refused = write(&all, &address("etcd://h/p").expect("an address"), folder.path());
    assert!(refused.is_err_and(|error| error.to_string().contains("a.db.deployment.yaml would be written over")));
    let less = pull("etcd://g/p", &["/p/deployment/a/api"]);
    assert_eq!(less, Pulled { written: 1, removed: 1, left: vec!["a.db.deployment.yaml".to_owned()] });
    let names = ["own.yaml", "a.api.deployment.yaml", "a.db.deployment.yaml"];
    assert!(names.iter().all(|name| there(name)) && !there("a.web.deployment.yaml"));
}

#[test]
fn a_pull_that_breaks_off_is_made_whole_by_the_next_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = |name: &str| folder.path().join(name);
    let pull = |keys: &[&str]| write(&documents(keys), &address("etcd://h/p").expect("an address"), folder.path());
    // It breaks off: a folder stands where the second file is to be.
    std::fs::create_dir(there("a.two.job.yaml")).expect("a folder");
    pull(&["/p/job/a/one", "/p/job/a/two"]).expect_err("it cannot be written");
    assert!(there("a.one.job.yaml").exists());
    std::fs::remove_dir(there("a.two.job.yaml")).expect("a folder");
    let other = Documents { texts: BTreeMap::from([("/p/job/a/one".to_owned(), "new".to_owned())]), ..documents(&[]) };
    let pulled = write(&other, &address("etcd://h/p").expect("an address"), folder.path());
    assert_eq!(pulled.expect("it is its own"), Pulled { written: 1, ..Pulled::default() });
    assert_eq!(pull(&[]).expect("it goes").removed, 1);
}

#[test]
fn a_link_is_somebodys_and_is_not_followed() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let target = outside.path().join("made.yaml");
    std::os::unix::fs::symlink(&target, folder.path().join("a.one.job.yaml")).expect("a link");
    let refused = write(&documents(&["/p/job/a/one"]), &address("etcd://h/p").expect("an address"), folder.path());
    assert!(refused.is_err_and(|error| error.to_string().contains("a.one.job.yaml would be written over")));
    assert!(!target.exists());
}

#[test]
fn several_prefixes_are_pulled_into_one_folder_and_each_knows_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let same = |keys: &[&str]| Documents {
        texts: keys.iter().map(|key| ((*key).to_owned(), "# same\n".to_owned())).collect(),
        ..Documents::default()
    };
    let pull = |from: &str, keys: &[&str]| {
        let pulled = write(&same(keys), &address(from).expect("an address"), folder.path()).expect("it is written");
        (pulled.written, pulled.removed)
    };
    let there = |name: &str| folder.path().join(name).exists();
    pull("etcd://h/p", &["/p/job/a/one", "/p/job/a/both"]);
    assert_eq!(pull("etcd://h/q", &["/q/job/a/other", "/q/job/a/both"]), (2, 0), "what others brought is not missed");
    assert_eq!(pull("etcd://h/p", &[]), (0, 1), "its own file is still known, and what another one brought stays");
    assert!(there("a.both.job.yaml") && there("a.other.job.yaml") && !there("a.one.job.yaml"));
    assert_eq!(pull("etcd://h/q", &[]), (0, 2));
    assert!(!there("a.both.job.yaml"));
}
