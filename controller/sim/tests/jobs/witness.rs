//! What happened on the engine, by run, and what of it may never be. Knows manifests and containers, nothing of the planner.

use std::collections::BTreeMap;

use skiff_api::{Kind, ObjectKey, label};
use skiff_core::{ContainerState, Timestamp};
use skiff_sim::{SimContainer, SimEngine};

use crate::declared::{Declared, Work};

/// Who is behind what changed since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A step of the controller.
    Step,
    /// Time, or the world: an end is the process's own.
    World,
    /// Somebody removed it.
    Hand,
}

/// A run of one template: the object, the name of the run, the version of the template.
pub(crate) type RunId = (ObjectKey, String, u32);

/// What is known of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tale {
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    pub(crate) live: u32,
    pub(crate) first_start: Option<Timestamp>,
    /// Attempts that were up while their job was suspended, and ended well or not: they may count or not.
    pub(crate) doubtful: (u32, u32),
    /// The numbers of attempts that ended by themselves.
    ended: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Known {
    run: RunId,
    number: u32,
    state: ContainerState,
    doubtful: bool,
}

/// The witness.
#[derive(Default)]
pub(crate) struct Witness {
    known: BTreeMap<String, Known>,
    pub(crate) tales: BTreeMap<RunId, Tale>,
    /// Since when each schedule has been followed, and the latest moment that there has been.
    pub(crate) since: BTreeMap<ObjectKey, Timestamp>,
    latest: Option<Timestamp>,
    /// How many attempts of each run had failed at each look of the controller.
    failed_at: Vec<BTreeMap<RunId, u32>>,
    /// The look that the step now performed was planned at.
    planned_at: usize,
}

impl Witness {
    /// The controller looks now: what it plans can know what happened until now. Returns the number of the look.
    pub(crate) fn controller_looks(&mut self) -> usize {
        self.failed_at.push(self.tales.iter().map(|(run, tale)| (run.clone(), tale.failed)).collect());
        self.failed_at.len() - 1
    }

    /// What happens next was planned at that look.
    pub(crate) const fn planned_at(&mut self, look: usize) {
        self.planned_at = look;
    }

    /// Looks at the engine after something has happened.
    ///
    /// # Errors
    /// What may never be.
    pub(crate) fn look(&mut self, engine: &SimEngine, declared: &Declared, cause: Cause) -> Result<(), String> {
        self.latest = self.latest.max(Some(engine.now()));
        let mut now: BTreeMap<String, Known> =
            engine.containers().filter_map(|one| Some((one.id.clone(), known(one)?))).collect();
        let before = std::mem::take(&mut self.known);
        for (id, is) in &mut now {
            let suspended = declared.get(&is.run.0).is_some_and(|work| work.suspend);
            is.doubtful = suspended || before.get(id).is_some_and(|was| was.doubtful);
        }
        for (id, was) in &before {
            if !now.contains_key(id) && is_up(was.state) {
                self.tale(&was.run).live -= 1;
            }
        }
        for (id, is) in &now {
            let was = before.get(id);
            if was.is_none() {
                self.created(is, declared, &now)?;
            }
            let (was_up, is_up) = (was.is_some_and(|was| is_up(was.state)), is_up(is.state));
            match (was_up, is_up) {
                (false, true) if cause != Cause::Hand => self.started(is, declared, engine.now())?,
                (true, false) => self.ended(is, engine.container(id), cause),
                (false | true, _) => {}
            }
        }
        self.known = now;
        Ok(())
    }

    fn tale(&mut self, run: &RunId) -> &mut Tale {
        self.tales.entry(run.clone()).or_default()
    }

    fn created(&mut self, is: &Known, declared: &Declared, now: &BTreeMap<String, Known>) -> Result<(), String> {
        let (key, run, _) = &is.run;
        let twins = now.values().filter(|other| other.run == is.run && other.number == is.number).count();
        if twins > 1 {
            return Err(format!("attempt {} of run `{run}` of {key} exists {twins} times", is.number));
        }
        if self.tale(&is.run).ended.contains(&is.number) {
            return Err(format!("attempt {} of run `{run}` of {key} had ended and was made again", is.number));
        }
        // One that had begun goes on, also where it is told by its containers alone since when the schedule is followed.
        if self.tale(&is.run).first_start.is_some() {
            return Ok(());
        }
        let Some(schedule) = declared.get(key).and_then(|work| work.schedule.as_ref()) else { return Ok(()) };
        let Some(moment) = moment(run) else { return Ok(()) };
        let since = self.since.get(key).copied().unwrap_or(Timestamp::MIN);
        if moment.as_second().div_euclid(60) % schedule.every != 0 {
            return Err(format!("{key} has no moment {moment}"));
        }
        if moment <= since || Some(moment) > self.latest {
            return Err(format!("{key} ran for {moment}, and was followed from {since} until {:?}", self.latest));
        }
        Ok(())
    }

