//! `skiff get`.

use serde_json::json;
use skiff_api::{API_VERSION, Kind};
use skiff_remote::git::Commit;

use super::{CliError, Context, Exit, Output, engine};
use crate::ui::age::age;
use crate::ui::table::{Cell, Table};
use crate::ui::{mistakes, objects};
use crate::view::{View, find};

/// Show objects: what there should be and what there is
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff get                     everything\n  \
    skiff get deployments -o wide\n  \
    skiff get deploy web db\n  \
    skiff get web                 the same for one, where no kind has the name\n  \
    skiff get volume/data -o yaml")]
pub(super) struct Args {
    /// A kind (deployment, network, volume, all), followed by names, or KIND/NAME.
    #[arg(value_name = "KIND [NAME]")]
    words: Vec<String>,
}

/// Answers with the objects that are meant.
///
/// # Errors
/// When one of them does not exist, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let (views, faults, leader) = &engine::blamed_now(&context.settings)?;
    let selected = select(&args.words, views, context)?;
    let wrong = mistakes::note(faults, &selected, context.settings.source.as_deref());
    let one = selected.len() == 1 && args.words.last().is_some_and(|word| kinds(word).is_err());
    match (context.settings.output, selected.as_slice()) {
        (Output::Name, _) => context.names(selected.iter().map(|view| &view.object))?,
        (Output::Json | Output::Yaml, [view]) if one => drop(context.data(&view.to_data())?),
        (Output::Json | Output::Yaml, views) => list(views, context)?,
        (Output::Text | Output::Wide, []) => context.ui.say(&nothing(context)),
        (Output::Text | Output::Wide, views) => {
            let namespaces = context.settings.namespace.is_none();
            let shown = objects::Shown {
                wide: context.settings.output == Output::Wide,
                namespaces,
                now: jiff::Timestamp::now(),
            };
            let tables = [objects::tables(views, shown), commits(args, context, shown.now)].concat();
            context.ui.answer(&tables)?;
        }
    }
    if matches!(context.settings.output, Output::Text | Output::Wide) {
        for note in wrong.iter().chain(&leader.as_ref().and_then(mistakes::vacancy)) {
            context.ui.say(note);
        }
    }
    Ok(Exit::Done)
}

/// Which commit, or which revision of etcd, is in force of each source, where everything is shown.
fn commits(args: &Args, context: &Context, now: jiff::Timestamp) -> String {
    let everything = args.words.is_empty() || args.words.as_slice() == ["all"];
    if !everything {
        return String::new();
    }
    [of_repositories(engine::commits(&context.settings), now), of_etcd(engine::revisions(&context.settings))].concat()
}

fn of_etcd(revisions: Vec<(String, String)>) -> String {
    if revisions.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["SOURCE", "REVISION"]);
    for (source, revision) in revisions {
        table.row([source, revision].map(Cell::from));
    }
    format!("\n{}", table.render())
}

fn of_repositories(commits: Vec<(String, Commit)>, now: jiff::Timestamp) -> String {
    if commits.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["SOURCE", "COMMIT", "SUBJECT", "AUTHOR", "AGE"]);
    for (source, commit) in commits {
        let written = commit.authored.map_or_else(|| "-".to_owned(), |authored| age(authored, now));
        table.row([source, commit.id.short().to_owned(), commit.subject, commit.author, written].map(Cell::from));
    }
    format!("\n{}", table.render())
}

/// That there is nothing, and where it was looked for.
pub(super) fn nothing(context: &Context) -> String {
    let settings = &context.settings;
    let namespace = settings.namespace.as_ref().map(|namespace| format!(" in namespace {namespace}"));
    let instance = (!settings.instance.is_default()).then(|| format!(" of instance {}", settings.instance));
    ["nothing is there".to_owned(), namespace.unwrap_or_default(), instance.unwrap_or_default()].concat()
}

/// Answers with a list of objects as data.
pub(super) fn list(views: &[&View], context: &mut Context) -> Result<(), CliError> {
    let items: Vec<_> = views.iter().map(|view| view.to_data()).collect();
    context.data(&json!({ "apiVersion": API_VERSION, "kind": "List", "items": items }))?;
    Ok(())
}

/// The objects that the words mean, in the order of their keys.
pub(super) fn select<'a>(words: &[String], views: &'a [View], context: &Context) -> Result<Vec<&'a View>, CliError> {
    let settings = &context.settings;
    let is_meant = |view: &&View| {
        settings.shows_namespace(&view.object.namespace)
            && settings.source.as_ref().is_none_or(|source| *source == view.source)
    };
    let Some((first, names)) = words.split_first() else { return Ok(views.iter().filter(is_meant).collect()) };
    // A word that is no kind may be the name of something.
    if first.contains('/') || kinds(first).is_err() && named(views, first, context).is_ok() {
        return words.iter().map(|name| named(views, name, context)).collect();
    }
    let kinds = kinds(first)?;
    if !names.is_empty() {
        let key = |name: &String| match kinds.as_slice() {
            [kind] => format!("{}/{name}", kind.lower()),
            _ => name.clone(),
        };
        return names.iter().map(|name| named(views, &key(name), context)).collect();
    }
    Ok(views.iter().filter(is_meant).filter(|view| kinds.contains(&view.object.kind)).collect())
}

/// `all`, a kind, or several with commas.
fn kinds(word: &str) -> Result<Vec<Kind>, CliError> {
    if word == "all" {
        return Ok(Kind::ALL.to_vec());
    }
    let kind = |part: &str| {
        part.parse::<Kind>().map_err(|_| {
            let known = Kind::ALL.iter().flat_map(|kind| [kind.lower(), kind.plural()]);
            let help = match skiff_api::suggest::nearest(part, known) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("the kinds are {} and all", Kind::ALL.map(Kind::lower).join(", ")),
            };
            CliError::refused(format!("`{part}` is not a kind"), help)
        })
    };
    word.split(',').map(kind).collect()
}

/// The one object that a name means.
pub(super) fn named<'a>(views: &'a [View], name: &str, context: &Context) -> Result<&'a View, CliError> {
    let found = find::find(views, name, context.settings.namespace.as_deref());
    found.map(|found| found.view).map_err(|error| CliError::refused(error.to_string(), error.help()))
}
