//! What must be there in the end, worked out from what was said alone: nothing of the compiler or the planner is asked.

mod container;
mod excuse;
mod look;
mod things;

use std::collections::BTreeSet;

use skiff_api::{Deployment, ObjectKey, label};
use skiff_core::Plan;
use skiff_sim::{SimContainer, SimEngine};

use crate::declare::SECRET_MARK;
use crate::inits::is_init;
use crate::ledger::{Fate, Ledger, object_of};
use crate::manifests::Manifests;
use container::check_container;
pub(crate) use container::has_finished;
pub(crate) use excuse::excused;
use excuse::unfit;
pub(crate) use look::{Look, wanted_look};
use things::{check_files, check_networks, check_volumes};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// What it is about.
    key: ObjectKey,
    what: String,
    /// Whether something outside really holds it up, so that it may be so, as long as it is said.
    excused: bool,
    /// Objects that hold it up: it is enough that it is said of one of them.
    by: BTreeSet<ObjectKey>,
}

impl Complaint {
    fn new(key: &ObjectKey, what: String) -> Self {
        Self { key: key.clone(), what, excused: false, by: BTreeSet::new() }
    }
}

/// Everything that is wrong, as sentences: what is not as declared and held up by nothing, or held up and not said to be.
pub(crate) fn complaints(ledger: &Ledger, engine: &SimEngine, plan: &Plan) -> Vec<String> {
    let said: BTreeSet<&ObjectKey> = plan.held.iter().map(|held| &held.object).collect();
    let mut wrong: Vec<String> = Vec::new();
    for complaint in differences(ledger, engine) {
        let Complaint { key, what, excused, by } = complaint;
        let is_said = said.contains(&key) || by.iter().any(|object| said.contains(object));
        if !excused {
            wrong.push(format!("{key}: {what}"));
        } else if !is_said {
            wrong.push(format!("{key} is held up, and nobody says so: {what}"));
        }
    }
    for container in engine.containers() {
        if container.labels.values().any(|value| value.contains(SECRET_MARK)) {
            wrong.push(format!("{} has a secret in a label", container.name));
        }
    }
    wrong
}

/// Everything that is not as it should be.
pub(crate) fn differences(ledger: &Ledger, engine: &SimEngine) -> Vec<Complaint> {
    let mut found = Vec::new();
    if !ledger.order.is_down() {
        let excused = excused(ledger, engine);
        for (key, deployment) in ledger.scope.deployments() {
            let (excused, by) = (excused.contains(key), unfit(&ledger.scope, engine, key, deployment));
            for what in check_deployment(&ledger.scope, engine, key, deployment) {
                found.push(Complaint { excused, by: by.clone(), ..Complaint::new(key, what) });
            }
        }
    }
    check_nothing_else(ledger, engine, &mut found);
    check_networks(ledger, engine, &mut found);
    check_volumes(ledger, engine, &mut found);
    // What is held up keeps its files, and so does what is on its way back.
    if found.is_empty() && ledger.failed.is_empty() {
        check_files(ledger, engine, &mut found);
    }
    found
}

/// The containers of an object, main ones of our instance.
pub(crate) fn of_object<'a>(engine: &'a SimEngine, key: &ObjectKey) -> Vec<&'a SimContainer> {
    let is_main = |container: &&SimContainer| object_of(&container.labels).as_ref() == Some(key) && !is_init(container);
    engine.containers().filter(is_main).collect()
}

pub(crate) fn check_deployment(
    manifests: &Manifests,
    engine: &SimEngine,
    key: &ObjectKey,
    deployment: &Deployment,
) -> Vec<String> {
    let mut found = Vec::new();
    let containers = of_object(engine, key);
    let wanted = usize::try_from(deployment.spec.replicas()).unwrap_or(usize::MAX);
    if containers.len() != wanted {
        found.push(format!("there are {} containers and there should be {wanted}", containers.len()));
    }
    let ordinals: BTreeSet<Option<&String>> =
        containers.iter().map(|container| container.labels.get(label::REPLICA)).collect();
    if ordinals.len() != containers.len() {
        found.push("there are two containers of one ordinal".to_owned());
    }
    for container in containers {
        let wrong = check_container(manifests, engine, key, deployment, container);
        found.extend(wrong.into_iter().map(|what| format!("{}: {what}", container.name)));
    }
    let left = engine.containers().filter(|one| is_init(one) && object_of(&one.labels).as_ref() == Some(key));
    found.extend(left.map(|init| format!("{} is left behind", init.name)));
    found
}

/// Nothing of ours is there that must go, and it is said what stays though nobody declares it.
fn check_nothing_else(ledger: &Ledger, engine: &SimEngine, found: &mut Vec<Complaint>) {
    let mut guarded = ledger.guarded(engine);
    // What is of two sources stays for the mistakes of either.
    let fates = engine.containers().filter_map(|container| ledger.fate_of(engine, container));
    guarded.extend(fates.filter(|(_, fate)| *fate == Fate::Held).map(|(key, _)| key));
    for container in engine.containers() {
        let Some((key, fate)) = ledger.fate_of(engine, container) else { continue };
        let excused = match fate {
            Fate::Declared | Fate::Left | Fate::Open => continue,
            Fate::Gone => guarded.contains(&key),
            Fate::Held => true,
        };
        let what = format!("{} is there, and nobody declares it", container.name);
        found.push(Complaint { excused, ..Complaint::new(&key, what) });
    }
}
