//! The whole way, from a request to objects.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use skiff_api::{Object, ObjectKey};
use skiff_yaml::{Node, Span};

use crate::convert::{Converted, convert};
use crate::files::Files;
use crate::problems::Problems;
use crate::{Problem, Reader, Report, Request, Text, check, load as loading};

/// What a project comes to.
#[derive(Clone, Default)]
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
    /// Every file that was looked at or looked for, for whoever watches.
    pub paths: BTreeSet<PathBuf>,
}

/// An object, and where it comes from.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The object, with its namespace.
    pub key: ObjectKey,
    /// Its manifest, whose values stand where Compose's do.
    pub manifest: Node,
    /// Where the service, network, volume, config or secret begins.
    pub place: Span,
    /// What Compose calls it: "service `web`".
    pub called: String,
}

impl Declared {
    /// The object that the manifest says. It is made when it is asked for: of thousands, objects would be most of what a project takes.
    pub fn object(&self) -> Option<Object> {
        Object::from_manifest(&self.manifest.to_json()).ok()
    }
}

/// Without the model, which may hold secrets.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (objects, report) = (&self.objects, &self.report);
        let (problems, warnings) = (&self.problems, &self.warnings);
        let mut debug = f.debug_struct("Loaded");
        debug.field("project", &self.project).field("objects", objects).field("report", report);
        debug.field("problems", problems).field("warnings", warnings).finish_non_exhaustive()
    }
}

/// Loads a project. Total: whatever is wrong is among the problems.
pub fn load(request: &Request, reader: &dyn Reader) -> Loaded {
    let mut files = Files::new(reader, request.first_file);
    let mut problems = Problems::new(request.unset_is_a_problem);
    let mut loaded = Loaded::default();
    if let Some(project) = loading::load(request, &mut files, &mut problems) {
        problems.settle();
        check::check(&project, &mut problems);
        problems.settle();
        let Converted { objects, report } = convert(&project, &mut files, &mut problems);
        loaded.report = report;
        loaded.objects = if problems.wrong.is_empty() { objects } else { Vec::new() };
        loaded.project = project.name;
        loaded.directory = project.directory;
        loaded.model = Some(project.model);
    }
    (loaded.problems, loaded.warnings) = problems.finish();
    (loaded.texts, loaded.paths) = files.finish();
    loaded
}
