//! Whatever stands in a folder: a clear word, in bounded time and memory, and everything else is loaded.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

/// The problems beside a good manifest, which is loaded all the same.
fn beside_a_good_one(prepare: impl FnOnce(&Folder)) -> Vec<String> {
    let folder = Folder::new(&[("good.yaml", &deployment("good", "a:1"))]);
    prepare(&folder);
    let loaded = folder.load();
    assert_eq!(names(&loaded), ["deployment/default/good"]);
    for problem in &loaded.problems {
        assert!(problem.help.is_some() || problem.reason == reason::INVALID_SYNTAX, "no remedy: {problem:?}");
        let file = problem.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
        assert!(!problem.message.contains(&file), "its place is said twice: {problem:?}");
    }
    places(&folder, &loaded.problems)
}

#[test]
fn a_fifo_is_reported_and_never_waited_for() {
    let fifo = |folder: &Folder| {
        let path = folder.path().join("pipe.yaml");
        rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).expect("a FIFO");
    };
    assert_eq!(beside_a_good_one(fifo), ["pipe.yaml NotAFile"]);
}

#[test]
fn a_fifo_that_is_named_gets_the_way_that_streams_have() {
    let folder = Folder::new(&[]);
    let path = folder.path().join("pipe.yaml");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).expect("a FIFO");
    let loaded = load_with(&SourceOptions { paths: vec![path], ..folder.options() }, &mut empty());
    let help: Vec<_> = loaded.problems.iter().filter_map(|problem| problem.help.as_deref()).collect();
    assert_eq!(help, ["name a file or folder, or pipe the text into `skiff up -`"]);
}

#[test]
fn a_fifo_that_takes_a_files_place_is_noticed_once_it_is_open() {
    let folder = Folder::new(&[]);
    let path = folder.path().join("pipe.yaml");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).expect("a FIFO");
    assert!(matches!(read::file(&path, 100), Err(read::Unread::NotAFile(_))));
}

#[test]
fn sockets_and_devices_are_reported() {
    let socket = |folder: &Folder| drop(UnixListener::bind(folder.path().join("socket.yaml")).expect("a socket"));
    assert_eq!(beside_a_good_one(socket), ["socket.yaml NotAFile"]);
    let device = |folder: &Folder| symlink("/dev/zero", folder.path().join("zero.yaml")).expect("a link");
    assert_eq!(beside_a_good_one(device), ["zero.yaml NotAFile"]);
}

#[test]
fn link_loops_are_reported_and_end() {
    let loops = |folder: &Folder| {
        symlink(folder.path(), folder.path().join("up")).expect("a link");
        symlink("self.yaml", folder.path().join("self.yaml")).expect("a link");
        symlink("nowhere.yaml", folder.path().join("dangling.yaml")).expect("a link");
    };
    assert_eq!(beside_a_good_one(loops), ["dangling.yaml Unreadable", "self.yaml LinkLoop", "up LinkLoop"]);
}

#[test]
fn what_is_reached_twice_is_read_once() {
    let twice = |folder: &Folder| {
        symlink("good.yaml", folder.path().join("again.yaml")).expect("a link");
        fs::hard_link(folder.path().join("good.yaml"), folder.path().join("hard.yaml")).expect("a link");
        fs::create_dir(folder.path().join("sub")).expect("a folder");
        symlink("sub", folder.path().join("sub-again")).expect("a link");
    };
    assert_eq!(beside_a_good_one(twice), [""; 0]);
}

#[test]
fn a_file_of_100_mb_is_not_read() {
    let large = |folder: &Folder| {
        let file = fs::File::create(folder.path().join("large.yaml")).expect("a file");
        file.set_len(100 << 20).expect("a sparse file");
    };
    assert_eq!(beside_a_good_one(large), ["large.yaml TooLarge"]);
}

#[test]
fn binary_files_are_reported() {
    let binary = |folder: &Folder| {
        folder.write("elf.yaml", b"\x7fELF\x00\x01");
        folder.write("latin.yaml", b"name: caf\xe9");
    };
    assert_eq!(beside_a_good_one(binary), ["elf.yaml NotText", "latin.yaml NotText"]);
}

#[test]
fn a_yaml_bomb_is_refused_by_counting() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").expect("a text");
    }
    let problems = beside_a_good_one(|folder| folder.write("bomb.yaml", &bomb));
    assert!(
        matches!(problems.as_slice(), [only] if only.starts_with("bomb.yaml:") && only.ends_with("InvalidSyntax")),
        "{problems:?}"
    );
}

#[test]
fn every_mistake_of_every_file_is_reported_with_its_place() {
    let folder = Folder::new(&[
        (
            "a.yaml",
            "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: a }\nspec:\n  replicaz: 2\n  template: { container: { image: 7 } }\n",
        ),
        ("b.yaml", "apiVersion: skiff.dev/v1\nkind: Deploymint\nmetadata: { name: b }\n"),
        ("c.yaml", "apiVersion: skiff.dev/v1\nkind: [\n"),
        ("d.yaml", "kind: Deployment\nspec: {}\n"),
    ]);
    let loaded = folder.load();
    assert_eq!(names(&loaded), [""; 0]);
    let found = places(&folder, &loaded.problems);
    let expected = ["a.yaml:5:3 InvalidObject", "a.yaml:6:35 InvalidObject", "b.yaml:2:7 InvalidObject"];
    assert_eq!(found.get(..3), Some(expected.map(String::from).as_slice()), "{found:?}");
    assert!(found.iter().any(|it| it.starts_with("c.yaml") && it.ends_with("InvalidSyntax")), "{found:?}");
    assert!(found.iter().any(|it| it.starts_with("d.yaml")), "{found:?}");
}

