//! Compose projects that other people's documents show, where they lie beside the checkout: whatever of them is a project by itself
//! is exported, and nothing in it dangles.

use std::path::{Path, PathBuf};

use skiff_compose::{ReadError, Reader, Request};
use skiff_kubernetes::Options;
use skiff_yaml::{FileId, Limits, Node, Profile, Value, parse};

use crate::support::{Stack, decode, references};

/// A project of one text, with images for the services that its document names none for.
struct Project<'t>(&'t str, String);

impl Reader for Project<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("compose.yaml") => Ok(self.0.as_bytes().to_vec()),
            Some("compose.override.yaml") => Ok(self.1.as_bytes().to_vec()),
            _ => Err(ReadError::Missing),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test reads what lies beside the checkout")]
fn documents() -> Option<Vec<String>> {
    let beside: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "shared", "seeds"].iter().collect();
    let seeds = std::env::var_os("SKIFF_SEEDS").map_or(beside, PathBuf::from);
    let entries = std::fs::read_dir(seeds).ok()?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// The blocks of a page that are in YAML.
fn blocks(page: &str) -> Vec<&str> {
    let begun = page.split("```yaml\n").skip(1);
    begun.filter_map(|rest| rest.split_once("\n```")).map(|(block, _)| block).collect()
}

fn override_of(block: &str) -> String {
    let parsed = parse(block, FileId(0), Profile::Kubernetes, &Limits::default());
    let services = parsed.documents.first().and_then(|document| document.root.get("services"));
    let Some(Value::Mapping(services)) = services.map(|node| &node.value) else { return String::new() };
    let lacks = |service: &Node| service.get("image").is_none() && service.get("build").is_none();
    let named = services.iter().filter(|(_, service)| lacks(service));
    let lines: Vec<String> =
        named.map(|(key, _)| format!("  {}: {{ image: \"example/image:1\" }}\n", key.name)).collect();
    if lines.is_empty() { String::new() } else { format!("services:\n{}", lines.concat()) }
}

/// What is published and stored in other ways than without a word.
fn other_options() -> Options {
    Options {
        gateway: Some("infra/edge".to_owned()),
        hardened: true,
        node_ports: true,
        read_write_many: true,
        ..Options::default()
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "who runs the tests is told what was not looked at")]
fn whatever_is_a_project_in_them_is_exported_with_nothing_dangling() {
    let Some(pages) = documents() else {
        return eprintln!("no seeds beside the checkout, and none in SKIFF_SEEDS: not looked at");
    };
    let mut exported = 0;
    for block in pages.iter().flat_map(|page| blocks(page)) {
        let request = Request { directory: PathBuf::from("/seed"), ..Request::default() };
        let loaded = skiff_compose::load(&request, &Project(block, override_of(block)));
        if loaded.objects.is_empty() {
            continue;
        }
        let stack = Stack::of_objects(loaded.objects.iter().filter_map(skiff_compose::Declared::object));
        for export in [stack.export(), stack.export_with(&other_options())] {
            decode::strictly(&export);
            let wrong = references::complaints(&export);
            assert!(wrong.is_empty(), "{block}\n\n{}", wrong.join("\n"));
        }
        exported += 1;
    }
    assert!(exported >= 20, "only {exported} of the documents' blocks are projects");
}
