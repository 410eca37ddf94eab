//! The project → objects of Skiff, each with where every field of it comes from, and what became of each attribute.
//!
//! A service becomes a Deployment; a Job where its mode says so or another service waits for its end. Names and labels of
//! containers, networks and volumes are Compose's own, so that a stack's data is found and other tools know what they see.

mod build;
mod content;
mod declare;
mod deploy;
mod devices;
mod extension;
mod lifecycle;
mod mounts;
mod network;
mod process;
mod resources;
mod rows;
mod security;
mod service;

pub(crate) use lifecycle::replicas;

use crate::environment::Environment;
use crate::files::Files;
use crate::load::{Project, entries};
use crate::names;
use crate::problems::Problems;
use crate::{Declared, Report, Row, Verdict};

/// What a project becomes.
#[derive(Debug, Default)]
pub(crate) struct Converted {
    pub(crate) objects: Vec<Declared>,
    pub(crate) report: Report,
}

/// Makes objects of a project.
pub(crate) fn convert(project: &Project, files: &mut Files<'_>, problems: &mut Problems) -> Converted {
    let mut converter = Converter {
        project,
        namespace: names::object(&project.name),
        linked: network::linked(&project.model),
        files,
        problems,
        converted: Converted::default(),
    };
    converter.resources();
    for (key, service) in entries(&project.model, "services") {
        converter.service(key, service);
    }
    converter.project_rows();
    let Converted { mut objects, mut report } = converter.converted;
    objects.sort_by(|left, right| left.key.cmp(&right.key));
    report.rows.sort_by(|left, right| {
        let key = |row: &Row| (row.place.file, row.place.start);
        (key(left), &left.attribute).cmp(&(key(right), &right.attribute))
    });
    Converted { objects, report }
}

/// What the conversion knows and has made so far.
struct Converter<'a, 'f, 'r> {
    project: &'a Project,
    /// The project's name, as objects have it.
    namespace: String,
    /// The names that links give to other services.
    linked: network::Linked,
    files: &'f mut Files<'r>,
    problems: &'f mut Problems,
    converted: Converted,
}

impl Converter<'_, '_, '_> {
    fn environment(&self) -> &Environment {
        &self.project.environment
    }

    /// Writes down what became of an attribute.
    fn row(&mut self, row: Row) {
        let Row { attribute, place, verdict, does, remedy } = &row;
        if *verdict == Verdict::Refused {
            let name = attribute.rsplit_once('.').map_or(attribute.as_str(), |(_, name)| name);
            self.problems.wrong(*place, format!("`{name}` is refused: {does}")).help(remedy.clone());
        }
        self.converted.report.rows.push(row);
    }
}
