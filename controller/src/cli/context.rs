//! What every command is given: the settings and the terminal; and the runtime, for those that need one.

use std::future::Future;

use skiff_api::ObjectKey;

use super::error::CliError;
use super::settings::{Output, Settings};
use crate::ui::Ui;
use crate::ui::data;

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// What the flags say.
    pub settings: Settings,
    /// Where the answer and the talk go.
    pub ui: Ui,
}

impl Context {
    /// The context of the process: its standard streams.
    pub fn of_process(settings: Settings) -> Self {
        let ui = Ui::of_process(settings.color);
        Self { settings, ui }
    }

    /// Runs a future to its end on this thread. One-shot commands need no more than one, and it costs next to nothing.
    ///
    /// # Errors
    /// The future's, and where the system refuses what the runtime needs.
    pub fn block_on<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CliError::failed("cannot start the runtime", error))?;
        let result = runtime.block_on(future);
        // A blocking read of stdin or a look-up of a name must not keep the process alive.
        runtime.shutdown_background();
        result
    }

    /// Writes the answer as the names of objects, one a line.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn names<'a>(&mut self, objects: impl IntoIterator<Item = &'a ObjectKey>) -> Result<(), CliError> {
        let names: Vec<_> = objects.into_iter().map(ToString::to_string).chain([String::new()]).collect();
        Ok(self.ui.answer(&names.join("\n"))?)
    }

    /// Writes the answer as JSON or YAML where that was asked for, and says whether it was.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn data<T: serde::Serialize>(&mut self, answer: &T) -> Result<bool, CliError> {
        let text = match self.settings.output {
            Output::Json => data::json(answer)?,
            Output::Yaml => data::yaml(answer)?,
            Output::Text | Output::Wide | Output::Name => return Ok(false),
        };
        self.ui.answer(&text)?;
        Ok(true)
    }
}
