//! Every Compose fragment of the project's seeds loads, plans and exports, and no attribute of it is passed over in silence.
//!
//! The seeds lie beside the checkout, `../shared/seeds`, or where `SKIFF_SEEDS` says; without them the test says so and ends. A fragment shows
//! what its text is about and leaves out the rest, so that it is completed before: an image for a service that has none, and whatever else
//! it names and does not define. Nothing that a fragment says is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use skiff::source::{self, ComposeProject, SourceOptions, compose_project};
use skiff_compose::attributes;
use skiff_core::{
    Archive, CompileInput, DeclaredObject, DigestKey, History, HostFiles, Instance, Intent, Observed, SourceState,
    Timestamp, compile, plan,
};
use skiff_yaml::{FileId, Limits, Profile};

type Failure = Box<dyn Error>;

/// How many blocks of the seeds are of Compose, at the least.
const FRAGMENTS: usize = 59;

/// What a Compose file may have at its top.
const TOP: [&str; 9] =
    ["version", "name", "include", "services", "networks", "volumes", "configs", "secrets", "models"];

/// Variables that fragments need.
const VARIABLES: [(&str, &str); 3] = [("SEED", "seed"), ("HOME", "/root"), ("VERSION", "1")];

/// A fragment, and where it is.
struct Fragment {
    place: String,
    project: Map<String, Value>,
}

fn seeds() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/seeds");
    let folder = std::env::var_os("SKIFF_SEEDS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// The blocks of YAML in a text of Markdown, with the line that each begins at.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match line.trim() {
            "```yaml" | "```yml" if !open => {
                open = true;
                found.push((index + 2, String::new()));
            }
            "```" => open = false,
            _ if open => {
                if let Some((_, block)) = found.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            _ => {}
        }
    }
    found
}

fn service_attributes() -> BTreeSet<&'static str> {
    attributes::service().map(|row| row.path.split('.').next().unwrap_or_default()).collect()
}

/// A fragment as a project; none where it is of something else than Compose.
fn project_of(block: &Value) -> Option<Map<String, Value>> {
    let known = service_attributes();
    let fields = block.as_object().filter(|fields| !fields.is_empty())?;
    let is_service = |fields: &Map<String, Value>| fields.keys().all(|key| known.contains(key.as_str()));
    let is_project = |(key, value): (&String, &Value)| {
        key.starts_with("x-")
            || (TOP.contains(&key.as_str()) && (value.is_object() || value.is_string() || value.is_null()))
    };
    let services = |services: Value| Map::from_iter([("services".to_owned(), services)]);
    if fields.iter().all(is_project) {
        return Some(fields.clone());
    }
    if is_service(fields) {
        return Some(services(json!({ "app": fields })));
    }
    let are_services = fields.values().all(|value| value.as_object().is_some_and(is_service));
    are_services.then(|| services(Value::Object(fields.clone())))
}

/// Adds what a fragment leaves out: images, and what is named and not defined.
fn complete(project: &mut Map<String, Value>) {
    project.insert("name".to_owned(), "seed".into());
    let mut services =
        project.remove("services").and_then(|services| services.as_object().cloned()).unwrap_or_default();
    let (mut named, mut missing) = (BTreeSet::new(), Vec::new());
    for service in services.values_mut() {
        if service.is_null() {
            *service = json!({});
        }
        let Some(service) = service.as_object_mut() else { continue };
        if !["image", "build", "extends", "provider"].iter().any(|key| service.contains_key(*key)) {
            service.insert("image".to_owned(), "example:1".into());
        }
        missing.extend(names(service.get("depends_on")));
        for section in ["networks", "secrets", "configs"] {
            named.extend(names(service.get(section)).into_iter().map(|name| (section, name)));
        }
        let volumes = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
        named.extend(volumes.filter_map(volume).map(|name| ("volumes", name)));
    }
    for name in missing {
        services.entry(name).or_insert_with(|| json!({ "image": "example:1" }));
    }
    if services.is_empty() {
        services.insert("app".to_owned(), json!({ "image": "example:1" }));
    }
    for (section, name) in named {
        let section_of = project.entry(section).or_insert_with(|| json!({}));
        let definition = match section {
            "secrets" | "configs" => json!({ "environment": "SEED" }),
            _ => Value::Null,
        };
        if let Some(fields) = section_of.as_object_mut().filter(|_| name != "default") {
            fields.entry(name).or_insert(definition);
        }
    }
    project.insert("services".to_owned(), Value::Object(services));
}