#[test]
fn a_file_that_keeps_changing_is_not_believed() {
    let folder = Folder::new(&[("a.yaml", "1")]);
    let path = folder.path().join("a.yaml");
    let read = read::unless_changed(&path, 100, &|| folder.write("a.yaml", fs::read(&path).expect("a file").repeat(2)));
    let Err(unread) = read else { panic!("{read:?}") };
    assert_eq!(unread.problem(&path, 100).reason, reason::BEING_WRITTEN);
}

#[test]
fn a_file_that_changed_once_while_it_was_read_is_read_again() {
    let folder = Folder::new(&[("a.yaml", "half")]);
    let path = folder.path().join("a.yaml");
    let complete = || {
        if fs::read(&path).expect("a file") == b"half" {
            folder.write("a.yaml", "half and half");
        }
    };
    assert_eq!(read::unless_changed(&path, 100, &complete).expect("a file"), b"half and half");
}

#[test]
fn two_documents_of_one_object_are_both_left_out_and_both_named() {
    let folder = Folder::new(&[
        ("a.yaml", &deployment("one", "a:1")),
        ("b.yaml", &deployment("one", "a:2")),
        ("c.yaml", &deployment("two", "a:1")),
    ]);
    let loaded = folder.load();
    assert_eq!(names(&loaded), ["deployment/default/two"]);
    assert_eq!(places(&folder, &loaded.problems), ["b.yaml:3:19 DuplicateObject"]);
    let related: Vec<_> =
        loaded.problems.iter().flat_map(|problem| &problem.related).map(|it| it.file.clone()).collect();
    assert_eq!(related, [folder.path().join("a.yaml")]);
}

#[test]
fn two_documents_of_one_object_hide_no_other_mistake_of_either() {
    let folder = Folder::new(&[
        ("a.yaml", &deployment("one", "a:1").replace("spec:\n", "spec:\n  replicaz: 2\n")),
        ("b.yaml", &deployment("one", "NOT//AN:IMAGE")),
    ]);
    let loaded = folder.load();
    assert_eq!(
        places(&folder, &loaded.problems),
        ["a.yaml:5:3 InvalidObject", "b.yaml:3:19 DuplicateObject", "b.yaml:7:14 InvalidObject"]
    );
    assert_eq!(names(&loaded), [""; 0]);
}

#[test]
fn a_path_that_is_away_is_a_problem_and_an_empty_folder_a_warning() {
    let folder = Folder::new(&[]);
    assert_eq!(folder.load().problems, []);
    assert_eq!(places(&folder, &folder.load().warnings), [" NoManifests"]);
    let away = SourceOptions { paths: vec![folder.path().join("away")], ..folder.options() };
    let loaded = load_with(&away, &mut empty());
    assert_eq!(places(&folder, &loaded.problems), ["away SourceUnavailable"]);
}

#[test]
fn more_files_than_the_limit_are_a_problem() {
    let folder =
        Folder::new(&[("a.yaml", &deployment("a", "a:1")), ("b.yaml", &deployment("b", "a:1")), ("c.yaml", "")]);
    let limits = Limits { files: 1, ..Limits::default() };
    let loaded = load_with(&SourceOptions { limits, ..folder.options() }, &mut empty());
    assert_eq!(
        (names(&loaded), places(&folder, &loaded.problems)),
        (vec!["deployment/default/a".to_owned()], vec!["b.yaml TooMany".to_owned()])
    );
}

#[test]
fn no_text_of_a_secret_is_shown() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2 }\ndata: { other: hunter2 }\n";
    let loaded = Folder::new(&[("s.yaml", secret)]).load();
    assert!(!loaded.problems.is_empty());
    assert!(!format!("{loaded:?}").contains("hunter2"), "{loaded:?}");
}

#[test]
fn a_password_that_lacks_its_quotes_is_not_shown_either() {
    for password in
        ["*hunter2", "!hunter2", "!!hunter2 x", "!!int hunter2", "@hunter2", "&hunter2 *hunter2", "\"hunter2"]
    {
        let secret =
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: s }}\nstringData:\n  password: {password}\n");
        let loaded = Folder::new(&[("s.yaml", &secret)]).load();
        assert!(!loaded.problems.is_empty(), "{password}");
        let said = format!("{:?} {:?}", loaded.problems, loaded.warnings);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

const MOUNT: &str = "    volumes: [ { name: data, hostPath: { path: ./data } } ]\n";

#[test]
fn what_containers_mount_is_no_mistake_of_the_source() {
    let folder = Folder::new(&[
        ("a.yaml", &(deployment("a", "a:1") + MOUNT)),
        ("data/home.yaml", "secret: !secret wifi\n"),
        ("data/tool.yaml", "kind: Tool\nmetadata: {}\n"),
        ("data/db/state.json", "\0"),
    ]);
    let loaded = folder.load();
    assert_eq!((loaded.problems.as_slice(), loaded.objects.len()), ([].as_slice(), 1));
    let expected =
        ["data/db/state.json NotText", "data/home.yaml:1:9 InvalidSyntax", "data/tool.yaml:1:7 InvalidObject"];
    let found = places(&folder, &loaded.warnings);
    assert!(expected.iter().all(|warning| found.iter().any(|it| it == warning)), "{found:?}");
}

#[test]
fn a_mount_of_the_manifests_themselves_hides_no_mistake() {
    let folder =
        Folder::new(&[("a.yaml", &(deployment("a", "a:1") + &MOUNT.replace("./data", "."))), ("b.yaml", "kind: [")]);
    assert_eq!(places(&folder, &folder.load().problems), ["b.yaml:1:7 InvalidSyntax"]);
}
