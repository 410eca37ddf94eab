//! A scenario: an obligation, and steps that are sentences. Each step does one thing and checks what must then hold.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::act::Act;
use crate::check::Check;
use crate::docker::Docker;
use crate::evidence;
use crate::world::World;

/// A scenario under way. Steps run as they are stated; the first that fails ends the test with what was seen.
#[derive(Debug)]
pub struct Scenario {
    obligation: String,
    world: World,
    failed: bool,
}

/// Begins a scenario on the engine of the environment.
pub fn scenario(obligation: &str) -> Scenario {
    Scenario::on(obligation, Docker::of_environment())
}

impl Scenario {
    /// Begins a scenario on a certain engine.
    pub fn on(obligation: &str, docker: Docker) -> Self {
        let world = World::on(docker).expect("the scenario has a folder, a program and an engine");
        Self { obligation: obligation.to_owned(), world, failed: false }
    }

    /// Does one thing and checks what must then hold.
    #[expect(clippy::return_self_not_must_use, reason = "a scenario ends where its last step does")]
    pub fn step<const CHECKS: usize>(mut self, sentence: &str, act: Act, checks: [Check; CHECKS]) -> Self {
        let begun = Instant::now();
        if let Err(error) = take(&mut self.world, sentence, act, checks) {
            self.failed = true;
            self.fail(&error);
        }
        say(&format!("  {sentence} ({:.1} s)", begun.elapsed().as_secs_f32()));
        self
    }

    /// What the scenario owns, for the rare question that no check asks.
    pub fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn fail(&self, error: &anyhow::Error) -> ! {
        let evidence = match evidence::save(&self.obligation, &self.world) {
            Ok(folder) => format!("what was seen is in {}", folder.display()),
            Err(error) => format!("and what was seen could not be saved: {error:#}"),
        };
        let last = &self.world.last;
        let call = format!("$ skiff {}\n{}{}[exit {}]", last.command, last.stdout, last.stderr, last.code);
        panic!("{}\n  {error:#}\n  {evidence}\nthe last call:\n{call}", self.obligation)
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.failed {
            evidence::save(&self.obligation, &self.world).ok();
        }
        self.world.clean_up();
    }
}

fn take<const CHECKS: usize>(world: &mut World, sentence: &str, act: Act, checks: [Check; CHECKS]) -> Result<()> {
    act(world).with_context(|| format!("step failed: {sentence}"))?;
    for mut check in checks {
        check(world).with_context(|| format!("does not hold: {sentence}"))?;
    }
    Ok(())
}

/// Tells what is going on; cargo shows it for a test that failed.
#[expect(clippy::print_stderr, reason = "only what the macro prints is kept until a test fails")]
fn say(text: &str) {
    eprintln!("{text}");
}
