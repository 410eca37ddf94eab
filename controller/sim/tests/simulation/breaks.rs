//! One thing gone wrong at every place where it can: the controller dies after each single step, or an answer is lost at it, and yet all
//! ends where it would have. Every change of a system is broken at every step of it, in more than one order of its steps.

use jiff::SignedDuration;
use serde_json::{Value, json};
use skiff_api::{Deployment, Kind, Object, ObjectKey};
use skiff_core::Outcome;
use skiff_sim::{Fault, Program, SimImage};

use crate::data::Data;
use crate::declare::read;
use crate::manifests::Manifests;
use crate::number;
use crate::scripts::{Script, deployment, system};

/// How many orders there are at least in which the steps of a plan that are free are performed: each is a seed. With more seeds than
/// usual, one in so many is tried.
const ORDERS: u64 = 3;
const ONE_IN: u64 = 200;
/// How long a system is left alone before it changes, so that what runs is known to be good.
const PROVED: SignedDuration = SignedDuration::from_secs(15);

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// The controller dies after this step.
    CrashAfter(usize),
    /// It dies after every step that does something.
    CrashAfterEach,
    /// The answer to this step is lost.
    LostAnswer(usize),
}

/// A change of a system: from what, to what, and as what it must end.
struct Change {
    name: &'static str,
    from: Manifests,
    to: Manifests,
    ends_as: Manifests,
    /// Whether all data is where it was in the end.
    keeps_data: bool,
}

impl Change {
    fn new(name: &'static str, from: Manifests, to: Manifests) -> Self {
        Self { name, from, ends_as: to.clone(), to, keeps_data: false }
    }

    /// Brings it about, with something gone wrong on the way.
    fn run(&self, order: u64, broken: Option<Break>) -> Result<Script, String> {
        let mut script = Script::new(order);
        let crash = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
        script
            .engine
            .put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program: crash, ..SimImage::default() });
        let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
        for (reference, program) in [("db:1", Program::Runs), ("db:2", Program::Runs), ("db:bad", program)] {
            let (id, volumes) = (format!("sha256:{reference}"), ["/data".to_owned()].into());
            script.engine.put_image(reference, SimImage { id, volumes, program, ..SimImage::default() });
        }
        script.reach(&self.from, true)?;
        script.rest(PROVED)?;
        script.steps = 0;
        script.before_step = Box::new(move |engine, step| {
            if matches!(broken, Some(Break::LostAnswer(at)) if at == step) {
                engine.fail_next(Fault::LostAnswer);
            }
        });
        script.dies_after = Box::new(move |step, performed| match broken {
            Some(Break::CrashAfter(at)) => at == step,
            Some(Break::CrashAfterEach) => matches!(performed.result, Ok(Outcome::Done)),
            Some(Break::LostAnswer(_)) | None => false,
        });
        let data = Data::of(&script.engine);
        script.reach(&self.to, true)?;
        script.rest(PROVED)?;
        if self.keeps_data && (data.is_empty() || Data::of(&script.engine) != data) {
            return Err(format!("{:?} was kept, and is {:?}", data, Data::of(&script.engine)));
        }
        Ok(script)
    }

    fn ends_the_same(&self, order: u64, broken: Break, whole: &Script) -> Result<(), String> {
        let said = |what: String| format!("{}, {broken:?} in order {order}: {what}", self.name);
        let mut script = self.run(order, Some(broken)).map_err(said)?;
        let wrong = script.complaints(&self.ends_as);
        if !wrong.is_empty() {
            return Err(said(wrong.join("; ")));
        }
        if script.ending() != whole.ending() {
            return Err(said(format!("{:?}, not {:?}", script.ending(), whole.ending())));
        }
        Ok(())
    }
}

/// A deployment whose new replicas come before its old ones go.
fn start_first(name: &str, image: &str, replicas: u32) -> Object {
    with(deployment(name, image, replicas, &[]), "/spec", "strategy", json!({}))
}

/// A deployment that publishes a port of the host, so that its old replica goes first.
fn publishing(name: &str, image: &str) -> Object {
    let ports = json!([{ "containerPort": 80, "hostPort": 8080 }]);
    with(deployment(name, image, 1, &[]), "/spec/template/container", "ports", ports)
}

