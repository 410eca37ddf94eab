//! `skiff config`: a Compose project as Compose reads it.

use std::path::PathBuf;

use serde_json::Value;
use skiff_yaml::Node;

use super::paths::{COMPOSE, ComposeArgs};
use super::{CliError, Context, Exit, Output};
use crate::session::refuse_mistakes;
use crate::source::{ComposeProject, compose_project};
use crate::ui::data;

/// Print a Compose project as Compose reads it: merged, and with its variables replaced
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff config                             the project of this folder\n  \
    skiff config ./shop                      that of another one\n  \
    skiff config -f compose.yaml -f prod.yaml --profile backup\n  \
    skiff config -o name                     its services\n\n\
    Values of variables are in it, secret ones too. `skiff import compose` shows what Skiff makes of it.")]
pub(super) struct Args {
    /// Which project.
    #[command(flatten)]
    project: ProjectArgs,
}

/// Which Compose project is meant.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ProjectArgs {
    /// The folder of the project, or its Compose file.
    #[arg(value_name = "PATH", conflicts_with = "files")]
    path: Option<PathBuf>,
    /// A Compose file; later ones are laid over it. Without any, `COMPOSE_FILE`, else compose.yaml of this folder or one above it.
    #[arg(short, long = "file", value_name = "PATH", help_heading = COMPOSE)]
    files: Vec<PathBuf>,
    /// How it is read.
    #[command(flatten)]
    compose: ComposeArgs,
}

impl ProjectArgs {
    /// The project, where nothing is wrong with it.
    pub(super) fn load(&self, context: &mut Context) -> Result<ComposeProject, CliError> {
        let project = self.look(context);
        refuse_mistakes(std::slice::from_ref(&project.said), &mut context.ui)?;
        Ok(project)
    }

    /// The project, whatever is wrong with it.
    pub(super) fn look(&self, context: &Context) -> ComposeProject {
        let options = context.settings.source_options(self.paths(), &[]);
        compose_project(&crate::source::SourceOptions { compose: self.compose.options(), ..options })
    }

    /// The folder or file of the project, or the files that are laid over each other.
    fn paths(&self) -> &[PathBuf] {
        self.path.as_ref().map_or(self.files.as_slice(), std::slice::from_ref)
    }
}

/// Answers with the project.
///
/// # Errors
/// When something is wrong with it, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let ComposeProject { loaded, .. } = args.project.load(context)?;
    // Where nothing is wrong with a project there is one.
    let Some(model) = loaded.model else { return Err(CliError::Reported) };
    let named = named(&model, &loaded.project);
    let text = match context.settings.output {
        Output::Json => data::json(&named)?,
        Output::Name => services(&model),
        Output::Text | Output::Wide | Output::Yaml => data::yaml(&named)?,
    };
    context.ui.answer(&text)?;
    Ok(Exit::Done)
}

/// The project with its name before all else, also where its folder gives it. It can be read as a Compose file again.
fn named(model: &Node, name: &str) -> Value {
    let mut fields = serde_json::Map::from_iter([("name".to_owned(), name.into())]);
    if let Value::Object(model) = written(model.to_json()) {
        fields.extend(model.into_iter().filter(|(field, _)| field != "name"));
    }
    fields.into()
}

/// A value as a file has it, where a dollar is two: one alone begins a variable.
fn written(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('$', "$$")),
        Value::Array(items) => items.into_iter().map(written).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, written(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The names of the services, a line each.
fn services(model: &Node) -> String {
    let services = model.get("services").and_then(Node::as_mapping).unwrap_or_default();
    services.iter().fold(String::new(), |text, (key, _)| text + &key.name + "\n")
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    #[test]
    fn config_and_import_take_a_folder_a_file_or_several_files() {
        let paths = |words: &[&str]| {
            let command = ProjectArgs::augment_args(clap::Command::new("config").no_binary_name(true));
            let matches = command.try_get_matches_from(words).map_err(|error| error.kind())?;
            let project = ProjectArgs::from_arg_matches(&matches).map_err(|error| error.kind())?;
            Ok::<_, clap::error::ErrorKind>(project.paths().to_vec())
        };
        assert_eq!(paths(&[]), Ok(vec![]));
        assert_eq!(paths(&["./shop"]), Ok(vec!["./shop".into()]));
        assert_eq!(paths(&["-f", "a.yaml", "--file", "b.yaml"]), Ok(vec!["a.yaml".into(), "b.yaml".into()]));
        assert_eq!(paths(&["./shop", "-f", "a.yaml"]), Err(clap::error::ErrorKind::ArgumentConflict));
    }

    #[test]
    fn a_project_is_named_by_its_folder_or_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compose.yaml");
        std::fs::write(&path, "name: p\nservices: { a: { image: i } }\n").expect("a file");
        for named in [folder.path(), &path] {
            let paths = vec![named.to_path_buf()];
            let project =
                compose_project(&crate::source::SourceOptions { paths, ..crate::source::SourceOptions::default() });
            assert_eq!(project.said.problems, []);
            assert_eq!(project.loaded.model.as_ref().map(services).as_deref(), Some("a\n"));
        }
    }

    #[test]
    fn what_is_printed_means_the_same_when_it_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |text: &str| {
            let path = folder.path().join("compose.yaml");
            std::fs::write(&path, text).expect("a file");
            let options = crate::source::SourceOptions { paths: vec![path], ..crate::source::SourceOptions::default() };
            let project = compose_project(&options);
            assert_eq!(project.said.problems, []);
            project.loaded.model.expect("a model")
        };
        let text = "name: p\nservices: { a: { image: i, command: 'echo $$HOME $${X:-y}', environment: { P: 'a$$b', $K: 1 } } }\n";
        let first = read(text);
        let command =
            first.get("services").and_then(|it| it.get("a")).and_then(|it| it.get("command")).map(Node::to_json);
        assert_eq!(command, Some(serde_json::json!(["echo", "$HOME", "${X:-y}"])));
        let printed = data::yaml(&named(&first, "p")).expect("YAML");
        assert_eq!(read(&printed).to_json(), first.to_json());
    }
}
