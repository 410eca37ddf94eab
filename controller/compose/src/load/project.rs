//! Which files a project has, what it is called, and all of them laid over each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use skiff_yaml::{Key, Node};

use super::{Layer, Loader, Project, entries, folder};
use crate::environment::Environment;
use crate::files::Files;
use crate::merge::settle;
use crate::problems::Problems;
use crate::{Request, paths};

/// What a Compose file is called: the names that are looked for, the first one found wins.
pub const FILE_NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

pub(super) fn load(request: &Request, files: &mut Files<'_>, problems: &mut Problems) -> Option<Project> {
    let mut loader = Loader { files, problems, base: PathBuf::new(), open: Vec::new(), followed: Vec::new() };
    let environment = loader.env_files(request, &request.directory, &Environment::new(request.environment.clone()));
    let paths = loader.paths(request, &environment)?;
    let first = paths.first().map(|path| folder(path)).unwrap_or_default();
    let directory = request.project_directory.as_ref().map(|path| request.directory.join(path));
    let directory = paths::tidy(&directory.unwrap_or(first));
    let is_elsewhere = directory != request.directory;
    let environment = if is_elsewhere { loader.env_files(request, &directory, &environment) } else { environment };
    loader.base.clone_from(&directory);
    loader.whole(request, &paths, directory, environment)
}

impl Loader<'_, '_> {
    /// The variables that there are, and after them those of the files that are named, or of the `.env` in a folder.
    fn env_files(&mut self, request: &Request, folder: &Path, known: &Environment) -> Environment {
        let named = known.given("COMPOSE_ENV_FILES");
        let named = named.iter().flat_map(|list| list.split(',')).map(PathBuf::from);
        let named: Vec<PathBuf> =
            if request.env_files.is_empty() { named.collect() } else { request.env_files.clone() };
        if named.is_empty() && known.given("COMPOSE_DISABLE_ENV_FILE").is_some() {
            return known.clone();
        }
        let named: Vec<PathBuf> = named.iter().map(|path| request.directory.join(path)).collect();
        self.with_files(&named, folder, known)
    }

    /// The files of the project.
    fn paths(&mut self, request: &Request, environment: &Environment) -> Option<Vec<PathBuf>> {
        let whole = |path: &Path| paths::tidy(&request.directory.join(path));
        if !request.files.is_empty() {
            return Some(request.files.iter().map(|path| whole(path)).collect());
        }
        if let Some(list) = environment.given("COMPOSE_FILE") {
            let separator = environment.given("COMPOSE_PATH_SEPARATOR").unwrap_or_else(|| ":".to_owned());
            return Some(list.split(separator.as_str()).map(|path| whole(Path::new(path))).collect());
        }
        let found = request.directory.ancestors().find_map(|folder| find(self.files, folder));
        if found.is_none() {
            let message = format!("there is no Compose file in {} or above", request.directory.display());
            self.problems.problem(crate::Problem::new(message)).help(format!("it is called {}", FILE_NAMES.join(", ")));
        }
        found
    }

    fn whole(
        mut self,
        request: &Request,
        paths: &[PathBuf],
        directory: PathBuf,
        mut environment: Environment,
    ) -> Option<Project> {
        let trees: Vec<(PathBuf, Vec<Node>)> = paths.iter().map(|path| (path.clone(), self.parse(path))).collect();
        let name = self.name(request, &trees, &directory, &environment);
        environment.set("COMPOSE_PROJECT_NAME", &name);
        let layer = Layer { directory, environment };
        let mut whole: Option<Node> = None;
        for (path, trees) in trees {
            self.open = vec![path.clone()];
            self.file(&path, trees, &layer, &mut whole);
        }
        let mut model = whole?;
        settle(&mut model);
        let awaited = awaited(&model);
        let inactive = self.select(request, &mut model, &layer.environment);
        let followed = std::mem::take(&mut self.followed);
        let Layer { directory, environment } = layer;
        Some(Project { name, directory, model, environment, awaited, inactive, followed })
    }
}

/// The services that another one waits for until they have ended.
fn awaited(model: &Node) -> BTreeSet<String> {
    let ended = |(key, need): &(Key, Node)| {
        let condition = need.get("condition").and_then(Node::as_str);
        (condition == Some("service_completed_successfully")).then(|| key.name.clone())
    };
    let needs = entries(model, "services").iter().flat_map(|(_, service)| entries(service, "depends_on"));
    needs.filter_map(ended).collect()
}

/// The file of a folder, with the one that is laid over it.
fn find(files: &mut Files<'_>, folder: &Path) -> Option<Vec<PathBuf>> {
    let name = FILE_NAMES.into_iter().find(|name| files.has(&folder.join(name)))?;
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let over = ["yaml", "yml"].map(|extension| folder.join(format!("{stem}.override.{extension}")));
    let over = over.into_iter().find(|path| files.has(path));
    Some(std::iter::once(folder.join(name)).chain(over).collect())
}
