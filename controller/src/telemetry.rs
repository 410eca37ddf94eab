//! What is logged, and how: text or JSON lines on stderr, one line an event.
//!
//! Invariant: the libraries that speak to Docker log whole requests and answers at `debug`, secrets in variables
//! included, so that they are held at `info` whatever anybody asks for.

use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged where `SKIFF_LOG` says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// A command that talks itself: only what is odd.
    Warnings,
    /// One that also says itself what becomes of each action.
    Shown,
    /// A controller: every action.
    Actions,
}

const CAPPED: [&str; 4] = ["bollard", "hyper", "hyper_util", "h2"];

/// Begins to log. `SKIFF_LOG` takes levels, for all or by target: `info`, `warn,skiff::executor=debug`.
pub fn init(usual: Usual, verbosity: u8, format: LogFormat, color: ColorChoice) {
    let asked = std::env::var("SKIFF_LOG").ok().filter(|asked| !asked.is_empty());
    let understood = asked.as_deref().map(str::parse::<Targets>);
    let wanted = match &understood {
        Some(Ok(targets)) => targets.clone(),
        Some(Err(_)) | None => targets(level(usual, verbosity)),
    };
    let filter = wanted.and(filter_fn(may_be_logged));
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let layer = match format {
        LogFormat::Text => lines.with_ansi(is_coloured(color)).with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    // A test, or a program that uses the library, may have its own.
    tracing_subscriber::registry().with(layer).try_init().ok();
    if let Some(Err(error)) = understood {
        tracing::warn!(%error, "SKIFF_LOG is not understood: write `info`, or `warn,skiff::executor=debug`");
    }
}

/// Levels as they are written in here.
fn targets(levels: &str) -> Targets {
    levels.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO))
}

/// What is logged where nobody says more.
const fn level(usual: Usual, verbosity: u8) -> &'static str {
    match (usual, verbosity) {
        (Usual::Warnings, 0) => "warn",
        (Usual::Shown, 0) => "warn,skiff::executor=error,skiff::controller=error",
        (Usual::Warnings | Usual::Shown, 1) | (Usual::Actions, 0) => "info",
        (Usual::Warnings | Usual::Shown, 2) | (Usual::Actions, 1) => "debug",
        (Usual::Warnings | Usual::Shown | Usual::Actions, _) => "trace",
    }
}

fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || !CAPPED.contains(&crate_name)
}

fn is_coloured(color: ColorChoice) -> bool {
    match color {
        ColorChoice::Auto => io::stderr().is_terminal() && AutoStream::choice(&io::stderr()) != ColorChoice::Never,
        ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
        ColorChoice::Never => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().map(|mut sink| sink.extend_from_slice(bytes)).ok();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What of all this is logged with some directives.
    fn logged(directives: &str, log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let filter = targets(directives).and(filter_fn(may_be_logged));
        let layer = fmt::layer().with_writer(move || writer.clone()).with_filter(filter);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        String::from_utf8(sink.0.lock().expect("no panic").clone()).expect("text")
    }

    #[test]
    fn a_command_that_shows_what_becomes_of_each_action_does_not_log_it_as_well() {
        let log = || {
            tracing::warn!(target: "skiff::executor", "the step failed");
            tracing::warn!(target: "skiff::controller", "the engine is away");
            tracing::warn!(target: "skiff::session", "the disk is full");
            tracing::info!(target: "skiff::session", "loaded");
        };
        let text = logged(level(Usual::Shown, 0), log);
        assert!(text.contains("the disk is full") && text.lines().count() == 1, "{text}");
        assert_eq!(logged(level(Usual::Warnings, 0), log).lines().count(), 3);
        for usual in [Usual::Shown, Usual::Warnings] {
            assert_eq!(logged(level(usual, 1), log).lines().count(), 4, "whoever wants more gets it: {usual:?}");
        }
        assert_eq!(logged(level(Usual::Actions, 0), log).lines().count(), 4);
    }

    #[test]
    fn nobody_can_ask_for_the_requests_that_hold_secrets() {
        let text = logged("trace,bollard::docker=trace", || {
            tracing::debug!(target: "bollard::docker", "PASSWORD=hunter2");
            tracing::info!(target: "bollard", "connected");
            tracing::trace!(target: "skiff::controller", "a pass");
        });
        assert!(!text.contains("hunter2") && text.contains("connected") && text.contains("a pass"), "{text}");
    }
}
