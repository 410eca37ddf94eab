//! What happens while `up` and `down` work: on a terminal one line an object, drawn anew in place; elsewhere one line for
//! each thing that happens.
//!
//! What is drawn is a function of what happened and the time; only [`Live`] touches the terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use skiff_api::ObjectKey;

use super::Ui;

mod frame;
mod summary;

pub use summary::{Kept, Unready, kept, summary};

/// How an object fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for another one.
    Waiting,
    /// Something is done to it.
    Working,
    /// It is as declared, or gone where it was to go.
    Ready,
    /// It failed.
    Failed,
}

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The object.
    pub object: ObjectKey,
    /// What happens to it now: `starting shop-api-1`, `waiting for db to be Ready`.
    pub what: String,
    /// How it fares.
    pub state: State,
    /// How much of how much, in bytes, where that is known.
    pub progress: Option<(u64, u64)>,
}

/// The view, fed with events.
#[derive(Debug)]
pub struct Live {
    objects: frame::Objects,
    /// The drawing on a terminal; none where lines are written.
    bar: Option<ProgressBar>,
    began: Instant,
    width: usize,
    height: usize,
}

impl Live {
    /// A view that suits the stream that it goes to.
    pub fn new(ui: &Ui) -> Self {
        let bar = ui.stderr_is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        Self { objects: frame::Objects::default(), bar, began: Instant::now(), width: ui.width, height: ui.height }
    }

    /// Takes in what happened, and shows it.
    pub fn event(&mut self, event: ObjectEvent, ui: &mut Ui) {
        let now = self.began.elapsed();
        let line = self.objects.take(event, now);
        if self.bar.is_some() {
            self.draw(now, ui);
        } else if let Some(line) = line {
            ui.say(&line);
        }
    }

    /// Draws anew, for the spinners and the elapsed time. Call it about ten times a second; elsewhere than on a terminal it
    /// does nothing.
    pub fn tick(&self, ui: &Ui) {
        self.draw(self.began.elapsed(), ui);
    }

    /// Says something between, above the drawing.
    pub fn say(&self, text: &str, ui: &mut Ui) {
        match &self.bar {
            Some(bar) => bar.suspend(|| ui.say(text)),
            None => ui.say(text),
        }
    }

    /// Leaves the last drawing on the terminal and returns how long all of it took.
    pub fn finish(self, ui: &Ui) -> Duration {
        let took = self.began.elapsed();
        self.draw(took, ui);
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
        took
    }

    fn draw(&self, now: Duration, ui: &Ui) {
        if let Some(bar) = &self.bar {
            let lines = self.objects.frame(now, self.width, self.height.saturating_sub(2));
            bar.set_message(ui.for_talk(&lines.join("\n")));
        }
    }
}

#[cfg(test)]
mod tests;
