//! `skiff rollout history`: the revisions of a deployment, the newest first.

use serde_json::json;
use skiff_core::{ObjectHistory, Revision, Standing, Timestamp, told_revisions};
use skiff_remote::git::Commit;

use super::super::{CliError, Context, Exit, Output, engine};
use crate::state::State;
use crate::ui::age::age;
use crate::ui::style::{BAD, CHANGE, FAINT, GOOD};
use crate::ui::table::{Cell, Table};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The deployment.
    name: String,
    /// One revision with its template.
    #[arg(long, value_name = "N")]
    revision: Option<u64>,
}

/// Answers with the revisions.
///
/// # Errors
/// When there is no such deployment or revision.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let object = super::deployment(&args.name, context)?;
    let state = State::read_only(engine::folders(&context.settings));
    let state = state.map_err(|error| CliError::state("cannot read the state directory", error))?;
    let known = state.history().objects.get(&object).cloned().unwrap_or_default();
    if let Some(number) = args.revision {
        let revision = known.revision(number).ok_or_else(|| {
            let help = format!("`skiff rollout history {}` lists those that are", object.name);
            CliError::refused(format!("revision {number} of {object} is not known"), help)
        })?;
        return one(revision, context);
    }
    match context.settings.output {
        Output::Json | Output::Yaml => drop(context.data(&known.revisions)?),
        Output::Name => {
            let numbers: Vec<String> =
                known.revisions.iter().rev().map(|revision| format!("{}\n", revision.number)).collect();
            context.ui.answer(&numbers.concat())?;
        }
        Output::Text | Output::Wide if known.revisions.is_empty() => {
            context.ui.say(&format!("no revision of {object} is known yet: `skiff run` and `skiff up` remember them"));
        }
        Output::Text | Output::Wide => {
            let table = table(&known, &|id| state.commit(id).cloned(), Timestamp::now());
            context.ui.answer(&table.render())?;
        }
    }
    Ok(Exit::Done)
}

/// One revision whole: as data, YAML where nothing else is asked for.
fn one(revision: &Revision, context: &mut Context) -> Result<Exit, CliError> {
    let answer = json!({
        "number": revision.number, "since": revision.since, "sourceRevision": revision.source_revision,
        "standing": revision.standing, "template": revision.pod,
    });
    if !context.data(&answer)? {
        let text = crate::ui::data::manifest(&answer)?;
        context.ui.answer(&text)?;
    }
    Ok(Exit::Done)
}

/// A commit in a column of a table.
fn cut(commit: &Commit) -> String {
    let mut words: String = commit.to_string().chars().take(WIDEST).collect();
    if words.chars().count() == WIDEST {
        words.push('…');
    }
    words
}

/// The most letters of a commit.
const WIDEST: usize = 50;

/// The revisions as a table.
pub(in crate::cli) fn table(known: &ObjectHistory, commit: &dyn Fn(&str) -> Option<Commit>, now: Timestamp) -> Table {
    let mut table = Table::new(["REVISION", "AGE", "IMAGE", "SOURCE", "STANDING"]);
    for (revision, standing) in told_revisions(known) {
        let source = match revision.source_revision.as_deref() {
            Some(id) => commit(id).map_or_else(|| id.chars().take(12).collect(), |commit| cut(&commit)),
            None => "-".to_owned(),
        };
        let style = match revision.standing {
            Standing::Progressing { .. } | Standing::Watched { .. } if revision.ailing.is_some() => BAD,
            Standing::Stable => GOOD,
            Standing::Superseded { .. } => FAINT,
            Standing::Progressing { .. } | Standing::Watched { .. } => CHANGE,
            Standing::Failed { .. } => BAD,
        };
        table.row([
            revision.number.into(),
            age(revision.since, now).into(),
            shortened(&revision.pod.container.image).into(),
            source.into(),
            Cell::styled(style, standing),
        ]);
    }
    table
}

/// An image with as many digits of its digest as Docker shows of an id: two revisions of one tag differ in nothing else.
fn shortened(image: &str) -> String {
    let Some((name, digest)) = image.split_once('@') else { return image.to_owned() };
    format!("{name}@{}", digest.chars().take("sha256:".len() + 12).collect::<String>())
}
