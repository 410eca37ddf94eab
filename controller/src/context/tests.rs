//! The context of a build: what goes into it and into its digest.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};

use skiff_api::{Build, Bytes, HostEntry, Ulimit};

use super::*;

/// A folder with these files, and how it is built.
fn scene(files: &[(&str, &str)]) -> (tempfile::TempDir, BuildImage) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join("ctx").join(path);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let base = folder.path().to_string_lossy().into_owned();
    let build = Build { context: "./ctx".to_owned(), ..Build::default() };
    (folder, BuildImage { image: String::new(), base, build, platform: None })
}

fn read(build: &BuildImage) -> Result<Context, String> {
    let limits = ContextLimits { entries: 20, bytes: 1000 };
    Context::read(build, &limits).map_err(|error| format!("{error} ({})", error.help))
}

fn sent(build: &BuildImage) -> Vec<String> {
    let context = read(build).expect("a context");
    context.entries.iter().map(|entry| entry.path.display().to_string()).collect()
}

fn digest(build: &BuildImage) -> String {
    image("a", build, &read(build).expect("a context")).expect("it can be read")
}

#[test]
fn what_the_ignore_file_names_is_not_sent_and_the_dockerfile_always_is() {
    let ignore = "*\n!src\nsrc/*.o\n";
    let (_folder, build) =
        scene(&[("Dockerfile", "FROM a"), (".dockerignore", ignore), ("src/a.c", ""), ("src/a.o", ""), ("tmp/x", "")]);
    assert_eq!(sent(&build), [".dockerignore", "Dockerfile", "src", "src/a.c"]);
}

#[test]
fn another_byte_or_mode_or_link_or_setting_is_another_image_and_another_time_is_not() {
    let (folder, build) = scene(&[("Dockerfile", "FROM a"), ("run", "1"), ("other/Dockerfile", "FROM a")]);
    let run = folder.path().join("ctx/run");
    let first = digest(&build);
    fs::write(&run, "1").expect("a file");
    assert_eq!(digest(&build), first, "it was only written again");
    let mut seen = vec![first];
    fs::write(&run, "2").expect("a file");
    seen.push(digest(&build));
    fs::set_permissions(&run, fs::Permissions::from_mode(0o755)).expect("a mode");
    seen.push(digest(&build));
    symlink("run", folder.path().join("ctx/link")).expect("a link");
    seen.push(digest(&build));
    let with = |change: fn(&mut BuildImage)| {
        let mut build = build.clone();
        change(&mut build);
        digest(&build)
    };
    seen.push(with(|build| build.build.args = BTreeMap::from([("V".to_owned(), "1".to_owned())])));
    seen.push(with(|build| build.build.target = Some("prod".to_owned())));
    seen.push(with(|build| build.build.dockerfile = Some("other/Dockerfile".to_owned())));
    seen.push(with(|build| build.platform = Some("linux/arm64".to_owned())));
    seen.push(with(|build| build.build.network = Some("none".to_owned())));
    seen.push(with(|build| build.build.shm_size = Some(Bytes::mebibytes(1))));
    seen.push(with(|build| build.build.labels = BTreeMap::from([("V".to_owned(), "1".to_owned())])));
    seen.push(with(|build| build.build.ulimits = BTreeMap::from([("V".to_owned(), Ulimit { soft: 1, hard: 1 })])));
    seen.push(with(|build| {
        build.build.extra_hosts = vec![HostEntry { ip: "10.0.0.9".to_owned(), hostnames: vec!["V".to_owned()] }];
    }));
    seen.push(with(|build| build.build.dockerfile_inline = Some("FROM a".to_owned())));
    seen.push(with(|build| build.build.dockerfile_inline = Some("FROM b".to_owned())));
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "{seen:?}");
}

#[test]
fn how_an_image_is_had_and_what_else_it_is_called_make_no_other_one() {
    let (_folder, build) = scene(&[("Dockerfile", "FROM a")]);
    let mut other = build.clone();
    (other.build.no_cache, other.build.pull) = (true, true);
    (other.build.cache_from, other.build.tags) = (vec!["a:1".to_owned()], vec!["b:1".to_owned()]);
    assert_eq!(digest(&other), digest(&build));
}