    fn started(&mut self, is: &Known, declared: &Declared, now: Timestamp) -> Result<(), String> {
        let (key, run, _) = is.run.clone();
        let work = declared.get(&key).ok_or("nothing else is declared")?.clone();
        let others = self.other_runs_live(&is.run);
        let failed_then = self.failed_at.get(self.planned_at).and_then(|then| then.get(&is.run)).copied().unwrap_or(0);
        let tale = self.tale(&is.run);
        tale.first_start.get_or_insert(now);
        tale.live += 1;
        let Tale { succeeded, live, .. } = *tale;
        let said = |what: &str| {
            Err(format!("run `{run}` of {key} {what}: {succeeded} succeeded, {live} live, {failed_then} failed"))
        };
        if succeeded + live > work.completions {
            return said("has more attempts than completions");
        }
        if live > work.parallelism {
            return said("has more attempts at once than it may");
        }
        if failed_then > work.limit {
            return said("had failed and goes on");
        }
        let policy = work.schedule.as_ref().map_or("Allow", |schedule| schedule.policy);
        if policy != "Allow" && moment(&run).is_some() && others > 0 {
            return said("runs beside another one");
        }
        Ok(())
    }

    fn other_runs_live(&self, run: &RunId) -> u32 {
        let others =
            self.tales.iter().filter(|((key, name, _), _)| *key == run.0 && *name != run.1 && moment(name).is_some());
        others.map(|(_, tale)| tale.live).sum()
    }

    fn ended(&mut self, is: &Known, container: Option<&SimContainer>, cause: Cause) {
        let code = container.map_or(0, |container| container.exit_code);
        let tale = self.tale(&is.run);
        tale.live -= 1;
        if cause == Cause::World {
            tale.ended.push(is.number);
            match code {
                0 if is.doubtful => tale.doubtful.0 += 1,
                _ if is.doubtful => tale.doubtful.1 += 1,
                0 => tale.succeeded += 1,
                _ => tale.failed += 1,
            }
        }
    }

    /// What the runs of the declared template came to.
    pub(crate) fn runs_of<'a>(
        &'a self,
        key: &'a ObjectKey,
        work: &'a Work,
    ) -> impl Iterator<Item = (&'a str, &'a Tale)> {
        let own = self.tales.iter().filter(move |((object, _, version), _)| object == key && *version == work.version);
        own.map(|((_, name, _), tale)| (name.as_str(), tale))
    }

    /// Runs of templates that are declared no more and still live; a schedule lets them end.
    pub(crate) fn outlived(&self, declared: &Declared) -> Vec<String> {
        let old = self.tales.iter().filter(|((key, _, version), tale)| {
            key.kind == Kind::Job && tale.live > 0 && declared.get(key).is_none_or(|work| work.version != *version)
        });
        old.map(|((key, run, version), _)| format!("run `{run}` of {key}, template {version}, still runs")).collect()
    }
}

/// The moment that a run of a schedule is named after.
pub(crate) fn moment(run: &str) -> Option<Timestamp> {
    Timestamp::from_second(run.parse::<i64>().ok()? * 60).ok()
}

fn known(container: &SimContainer) -> Option<Known> {
    let of = |key: &str| container.labels.get(key).cloned();
    let key = ObjectKey::new(of(label::KIND)?.parse().ok()?, of(label::NAMESPACE)?, of(label::NAME)?);
    let version = container.env.get("VERSION")?.parse().ok()?;
    let run = of(label::RUN).unwrap_or_default();
    Some(Known {
        run: (key, run, version),
        number: of(label::REPLICA)?.parse().ok()?,
        state: container.state,
        doubtful: false,
    })
}

const fn is_up(state: ContainerState) -> bool {
    matches!(state, ContainerState::Running | ContainerState::Paused)
}