/// The names in a list or a mapping.
fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => {
            let name = |item: &Value| item.as_str().or_else(|| item.get("source")?.as_str()).map(str::to_owned);
            items.iter().filter_map(name).collect()
        }
        Some(Value::Object(fields)) => fields.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The name of a volume that a service mounts.
fn volume(item: &Value) -> Option<String> {
    let source = match item.as_str() {
        Some(text) => text.split_once(':').map(|(source, _)| source)?,
        None => item.get("source").filter(|_| item.get("type").is_some_and(|kind| kind == "volume"))?.as_str()?,
    };
    let is_name = source.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    is_name.then(|| source.to_owned())
}

/// Blocks of the seeds that are no YAML at all, and why: nothing could load them.
const NO_YAML: [(&str, &str); 2] = [
    ("3-scalable-services.md:224", "a mapping of variables has an item of the other form, `NAME=value`"),
    ("4-layered-environments.md:243", "commands of a shell in a block that calls itself YAML"),
];

/// The fragments, and the places of blocks that are no YAML.
fn fragments(folder: &Path) -> Result<(Vec<Fragment>, Vec<String>), Failure> {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "md")) {
        for (line, block) in blocks(&fs::read_to_string(file)?) {
            let parsed = skiff_yaml::parse(&block, FileId(0), Profile::Compose, &Limits::default());
            let place = format!("{}:{line}", file.file_name().unwrap_or_default().to_string_lossy());
            if !parsed.problems.is_empty() {
                unread.push(place.clone());
            }
            for document in parsed.documents.iter().filter(|document| document.sound) {
                if let Some(mut project) = project_of(&document.root.to_json()) {
                    complete(&mut project);
                    found.push(Fragment { place: place.clone(), project });
                }
            }
        }
    }
    Ok((found, unread))
}

/// Writes a fragment with the files that it names.
fn write(fragment: &Fragment, folder: &Path) -> Result<PathBuf, Failure> {
    let file = folder.join("compose.yaml");
    fs::write(&file, serde_json::to_string_pretty(&fragment.project)?)?;
    let services = fragment.project.get("services").and_then(Value::as_object).into_iter().flatten();
    for (_, service) in services {
        if let Some(build) = service.get("build") {
            let field = |name: &str| build.get(name).and_then(Value::as_str);
            let context = folder.join(build.as_str().or_else(|| field("context")).unwrap_or("."));
            fs::create_dir_all(&context)?;
            fs::write(context.join(field("dockerfile").unwrap_or("Dockerfile")), "FROM example:1\n")?;
        }
        for path in names(service.get("env_file"))
            .into_iter()
            .chain(service.get("env_file").and_then(Value::as_str).map(str::to_owned))
        {
            fs::write(folder.join(path), "SEED=1\n")?;
        }
    }
    for section in ["secrets", "configs"] {
        let defined = fragment.project.get(section).and_then(Value::as_object).into_iter().flatten();
        for path in defined.filter_map(|(_, definition)| definition.get("file")?.as_str()) {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, "seed\n")?;
        }
    }
    Ok(file)
}

fn options(file: &Path) -> SourceOptions {
    let mut options = SourceOptions { paths: vec![file.to_owned()], ..SourceOptions::default() };
    let variables = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
    options.compose.environment.extend(variables);
    options.compose.profiles.push("*".to_owned());
    options
}

/// Takes out what is no attribute of Compose: a seed may be wrong as well. It must be told, and is a mistake of the whole project.
fn take_unknown(fragment: &mut Fragment) -> Result<Vec<String>, Failure> {
    let known = service_attributes();
    let is_unknown = |key: &String| !key.starts_with("x-") && !known.contains(key.as_str());
    let Some(services) = fragment.project.get("services").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let all = services
        .iter()
        .flat_map(|(name, service)| service.as_object().into_iter().flatten().map(move |(key, _)| (name, key)));
    let unknown: Vec<String> = all
        .filter(|(_, key)| is_unknown(key))
        .map(|(name, key)| format!("`{key}` is no attribute of services.{name}"))
        .collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let ComposeProject { said, .. } = compose_project(&options(&write(fragment, folder.path())?));
    let is_told = |message: &String| said.problems.iter().any(|problem| problem.message == *message);
    let services = fragment.project.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        service.retain(|key, _| !is_unknown(key));
    }
    Ok(unknown.into_iter().filter(|message| !is_told(message)).collect())
}

