//! One run from a seed: a time in which everything may happen, then a time in which nothing more goes wrong.

use jiff::SignedDuration;
use skiff_api::{Kind, ObjectKey};
use skiff_core::{Action, ContainerState, Plan, Timestamp};
use skiff_sim::{Fault, SimEngine};

use crate::declared::{self, Declared, Work};
use crate::model::{Controller, described};
use crate::random::Random;
use crate::witness::{Cause, Tale, Witness, moment};

const TRACE: usize = 80;
/// Longer than all back-offs of a run that may fail three times.
const CALM: SignedDuration = SignedDuration::from_mins(10);

struct Run {
    random: Random,
    engine: SimEngine,
    controller: Controller,
    declared: Declared,
    witness: Witness,
    trace: Vec<String>,
    /// Whether a job was ever suspended: its attempts were removed before they had ended, and nothing but the history knows that.
    was_suspended: bool,
    /// Whether the clock was put back, so that times say nothing any more.
    clock_moved: bool,
}

/// Runs a seed to its end.
///
/// # Errors
/// What went wrong, with the last things that happened.
pub(crate) fn run(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let declared = declared::random(&mut random);
    let mut run = Run {
        random,
        engine: declared::engine(),
        controller: Controller::new(),
        declared,
        witness: Witness::default(),
        trace: Vec::new(),
        was_suspended: false,
        clock_moved: false,
    };
    run.all().map_err(|violation| {
        let from = run.trace.len().saturating_sub(TRACE);
        let trace = run.trace.get(from..).unwrap_or_default().join("\n  ");
        format!("seed {seed}: {violation}\n  {trace}\nreplay: SKIFF_SIM_SEED={seed} cargo test -p skiff-sim --test jobs no_attempt")
    })
}

impl Run {
    fn say(&mut self, what: &str) {
        self.trace.push(format!("{} {what}", self.engine.now().strftime("%H:%M:%S%.3f")));
    }

    fn look(&mut self, cause: Cause) -> Result<(), String> {
        self.witness.look(&self.engine, &self.declared, cause)
    }

    fn all(&mut self) -> Result<(), String> {
        self.say(&format!("{:#?}", self.declared));
        self.load();
        for _ in 0..(30 + self.random.below(150)) {
            self.something()?;
        }
        self.engine.clear_faults();
        self.engine.set_down(false);
        for work in self.declared.values_mut() {
            work.suspend = false;
            if let Some(schedule) = &mut work.schedule {
                schedule.suspend = false;
            }
        }
        self.load();
        self.say("nothing more goes wrong");
        let calm_from = self.engine.now();
        self.settle()?;
        self.judge(calm_from)
    }

    fn load(&mut self) {
        self.was_suspended |= self.declared.values().any(|work| work.suspend);
        self.controller.load(&self.declared);
        for key in self.declared.keys().filter(|key| key.kind == Kind::CronJob) {
            self.witness.since.entry(key.clone()).or_insert(Timestamp::MIN);
        }
    }

    fn something(&mut self) -> Result<(), String> {
        match self.random.below(20) {
            0..=7 => {
                let performed = self.step()?;
                if performed && self.random.chance(8) {
                    self.crash();
                }
            }
            8..=10 => self.pass()?,
            11 | 12 => {
                let seconds = i64::try_from(self.random.below(90)).unwrap_or(0);
                self.wait(SignedDuration::from_secs(seconds))?;
            }
            13 | 14 => self.process_ends()?,
            15 => self.disturb()?,
            16 if self.random.chance(50) => {
                let what = declared::edit(&mut self.declared, &mut self.random);
                self.say(&format!("edit: {what}"));
                self.load();
                // What is suspended for a moment only may have been seen so.
                self.look(Cause::World)?;
            }
            17 if self.random.chance(40) => self.ask(),
            18 => self.crash(),
            _ => {}
        }
        Ok(())
    }

    fn crash(&mut self) {
        // Lost history is told by containers, as long as these are there and nothing is half done.
        let all_told = self.declared.values().all(|work| work.ttl.is_none() && work.version == 1);
        if all_told
            && !self.was_suspended
            && !self.controller.is_busy()
            && self.random.chance(30)
            && self.witness.tales.len() < 2
        {
            self.say("the controller crashes, and its history is lost");
            self.controller.lose_history();
            // What is not told by a label is new, and followed from now on.
            self.witness.since.values_mut().for_each(|since| *since = Timestamp::MIN);
        } else {
            self.say("the controller crashes");
            self.controller.crash();
        }
    }

