//! Images that are built: named at load by all that they are built from, so that a changed file of a context is another template.
//!
//! An object whose context cannot be read is left out, so that its last good version stays in force.

use std::path::Path;

use skiff_api::{ImageName, Instance, Kind, Object, ObjectKey, PodTemplate, naming};
use skiff_core::BuildImage;

use super::{Declared, Loaded, Problem, SourceOptions, reason};
use crate::context::{self, Context, ContextError};

/// Names the images of all objects that are built.
pub(super) fn name(loaded: &mut Loaded, options: &SourceOptions) {
    let mut broken = Vec::new();
    for (key, declared) in &mut loaded.objects {
        let Some(build) = build(declared) else { continue };
        let named = refusal(&declared.origin.file, &build).map_or_else(
            || {
                let repository = repository(&build, key, &options.instance);
                let folder = context::folder(&build);
                loaded.beside.files.insert(folder.clone());
                // Also where it cannot be read: what it lacks may come.
                loaded.beside.folders.insert(folder);
                let context = Context::read(&build, &options.limits.context)?;
                loaded.beside.folders.extend(context.folders().iter().cloned());
                context::image(&repository, &build, &context)
            },
            Err,
        );
        match (named, template_mut(&mut declared.object)) {
            (Ok(image), Some(template)) => template.container.image = image,
            (Ok(_), None) => {}
            (Err(error), _) => broken.push((key.clone(), error)),
        }
    }
    for (key, error) in broken {
        let Some(declared) = loaded.objects.remove(&key) else { continue };
        let problem = problem(&key, &declared, error, loaded);
        loaded.problems.push(problem);
    }
}

/// What an object is built from, its image as the manifest writes it.
pub(super) fn build(declared: &Declared) -> Option<BuildImage> {
    let container = &declared.object.template()?.container;
    Some(BuildImage {
        image: container.image.clone(),
        base: declared.base.to_string_lossy().into_owned(),
        build: container.build.clone()?,
        platform: container.platform.clone(),
    })
}

fn repository(build: &BuildImage, key: &ObjectKey, instance: &Instance) -> String {
    match build.image.as_str() {
        "" => naming::built_repository(instance, key),
        image => ImageName::of(image).repository(),
    }
}

/// What came in by a pipe lies nowhere.
fn refusal(file: &Path, build: &BuildImage) -> Option<ContextError> {
    let is_relative = Path::new(&build.build.context).is_relative();
    (file == Path::new("-") && is_relative).then(|| ContextError {
        message: "the build context is relative, and the manifest has no folder: it comes from the standard input"
            .into(),
        help: "write the folder from the root, or name the manifest's file instead of `-`".into(),
    })
}

fn problem(key: &ObjectKey, declared: &Declared, error: ContextError, loaded: &Loaded) -> Problem {
    let problem = Problem::new(reason::BUILD_CONTEXT, error.message).about(key).with_help(error.help);
    let is_scheduled = key.kind == Kind::CronJob;
    let above = if is_scheduled { "/spec/jobTemplate/spec/template" } else { "/spec/template" };
    match declared.origin.place(&format!("{above}/container/build/context"), false) {
        Some(span) => problem.at(span, &loaded.texts),
        None => problem.in_file(&declared.origin.file),
    }
}

/// What the containers of an object are made from, to be changed.
pub(super) fn template_mut(object: &mut Object) -> Option<&mut PodTemplate> {
    match object {
        Object::Deployment(deployment) => Some(&mut deployment.spec.template),
        Object::Job(job) => Some(&mut job.spec.template),
        Object::CronJob(cron) => Some(&mut cron.spec.job_template.spec.template),
        Object::Network(_) | Object::Volume(_) | Object::ConfigMap(_) | Object::Secret(_) => None,
    }
}