/// What is wrong with how a fragment fares; nothing where all is well.
fn judge(fragment: &Fragment) -> Result<Vec<String>, Failure> {
    let folder = tempfile::tempdir()?;
    let file = write(fragment, folder.path())?;
    let ComposeProject { loaded, said } = compose_project(&options(&file));
    let mut wrong: Vec<String> = said.problems.iter().map(|problem| problem.message.clone()).collect();
    let told = |path: &str| loaded.report.rows.iter().any(|row| row.attribute.starts_with(path));
    for (name, service) in fragment.project.get("services").and_then(Value::as_object).into_iter().flatten() {
        let attributes =
            service.as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| !key.starts_with("x-"));
        wrong.extend(attributes.map(|key| format!("services.{name}.{key}")).filter(|path| !told(path)));
    }
    wrong.extend(planned(&file)?);
    let exported = Command::new(env!("CARGO_BIN_EXE_skiff"))
        .envs(VARIABLES)
        .args(["export", "kubernetes", "--profile", "*", "-o", "json"])
        .arg(&file)
        .output()?;
    if !exported.status.success() {
        wrong.push(format!("export: {}", String::from_utf8_lossy(&exported.stderr)));
    }
    Ok(wrong)
}

/// A plan on a host where nothing is must make every object of a fragment, or say why not.
fn planned(file: &Path) -> Result<Vec<String>, Failure> {
    let loaded = source::load(&options(file));
    let problems = loaded.problems.iter().map(|problem| problem.message.clone());
    let declared = loaded.objects.iter().map(|(key, declared)| {
        let base = declared.base.display().to_string();
        let object = declared.object.clone();
        (key.clone(), DeclaredObject { object, source: "seed".to_owned(), source_revision: None, base })
    });
    let (desired, _) = compile(&CompileInput {
        instance: &Instance::default(),
        intent: Intent::Run,
        stays: true,
        objects: &declared.collect(),
        sources: &[("seed".to_owned(), SourceState::default())].into(),
        host_files: &HostFiles::new(),
        digest_key: &DigestKey::new([7; 32]),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        beside: &BTreeMap::new(),
        history: &History::default(),
        traces: &BTreeMap::new(),
        archive: &Archive::default(),
    });
    let plan = plan(&desired, &Observed::default(), Timestamp::from_second(1_800_000_000)?);
    let is_planned = |key: &skiff_api::ObjectKey| {
        plan.steps.iter().any(|step| step.object == *key) || plan.held.iter().any(|held| held.object == *key)
    };
    let unplanned = desired.workloads.keys().chain(desired.jobs.keys()).filter(|key| !is_planned(key));
    Ok(problems.chain(unplanned.map(|key| format!("{key} is not planned"))).collect())
}

#[test]
fn every_compose_fragment_of_the_seeds_loads_plans_and_exports() -> Result<(), Failure> {
    let Some(folder) = seeds() else {
        // The harness shows it with `--nocapture`.
        std::io::stderr().write_all(b"no seeds beside the checkout: skipped\n")?;
        return Ok(());
    };
    let (mut fragments, unread) = fragments(&folder)?;
    assert_eq!(unread, NO_YAML.map(|(place, _)| place), "what is no YAML is known by name");
    assert!(fragments.len() >= FRAGMENTS, "{} fragments: some were passed over", fragments.len());
    let mut wrong = Vec::new();
    for fragment in &mut fragments {
        let unknown = take_unknown(fragment)?;
        wrong.extend(unknown.into_iter().chain(judge(fragment)?).map(|what| format!("{}: {what}", fragment.place)));
    }
    assert_eq!(wrong, Vec::<String>::new());
    Ok(())
}
