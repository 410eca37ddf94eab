//! Against repositories that are made here: what comes, what does not, and what was made to do harm.

mod cut_off;
mod hostile;
mod upstream;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use skiff_remote::git::Obstacle;
use upstream::Upstream;

use super::*;

fn files(checkout: &Checkout) -> Vec<String> {
    let mut found = Vec::new();
    collect(&checkout.tree, &checkout.tree, &mut found);
    found.sort();
    found
}

fn collect(root: &std::path::Path, folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_type().expect("a type").is_dir() {
            collect(root, &path, found);
        } else {
            let inner = path.strip_prefix(root).expect("inside").display().to_string();
            found.push(format!("{inner}={}", std::fs::read_to_string(&path).unwrap_or_default()));
        }
    }
}

#[tokio::test]
async fn a_branch_is_fetched_without_its_past_and_followed() {
    let upstream = Upstream::new();
    upstream.commit(&[("web.yaml", "one"), ("more/db.yaml", "x")], "First");
    let second = upstream.commit(&[("web.yaml", "two")], "Raise the limit");
    let repository = upstream.repository("ref=main");
    let found = repository.look().await.expect("a branch");
    let fetched = repository.fetch(&found, None).await.expect("a commit");
    assert_eq!((fetched.commit.id.as_str(), fetched.rewritten), (second.as_str(), false));
    assert_eq!(fetched.commit.to_string(), format!("{} Raise the limit (Ann)", fetched.commit.id.short()));
    let checkout = repository.check_out(fetched.commit.clone()).await.expect("a tree");
    assert_eq!(files(&checkout), ["more/db.yaml=x", "web.yaml=two"]);
    assert_eq!(upstream.count(repository.folder()), 1, "one commit, none before it");

    upstream.commit(&[("web.yaml", "three")], "Third");
    let fetched = repository
        .fetch(&repository.look().await.expect("a branch"), Some(&fetched.commit.id))
        .await
        .expect("a commit");
    assert_eq!((fetched.commit.subject.as_str(), fetched.rewritten), ("Third", false));
    assert_eq!(files(&checkout), ["more/db.yaml=x", "web.yaml=two"], "what was written out never changes");
}

#[tokio::test]
async fn several_commits_at_once_are_a_step_ahead_and_a_forced_push_is_another_past() {
    let upstream = Upstream::new();
    let first = upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository("");
    let fetched = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit");
    upstream.commit(&[("a", "2")], "Second");
    upstream.commit(&[("a", "3")], "Third");
    let ahead =
        repository.fetch(&repository.look().await.expect("HEAD"), Some(&fetched.commit.id)).await.expect("a commit");
    assert_eq!((ahead.commit.subject.as_str(), ahead.rewritten), ("Third", false));
    upstream.reset(&first);
    upstream.commit(&[("a", "4")], "Other");
    let forced =
        repository.fetch(&repository.look().await.expect("HEAD"), Some(&ahead.commit.id)).await.expect("a commit");
    assert_eq!((forced.commit.subject.as_str(), forced.rewritten), ("Other", true));
}

#[tokio::test]
async fn many_commits_at_once_are_no_other_past() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "0")], "First");
    let repository = upstream.repository("");
    let fetched = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit");
    upstream.commit_many(130);
    let ahead =
        repository.fetch(&repository.look().await.expect("HEAD"), Some(&fetched.commit.id)).await.expect("a commit");
    assert_eq!((ahead.commit.subject.as_str(), ahead.rewritten), ("Number 130", false));
}

#[tokio::test]
async fn a_step_ahead_by_a_clock_that_is_late_is_no_other_past() {
    let upstream = Upstream::new();
    let first = upstream.commit(&[("a", "0")], "First");
    let repository = upstream.repository("");
    let fetched = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit");
    upstream.commit_in_the_past(&["Second", "Third"]);
    let ahead =
        repository.fetch(&repository.look().await.expect("HEAD"), Some(&fetched.commit.id)).await.expect("a commit");
    assert_eq!((ahead.commit.subject.as_str(), ahead.rewritten), ("Third", false));
    // One that was before is another past all the same.
    upstream.reset(&first);
    let back =
        repository.fetch(&repository.look().await.expect("HEAD"), Some(&ahead.commit.id)).await.expect("a commit");
    assert_eq!((back.commit.subject.as_str(), back.rewritten), ("First", true));
}

#[tokio::test]
async fn a_repository_of_sha256_is_followed_and_one_of_sha1_in_its_place_as_well() {
    let (long, short) = (Upstream::of_sha256(), Upstream::new());
    let id = long.commit(&[("a", "1")], "Long");
    assert_eq!(id.len(), 64);
    short.commit(&[("a", "2")], "Short");
    for settings in ["ref=main".to_owned(), format!("ref={id}")] {
        let repository = long.repository(&settings);
        let fetched = repository.fetch(&repository.look().await.expect("a commit"), None).await.expect("a commit");
        assert_eq!(fetched.commit.id.as_str(), id);
        assert_eq!(files(&repository.check_out(fetched.commit).await.expect("a tree")), ["a=1"]);
        let moved = short.repository_in(repository.folder(), "ref=main");
        let fetched = moved.fetch(&moved.look().await.expect("a commit"), None).await.expect("a commit");
        assert_eq!(files(&moved.check_out(fetched.commit).await.expect("a tree")), ["a=2"]);
    }
}

