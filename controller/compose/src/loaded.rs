//! The whole way, from a request to objects.

use std::path::PathBuf;

use skiff_api::{Complaint, Object, parse_object};
use skiff_yaml::{Node, Positions, Span};

use crate::convert::{Converted, convert};
use crate::files::Files;
use crate::manifest::Manifest;
use crate::problems::Problems;
use crate::{Problem, Reader, Report, Request, Text, check, load as loading};

/// What a project comes to.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The project's name, as Compose has it.
    pub project: String,
    /// The folder that relative host paths of the objects start at.
    pub directory: PathBuf,
    /// The project as Compose would see it: merged, every attribute in its long form. `None` where there is no file.
    pub model: Option<Node>,
    /// The objects, in the order of their kinds and names. None while there is any problem.
    pub objects: Vec<Declared>,
    /// What became of each attribute.
    pub report: Report,
    /// Everything that is wrong, by file and line.
    pub problems: Vec<Problem>,
    /// What is odd and stands in the way of nothing.
    pub warnings: Vec<Problem>,
    /// The files that were read, in the order of their numbers, the first one being the request's.
    pub texts: Vec<Text>,
}

/// An object, and where it comes from.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The object, with its namespace.
    pub object: Object,
    /// Its manifest, whose values stand where Compose's do.
    pub manifest: Node,
    /// Where every field of it stands.
    pub positions: Positions,
    /// Where the service, network, volume, config or secret begins.
    pub place: Span,
}

/// Loads a project. Total: whatever is wrong is among the problems.
pub fn load(request: &Request, reader: &dyn Reader) -> Loaded {
    let mut files = Files::new(reader, request.first_file);
    let mut problems = Problems::new(request.unset_is_a_problem);
    let mut loaded = Loaded::default();
    if let Some(project) = loading::load(request, &mut files, &mut problems) {
        check::check(&project, &mut problems);
        let Converted { manifests, report } = convert(&project, &mut files, &mut problems);
        let objects: Vec<Declared> = manifests.into_iter().filter_map(|it| declare(it, &mut problems)).collect();
        loaded.report = report;
        loaded.objects = if problems.wrong.is_empty() { objects } else { Vec::new() };
        loaded.project = project.name;
        loaded.directory = project.directory;
        loaded.model = Some(project.model);
    }
    (loaded.problems, loaded.warnings) = problems.finish();
    loaded.texts = files.into_texts();
    loaded
}

/// Reads a manifest as manifests are read.
fn declare(manifest: Manifest, problems: &mut Problems) -> Option<Declared> {
    let manifest = manifest.root;
    match parse_object(&manifest.to_json()) {
        Ok(object) => {
            let positions = manifest.positions();
            Some(Declared { object, positions, place: manifest.place(), manifest })
        }
        Err(complaints) => {
            let positions = manifest.positions();
            for complaint in complaints {
                complain(complaint, &positions, problems);
            }
            None
        }
    }
}

/// A complaint about a manifest, at the place in the Compose file.
fn complain(complaint: Complaint, positions: &Positions, problems: &mut Problems) {
    let Complaint { pointer, message, help, .. } = complaint;
    let place = positions.nearest(&pointer);
    let problem = problems.wrong(place.used_at.unwrap_or(place.value), message);
    if let Some(help) = help {
        problem.help(help);
    }
}
