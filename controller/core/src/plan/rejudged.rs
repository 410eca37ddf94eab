//! What changes without a new container and without a call to the engine: probes and hooks, by which what runs is judged from then on.

use serde::Serialize;
use serde_json::Value;
use skiff_api::{Container, ObjectKey};

use crate::check::told_checks;
use crate::desired::{Desired, Workload};
use crate::history::History;
use crate::reason::Change;

/// Where the probes and hooks of a container are, with what they are told as.
const FIELDS: [(&str, &str); 5] = [
    ("/startupProbe", "Startup"),
    ("/readinessProbe", "Readiness"),
    ("/livenessProbe", "Liveness"),
    ("/lifecycle/postStart", "Post start"),
    ("/lifecycle/preStop", "Pre stop"),
];

/// A deployment whose containers stay, with other probes or hooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejudged {
    /// The deployment.
    pub object: ObjectKey,
    /// What differs. What a hook or a probe is sent in headers and variables is not shown.
    pub changes: Vec<Change>,
}

/// The deployments that are declared with other probes or hooks than they were last. `known` is what was remembered before any of it is
/// learnt.
pub fn rejudged(desired: &Desired, known: &History) -> Vec<Rejudged> {
    let of = |workload: &Workload| {
        let last = known.objects.get(&workload.key)?.declared()?;
        let changes = changes(&last.pod.container, &workload.template.pod.container);
        let stays = last.template_hash() == workload.template.hash && !changes.is_empty();
        stays.then(|| Rejudged { object: workload.key.clone(), changes })
    };
    desired.workloads.values().filter_map(|workload| of(workload)).collect()
}

/// The line in which a probe or a hook is told.
fn told(lines: &[(&str, String)], name: &str) -> Option<String> {
    lines.iter().find(|(of, _)| *of == name).map(|(_, text)| text.clone())
}

fn changes(from: &Container, to: &Container) -> Vec<Change> {
    let [(from, told_from), (to, told_to)] = [from, to].map(|container| {
        // Plain data always serialises.
        (serde_json::to_value(container).unwrap_or_default(), told_checks(container))
    });
    let change = |(pointer, name): (&str, &str)| {
        let of = |value: &Value| value.pointer(pointer).filter(|value| !value.is_null()).cloned();
        let (before, after) = (told(&told_from, name), told(&told_to, name));
        let field = format!("container{}", pointer.replace('/', "."));
        // Where both are told alike, what differs is not shown.
        let (before, after) = if before == after { (None, None) } else { (before, after) };
        (of(&from) != of(&to)).then(|| Change::new(field, before, after))
    };
    FIELDS.into_iter().filter_map(change).collect()
}
