use proptest::prelude::*;

use super::*;

fn file(path: &str) -> Entry {
    Entry { kind: EntryKind::File { executable: false }, id: "1".to_owned(), size: 10, path: path.into() }
}

fn of(entries: &[Entry]) -> Result<Export, String> {
    Export::of(entries, &[""], &TreeLimits::default())
}

#[test]
fn what_git_lists_is_read() {
    let listing =
        b"100644 blob aa      12\tweb.yaml\x00100755 blob bb       3\tbin/a b\x00120000 blob cc       5\tlink\x00\
                    160000 commit dd       -\tmodule\x00040000 tree ee       -\tbin\x00\xff\x00";
    let read = entries(listing);
    assert_eq!(read.iter().map(|entry| entry.size).collect::<Vec<_>>(), [12, 3, 5, 0, 0]);
    let export = of(&read).expect("an export");
    let files: Vec<_> =
        export.files.iter().map(|file| (file.path.as_str(), file.id.as_str(), file.executable)).collect();
    assert_eq!(files, [("web.yaml", "aa", false), ("bin/a b", "bb", true)]);
    assert_eq!(export.links, [Link { path: "link".to_owned(), id: "cc".to_owned() }]);
    assert_eq!(
        export.odd.iter().map(|odd| format!("{} {}", odd.path, odd.what)).collect::<Vec<_>>(),
        ["module is a submodule"]
    );
}

#[test]
fn a_tree_that_only_an_attack_looks_like_is_refused_whole() {
    for path in ["../a", "a/../b", "/etc/passwd", "a//b", "./a", "", "a/..", "a\0b", &"x".repeat(256)] {
        assert!(of(&[file(path)]).is_err(), "{path}");
    }
    assert!(of(&[file("a"), file("a")]).is_err());
    let link = Entry { kind: EntryKind::Link, ..file("a") };
    assert!(of(&[link, file("a/b")]).is_err(), "a file below a link would be written wherever the link leads");
    assert!(of(&[file("..a"), file("a.."), file("...")]).is_ok());
}

#[test]
fn a_tree_that_is_too_large_is_refused_before_anything_is_written() {
    let limits = TreeLimits { entries: 2, bytes: 25 };
    assert!(Export::of(&[file("a"), file("b")], &[""], &limits).is_ok());
    assert!(Export::of(&[file("a"), file("b"), file("c")], &[""], &limits).is_err());
    assert!(Export::of(&[file("a"), Entry { size: u64::MAX, ..file("b") }], &[""], &limits).is_err());
}

#[test]
fn a_name_that_is_no_text_is_left_out_and_said() {
    let export = of(&[Entry { path: b"a/\xff\x1b".to_vec(), ..file("") }]).expect("an export");
    assert!(export.files.is_empty());
    assert_eq!(export.odd.first().map(|odd| odd.path.as_str()), Some("a/\u{fffd}\\u{1b}"));
}

#[test]
fn a_link_stays_inside_or_leads_out() {
    for (path, target) in [("a", "b"), ("d/a", "../b"), ("d/e/a", "../../b/c"), ("a", "./b/../c"), ("d/a", "..")] {
        assert!(!leads_out(path, target), "{path} -> {target}");
    }
    for (path, target) in
        [("a", "/etc"), ("a", "../b"), ("d/a", "../../b"), ("a", "b/../../c"), ("a", ""), ("a", "b\0")]
    {
        assert!(leads_out(path, target), "{path} -> {target}");
    }
}

proptest! {
    /// The oracle walks the path on a stack, as a kernel without links does.
    #[test]
    fn no_target_of_any_shape_leaves_the_root(path in "[ab]{1,2}(/[ab]{1,2}){0,3}", target in "(\\.\\./|\\./|[ab]/|/){0,6}[ab.]{0,2}") {
        let mut stack: Vec<&str> = path.split('/').collect();
        stack.pop();
        let mut escaped = target.starts_with('/') || target.is_empty();
        for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." { escaped |= stack.pop().is_none(); } else { stack.push(part); }
        }
        prop_assert_eq!(leads_out(&path, &target), escaped);
    }

    #[test]
    fn nothing_that_is_exported_leads_out(paths in prop::collection::vec("[a./]{0,6}", 0..6)) {
        if let Ok(export) = of(&paths.iter().map(|path| file(path)).collect::<Vec<_>>()) {
            for file in export.files {
                prop_assert!(Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_))));
            }
        }
    }
}

#[test]
fn of_a_tree_that_is_too_large_the_part_that_is_asked_for_counts() {
    let limits = TreeLimits { entries: 2, bytes: 25 };
    let tree = ["deploy/a", "deploy/b", "deployed", "big/1", "big/2"].map(file);
    let paths = |parts: &[&str]| -> Result<Vec<String>, String> {
        Ok(Export::of(&tree, parts, &limits)?.files.into_iter().map(|file| file.path).collect())
    };
    assert_eq!(paths(&["deploy"]), Ok(vec!["deploy/a".to_owned(), "deploy/b".to_owned()]));
    assert_eq!(paths(&["deploy/a", "deployed"]), Ok(vec!["deploy/a".to_owned(), "deployed".to_owned()]));
    for (parts, words) in
        [(&[][..], "by `path=`"), (&[""], "the commit has 5 files"), (&["deploy", "big"], "(deploy, big) has 4 files")]
    {
        let told = paths(parts).expect_err("too large");
        assert!(told.contains(words), "{told}");
    }
    let small = TreeLimits::default();
    assert_eq!(
        Export::of(&tree, &["deploy"], &small).map(|export| export.files.len()),
        Ok(5),
        "what lies beside may be mounted"
    );
}
