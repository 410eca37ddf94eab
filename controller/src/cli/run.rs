//! `skiff run`: its flags, and how it begins.

mod doors;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use skiff_api::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use doors::Doors;

use super::paths::PathArgs;
use super::{CliError, Context, Exit, signals};
use crate::listen::Address;
use crate::role::{Role, Roles};
use crate::session::{Access, Keep, Session, TargetOptions, Turns, electing, keep, take_turns, warn_of_open};
use crate::source::{Part, SourceOptions, parts};
use crate::telemetry::LogFormat;

/// Keep the manifests applied: reconcile at every change, event and tick until stopped
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff run ./manifests\n  \
    skiff run ./manifests --overlay ./manifests/prod --log-format json\n  \
    skiff run 'git+https://example.com/shop.git?ref=main&path=deploy&token-file=/etc/skiff/git.token'\n  \
    skiff run etcd://10.0.0.5:2379/skiff/shop --lease 5s\n  \
    skiff run ./base 'git+ssh://git@example.com/shop.git?interval=1m' --webhook-listen 127.0.0.1:9180 --webhook-secret-file /etc/skiff/hook\n\n\
    Paths together are one source, each repository is one of its own. A commit is in force whole, or the last good one stays.\n\
    docs/gitops.md says all that an address may hold.\n\n\
    With etcd several `skiff run` of one instance elect one that acts, and the others stand by. While the cluster is away for longer\n\
    than the lease nobody acts, and what runs is left to Docker; a controller that is `--alone` goes on. See docs/etcd.md.\n\n\
    SIGTERM or Ctrl-C ends it and leaves what runs running; the second one ends it at once.")]
#[command(mut_arg("paths", |paths| paths.help("Files and folders of manifests, Compose files among them")))]
pub struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    pub manifests: PathArgs,
    /// How often to look at everything, whether or not something seems to have happened.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = tick)]
    pub tick: Duration,
    /// Allow that most of a source is removed at once, by what each source says first, unless another one leads then.
    #[arg(long)]
    pub confirm_prune: bool,
    /// Listen there for webhooks of git hosts, which have repositories fetched at once: `127.0.0.1:9180`.
    #[arg(long, value_name = "ADDRESS", requires = "webhook_secret_file", help_heading = GIT)]
    pub webhook_listen: Option<SocketAddr>,
    /// The file of the secret that webhooks are signed with.
    #[arg(long, value_name = "FILE", requires = "webhook_listen", help_heading = GIT)]
    pub webhook_secret_file: Option<PathBuf>,
    /// Answer `/metrics`, `/livez` and `/readyz` there: `127.0.0.1:9181`, or `unix:PATH` for its owner alone.
    #[arg(long, value_name = "ADDRESS", help_heading = WATCH)]
    pub metrics_listen: Option<Address>,
    /// The file of the token that who asks for metrics bears; at a port there must be one.
    #[arg(long, value_name = "FILE", requires = "metrics_listen", help_heading = WATCH)]
    pub metrics_token_file: Option<PathBuf>,
    /// With etcd: how long whoever leads may go without a sign of life before another one does.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = lease, help_heading = ETCD)]
    pub lease: Duration,
    /// With etcd: take part in no election, because no other controller of the instance is ever started.
    #[arg(long, conflicts_with = "lease", help_heading = ETCD)]
    pub alone: bool,
    /// How to log: text or json.
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub log_format: LogFormat,
}

