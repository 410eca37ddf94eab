//! What is said of a command line that is not understood, and of an answer that a command does not have.

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue};

use super::{Cli, CliError, Output};
use crate::ui::Ui;

/// A usage error is 1, because 2 means changes. Help that was asked for is no error.
pub(super) fn exit(error: &clap::Error) -> ExitCode {
    if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Says what is wrong with the command line, or the help that was asked for.
pub(super) fn tell(error: clap::Error, words: &[String]) {
    let is_error = error.use_stderr();
    let mut ui = Ui::of_process(color(words));
    let text = whole_usage(error, words).render().ansi().to_string();
    // Where the terminal has gone there is nobody to tell.
    if is_error {
        ui.say(&text);
    } else {
        ui.answer(&text).ok();
    }
}

/// The usage of the command as its help has it. Left to itself, clap names the flags that came from the environment as well.
fn whole_usage(mut error: clap::Error, words: &[String]) -> clap::Error {
    if error.get(ContextKind::Usage).is_some() {
        let mut command = Cli::command();
        command.build();
        let here = words.iter().fold(&command, |here, word| here.find_subcommand(word).unwrap_or(here));
        error.insert(ContextKind::Usage, ContextValue::StyledStr(here.clone().render_usage()));
    }
    error
}

/// What the line says of colours, as far as that can be told from one that is wrong.
fn color(words: &[String]) -> ColorChoice {
    let never = words.iter().zip(words.iter().skip(1)).any(|(flag, when)| flag == "--color" && when == "never");
    let plain = never || words.iter().any(|word| ["--no-color", "--color=never"].contains(&word.as_str()));
    if plain { ColorChoice::Never } else { ColorChoice::Auto }
}

/// Refuses a format that a command has no answer in.
///
/// # Errors
/// When it is not one of the formats for programs that it has.
pub(super) fn refuse_format(command: &str, asked: Output, has: &[Output]) -> Result<(), CliError> {
    if matches!(asked, Output::Text | Output::Wide) || has.contains(&asked) {
        return Ok(());
    }
    let help = if has.is_empty() {
        "leave `-o` out; `skiff get -o json` has the state of objects for programs".to_owned()
    } else {
        format!("it has {}", has.iter().map(|format| word(*format)).collect::<Vec<_>>().join(" and "))
    };
    Err(CliError::refused(format!("`skiff {command}` has no answer in `-o {}`", word(asked)), help))
}

const fn word(format: Output) -> &'static str {
    match format {
        Output::Text => "text",
        Output::Wide => "wide",
        Output::Json => "json",
        Output::Yaml => "yaml",
        Output::Name => "name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn said(line: &str) -> String {
        let words = words(line);
        let line = std::iter::once("skiff").chain(words.iter().map(String::as_str));
        let error = Cli::command().try_get_matches_from(line).expect_err("a wrong line");
        whole_usage(error, &words).to_string()
    }

    #[test]
    fn a_wrong_line_gets_the_usage_of_its_command_without_the_flags_that_were_right() {
        insta::assert_snapshot!(said("--instance test up"), @r"
        error: the following required arguments were not provided:
          <PATH>

        Usage: skiff up [OPTIONS] <PATH> [NAME]...

        For more information, try '--help'.
        ");
        insta::assert_snapshot!(said("rollout undo -o json"), @r"
        error: the following required arguments were not provided:
          <NAME>

        Usage: skiff rollout undo [OPTIONS] <NAME>

        For more information, try '--help'.
        ");
    }

    #[test]
    fn colours_are_left_out_where_the_line_says_so_though_it_is_wrong() {
        let lines = ["upp --no-color", "--color never upp", "--color=never upp", "upp"];
        let choices = lines.map(|line| color(&words(line)) == ColorChoice::Never);
        assert_eq!(choices, [true, true, true, false]);
    }

    #[test]
    fn a_format_that_a_command_does_not_have_is_refused_by_name() {
        assert!(
            refuse_format("up", Output::Wide, &[]).is_ok()
                && refuse_format("get", Output::Json, &[Output::Json]).is_ok()
        );
        let refused = refuse_format("logs", Output::Yaml, &[Output::Json]).expect_err("no such answer");
        assert_eq!(refused.to_string(), "`skiff logs` has no answer in `-o yaml`");
        assert_eq!(refused.help(), Some("it has json"));
    }
}
