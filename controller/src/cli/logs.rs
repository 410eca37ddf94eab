//! `skiff logs`: what containers write, several at once.
//!
//! Without `-f` lines come in the order in which they were written, whoever wrote them; with it as they come, and replicas
//! that replace others are joined as they appear.

use jiff::Timestamp;

use super::{CliError, Context, Exit, Output, engine};
use crate::engine::docker::LogOptions;
use crate::view::View;

mod follow;
mod line;
mod once;
mod pick;

use line::Printer;

/// Show what containers write
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff logs web                       all replicas\n  \
    skiff logs web-2 --tail 100          one of them\n  \
    skiff logs -f web db --since 10m     several objects, as they write\n  \
    skiff logs -f                        everything\n  \
    skiff logs web -o json               one object of JSON a line, for programs")]
pub(super) struct Args {
    /// Objects or containers; all of them where none is named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Go on as more is written, also by replicas that come later.
    #[arg(short, long)]
    follow: bool,
    /// Only what was written since then: 10m, 1h30m, or a time such as 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,
    /// Only so many lines of each container, from the end.
    #[arg(long, value_name = "N")]
    tail: Option<u64>,
    /// Begin each line with its time.
    #[arg(short, long)]
    timestamps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Ago(skiff_api::Duration),
    At(Timestamp),
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(duration) = text.parse() {
        return Ok(Since::Ago(duration));
    }
    let moment = text.parse().map_err(|_| "write how long ago (10m) or when (2026-01-31T12:00:00Z)".to_owned());
    moment.map(Since::At)
}

impl Since {
    fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(duration) => now.saturating_sub(duration.to_std()).unwrap_or(Timestamp::MIN),
            Self::At(moment) => moment,
        }
    }
}

/// Prints logs until their end; with `-f` until it is interrupted.
///
/// # Errors
/// When there is nothing of a name, the engine does not answer, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let options = LogOptions {
        follow: args.follow,
        since: args.since.map(|since| since.moment(Timestamp::now())),
        tail: args.tail,
        // The order of lines and the place to go on from need the time of each.
        timestamps: true,
    };
    Context::block_on(async {
        let docker = engine::connect(&context.settings).await?;
        let views: Vec<View> = engine::objects(&docker, &context.settings).await?;
        let pick = pick::Pick::new(&args.names, &views, &context.settings)?;
        let json = context.settings.output == Output::Json;
        let mut printer = Printer::new(args.timestamps, context.ui.stdout_is_coloured(), json);
        if args.follow {
            let following = follow::follow(docker.into(), &pick, options, &mut printer, &mut context.ui);
            tokio::select! {
                biased;
                stopped = tokio::signal::ctrl_c() => stopped.map_err(CliError::from)?,
                result = following => result?,
            }
        } else {
            let picked = pick.of(&views);
            if picked.is_empty() {
                context.ui.say(&super::get::nothing(context));
            }
            once::once(&docker, &picked, options, &mut printer).await?;
        }
        Ok(Exit::Done)
    })
}

#[cfg(test)]
mod tests;
