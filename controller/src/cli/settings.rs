//! The flags that every command understands, and the one value that the commands get of them.

use std::path::PathBuf;

use anstream::ColorChoice;
use clap::{ArgAction, Args, ValueEnum};
use skiff_api::Instance;

use crate::secret::KeyPlaces;
use crate::source::SourceOptions;

const HEADING: &str = "Global options";

/// Flags that stand before or behind any command.
#[derive(Clone, Debug, Args)]
pub struct GlobalArgs {
    /// Which controller's objects: several share an engine without seeing each other.
    #[arg(short, long, global = true, env = "SKIFF_INSTANCE", hide_env_values = true, value_name = "NAME", default_value = "default", help_heading = HEADING)]
    pub instance: Instance,
    /// The namespace of what names none; only its objects are shown.
    #[arg(short, long, global = true, value_name = "NAME", value_parser = namespace, help_heading = HEADING)]
    pub namespace: Option<String>,
    /// Objects of all namespaces.
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace", help_heading = HEADING)]
    pub all_namespaces: bool,
    /// The name of the source, where it is not that of its folder.
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub source: Option<String>,
    /// How the answer is written: text, wide, json, yaml or name.
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "text", hide_possible_values = true, help_heading = HEADING)]
    pub output: Output,
    /// Docker's address, where it is not that of its own socket.
    #[arg(short = 'H', long, global = true, env = "DOCKER_HOST", hide_env_values = true, value_name = "URL", help_heading = HEADING)]
    pub host: Option<String>,
    /// Where Skiff keeps what Docker cannot: the last good manifests, overrides, history.
    #[arg(long, global = true, env = "SKIFF_STATE_DIR", hide_env_values = true, value_name = "DIR", help_heading = HEADING)]
    pub state_dir: Option<PathBuf>,
    /// The key that opens encrypted Secrets, where it is not in the usual place.
    #[arg(long, global = true, env = "SKIFF_AGE_KEY_FILE", hide_env_values = true, value_name = "FILE", help_heading = HEADING)]
    pub age_key_file: Option<PathBuf>,
    /// When to use colours: auto (on a terminal), always or never.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true, help_heading = HEADING)]
    pub color: Color,
    /// The same as `--color never`.
    #[arg(long, global = true, help_heading = HEADING)]
    pub no_color: bool,
    /// For tests: ends like a crash, right after so many steps.
    #[arg(long, global = true, hide = true, env = "SKIFF_ABORT_AFTER_STEPS", value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..))]
    pub abort_after_steps: Option<u64>,
    /// Say more; twice for every call to Docker, three times for everything.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = HEADING)]
    pub verbose: u8,
}

/// A namespace becomes part of names in Docker and in its DNS.
fn namespace(text: &str) -> Result<String, String> {
    let fits = skiff_api::validate::is_dns_label(text);
    let why = || "a namespace has lower-case letters, digits and inner hyphens, at most 63".to_owned();
    fits.then(|| text.to_owned()).ok_or_else(why)
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For people, with more columns and every single step.
    Wide,
    /// For programs.
    Json,
    /// For programs and for people.
    Yaml,
    /// One `kind/namespace/name` a line.
    Name,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Also into files and pipes.
    Always,
    /// Not at all.
    Never,
}

/// What the flags say, in the form that the commands use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose objects.
    pub instance: Instance,
    /// The namespace that was named.
    pub namespace: Option<String>,
    /// Whether objects of all namespaces are meant.
    pub all_namespaces: bool,
    /// The source that was named.
    pub source: Option<String>,
    /// How the answer is written.
    pub output: Output,
    /// Docker's address, where it is not the usual one.
    pub host: Option<String>,
    /// The state directory, where it is not the usual one.
    pub state_dir: Option<PathBuf>,
    /// The key file for encrypted Secrets, where it is not in the usual place.
    pub age_key_file: Option<PathBuf>,
    /// When to use colours.
    pub color: ColorChoice,
    /// How often `-v` was said.
    pub verbosity: u8,
    /// For tests: the process ends like a crash, right after so many steps.
    pub abort_after_steps: Option<u64>,
}

impl From<GlobalArgs> for Settings {
    fn from(args: GlobalArgs) -> Self {
        let GlobalArgs {
            instance,
            namespace,
            all_namespaces,
            source,
            output,
            host,
            state_dir,
            age_key_file,
            abort_after_steps,
            color,
            no_color,
            verbose,
        } = args;
        let color = match color {
            _ if no_color => ColorChoice::Never,
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let host = host.filter(|host| !host.is_empty());
        Self {
            instance,
            namespace,
            all_namespaces,
            source,
            output,
            host,
            state_dir,
            age_key_file,
            color,
            verbosity: verbose,
            abort_after_steps,
        }
    }
}

impl Settings {
    /// Where the key for encrypted Secrets may be.
    pub fn key_places(&self) -> KeyPlaces {
        let named = self.age_key_file.clone().filter(|path| !path.as_os_str().is_empty());
        let env = |name| std::env::var_os(name);
        KeyPlaces { named, usual: KeyPlaces::usual(env("XDG_CONFIG_HOME"), env("HOME")) }
    }

    /// Whether every single step and column is shown.
    pub const fn is_wide(&self) -> bool {
        matches!(self.output, Output::Wide) || self.verbosity > 0
    }

    /// What to load from these paths.
    pub fn source_options(&self, paths: &[PathBuf], overlays: &[PathBuf]) -> SourceOptions {
        SourceOptions {
            paths: paths.to_vec(),
            overlays: overlays.to_vec(),
            name: self.source.clone(),
            default_namespace: self.namespace.clone(),
            instance: self.instance.clone(),
            keys: self.key_places(),
            ..SourceOptions::default()
        }
    }

    /// Whether objects of this namespace are meant: all of them where nothing was said.
    pub fn shows_namespace(&self, namespace: &str) -> bool {
        self.all_namespaces || self.namespace.as_deref().is_none_or(|wanted| wanted == namespace)
    }
}