/// Keeps the manifests applied until SIGTERM or Ctrl-C.
///
/// # Errors
/// When it cannot begin: no engine, no state directory, another controller.
pub fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    refuse_stdin(args)?;
    let doors = Doors::of(args)?;
    Context::block_on(async move {
        let cancel = signals::cancelled_by_signal();
        let mut source = args.manifests.source(&settings);
        // Nobody is there to read a warning: what is not said keeps the last good version.
        source.compose.unset_is_a_problem = true;
        refuse_idle_hook(args, &source)?;
        let session = Session::open(&settings, Access::Act).await?;
        warn_of_open(&source);
        if let Some((address, source_name)) = electing(&source)?.filter(|_| !args.alone) {
            // Whoever takes turns on this host may have the same addresses.
            let (open, relay) = (doors.later(), session.relay().await?);
            let roles = Roles::default();
            let answering = open.answer(&roles, Some(relay));
            let turns = Turns { address, source: source_name, lease: args.lease.to_std(), roles, cancel };
            args.take_turns(session, &source, turns).await?;
            answering.end().await;
        } else {
            let open = doors.open().await?;
            let _lock = session.lock("skiff run").await?;
            args.say_begun(&session);
            let roles = Roles::default();
            let answering = open.answer(&roles, None);
            keep(session, args.keep(&source, roles, args.confirm_prune, cancel), |_| {}).await?;
            answering.end().await;
        }
        tracing::info!("ended; what runs is left running");
        Ok(Exit::Done)
    })
}

impl Args {
    /// Keeps the manifests applied whenever it is elected.
    async fn take_turns(&self, session: Session, source: &SourceOptions, turns: Turns) -> Result<(), CliError> {
        // What was confirmed is what the manifests say when it begins: whoever stands by may lead days later.
        let confirms = Cell::new(self.confirm_prune);
        let roles = turns.roles.clone();
        let standing_by = pin!(void_once_another_leads(&confirms, roles.subscribe()));
        let lead = async |session: Session, ended| {
            self.say_begun(&session);
            keep(session, self.keep(source, roles.clone(), confirms.take(), ended), |_| {}).await
        };
        let taking_turns = Box::pin(take_turns(session, source, turns, lead));
        match select(taking_turns, standing_by).await {
            Either::Left((result, _)) => result,
            Either::Right((never, _)) => match never {},
        }
    }

    fn say_begun(&self, session: &Session) {
        tracing::info!(instance = %session.settings.instance, tick = %self.tick, "keeping the manifests applied; Ctrl-C ends it and leaves what runs running");
    }

    fn keep(&self, source: &SourceOptions, roles: Roles, confirm_prune: bool, cancel: CancellationToken) -> Keep {
        let target = TargetOptions { confirm_prune, stays: true, ..TargetOptions::default() };
        Keep {
            source: source.clone(),
            target,
            roles,
            is_watched: self.metrics_listen.is_some(),
            tick: self.tick.to_std(),
            cancel,
        }
    }
}

/// Takes a confirmation back as soon as another one leads. It never ends.
async fn void_once_another_leads(confirms: &Cell<bool>, mut role: watch::Receiver<Arc<Role>>) -> Infallible {
    let another_leads = |role: &Arc<Role>| matches!(role.as_ref(), Role::StandingBy(by) if by.leader.is_some());
    let seen = role.wait_for(another_leads).await.is_ok();
    if seen && confirms.take() {
        tracing::warn!(
            help = "end all controllers of the instance, and begin the first one with it",
            "`--confirm-prune` is void: another one leads, and nobody knows what the manifests will be when this one does"
        );
    }
    pending().await
}

/// What the flags for repositories stand under in the help.
const GIT: &str = "Repositories";
/// What the flags for whoever watches stand under.
const WATCH: &str = "Metrics";
/// What the flags for etcd stand under.
const ETCD: &str = "etcd";

/// etcd itself grants none that are shorter: its members elect their own leader in that time.
fn lease(text: &str) -> Result<Duration, String> {
    let lease: Duration = text.parse().map_err(|error| format!("{error}"))?;
    let fits = (2..=600).contains(&lease.to_std().as_secs());
    fits.then_some(lease).ok_or_else(|| "write something from 2s to 10m".to_owned())
}

