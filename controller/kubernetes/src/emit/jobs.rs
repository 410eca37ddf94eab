//! What jobs are called: by their finished pods.
//!
//! Kubernetes changes the pods of no job, so that another pod is another job: whatever gets into it counts, the names of content and of
//! awaited jobs as well, and nothing else does.

use std::collections::BTreeSet;

use skiff_api::{Dependency, DependencyCondition, ObjectKey};

use super::pod;
use crate::ledger::Ledger;
use crate::names::{Names, label, short_digest};
use crate::stack::{Form, Run, Stack, Workload};

/// The most characters of a job's name before its digest: a label has 63, and a chart puts a second digest behind.
const STEM: usize = 45;

/// Names them, each after those that it waits for, whose names are in its pod.
pub(super) fn name(stack: &mut Stack<'_>) {
    let (mut ordered, mut seen) = (Vec::new(), BTreeSet::new());
    for job in stack.workloads.values().filter(|it| it.form == Form::Job) {
        visit(stack, job, &mut seen, &mut ordered);
    }
    let mut names = Names::default();
    for key in ordered {
        let Some(workload) = stack.workloads.get(&key) else { continue };
        // What becomes of its fields is told where it is written.
        let pod = pod::pod(stack, workload, &mut Ledger::new(stack.input.places));
        let template = serde_json::to_vec(&pod.template).expect("the types of Kubernetes have text keys");
        let completions = match workload.run {
            Run::Once(spec) => spec.completions,
            Run::Forever(_) | Run::Scheduled(_) => None,
        };
        let digest = short_digest(&[&template, format!("{completions:?}").as_bytes()], 8);
        let name = names.claim("Job", &workload.namespace, &format!("{}-{digest}", label(&key.name, STEM)));
        if let Some(workload) = stack.workloads.get_mut(&key) {
            workload.name = name;
        }
    }
}

/// Depth first; what was seen is not gone into again, so that a cycle ends.
fn visit(stack: &Stack<'_>, job: &Workload<'_>, seen: &mut BTreeSet<ObjectKey>, ordered: &mut Vec<ObjectKey>) {
    if !seen.insert(job.key.clone()) {
        return;
    }
    for dependency in dependencies(job).iter().filter(|it| it.condition == DependencyCondition::Completed) {
        let namespace = dependency.namespace.as_deref().unwrap_or(&job.key.namespace);
        let awaited = stack.workload(namespace, &dependency.name);
        if let Some(awaited) = awaited.filter(|it| it.form == Form::Job) {
            visit(stack, awaited, seen, ordered);
        }
    }
    ordered.push(job.key.clone());
}

fn dependencies<'w>(workload: &Workload<'w>) -> &'w [Dependency] {
    match workload.run {
        Run::Forever(spec) => &spec.depends_on,
        Run::Once(spec) => &spec.depends_on,
        Run::Scheduled(spec) => &spec.job_template.spec.depends_on,
    }
}
