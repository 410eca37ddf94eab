//! A folder of this repository as an export from the disk finds it: a Compose project with its files, or manifests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skiff_api::Object;
use skiff_compose::Request;
use skiff_kubernetes::HostContent;

use super::Stack;

/// Where the tests say that every folder is.
const PROJECT: &str = "/project";

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The stack that several folders declare together, none of which mounts a path of the host.
pub(crate) fn together(folders: &[&str]) -> Stack {
    Stack::of_objects(folders.iter().flat_map(|folder| stack(folder).into_objects()))
}

/// The stack that a folder below `manifests` declares. What lies beside the folder is there as well.
pub(crate) fn stack(folder: &str) -> Stack {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "manifests", folder].iter().collect();
    let (above, name) = (root.parent().expect("a folder above"), root.file_name().expect("a name"));
    let mut files = Files::new();
    read(above, Path::new(PROJECT), &mut files);
    let directory = Path::new(PROJECT).join(name);
    if !files.contains_key(&directory.join("compose.yaml")) {
        let own = files.into_iter().filter(|(path, _)| path.starts_with(&directory));
        let texts: Vec<String> = own.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect();
        return Stack::of(&texts.join("\n---\n"));
    }
    let loaded = skiff_compose::load(&Request { directory: directory.clone(), ..Request::default() }, &files);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let objects: Vec<Object> = loaded.objects.iter().filter_map(skiff_compose::Declared::object).collect();
    let paths: Vec<String> = objects.iter().flat_map(host_paths).collect();
    paths.into_iter().fold(Stack::of_objects(objects), |stack, path| match content(&directory.join(&path), &files) {
        Some(content) => stack.with_host(&path, content),
        None => stack,
    })
}

#[expect(clippy::disallowed_methods, reason = "a test reads what the repository ships")]
fn read(folder: &Path, shown: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let shown = shown.join(path.file_name().expect("a name"));
        if path.is_dir() {
            read(&path, &shown, files);
        } else {
            files.insert(shown, std::fs::read(&path).expect("a file of the repository"));
        }
    }
}

/// The relative paths of the host that an object mounts.
fn host_paths(object: &Object) -> Vec<String> {
    let volumes = object.template().into_iter().flat_map(|template| &template.volumes);
    let paths = volumes.filter_map(|volume| volume.host_path.as_ref()).map(|host| host.path.clone());
    paths.filter(|path| !path.starts_with('/')).collect()
}

fn content(place: &Path, files: &Files) -> Option<HostContent> {
    let place: PathBuf = place.components().filter(|part| part.as_os_str() != ".").collect();
    if let Some(bytes) = files.get(&place) {
        return Some(HostContent::File(Arc::from(bytes.as_slice())));
    }
    let below = |(file, bytes): (&PathBuf, &Vec<u8>)| {
        let below = file.strip_prefix(&place).ok()?.to_str()?.to_owned();
        Some((below, Arc::from(bytes.as_slice())))
    };
    let folder: BTreeMap<String, Arc<[u8]>> = files.iter().filter_map(below).collect();
    (!folder.is_empty()).then_some(HostContent::Folder(folder))
}