/// Worked out by hand from what the digest is of: were it another one, a new Skiff would build everything anew, and roll it out.
#[test]
fn what_an_earlier_skiff_has_built_is_called_the_same() {
    let (folder, mut build) = scene(&[("Dockerfile", "FROM a")]);
    build.build.args = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
    let dockerfile = folder.path().join("ctx/Dockerfile");
    fs::set_permissions(dockerfile, fs::Permissions::from_mode(0o644)).expect("a mode");
    assert_eq!(digest(&build), "a:3317bfa5bb54f67f");
}

#[test]
fn a_dockerfile_of_the_manifest_is_sent_under_a_name_that_no_image_gets_to_see() {
    for (own, ignore) in [(None, ".dockerignore"), (Some("*.log\n"), "*.log\n")] {
        let files = own.map(|own| (".dockerignore", own));
        let (_folder, mut build) = scene(&[Some(("page", "1")), files].into_iter().flatten().collect::<Vec<_>>());
        assert!(read(&build).is_err(), "there is no Dockerfile");
        build.build.dockerfile_inline = Some("FROM a".to_owned());
        let name = dockerfile(&build.build);
        let texts: BTreeMap<String, String> =
            archived(&build).into_iter().map(|(path, text, ..)| (path, text)).collect();
        let expected = [
            (".dockerignore".to_owned(), format!("{ignore}\n{name}\n")),
            (name, "FROM a".to_owned()),
            ("page".to_owned(), "1".to_owned()),
        ];
        assert_eq!(texts, BTreeMap::from(expected));
    }
}

#[test]
fn where_the_folder_lies_says_nothing() {
    let files = [("Dockerfile", "FROM a"), ("sub/x", "1")];
    let ((_one, first), (_two, second)) = (scene(&files), scene(&files));
    assert_eq!(digest(&first), digest(&second));
}

/// What is sent: paths, texts, links and owners.
fn archived(build: &BuildImage) -> Vec<(String, String, Option<String>, u64)> {
    let context = read(build).expect("a context");
    let bytes = Archive::write(&context, build, Vec::new()).expect("an archive").end().expect("its end");
    let mut found = Vec::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        let link = entry.link_name().expect("a name").map(|link| link.display().to_string());
        let path = entry.path().expect("a path").display().to_string();
        found.push((path, text, link, entry.header().uid().expect("an owner")));
    }
    found
}

#[test]
fn the_archive_holds_what_is_sent_as_roots_and_links_as_links() {
    let long = "n".repeat(120);
    let (folder, build) = scene(&[("Dockerfile", "FROM a"), (&long, "long")]);
    symlink("/etc/passwd", folder.path().join("ctx/link")).expect("a link");
    let expected = [
        ("Dockerfile".to_owned(), "FROM a".to_owned(), None, 0),
        ("link".to_owned(), String::new(), Some("/etc/passwd".to_owned()), 0),
        (long, "long".to_owned(), None, 0),
    ];
    assert_eq!(archived(&build), expected);
}

#[test]
fn what_cannot_be_a_context_says_why_and_what_to_do() {
    let (_folder, mut build) = scene(&[("Containerfile", "FROM a")]);
    let base = build.base.clone();
    let said = |build: &BuildImage| read(build).expect_err("no context").replace(&base, "");
    let no_dockerfile = said(&build);
    build.build.dockerfile = Some("Containerfile".to_owned());
    read(&build).expect("a context");
    build.build.context = "./none".to_owned();
    let no_folder = said(&build);
    let many: Vec<(String, &str)> = (0..20).map(|number| (format!("f{number}"), "")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let (_many, crowded) = scene(&[&[("Dockerfile", "FROM a")], many.as_slice()].concat());
    let too_many = read(&crowded).expect_err("too many");
    let (_large, large) = scene(&[("Dockerfile", "FROM a"), ("x", &"x".repeat(1000))]);
    let too_large = read(&large).expect_err("too large");
    insta::assert_snapshot!([no_dockerfile, no_folder, too_many, too_large].join("\n"), @r"
    there is no Dockerfile in the build context /ctx (write it, or say with `dockerfile` where in the context it is)
    the build context /none is no folder (name the folder of the Dockerfile, relative to the manifest's file)
    the build context holds more than 20 files (name what the Dockerfile does not need in .dockerignore, such as .git and node_modules)
    the build context holds more than 0 MiB (name what the Dockerfile does not need in .dockerignore, such as .git and node_modules)
    ");
}