/// A tick of nothing would look without end.
fn tick(text: &str) -> Result<Duration, String> {
    let tick: Duration = text.parse().map_err(|error| format!("{error}"))?;
    let fits = tick.to_std() >= std::time::Duration::from_millis(100);
    fits.then_some(tick)
        .ok_or_else(|| "write at least 100ms; changes and events are seen at once, whatever the tick".to_owned())
}

/// What comes from stdin is read once and gone; there is nothing to keep applied.
fn refuse_stdin(args: &Args) -> Result<(), CliError> {
    let mut paths = args.manifests.paths.iter().chain(&args.manifests.overlays);
    if paths.any(|path| path.as_os_str() == "-") {
        return Err(CliError::refused(
            "`skiff run` cannot keep what comes from stdin",
            "write it to a file or folder and name that, or apply it once with `skiff up -`",
        ));
    }
    Ok(())
}

/// A webhook has sources asked at once. Files are nobody's to ask.
fn refuse_idle_hook(args: &Args, source: &SourceOptions) -> Result<(), CliError> {
    let is_on_disk = |part: &Part| matches!(part, Part::Disk(_));
    if args.webhook_listen.is_some() && parts(source)?.iter().all(is_on_disk) {
        return Err(CliError::refused(
            "`--webhook-listen` has repositories fetched, and none is among the sources",
            "name one, such as `git+https://example.com/shop.git`, or leave the flag out: changed files are seen at once",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;
    use crate::role::StandingBy;

    fn args(words: &[&str]) -> Args {
        let matches = Args::augment_args(clap::Command::new("run")).get_matches_from(words);
        Args::from_arg_matches(&matches).expect("right flags")
    }

    fn refused(words: &[&str]) -> bool {
        refuse_stdin(&args(words)).is_err()
    }

    #[test]
    fn a_webhook_without_anybody_to_ask_is_refused() {
        let refused = |sources: &[&str], flags: &[&str]| {
            let args = args(&[&["run"], sources, flags].concat());
            let paths = sources.iter().map(Into::into).collect();
            refuse_idle_hook(&args, &SourceOptions { paths, ..SourceOptions::default() }).is_err()
        };
        let hook = ["--webhook-listen", "127.0.0.1:9180", "--webhook-secret-file", "/s"];
        assert!(refused(&["./shop", "./more"], &hook) && !refused(&["./shop"], &[]));
        assert!(!refused(&["./shop", "git+https://example.com/blog.git"], &hook));
    }

    #[tokio::test]
    async fn a_prune_is_confirmed_no_more_once_another_one_leads() {
        let (confirms, roles) = (Cell::new(true), Roles::default());
        let mut standing_by = pin!(void_once_another_leads(&confirms, roles.subscribe()));
        for (leader, stays) in [(None, true), (Some("other:1".to_owned()), false), (None, false)] {
            roles.send_replace(Arc::new(Role::StandingBy(StandingBy { leader, trouble: None })));
            assert!(futures_util::poll!(standing_by.as_mut()).is_pending());
            assert_eq!(confirms.get(), stays);
        }
    }

    #[test]
    fn a_tick_is_at_least_a_tenth_of_a_second() {
        let of = |text: &str| {
            let matches =
                Args::augment_args(clap::Command::new("run")).try_get_matches_from(["run", ".", "--tick", text]);
            matches.map(|matches| Args::from_arg_matches(&matches).expect("right flags").tick.to_std().as_millis())
        };
        assert_eq!((of("100ms").ok(), of("1h").ok()), (Some(100), Some(3_600_000)));
        for wrong in ["0s", "99ms", "soon", ""] {
            let words = of(wrong).expect_err("it is refused").to_string();
            assert!(wrong.is_empty() || wrong == "soon" || words.contains("write at least 100ms"), "{wrong}: {words}");
        }
    }

    #[test]
    fn what_comes_from_stdin_cannot_be_kept() {
        assert!(refused(&["run", "-"]) && refused(&["run", "./shop", "--overlay", "-"]));
        assert!(!refused(&["run", "./shop", "./-"]));
    }
}
