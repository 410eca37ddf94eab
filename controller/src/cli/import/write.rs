//! The manifests of a Compose project as files: one a workload, one for everything of each other kind.
//!
//! What is written reads back as the same objects. Only paths of the host may differ: they start at the manifest's folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use skiff_api::{Kind, Object};

use super::report::{ReportRow, worth_a_look};
use crate::cli::CliError;
use crate::source::ComposeProject;
use crate::ui::data;

/// The files for what is no workload.
const SHARED: [(Kind, &str); 4] =
    [(Kind::Network, "networks"), (Kind::Volume, "volumes"), (Kind::ConfigMap, "configs"), (Kind::Secret, "secrets")];

/// What is to be written.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) files: Vec<ImportFile>,
    /// Whether paths of the host had to be written anew.
    pub(super) moved_paths: bool,
}

/// A file of manifests.
#[derive(Debug)]
pub(super) struct ImportFile {
    pub(super) name: String,
    pub(super) text: String,
    /// Whether it is for nobody else.
    pub(super) private: bool,
}

impl Import {
    /// The manifests of a project for a folder.
    pub(super) fn of(project: &ComposeProject, dir: &Path, rows: &[ReportRow]) -> Result<Self, CliError> {
        let folder =
            std::path::absolute(dir).map_err(|error| CliError::failed("cannot tell where the folder is", error))?;
        let folder = fs::canonicalize(&folder).unwrap_or_else(|_| tidy(&folder));
        let base = fs::canonicalize(&project.loaded.directory).unwrap_or_else(|_| project.loaded.directory.clone());
        let way = way(&folder, &base);
        let mut moved_paths = false;
        let mut files: BTreeMap<String, ImportFile> = BTreeMap::new();
        for declared in &project.loaded.objects {
            let Some(object) = declared.object() else { continue };
            let mut manifest = object.to_manifest();
            moved_paths |= !way.as_os_str().is_empty() && rebase(&mut manifest, &way);
            let name = file_name(&object);
            let private = object.kind() == Kind::Secret;
            let file = files.entry(name.clone()).or_insert_with(|| ImportFile { name, text: String::new(), private });
            if !file.text.is_empty() {
                file.text.push_str("---\n");
            }
            file.text.push_str(&comment(&object, project, rows));
            file.text.push_str(&data::manifest(&manifest)?);
        }
        Ok(Self { files: files.into_values().collect(), moved_paths })
    }
}

/// `web.yaml`; `networks.yaml` for what is no workload, and for one of that name another.
fn file_name(object: &Object) -> String {
    let shared = SHARED.iter().find(|(kind, _)| *kind == object.kind()).map(|(_, name)| (*name).to_owned());
    let own = &object.metadata().name;
    let is_taken = SHARED.iter().any(|(_, name)| name == own);
    let own = if is_taken { format!("service-{own}") } else { own.clone() };
    format!("{}.yaml", shared.unwrap_or(own))
}

/// What a reader should know: where it comes from, and what is not quite as it was.
fn comment(object: &Object, project: &ComposeProject, rows: &[ReportRow]) -> String {
    let (kind, name) = (object.kind(), &object.metadata().name);
    let section = match kind {
        Kind::Deployment | Kind::Job | Kind::CronJob => "services",
        Kind::Network => "networks",
        Kind::Volume => "volumes",
        Kind::ConfigMap => "configs",
        Kind::Secret => "secrets",
    };
    let mut text = format!("# {section}.{name} of the Compose project {}\n", project.loaded.project);
    let prefixes = [format!("{section}.{name}."), format!("{section}.{}.", name.replace('-', "_"))];
    let own = rows.iter().filter(|row| prefixes.iter().any(|prefix| row.attribute.starts_with(prefix)));
    for row in own.filter(|row| worth_a_look(row)) {
        // Writing to a string cannot fail.
        writeln!(text, "# {}", row.sentence()).ok();
    }
    text
}

/// The way from one folder to another, `../shop`; empty where they are one.
fn way(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// A path without `.` and `..`, where it does not exist yet.
fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut tidy, component| {
        match component {
            Component::ParentDir => drop(tidy.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => tidy.push(component),
        }
        tidy
    })
}

/// Writes relative paths of the host from another folder on; says whether there were any.
fn rebase(manifest: &mut Value, way: &Path) -> bool {
    let spec = if manifest.pointer("/spec/jobTemplate").is_some() { "/spec/jobTemplate/spec" } else { "/spec" };
    let mut paths: Vec<String> = vec![format!("{spec}/template/container/build/context")];
    let volumes = manifest.pointer(&format!("{spec}/template/volumes")).and_then(Value::as_array).map_or(0, Vec::len);
    paths.extend((0..volumes).map(|index| format!("{spec}/template/volumes/{index}/hostPath/path")));
    paths.push(format!("{spec}/template/container/securityContext/seccompProfile/localhostProfile"));
    let mut moved = false;
    for pointer in paths {
        let Some(found) = manifest.pointer_mut(&pointer) else { continue };
        let Some(path) = found.as_str().filter(|path| is_relative(path)) else { continue };
        let path = match path.trim_start_matches("./") {
            "." | "" => way.to_owned(),
            below => way.join(below),
        };
        *found = Value::from(path.display().to_string());
        moved = true;
    }
    moved
}

/// Whether a text is a path from the manifest's folder on.
fn is_relative(path: &str) -> bool {
    path == "." || path == ".." || path.starts_with("./") || path.starts_with("../")
}

/// Writes the files, none over another.
pub(super) fn write(import: &Import, dir: &Path, force: bool) -> Result<(), CliError> {
    let there = import.files.iter().map(|file| dir.join(&file.name)).find(|path| path.exists());
    if let Some(path) = there.filter(|_| !force) {
        let help = "name another folder, or write over it with `--force`";
        return Err(CliError::refused(format!("{} is there already", path.display()), help));
    }
    let failed = |error| CliError::failed(format!("cannot write into {}", dir.display()), error);
    fs::create_dir_all(dir).map_err(failed)?;
    for ImportFile { name, text, private } in &import.files {
        let mode = if *private { 0o600 } else { 0o644 };
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(mode).open(dir.join(name)).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_way_between_two_folders_goes_up_and_down() {
        let table =
            [("/a/b", "/a/b", ""), ("/a/out", "/a/shop", "../shop"), ("/a/b/c", "/a", "../.."), ("/", "/a", "a")];
        for (from, to, expected) in table {
            assert_eq!(way(Path::new(from), Path::new(to)), Path::new(expected), "{from} {to}");
        }
    }

    #[test]
    fn paths_of_the_host_begin_at_the_new_folder_and_others_stay() {
        let mut manifest = json!({ "spec": { "template": {
            "container": { "build": { "context": "." } },
            "volumes": [
                { "name": "a", "hostPath": { "path": "./page" } },
                { "name": "b", "hostPath": { "path": "/srv" } },
                { "name": "c", "volume": { "name": "./x" } },
            ],
        } } });
        assert!(rebase(&mut manifest, Path::new("../shop")));
        let at = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(at("/spec/template/container/build/context").as_deref(), Some("../shop"));
        assert_eq!(at("/spec/template/volumes/0/hostPath/path").as_deref(), Some("../shop/page"));
        assert_eq!(at("/spec/template/volumes/1/hostPath/path").as_deref(), Some("/srv"));
        assert!(!rebase(&mut json!({ "spec": {} }), Path::new("..")));
    }
}
