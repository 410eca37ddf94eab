//! The manifests of a Compose project as files: one a workload, one for everything of each other kind.
//!
//! What is written reads back as the same objects. Relative paths of the host stay as they are written, and an annotation says where they start:
//! they are part of what containers are made from, and other words would make these anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use skiff_api::{Kind, Object, annotation};

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
        let mut files: BTreeMap<String, ImportFile> = BTreeMap::new();
        for declared in &project.loaded.objects {
            let Some(object) = declared.object() else { continue };
            let mut manifest = object.to_manifest();
            if !way.as_os_str().is_empty() && has_relative_paths(&manifest) {
                annotate(&mut manifest, &way);
            }
            let name = file_name(&object);
            let private = object.kind() == Kind::Secret;
            let file = files.entry(name.clone()).or_insert_with(|| ImportFile { name, text: String::new(), private });
            if !file.text.is_empty() {
                file.text.push_str("---\n");
            }
            file.text.push_str(&comment(&object, project, rows));
            file.text.push_str(&data::manifest(&manifest)?);
        }
        Ok(Self { files: files.into_values().collect() })
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

/// Whether anything of a workload starts at the folder of its manifest: what it is built from, what it mounts, its seccomp profile.
fn has_relative_paths(manifest: &Value) -> bool {
    let template =
        ["/spec/jobTemplate/spec/template", "/spec/template"].into_iter().find_map(|at| manifest.pointer(at));
    let Some(template) = template else { return false };
    let volumes = template.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let mounted = volumes.filter_map(|volume| volume.pointer("/hostPath/path"));
    let own = ["/container/build/context", "/container/securityContext/seccompProfile/localhostProfile"];
    let paths = mounted.chain(own.into_iter().filter_map(|at| template.pointer(at)));
    // What is built from a repository has an address instead.
    paths.filter_map(Value::as_str).any(|path| Path::new(path).is_relative() && !path.contains("://"))
}

/// Says where the relative paths of a manifest start.
fn annotate(manifest: &mut Value, way: &Path) {
    let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(annotation::PATHS_RELATIVE_TO.to_owned(), Value::from(way.display().to_string()));
    }
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
    fn what_has_relative_paths_says_where_they_start_and_keeps_them() {
        let with = |container: &Value, path: &str| {
            json!({
                "metadata": { "name": "web", "annotations": { "note": "kept" } },
                "spec": { "template": { "container": container, "volumes": [{ "name": "a", "hostPath": { "path": path } }] } },
            })
        };
        let table = [
            (with(&json!({}), "./page"), true),
            (with(&json!({}), "page"), true),
            (with(&json!({}), "/srv"), false),
            (with(&json!({ "build": { "context": "." } }), "/srv"), true),
            (with(&json!({ "build": { "context": "https://example.com/shop.git" } }), "/srv"), false),
            (
                with(&json!({ "securityContext": { "seccompProfile": { "localhostProfile": "./p.json" } } }), "/srv"),
                true,
            ),
            (json!({ "spec": { "jobTemplate": { "spec": with(&json!({}), "../up").get("spec") } } }), true),
            (json!({ "spec": {} }), false),
        ];
        for (manifest, expected) in table {
            assert_eq!(has_relative_paths(&manifest), expected, "{manifest}");
        }
        let mut manifest = with(&json!({}), "./page");
        annotate(&mut manifest, Path::new("../shop"));
        let annotations = json!({ "note": "kept", "skiff.dev/paths-relative-to": "../shop" });
        assert_eq!(manifest.pointer("/metadata/annotations"), Some(&annotations));
        assert_eq!(manifest.pointer("/spec/template/volumes/0/hostPath/path"), Some(&json!("./page")));
    }
}
