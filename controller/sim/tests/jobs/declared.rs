//! Random jobs and schedules, as the witness and the controller both know them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use skiff_api::{Kind, Object, ObjectKey, parse_object};
use skiff_sim::{Program, SimEngine, SimImage};

use crate::random::Random;

/// Images: one ends well by itself, one ends with 1, one runs until something ends it.
pub(crate) const IMAGES: [&str; 3] = ["quick:1", "fails:1", "steady:1"];

pub(crate) fn engine() -> SimEngine {
    let start = skiff_core::Timestamp::from_second(1_800_000_000).expect("a moment of this century");
    let mut engine = SimEngine::new(start);
    let after = SignedDuration::from_secs(2);
    let programs = [Program::Exits { after, code: 0 }, Program::Exits { after, code: 1 }, Program::Runs];
    for (image, program) in IMAGES.into_iter().zip(programs) {
        // What is told to stop may well end with 0.
        engine.put_image(image, SimImage { id: format!("sha256:{image}"), program, ..SimImage::default() });
    }
    engine
}

/// A job, or what each run of a schedule is.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) image: &'static str,
    /// It is in the environment of its containers, so that each tells of which template it is.
    pub(crate) version: u32,
    pub(crate) completions: u32,
    pub(crate) parallelism: u32,
    pub(crate) limit: u32,
    pub(crate) deadline: Option<i64>,
    pub(crate) ttl: Option<u32>,
    pub(crate) suspend: bool,
    /// Whether it waits until the first job has completed.
    pub(crate) waits: bool,
    /// The schedule that it has, if it has one.
    pub(crate) schedule: Option<Plan>,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Every so many minutes.
    pub(crate) every: i64,
    pub(crate) policy: &'static str,
    pub(crate) late: Option<i64>,
    pub(crate) suspend: bool,
}

pub(crate) type Declared = BTreeMap<ObjectKey, Work>;

pub(crate) fn random(random: &mut Random) -> Declared {
    let mut declared = Declared::new();
    for name in ["first", "second", "third"].into_iter().take(1 + random.below(3)) {
        let waits = name != "first" && random.chance(30);
        declared.insert(ObjectKey::new(Kind::Job, "shop", name), Work { waits, ..work(random) });
    }
    for name in ["hourly", "nightly"].into_iter().take(random.below(3)) {
        let schedule = Plan {
            every: *random.pick(&[1, 1, 2, 5]),
            policy: random.pick_any(&["Allow", "Forbid", "Replace"]).unwrap_or("Allow"),
            late: *random.pick(&[None, None, Some(20), Some(90)]),
            suspend: false,
        };
        let work = Work { schedule: Some(schedule), suspend: false, deadline: None, ..work(random) };
        declared.insert(ObjectKey::new(Kind::CronJob, "shop", name), work);
    }
    declared
}

fn image(random: &mut Random) -> &'static str {
    random.pick_any(&IMAGES).unwrap_or("steady:1")
}

fn work(random: &mut Random) -> Work {
    Work {
        image: image(random),
        version: 1,
        completions: *random.pick(&[1, 1, 1, 2, 4]),
        parallelism: *random.pick(&[1, 1, 2, 3]),
        limit: *random.pick(&[0, 1, 3]),
        deadline: *random.pick(&[None, None, Some(45)]),
        ttl: *random.pick(&[None, None, Some(0), Some(30)]),
        suspend: random.chance(10),
        waits: false,
        schedule: None,
    }
}

/// Changes something, and says what.
pub(crate) fn edit(declared: &mut Declared, random: &mut Random) -> String {
    let keys: Vec<ObjectKey> = declared.keys().cloned().collect();
    let key = random.pick(&keys);
    let Some(work) = declared.get_mut(key) else { return String::new() };
    match (&mut work.schedule, random.below(3)) {
        (_, 0) => {
            work.version += 1;
            work.image = image(random);
            format!("{key} has template {} of {}", work.version, work.image)
        }
        (Some(schedule), _) => {
            schedule.suspend = !schedule.suspend;
            format!("schedule {key} is suspended: {}", schedule.suspend)
        }
        (None, _) => {
            work.suspend = !work.suspend;
            format!("{key} is suspended: {}", work.suspend)
        }
    }
}

impl Work {
    pub(crate) fn object(&self, key: &ObjectKey) -> Object {
        let job = self.job();
        let spec = match &self.schedule {
            None => job,
            Some(schedule) => json!({
                "schedule": format!("*/{} * * * *", schedule.every),
                "concurrencyPolicy": schedule.policy,
                "startingDeadlineSeconds": schedule.late,
                "suspend": schedule.suspend,
                "jobTemplate": { "spec": job },
            }),
        };
        let metadata = json!({ "name": key.name, "namespace": key.namespace });
        let mut manifest =
            json!({ "apiVersion": "skiff.dev/v1", "kind": key.kind.as_str(), "metadata": metadata, "spec": spec });
        drop_nulls(&mut manifest);
        parse_object(&manifest).expect("what is generated is valid")
    }

    fn job(&self) -> Value {
        let container =
            json!({ "image": self.image, "env": [{ "name": "VERSION", "value": self.version.to_string() }] });
        let depends_on = if self.waits { json!([{ "name": "first", "condition": "Completed" }]) } else { json!([]) };
        json!({
            "completions": self.completions,
            "parallelism": self.parallelism,
            "backoffLimit": self.limit,
            "activeDeadlineSeconds": self.deadline,
            "ttlSecondsAfterFinished": self.ttl,
            "suspend": self.suspend,
            "dependsOn": depends_on,
            "template": { "container": container },
        })
    }
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(drop_nulls);
    }
}
