//! Writes a tree out as plain files: all of it or nothing.
//!
//! Invariant: nothing is ever written outside of the folder. Names have been judged before; files are made, never opened; links come
//! last, and those that lead out are taken back before anybody reads.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::thread;

use skiff_remote::git::{Export, Link, Oddity, leads_out};

/// The longest target of a link.
const LONGEST: u64 = 4096;

const LEADS_OUT: &str = "is a link that leads out of the repository, or nowhere";
const LEADS_OUT_HELP: &str = "let it lead to something in the repository, or take it out";

/// Writes the files and links into an empty folder. `git` is a call that has its repository. Returns what was left out besides.
pub(super) fn write(git: Command, export: &Export, folder: &Path) -> io::Result<Vec<Oddity>> {
    for parent in export.files.iter().map(|file| &file.path).chain(export.links.iter().map(|link| &link.path)) {
        if let Some(parent) = Path::new(parent).parent() {
            fs::create_dir_all(folder.join(parent))?;
        }
    }
    let ids = export.files.iter().map(|file| file.id.clone()).chain(export.links.iter().map(|link| link.id.clone()));
    let mut targets = Vec::with_capacity(export.links.len());
    with_objects(git, ids.collect(), |objects| {
        for file in &export.files {
            let mode = if file.executable { 0o755 } else { 0o644 };
            let mut made = OpenOptions::new().write(true).create_new(true).mode(mode).open(folder.join(&file.path))?;
            objects.next(|_, content| io::copy(content, &mut made).map(drop))?;
        }
        for _ in &export.links {
            let mut target = Vec::new();
            objects.next(|size, content| match size {
                ..=LONGEST => content.read_to_end(&mut target).map(drop),
                _ => io::copy(content, &mut io::sink()).map(drop),
            })?;
            targets.push(String::from_utf8(target).unwrap_or_default());
        }
        Ok(())
    })?;
    link(&export.links, &targets, folder)
}

/// Makes the links, and takes those back that lead out once all are there.
fn link(links: &[Link], targets: &[String], folder: &Path) -> io::Result<Vec<Oddity>> {
    let mut odd = Vec::new();
    let mut made = Vec::new();
    for (link, target) in links.iter().zip(targets) {
        if leads_out(&link.path, target) {
            odd.push(&link.path);
        } else {
            std::os::unix::fs::symlink(target, folder.join(&link.path))?;
            made.push(&link.path);
        }
    }
    let root = folder.canonicalize()?;
    let stays = |path: &&&String| folder.join(path.as_str()).canonicalize().is_ok_and(|real| real.starts_with(&root));
    // All are judged before one is taken back: one that leads over another is judged with it in place.
    let (_, leading_out): (Vec<&&String>, Vec<&&String>) = made.iter().partition(stays);
    for path in leading_out {
        fs::remove_file(folder.join(path.as_str()))?;
        odd.push(path);
    }
    let oddity = |path: &String| Oddity { path: path.clone(), what: LEADS_OUT, help: LEADS_OUT_HELP };
    Ok(odd.into_iter().map(oddity).collect())
}

/// The contents of objects, one after the other.
struct Objects(BufReader<ChildStdout>);

impl Objects {
    /// Reads the next one, its size first; what is not read of it is an error.
    fn next(&mut self, read: impl FnOnce(u64, &mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        let mut head = String::new();
        self.0.read_line(&mut head)?;
        let size = head.trim_end().rsplit_once("blob ").and_then(|(_, size)| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| io::Error::other(format!("git has no such object: {}", head.trim_end())))?;
        let mut content = (&mut self.0).take(size);
        read(size, &mut content)?;
        if content.limit() > 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        self.0.read_exact(&mut [0])
    }
}

/// One `git cat-file` for all objects; their ids are written by another thread, so that neither side waits for the other.
fn with_objects(
    mut git: Command,
    ids: Vec<String>,
    work: impl FnOnce(&mut Objects) -> io::Result<()>,
) -> io::Result<()> {
    git.args(["cat-file", "--batch", "--buffer"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = git.spawn()?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("no pipes"));
    };
    let asking = thread::spawn(move || -> io::Result<()> {
        let mut lines = ids.join("\n");
        lines.push('\n');
        stdin.write_all(lines.as_bytes())
    });
    let done = work(&mut Objects(BufReader::new(stdout)));
    if done.is_err() {
        // It may wait for somebody to read on.
        child.kill().ok();
    }
    child.wait()?;
    let asked = asking.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")));
    done.and(asked)
}
