//! Manifests in a commit of a repository that was written out as files: what its relative paths mean, and how its files are called.
//!
//! The files of a commit never change and do not outlive their use, so nothing is mounted from them: small files are content anyway,
//! and a folder or a large file is mounted from a copy that is named by git's id of it. Another content is another path, and so rolls
//! its users as any change does. What a container could write to would be gone with the next commit, and is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skiff_api::{HostPathVolume, Object, ObjectKey};
use skiff_remote::git::Oddity;

use super::{
    Beside, Declared, Loaded, Origin, Problem, RelatedPlace, SourceText, Texts, builds, host_files, reason, relocate,
};
use crate::git::Checkout;

/// A commit that manifests are read from.
#[derive(Clone, Debug)]
pub struct TreeSource {
    /// The commit and its files.
    pub checkout: Checkout,
    /// The source's name.
    pub name: String,
    /// Whether a person named it.
    pub named: bool,
    /// What tells the source from another one of its name.
    pub root: PathBuf,
    /// The folder of copies that containers mount.
    pub mounts: PathBuf,
}

/// Completes a load from the files of a commit.
pub(super) fn settle(loaded: &mut Loaded, source: &TreeSource, roots: &[PathBuf]) {
    loaded.problems.extend(source.checkout.odd.iter().filter_map(|odd| oddity(odd, source, roots)));
    settle_mounts(loaded, source);
    rename(loaded, source);
    // The files never change: there is nothing to watch.
    loaded.beside = Beside::default();
    loaded.revision = Some(source.checkout.commit.id.to_string());
    loaded.commit = Some(source.checkout.commit.clone());
}

/// What was left out is a mistake where manifests could have been in it.
fn oddity(odd: &Oddity, source: &TreeSource, roots: &[PathBuf]) -> Option<Problem> {
    let path = source.checkout.tree.join(&odd.path);
    let concerns = roots.iter().any(|root| path.starts_with(root) || root.starts_with(&path));
    let hidden = odd.path.split('/').any(|part| part.starts_with('.'));
    let problem = Problem::new(reason::LEFT_OUT, format!("it {}", odd.what)).in_file(path).with_help(odd.help);
    (concerns && !hidden).then_some(problem)
}

/// Gives every relative path of the host its meaning; objects with one that has none are left out.
fn settle_mounts(loaded: &mut Loaded, source: &TreeSource) {
    let mut refused: Vec<(ObjectKey, String, Problem)> = Vec::new();
    let mut mounts = BTreeMap::new();
    for (key, declared) in &mut loaded.objects {
        let read_only: Vec<String> = host_files::paths(&declared.object).into_iter().map(ToOwned::to_owned).collect();
        let base = declared.base.to_string_lossy().into_owned();
        let is_content = |path: &str| loaded.host_files.contains_key(&(base.clone(), path.to_owned()));
        let folder = declared.base.clone();
        for path in host_files::profiles(&declared.object) {
            let profile = HostPathVolume { path: path.to_owned(), read_only: true, ..HostPathVolume::default() };
            if let Err(problem) = meaning(&profile, &folder, true, source) {
                refused.push((key.clone(), profile.path, problem.about(key)));
            }
        }
        for host in relative(&mut declared.object) {
            let meaning = meaning(host, &folder, read_only.contains(&host.path), source);
            match meaning {
                Ok(_) if is_content(&host.path) => {}
                Ok((from, to)) => {
                    host.path = to.display().to_string();
                    mounts.insert(to, from);
                }
                Err(problem) => refused.push((key.clone(), host.path.clone(), problem.about(key))),
            }
        }
    }
    loaded.mounts = mounts;
    for (key, path, problem) in refused {
        let declared = loaded.objects.remove(&key);
        let problem =
            declared.as_ref().map_or(problem.clone(), |declared| placed(problem, declared, &path, &loaded.texts));
        loaded.problems.push(problem);
    }
}

/// The relative paths of the host that an object mounts.
fn relative(object: &mut Object) -> impl Iterator<Item = &mut HostPathVolume> {
    let volumes = builds::template_mut(object).into_iter().flat_map(|template| &mut template.volumes);
    volumes.filter_map(|volume| volume.host_path.as_mut()).filter(|host| Path::new(&host.path).is_relative())
}

/// Where the files are, and where a copy of them is mounted from.
fn meaning(
    host: &HostPathVolume,
    base: &Path,
    read_only: bool,
    source: &TreeSource,
) -> Result<(PathBuf, PathBuf), Box<Problem>> {
    let written = &host.path;
    let refuse =
        |message: String, help: &str| Err(Box::new(Problem::new(reason::MOUNT_REFUSED, message).with_help(help)));
    if !read_only {
        return refuse(
            format!(
                "`{written}` is relative and may be written to: what a container writes would be gone with the next commit"
            ),
            "mount it `readOnly: true` (`:ro` in Compose), use a volume for data, or name a folder of the host from the root",
        );
    }
    let inner = relocate::normal(&base.join(written)).and_then(|path| source.checkout.inner(&path).map(Path::to_owned));
    let Some(inner) = inner else {
        return refuse(format!("`{written}` leads out of the repository"), "name a folder of the host from the root");
    };
    let Some(id) = source.checkout.ids.get(&inner.to_string_lossy().into_owned()) else {
        let message = format!("there is no `{}` in the commit", inner.display());
        return refuse(message, "add it, or take it out of the manifest");
    };
    Ok((source.checkout.tree.join(inner), source.mounts.join(id)))
}

fn placed(problem: Problem, declared: &Declared, path: &str, texts: &Texts) -> Problem {
    let volumes = declared.object.template().map(|template| template.volumes.as_slice()).unwrap_or_default();
    let index = volumes.iter().position(|volume| volume.host_path.as_ref().is_some_and(|host| host.path == path));
    let above = match declared.object {
        Object::CronJob(_) => "/spec/jobTemplate/spec/template",
        Object::Network(_)
        | Object::Volume(_)
        | Object::ConfigMap(_)
        | Object::Secret(_)
        | Object::Deployment(_)
        | Object::Job(_) => "/spec/template",
    };
    let pointer = index.map(|index| format!("{above}/volumes/{index}/hostPath/path"));
    match pointer.and_then(|pointer| declared.origin.place(&pointer, false)) {
        Some(span) => problem.at(span, texts),
        None => problem.in_file(&declared.origin.file),
    }
}

/// Calls files as git calls them: where they have been written to says nothing to whoever pushed them.
fn rename(loaded: &mut Loaded, source: &TreeSource) {
    let name = |path: &PathBuf| source.checkout.name(path).unwrap_or_else(|| path.clone());
    let prefix = format!("{}/", source.checkout.tree.display());
    let texts = loaded.texts.iter().map(|text| SourceText { path: name(&text.path), text: Arc::clone(&text.text) });
    let mut renamed = Texts::default();
    for text in texts.collect::<Vec<_>>() {
        renamed.add(text);
    }
    loaded.texts = renamed;
    for Declared { origin: Origin { file, .. }, .. } in loaded.objects.values_mut() {
        *file = name(file);
    }
    for problem in loaded.problems.iter_mut().chain(&mut loaded.warnings) {
        problem.file = problem.file.as_ref().map(name);
        problem.message = problem
            .message
            .replace(&prefix, "")
            .replace(prefix.trim_end_matches('/'), source.checkout.commit.id.short());
        for RelatedPlace { file, .. } in &mut problem.related {
            *file = name(file);
        }
    }
}

#[cfg(test)]
mod tests;
