//! What a call leaves behind that was cut off, and what is broken, is in nobody's way.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::program::Program;
use super::super::{GitError, Repository};
use super::upstream::Upstream;

async fn fetch(repository: &Repository) -> Result<String, GitError> {
    let found = repository.look().await?;
    Ok(repository.fetch(&found, None).await?.commit.subject)
}

#[tokio::test]
async fn a_fetch_that_was_cut_off_is_in_no_later_ones_way_and_counts_as_nothing() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository("ref=main");
    let found = repository.look().await.expect("a branch");
    let first = repository.fetch(&found, None).await.expect("a commit").commit;
    repository.keep(&first.id).await.expect("kept");
    let inner = repository.folder().join("repository.git");
    let left = ["shallow.lock", "HEAD.lock", "refs/skiff/incoming.lock", "shallow_Xy12ab", "gc.pid"];
    let packs =
        ["objects/pack/tmp_pack_a1B2c3", "objects/pack/.tmp-1-pack-a", "objects/tmp_objdir-incoming-x/ab/tmp_obj_q"];
    for path in left.iter().chain(&packs).map(|path| inner.join(path)) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        // It is as large as a repository must not become, and takes no room.
        File::create(&path).and_then(|file| file.set_len(3 << 30)).expect("a file");
    }
    upstream.commit(&[("a", "2")], "Second");
    assert_eq!(fetch(&repository).await, Ok("Second".to_owned()));
    for path in left.iter().chain(&packs) {
        assert!(!inner.join(path).exists(), "{path}");
    }
    assert_eq!(repository.good(None).await, Some(first), "it is the same repository");
}

#[tokio::test]
async fn a_repository_that_is_broken_is_got_anew() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let breaks: [fn(&Path); 3] = [
        |inner| fs::write(inner.join("HEAD"), "").expect("a file"),
        |inner| fs::write(inner.join("refs/skiff/incoming"), "\0\0").expect("a file"),
        |inner| {
            fs::remove_dir_all(inner.join("objects"))
                .and_then(|()| fs::create_dir(inner.join("objects")))
                .expect("a folder");
        },
    ];
    for (index, spoil) in breaks.into_iter().enumerate() {
        let repository = upstream.repository("ref=main");
        fetch(&repository).await.expect("a commit");
        spoil(&repository.folder().join("repository.git"));
        let found = repository.look().await.expect("a branch");
        let fetched = repository.fetch(&found, None).await;
        let fetched = fetched.unwrap_or_else(|error| panic!("{index}: {error}"));
        assert!(repository.check_out(fetched.commit).await.is_ok(), "{index}");
    }
}

#[tokio::test]
async fn objects_that_turn_out_to_be_lost_are_got_anew_with_the_next_fetch() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository("ref=main");
    let found = repository.look().await.expect("a branch");
    let fetched = repository.fetch(&found, None).await.expect("a commit");
    let id = upstream.git(&["rev-parse", "main:a"]);
    let (folder, name) = id.split_at(2);
    fs::remove_file(repository.folder().join("repository.git/objects").join(folder).join(name)).expect("it was there");
    repository.check_out(fetched.commit).await.expect_err("it is not there");
    let fetched = repository.fetch(&found, None).await.expect("a commit");
    assert!(repository.check_out(fetched.commit).await.is_ok());
}

#[tokio::test]
async fn whoever_works_in_the_folder_and_does_not_end_is_waited_for_a_moment_and_named() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository("ref=main");
    fetch(&repository).await.expect("a commit");
    let lock = File::options().write(true).open(repository.folder().join("lock")).expect("a file");
    lock.lock().expect("nobody has it");
    let error = tokio::time::timeout(Duration::from_secs(30), fetch(&repository))
        .await
        .expect("an answer")
        .expect_err("it is taken");
    assert!(error.message.starts_with(&format!("process {} (", std::process::id())), "{error}");
    drop(lock);
    assert!(fetch(&repository).await.is_ok());
}

/// A git that runs a shell, which says that it has begun and that it was asked to end.
#[tokio::test]
async fn a_git_that_is_given_up_is_asked_to_end_with_all_that_it_has_begun() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository("ref=main");
    fetch(&repository).await.expect("a commit");
    let said = repository.folder().join("said");
    let git = Program::new(repository.folder(), repository.address());
    let shell = format!("!trap 'echo ended >> {0}; exit' TERM; echo begun >> {0}; sleep 600 & wait", said.display());
    let (alias, says) =
        (format!("alias.wait={shell}"), |word: &str| fs::read_to_string(&said).unwrap_or_default().contains(word));
    let until = async |word: &str| {
        let begun = Instant::now();
        while !says(word) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never said {word}");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        answer = git.ask_remote(["-c", &alias, "wait"]) => panic!("it ended: {answer:?}"),
        () = until("begun") => {}
    }
    until("ended").await;
}
