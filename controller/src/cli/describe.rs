//! `skiff describe`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use skiff_core::{Condition, Event, ObjectHistory, Truth};
use skiff_remote::git::Commit;

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
            let now = Timestamp::now();
            let state = State::read_only(engine::folders(&context.settings)).ok();
            let is_screen = context.ui.stdout_is_terminal && context.settings.output == Output::Text;
            let width = if context.ui.stdout_is_terminal { context.ui.width } else { usize::MAX };
            let mut texts = Vec::new();
            for view in views {
                let kept = state.as_ref().map(|state| Kept::of(state, view)).unwrap_or_default();
                // What fails is told so that it fits a screen; to whom reads a file it is all told.
                texts.push(if is_screen && view.trouble.is_some() {
                    on_a_screen(view, &kept, now, (width, context.ui.height))
                } else {
                    whole(view, &kept, now, width)?
                });
            }
            context.ui.answer(&texts.join("\n"))?;
        }
    }
    Ok(Exit::Done)
}

/// How many of the last events are shown.
const EVENTS: usize = 10;
/// How many of the last revisions are shown where all is to fit a screen.
const FEW: usize = 2;

/// What the state directory remembers of an object; nothing where it cannot be read.
#[derive(Default)]
struct Kept {
    history: ObjectHistory,
    commits: BTreeMap<String, Commit>,
    events: Vec<Event>,
}

impl Kept {
    fn of(state: &State, view: &View) -> Self {
        let history = state.history().objects.get(&view.object).cloned().unwrap_or_default();
        let ids = history.revisions.iter().filter_map(|revision| revision.source_revision.clone());
        let commits = ids.filter_map(|id| Some((id.clone(), state.commit(&id)?.clone()))).collect();
        let events = state.chronicle().events().unwrap_or_default();
        let events = events.into_iter().filter(|event| event.object.as_ref() == Some(&view.object)).collect();
        Self { history, commits, events }
    }

    /// The last revisions, so many at most; nothing where none is known.
    fn revisions(&self, most: usize, now: Timestamp, width: usize) -> String {
        let mut known = self.history.clone();
        known.revisions.drain(..known.revisions.len().saturating_sub(most));
        if known.revisions.is_empty() {
            return String::new();
        }
        section("Revisions", &super::rollout::revisions(&known, &|id| self.commits.get(id).cloned(), now), width)
    }

    /// The last events, so many at most; nothing where none is known.
    fn events(&self, most: usize, now: Timestamp, width: usize) -> String {
        if self.events.is_empty() || most == 0 {
            return String::new();
        }
        section("Events", &events::of_one(&self.events, most, now), width)
    }
}

/// Everything, however long.
fn whole(view: &View, kept: &Kept, now: Timestamp, width: usize) -> Result<String, CliError> {
    let text = description::description(view, now, width)?;
    let (revisions, events) = (kept.revisions(usize::MAX, now, width), kept.events(EVENTS, now, width));
    Ok(text + &conditions(&view.conditions, now, width) + &revisions + &events)
}

/// What is wrong and what led to it, with as many revisions and events as the screen has room for. The conditions say nothing that is not
/// said here.
fn on_a_screen(view: &View, kept: &Kept, now: Timestamp, (width, height): (usize, usize)) -> String {
    let (kind, name) = (view.object.kind.lower(), &view.object.name);
    let head = description::brief(view, now, width);
    let hint = format!(
        "\n{}\n",
        hanging(&paint(FAINT, format_args!("all: `skiff describe {kind}/{name} -o wide`")), width, 2)
    );
    // The last row is the prompt's.
    let room = height.saturating_sub(rows(&head) + rows(&hint) + 1);
    let more = |(revisions, events)| kept.revisions(revisions, now, width) + &kept.events(events, now, width);
    let fullest_first = (1..=EVENTS).rev().map(|events| (FEW.min(events), events)).chain([(1, 0), (0, 0)]);
    let more = fullest_first.map(more).find(|more| rows(more) <= room).unwrap_or_default();
    head + &more + &hint
}

fn rows(text: &str) -> usize {
    text.lines().count()
}

/// The conditions by Kubernetes' names; nothing where there is none.
fn conditions(conditions: &[Condition], now: Timestamp, width: usize) -> String {
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

fn section(title: &str, table: &Table, width: usize) -> String {
    let row = |line: &str| hanging(&format!("  {line}"), width, 6);
    let rows: Vec<String> = table.render().lines().map(row).collect();
    format!("\n{}\n{}\n", paint(NAME, title), rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use jiff::SignedDuration;

    use super::*;
    use crate::ui::objects::tests::views;

    fn failing() -> View {
        views().into_iter().find(|view| view.trouble.is_some()).expect("something is wrong")
    }

    /// So many events, each of which takes three rows of 80 columns.
    fn kept(events: usize) -> Kept {
        let event = |number: usize| {
            let message = format!("start container web-{number} ({})", "and again ".repeat(15));
            Event::normal(Timestamp::UNIX_EPOCH, &failing().object, "Started", message)
        };
        Kept { events: (0..events).map(event).collect(), ..Kept::default() }
    }

    #[test]
    fn what_fails_is_told_with_as_many_events_as_the_screen_has_room_for() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(90);
        let failing = failing();
        let shown = |height| {
            let text = strip_str(&on_a_screen(&failing, &kept(20), now, (80, height))).to_string();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(
                text.starts_with("Object:       deployment/shop/web\n") && text.contains("ImagePullBackOff"),
                "{text}"
            );
            (rows(&text), text.matches("start container").count())
        };
        assert_eq!([shown(24), shown(40), shown(200)], [(22, 4), (37, 9), (40, EVENTS)]);
        // However low the screen is, what is wrong is told.
        assert_eq!(shown(5).1, 0);
    }
}
