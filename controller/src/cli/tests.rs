//! The flags: their places, defaults and contradictions.

use super::*;
use clap::{Args as _, CommandFactory, FromArgMatches};

fn settings(flags: &[&str]) -> Settings {
    let words = ["skiff"].iter().chain(flags);
    Cli::try_parse_from(words).expect("right flags").global.into()
}

#[test]
fn the_definition_of_the_flags_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn global_flags_may_stand_before_and_behind_the_command() {
    let before = settings(&["-i", "test", "-n", "shop", "-o", "json", "-vv", "version"]);
    let behind = settings(&["version", "-i", "test", "-n", "shop", "-o", "json", "-vv"]);
    assert_eq!(before, behind);
    assert_eq!((before.instance.as_str(), before.verbosity), ("test", 2));
    assert!(before.shows_namespace("shop") && !before.shows_namespace("blog"));
}

#[test]
fn a_namespace_that_docker_could_not_have_is_refused() {
    for wrong in ["Bad_Name", "a/b", "", "x-"] {
        let error = Cli::try_parse_from(["skiff", "get", "--namespace", wrong]).expect_err(wrong);
        assert!(error.to_string().contains("inner hyphens"), "{error}");
    }
}

#[test]
fn wrong_usage_is_not_mistaken_for_changes() {
    let error = Cli::try_parse_from(["skiff", "versoin"]).expect_err("a typo");
    assert!(error.to_string().contains("'version'"), "{error}");
    assert_eq!(usage::exit(&error), ExitCode::FAILURE);
    assert_eq!(ExitCode::from(Exit::Changes), ExitCode::from(2));
}

#[test]
fn every_command_says_what_it_does_and_ends_without_a_full_stop() {
    for command in Cli::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 10 && about.len() < 90 && !about.ends_with('.'), "{}: {about}", command.get_name());
    }
}

#[test]
fn the_flags_of_commands_that_read_manifests_hold_together() {
    let command = |name: &'static str| clap::Command::new(name);
    run::Args::augment_args(command("run")).debug_assert();
    up::Args::augment_args(command("up")).debug_assert();
    plan::Args::augment_args(command("plan")).debug_assert();
    diff::Args::augment_args(command("diff")).debug_assert();
    down::Args::augment_args(command("down")).debug_assert();
}

#[test]
fn plan_and_diff_take_what_up_takes() {
    let words = ["x", "shop", "web", "-f", "more", "--overlay", "prod", "--scale", "web=5", "--confirm-prune"];
    let command = |name: &'static str| clap::Command::new(name);
    let up = up::Args::from_arg_matches(&up::Args::augment_args(command("up")).get_matches_from(words));
    let plan = plan::Args::from_arg_matches(&plan::Args::augment_args(command("plan")).get_matches_from(words));
    let diff = diff::Args::from_arg_matches(&diff::Args::augment_args(command("diff")).get_matches_from(words));
    let args = [up.expect("right").apply, plan.expect("right").apply, diff.expect("right").apply];
    for args in args {
        let (source, target) = (args.source(&settings(&["version"])), args.target());
        assert_eq!(source.paths, ["shop", "more"].map(std::path::PathBuf::from));
        assert_eq!(source.overlays, ["prod"].map(std::path::PathBuf::from));
        assert_eq!(source.compose.services, ["web"], "what is named is there whatever its profile");
        assert_eq!((target.only, target.confirm_prune), (vec!["web".to_owned()], true));
        assert_eq!(target.scale, [paths::Scale { name: "web".to_owned(), replicas: 5 }]);
    }
}

#[test]
fn an_object_that_is_named_with_its_kind_or_namespace_is_a_service_too() {
    let command = up::Args::augment_args(clap::Command::new("up"));
    let up = up::Args::from_arg_matches(&command.get_matches_from(["up", "shop", "deployment/web", "shop/db"]));
    let source = up.expect("right").apply.source(&settings(&["version"]));
    assert_eq!(source.compose.services, ["web", "db"]);
}

#[test]
fn run_once_reads_the_files_that_are_named_by_their_profiles_and_else_what_was_applied() {
    let source = |words: &[&str]| {
        let command = run_once::Args::augment_args(clap::Command::new("run-once"));
        let matches = command.get_matches_from(std::iter::once(&"run-once").chain(words));
        run_once::Args::from_arg_matches(&matches).expect("right").source(&settings(&["version"]))
    };
    let named = source(&["-f", "a.yaml", "-f", "b.yaml", "--profile", "backup", "backup"]).expect("files");
    assert_eq!(named.paths, ["a.yaml", "b.yaml"].map(std::path::PathBuf::from));
    assert_eq!(named.compose.profiles, ["backup"]);
    assert!(source(&["backup"]).is_none());
}

#[test]
fn exec_reads_i_as_stdin_and_still_knows_the_instance() {
    let before = settings(&["--instance", "test", "exec", "-it", "web", "--", "sh", "-i", "prod"]);
    let behind = settings(&["exec", "web", "-it", "--instance", "test", "--", "sh"]);
    assert_eq!((before.instance.as_str(), behind.instance.as_str()), ("test", "test"));
}

#[test]
fn under_compose_files_the_help_has_the_flags_of_compose_files_and_no_other() {
    let command = Cli::command();
    for name in ["run", "up", "plan", "diff", "validate"] {
        let command = command.find_subcommand(name).expect("a command");
        let under = command.get_arguments().filter(|flag| flag.get_help_heading() == Some(paths::COMPOSE));
        let flags: Vec<_> = under.filter_map(clap::Arg::get_long).collect();
        assert_eq!(flags, ["profile", "env-file"], "{name}");
    }
}

#[test]
fn the_help_promises_stdin_only_where_it_is_read() {
    let command = Cli::command();
    let promises = |name: &str| {
        let flags = command.find_subcommand(name).expect("a command").get_arguments();
        flags.filter_map(clap::Arg::get_help).any(|help| help.to_string().contains("stdin"))
    };
    assert_eq!(["up", "validate", "down", "run"].map(promises), [true, true, true, false]);
}