#[tokio::test]
async fn tags_and_commits_are_what_they_are_called() {
    let upstream = Upstream::new();
    let first = upstream.commit(&[("a", "1")], "First");
    upstream.git(&["tag", "-a", "v1", "-m", "The first"]);
    upstream.commit(&[("a", "2")], "Second");
    for reference in ["v1", "refs/tags/v1", &first] {
        let repository = upstream.repository(&format!("ref={reference}"));
        let fetched = repository.fetch(&repository.look().await.expect("a commit"), None).await.expect("a commit");
        assert_eq!(fetched.commit.id.as_str(), first, "{reference}");
    }
}

#[tokio::test]
async fn a_commit_that_is_here_needs_nobody_on_the_other_side() {
    let upstream = Upstream::new();
    let first = upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository(&format!("ref={first}"));
    let fetched = repository.fetch(&repository.look().await.expect("a commit"), None).await.expect("a commit");
    repository.keep(&fetched.commit.id).await.expect("kept");
    upstream.vanish();
    assert!(repository.fetch(&repository.look().await.expect("a commit"), None).await.is_ok());
    assert_eq!(repository.good(None).await.map(|commit| commit.subject), Some("First".to_owned()));
}

#[tokio::test]
async fn a_start_goes_on_from_what_the_state_remembers_and_from_nothing_older() {
    let upstream = Upstream::new();
    upstream.commit(&[("a", "1")], "First");
    let repository = upstream.repository("");
    let first = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit").commit;
    repository.keep(&first.id).await.expect("kept");
    upstream.commit(&[("a", "2")], "Second");
    let second = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit").commit;
    // Killed between the two, it is only the state that remembers.
    assert_eq!(repository.good(Some(&second.id)).await, Some(second));
    let gone = "0123456789012345678901234567890123456789".parse().expect("an id");
    assert_eq!(repository.good(Some(&gone)).await, Some(first), "what is not here is not gone on from");
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_to_do() {
    let upstream = Upstream::new();
    let empty = upstream.repository("").look().await.expect_err("no commit");
    assert_eq!(empty.obstacle, Obstacle::Missing);
    assert!(empty.message.ends_with("has no commit yet"), "{empty}");
    upstream.commit(&[("a", "1")], "First");
    let gone = upstream.repository("ref=feature").look().await.expect_err("no branch");
    assert!(gone.message.ends_with("has no branch or tag `feature`"), "{gone}");
    let short = upstream.repository("ref=0123456").look().await.expect_err("no branch");
    assert!(short.help.contains("`git rev-parse 0123456`"), "{}", short.help);
    let unknown = upstream.repository("ref=0123456789012345678901234567890123456789");
    let found = unknown.look().await.expect("it is asked for when it is fetched");
    let unknown = unknown.fetch(&found, None).await.expect_err("no such commit");
    assert!(unknown.message.ends_with("there is no commit 0123456789012345678901234567890123456789"), "{unknown}");
    assert!(unknown.help.starts_with("is it pushed"), "{}", unknown.help);
    upstream.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let headless = upstream.repository("").look().await.expect_err("no branch there");
    assert!(headless.message.ends_with("leads to a branch that is not there; `main` is"), "{headless}");
    assert!(headless.help.contains("`?ref=main`"), "{}", headless.help);
    let repository = upstream.repository("ref=main");
    upstream.vanish();
    let away = repository.look().await.expect_err("no repository");
    assert_eq!(away.obstacle, Obstacle::Missing, "{away}: {}", away.help);
}

#[tokio::test]
async fn only_what_a_trusted_key_signed_is_taken() {
    let upstream = Upstream::new();
    let signers = upstream.make_signers();
    upstream.commit(&[("a", "1")], "Unsigned");
    let repository = upstream.repository(&format!("allowed-signers={}", signers.display()));
    let refused = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect_err("unsigned");
    assert!(refused.message.contains("is not signed by a key of"), "{refused}");
    upstream.commit_signed("stranger");
    let refused = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect_err("by a stranger");
    assert!(refused.message.contains("is not signed by a key of"), "{refused}");
    upstream.commit_signed("trusted");
    let fetched = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit");
    assert_eq!(fetched.commit.subject, "By trusted");
}

#[tokio::test]
async fn trees_that_nothing_needs_are_swept_away() {
    let upstream = Upstream::new();
    let repository = upstream.repository("");
    let mut trees = Vec::new();
    for subject in ["First", "Second", "Third"] {
        upstream.commit(&[("a", subject)], subject);
        let fetched = repository.fetch(&repository.look().await.expect("HEAD"), None).await.expect("a commit");
        trees.push(repository.check_out(fetched.commit).await.expect("a tree").tree);
    }
    let needed: BTreeSet<PathBuf> = trees.get(1).map(|tree| tree.join("more")).into_iter().collect();
    let there = || trees.iter().map(|tree| tree.exists()).collect::<Vec<_>>();
    repository.sweep(&needed, Duration::from_secs(600));
    assert_eq!(there(), [true, true, true], "what was just written out may not have been taken up yet");
    repository.sweep(&needed, Duration::ZERO);
    assert_eq!(there(), [false, true, false]);
}