    fn pass(&mut self) -> Result<(), String> {
        let look = self.witness.controller_looks();
        let now = self.engine.now();
        let Some(events) = self.controller.pass(&mut self.engine, look)? else { return Ok(()) };
        for key in self.declared.keys().filter(|key| key.kind == Kind::CronJob) {
            // A schedule is followed from the first look on.
            let since = self.witness.since.entry(key.clone()).or_insert(now);
            if *since == Timestamp::MIN {
                *since = now;
            }
        }
        for event in events {
            self.say(&format!("learned of {}: {} {}", event.subject(), event.reason, event.message));
        }
        let plan = self.controller.last_plan.clone();
        if !plan.steps.is_empty() {
            let held: Vec<String> = plan.held.iter().map(|held| held.why.to_string()).collect();
            self.say(&format!("pass: {} steps; held: {}", plan.steps.len(), held.join("; ")));
        }
        self.check_plan(&plan, now)
    }

    /// Of the moments that were missed at most one is made up for, and none that is too late.
    fn check_plan(&self, plan: &Plan, now: Timestamp) -> Result<(), String> {
        for (key, work) in &self.declared {
            let Some(schedule) = &work.schedule else { continue };
            let of_it = plan.steps.iter().filter(|step| step.object == *key);
            let created = of_it.filter_map(|step| {
                let Action::CreateContainer(create) = &step.action else { return None };
                create.spec.owner.run.clone()
            });
            let is_new =
                |run: &String| !self.witness.tales.keys().any(|(object, name, _)| object == key && name == run);
            let mut new: Vec<Timestamp> = created.filter(is_new).filter_map(|run| moment(&run)).collect();
            new.dedup();
            if new.len() > 1 {
                return Err(format!("{key} makes up for {new:?}"));
            }
            let late = new.first().map(|moment| now.duration_since(*moment).as_secs());
            if let (Some(late), Some(most)) = (late, schedule.late)
                && late > most
            {
                return Err(format!("{key} begins a run {late} s late, and {most} s are the most"));
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Result<bool, String> {
        let Some(performed) = self.controller.step(&mut self.engine, &mut self.random) else { return Ok(false) };
        self.say(&format!("{} → {:?}", described(&performed.step), performed.result));
        self.witness.planned_at(performed.look);
        self.look(Cause::Step)?;
        Ok(true)
    }

    fn wait(&mut self, how_long: SignedDuration) -> Result<(), String> {
        let to = self.engine.now().saturating_add(how_long).unwrap_or(Timestamp::MAX);
        self.engine.advance(to);
        self.look(Cause::World)
    }

    /// The names of our containers that run.
    fn running(&self) -> Vec<String> {
        let up = self.engine.containers().filter(|container| container.state == ContainerState::Running);
        up.map(|container| container.name.clone()).collect()
    }

    fn process_ends(&mut self) -> Result<(), String> {
        let Some(name) = self.random.pick_any(&self.running()) else { return Ok(()) };
        let code = *self.random.pick(&[0, 0, 1, 137]);
        self.engine.exit(&name, code);
        self.say(&format!("{name} exits with {code}"));
        self.look(Cause::World)
    }

    fn disturb(&mut self) -> Result<(), String> {
        match self.random.below(9) {
            0 => {
                let Some(name) = self.random.pick_any(&self.running()) else { return Ok(()) };
                self.engine.remove_by_hand(&name);
                self.say(&format!("{name} is removed by hand"));
                return self.look(Cause::Hand);
            }
            1 => {
                let Some(name) = self.random.pick_any(&self.running()) else { return Ok(()) };
                self.engine.pause(&name);
                self.say(&format!("{name} is paused"));
            }
            2 => {
                self.engine.restart_engine(true);
                self.say("the engine is killed and started");
                return self.look(Cause::World);
            }
            3 => self.engine.set_down(true),
            4 => self.engine.set_down(false),
            5 => self.engine.fail_next(Fault::LostAnswer),
            6 => self.engine.fail_next(Fault::Fails),
            7 => self.engine.fail_next(Fault::Unreachable),
            _ => {
                let back = SignedDuration::from_secs(i64::try_from(self.random.below(3600)).unwrap_or(0));
                self.engine.set_clock(self.engine.now().saturating_sub(back).unwrap_or(Timestamp::MIN));
                self.clock_moved = true;
                self.say("the clock is put back");
            }
        }
        Ok(())
    }

    fn ask(&mut self) {
        let keys: Vec<ObjectKey> = self.declared.keys().cloned().collect();
        let key = self.random.pick(&keys).clone();
        let begun = self.controller.ask(&key, self.engine.now());
        self.say(&format!("asked for a run of {key}: {begun}"));
    }

    /// Works until the calm is over: whatever runs for ever ends well now.
    fn settle(&mut self) -> Result<(), String> {
        let end = self.engine.now().saturating_add(CALM).unwrap_or(Timestamp::MAX);
        for _ in 0..5000 {
            while self.step()? {}
            self.pass()?;
            let now = self.engine.now();
            if now >= end && !self.controller.is_busy() && self.running().is_empty() {
                return Ok(());
            }
            if self.controller.is_busy() {
                continue;
            }
            for name in self.running() {
                self.engine.exit(&name, 0);
            }
            self.look(Cause::World)?;
            let wakes = [self.controller.wake_at, self.engine.next_change()];
            let tick = now.saturating_add(SignedDuration::from_secs(10)).unwrap_or(Timestamp::MAX);
            let next = wakes.into_iter().flatten().min().unwrap_or(tick).min(tick);
            self.engine.advance(next.max(now.saturating_add(SignedDuration::from_millis(100)).unwrap_or(next)));
            self.look(Cause::World)?;
        }
        Err("nothing comes to an end".to_owned())
    }

    fn judge(&self, calm_from: Timestamp) -> Result<(), String> {
        let mut wrong = self.witness.outlived(&self.declared);
        for (key, work) in &self.declared {
            match &work.schedule {
                None => wrong.extend(self.judge_job(key, work)),
                Some(schedule) if !self.clock_moved => {
                    wrong.extend(self.judge_schedule(key, work, schedule.every, calm_from));
                }
                Some(_) => {}
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n  ")) }
    }

    /// A job has completed, or has failed for one of the reasons that there are.
    fn judge_job(&self, key: &ObjectKey, work: &Work) -> Option<String> {
        let ended = |tale: &Tale| {
            let late = work.deadline.is_some() && tale.first_start.is_some();
            let (well, badly) = tale.doubtful;
            tale.succeeded + well >= work.completions || tale.failed + badly > work.limit || late
        };
        // A run that somebody asked for takes the place of the one before.
        let last = self.witness.runs_of(key, work).last();
        let Some(last) = last.filter(|(_, tale)| !work.waits || tale.first_start.is_some()) else {
            return (!work.waits).then(|| format!("{key} never ran"));
        };
        (!ended(last.1)).then(|| format!("run `{}` of {key} has not ended: {:?}", last.0, last.1))
    }

    /// In the calm each moment has had its run, and each run has ended.
    fn judge_schedule(&self, key: &ObjectKey, work: &Work, every: i64, calm_from: Timestamp) -> Vec<String> {
        let runs: Vec<(Timestamp, &Tale)> =
            self.witness.runs_of(key, work).filter_map(|(name, tale)| Some((moment(name)?, tale))).collect();
        let last = self.engine.now().as_second() - 60 * every;
        // The first moments may be those that something before the calm still stands in the way of.
        let first = calm_from.as_second() + 300;
        let due = (first.div_euclid(60) + 1..=last.div_euclid(60)).filter(|minute| minute % every == 0);
        let mut wrong = Vec::new();
        for minute in due {
            let Ok(moment) = Timestamp::from_second(minute * 60) else { continue };
            let Some((_, tale)) = runs.iter().find(|(of, _)| *of == moment) else {
                if work.image != "fails:1" {
                    wrong.push(format!("{key} has not run for {moment}"));
                }
                continue;
            };
            if tale.succeeded != work.completions && tale.failed <= work.limit && work.image != "fails:1" {
                wrong.push(format!("the run of {key} for {moment} has not ended: {tale:?}"));
            }
        }
        wrong
    }
}
