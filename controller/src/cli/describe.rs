//! `skiff describe`.

use skiff_core::{Condition, Event, Truth};

use super::{CliError, Context, Exit, Output, engine, events};
use crate::state::State;
use crate::ui::age::age;
use crate::ui::description;
use crate::ui::style::{BAD, FAINT, NAME, PLAIN, paint};
use crate::ui::table::{Cell, Table};
use crate::ui::wrap::hanging;
use crate::view::View;

/// Show everything that is known of an object
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff describe deployment/web\n  \
    skiff describe web            the same, where no other object has the name\n  \
    skiff describe volume/data -n shop")]
pub(super) struct Args {
    /// The objects, as NAME, KIND/NAME or KIND/NAMESPACE/NAME.
    #[arg(required = true, value_name = "KIND/NAME")]
    names: Vec<String>,
}

/// Answers with the descriptions.
///
/// # Errors
/// When one of them does not exist, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let (views, _, _) = &engine::blamed_now(&context.settings)?;
    let views: Vec<_> =
        args.names.iter().map(|name| super::get::named(views, name, context)).collect::<Result<_, _>>()?;
    match context.settings.output {
        Output::Name => context.names(views.iter().map(|view| &view.object))?,
        Output::Json | Output::Yaml => match views.as_slice() {
            [view] => drop(context.data(&view.to_data())?),
            views => super::get::list(views, context)?,
        },
        Output::Text | Output::Wide => {
            let now = jiff::Timestamp::now();
            let state = State::read_only(engine::folders(&context.settings)).ok();
            let width = if context.ui.stdout_is_terminal { context.ui.width } else { usize::MAX };
            let on_a_screen = context.ui.stdout_is_terminal && context.settings.output == Output::Text;
            let mut texts = Vec::new();
            for view in views {
                // What fails is told so that it fits a screen; to whom reads a file it is all told.
                let brief = on_a_screen && view.trouble.is_some();
                let text = description::description(view, now, width, brief)?;
                let conditions = conditions(&view.conditions, now, width);
                let kept = remembered(state.as_ref(), view, now, (width, brief));
                let hint = if brief { hint(view) } else { String::new() };
                texts.push(text + &conditions + &kept + &hint);
            }
            context.ui.answer(&texts.join("\n"))?;
        }
    }
    Ok(Exit::Done)
}

/// How many of the last events are shown.
const EVENTS: usize = 10;
/// How many of them, and of the last revisions, where all is to fit a screen.
const FEW: usize = 4;

/// How all of it is seen.
fn hint(view: &View) -> String {
    let (kind, name) = (view.object.kind.lower(), &view.object.name);
    let all = format!("all of it: `skiff describe {kind}/{name} -o wide`; all events: `skiff events {kind}/{name}`");
    format!("\n{}\n", paint(FAINT, all))
}

/// The conditions by Kubernetes' names; nothing where there is none.
fn conditions(conditions: &[Condition], now: jiff::Timestamp, width: usize) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"]);
    for Condition { kind, status, reason, message, last_transition_time } in conditions {
        let style = if *status == Truth::False { BAD } else { PLAIN };
        table.row([
            (*kind).into(),
            Cell::styled(style, format!("{status:?}")),
            (*reason).into(),
            last_transition_time.map_or_else(|| "-".to_owned(), |since| age(since, now)).into(),
            message.as_str().into(),
        ]);
    }
    section("Conditions", &table, width)
}

/// What the state directory remembers of an object: its revisions, and what happened last. Nothing where it cannot be read.
fn remembered(state: Option<&State>, view: &View, now: jiff::Timestamp, shown: (usize, bool)) -> String {
    let (width, brief) = shown;
    let most = |most: usize| if brief { FEW } else { most };
    let Some(state) = state else { return String::new() };
    let mut text = String::new();
    if let Some(known) = state.history().objects.get(&view.object).filter(|known| !known.revisions.is_empty()) {
        let mut known = known.clone();
        known.revisions.drain(..known.revisions.len().saturating_sub(most(usize::MAX)));
        let revisions = super::rollout::revisions(&known, &|id| state.commit(id).cloned(), now);
        text += &section("Revisions", &revisions, width);
    }
    let events = state.chronicle().events().unwrap_or_default();
    let own: Vec<Event> = events.into_iter().filter(|event| event.object.as_ref() == Some(&view.object)).collect();
    if !own.is_empty() {
        text += &section("Events", &events::of_one(&own, most(EVENTS), now), width);
    }
    text
}

fn section(title: &str, table: &Table, width: usize) -> String {
    let row = |line: &str| hanging(&format!("  {line}"), width, 6);
    let rows: Vec<String> = table.render().lines().map(row).collect();
    format!("\n{}\n{}\n", paint(NAME, title), rows.join("\n"))
}