fn with(object: Object, at: &str, field: &str, to: Value) -> Object {
    let mut value = serde_json::to_value(&object).expect("an object is plain data");
    value.pointer_mut(at).and_then(Value::as_object_mut).map(|map| map.insert(field.to_owned(), to));
    Object::Deployment(read::<Deployment>(value))
}

/// Create, replace, scale, roll back, prune.
fn changes() -> Vec<Change> {
    let first = || system([deployment("db", "app:1", 1, &[]), deployment("web", "web:1", 3, &["db"])]);
    let mut pruned = system([deployment("db", "app:1", 1, &[])]);
    pruned.objects.remove(&ObjectKey::new(Kind::Volume, "shop", "data"));
    let starting = |image: &str| system([start_first("web", image, 3)]);
    let stopping = |image: &str| system([publishing("web", image)]);
    let guest = |image: &str| {
        with(start_first("guest", image, 1), "/spec/template/container", "pidMode", json!("deployment:web"))
    };
    let joined = |host: Object, image: &str| system([host, guest(image)]);
    let recreate = json!({ "type": "Recreate" });
    let at_once = |image: &str| system([with(start_first("web", image, 2), "/spec", "strategy", recreate.clone())]);
    vec![
        Change::new("create", Manifests::default(), first()),
        Change::new(
            "replace one by one",
            first(),
            system([deployment("db", "app:2", 1, &[]), deployment("web", "web:2", 3, &["db"])]),
        ),
        Change::new("replace start-first", starting("web:1"), starting("web:2")),
        Change::new("replace stop-first", stopping("web:1"), stopping("web:2")),
        Change::new(
            "scale up and down",
            first(),
            system([deployment("db", "app:1", 3, &[]), deployment("web", "web:1", 1, &["db"])]),
        ),
        Change::new(
            "replace what joins another one after it",
            joined(publishing("web", "web:1"), "app:1"),
            joined(publishing("web", "web:2"), "app:2"),
        ),
        Change::new(
            "replace what joins one of several",
            joined(start_first("web", "web:1", 2), "app:1"),
            joined(start_first("web", "web:2", 2), "app:2"),
        ),
        Change { ends_as: starting("web:1"), ..Change::new("roll back", starting("web:1"), starting("bad:1")) },
        Change {
            ends_as: stopping("web:1"),
            ..Change::new("roll back stop-first", stopping("web:1"), stopping("bad:1"))
        },
        Change { keeps_data: true, ..Change::new("hand on", starting("db:1"), starting("db:2")) },
        Change { keeps_data: true, ..Change::new("hand on at once", at_once("db:1"), at_once("db:2")) },
        Change {
            ends_as: starting("db:1"),
            keeps_data: true,
            ..Change::new("hand on and back", starting("db:1"), starting("db:bad"))
        },
        Change::new("prune", first(), pruned),
    ]
}

/// Breaks every change at every step of it.
fn all_end_the_same(broken: impl Fn(usize) -> Break) -> Result<(), String> {
    for change in changes() {
        for order in 1..=ORDERS.max(number("SKIFF_SIM_SEEDS").unwrap_or(0) / ONE_IN) {
            let whole = change.run(order, None)?;
            if whole.steps == 0 {
                return Err(format!("{} takes no step", change.name));
            }
            for at in 0..whole.steps {
                change.ends_the_same(order, broken(at), &whole)?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_controller_that_dies_after_any_step_ends_where_it_would_have() {
    assert_eq!(all_end_the_same(Break::CrashAfter), Ok(()));
}

#[test]
fn a_controller_that_dies_after_every_step_ends_where_it_would_have() -> Result<(), String> {
    for change in changes() {
        let whole = change.run(1, None)?;
        change.ends_the_same(1, Break::CrashAfterEach, &whole)?;
    }
    Ok(())
}

#[test]
fn an_answer_that_is_lost_at_any_step_changes_nothing_in_the_end() {
    assert_eq!(all_end_the_same(Break::LostAnswer), Ok(()));
}
