//! Trees that were made to write or read where they must not.

use std::os::unix::fs::symlink;

use super::*;

async fn check_out(upstream: &Upstream) -> Result<Checkout, GitError> {
    let repository = upstream.repository("");
    let fetched = repository.fetch(&repository.look().await?, None).await?;
    repository.check_out(fetched.commit).await
}

fn odd(checkout: &Checkout) -> Vec<&str> {
    checkout.odd.iter().map(|odd| odd.path.as_str()).collect()
}

#[tokio::test]
async fn links_stay_inside_or_are_left_out() {
    let upstream = Upstream::new();
    upstream.commit(&[("top/a", "inside"), ("deep/er/b", "x")], "Files");
    let link = |target: &str, path: &str| symlink(target, upstream.work().join(path)).expect("a link");
    link("../top/a", "deep/good");
    link("/etc/passwd", "absolute");
    link("../../../../../../etc/passwd", "deep/relative");
    link("nowhere", "dangling");
    // Each by itself stays inside by its words; together they lead out: top is only one folder deep.
    link("../../top", "deep/er/shallow");
    link("deep/er/shallow/../../..", "over");
    link("over/etc/passwd", "over-two");
    link("loop", "loop");
    upstream.commit(&[], "Links");
    let checkout = check_out(&upstream).await.expect("a tree");
    let mut left_out = odd(&checkout);
    left_out.sort_unstable();
    assert_eq!(left_out, ["absolute", "dangling", "deep/relative", "loop", "over", "over-two"]);
    assert_eq!(std::fs::read_to_string(checkout.tree.join("deep/good")).expect("a file"), "inside");
    assert!(checkout.tree.join("deep/er/shallow").is_dir());
    assert!(checkout.tree.join("over").symlink_metadata().is_err());
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_tree_has_it_refused_and_nothing_written() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let blob = upstream.object("blob", b"owned");
    let raw: Vec<u8> =
        (0..blob.len()).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).expect("hex")).collect();
    let tree = |name: &[u8], mode: &[u8], id: &[u8]| [mode, b" ", name, b"\0", id].concat();
    for name in [&b".."[..], b".", b"../../escaped", b"/escaped"] {
        let tree = upstream.object("tree", &tree(name, b"100644", &raw));
        upstream.commit_tree(&tree);
        let refused = check_out(&upstream).await;
        let refused = refused.err().map(|error| error.message).unwrap_or_default();
        // Git itself refuses some of them.
        assert!(!refused.is_empty(), "{}", String::from_utf8_lossy(name));
    }
    assert!(!std::path::Path::new("/escaped").exists());
}

#[tokio::test]
async fn a_file_below_a_link_of_the_same_tree_has_it_refused() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let raw = |id: &str| {
        (0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("hex")).collect::<Vec<u8>>()
    };
    let (target, file) = (raw(&upstream.object("blob", b"/tmp")), raw(&upstream.object("blob", b"owned")));
    let inner = raw(&upstream.object("tree", &[b"100644 skiff-escaped\0", &file[..]].concat()));
    let tree = [b"120000 x\0", &target[..], b"40000 x\0", &inner[..]].concat();
    upstream.commit_tree(&upstream.object("tree", &tree));
    let refused = check_out(&upstream).await.expect_err("it is an attack");
    assert!(refused.message.contains("as a file and as a folder"), "{refused}");
    assert!(!std::path::Path::new("/tmp/skiff-escaped").exists());
}

#[tokio::test]
async fn submodules_are_not_fetched_and_said() {
    let upstream = Upstream::new();
    let first = upstream.commit(&[("a", "1")], "First");
    upstream.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{first},module")]);
    upstream.git(&["commit", "--quiet", "-m", "A submodule"]);
    let checkout = check_out(&upstream).await.expect("a tree");
    assert_eq!((odd(&checkout), files(&checkout)), (vec!["module"], vec!["a=1".to_owned()]));
}

#[tokio::test]
async fn filters_and_attributes_of_a_repository_have_no_say() {
    let upstream = Upstream::new();
    upstream.commit(&[(".gitattributes", "* filter=evil text eol=crlf ident\n"), ("a", "$Id$\nb\n")], "Attributes");
    let checkout = check_out(&upstream).await.expect("a tree");
    assert_eq!(std::fs::read(checkout.tree.join("a")).expect("a file"), b"$Id$\nb\n");
}
