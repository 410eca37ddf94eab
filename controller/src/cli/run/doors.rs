//! Where `skiff run` can be called: for webhooks, and by whoever watches it.

use skiff_remote::HookSecret;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Args;
use crate::cli::CliError;
use crate::hook::HookListener;
use crate::listen::{Address, Listener, read_secret};
use crate::monitor::Monitor;
use crate::role::{Relay, Roles};

/// Addresses, and what a caller has to know there.
#[derive(Debug)]
pub(super) struct Doors {
    hook: Option<(Address, HookSecret)>,
    monitor: Option<(Address, Option<HookSecret>)>,
}

/// What listens there.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) hook: Option<HookListener>,
    pub(super) monitor: Option<Monitor>,
}

/// What answers at the doors, until it is ended.
#[derive(Debug)]
pub(super) struct Answering {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Open {
    /// Answers, as what the process is when it is called.
    pub(super) fn answer(self, roles: &Roles, relay: Option<Relay>) -> Answering {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        if let Some(monitor) = self.monitor {
            tasks.spawn(monitor.run(roles.subscribe(), stop.clone()));
        }
        if let Some(hook) = self.hook {
            tasks.spawn(hook.run(roles.subscribe(), relay, stop.clone()));
        }
        tasks.close();
        Answering { tasks, stop }
    }
}

impl Answering {
    /// Closes the doors.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Doors {
    /// What the flags ask for.
    ///
    /// # Errors
    /// When a secret cannot be read or is none, or a port is to be open to all.
    pub(super) fn of(args: &Args) -> Result<Self, CliError> {
        let hook = match (args.webhook_listen, &args.webhook_secret_file) {
            (Some(address), Some(file)) => {
                let secret = read_secret(file, "webhook's secret", "tell it to the git host")?;
                Some((Address::Tcp(address), secret))
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        let token = args.metrics_token_file.as_ref();
        let token = token.map(|file| read_secret(file, "token for metrics", "tell it to the scraper")).transpose()?;
        let monitor = match &args.metrics_listen {
            Some(address @ Address::Tcp(_)) if token.is_none() => {
                return Err(CliError::refused(
                    format!(
                        "`--metrics-listen {address}` needs `--metrics-token-file`: every user of the host can call a port"
                    ),
                    "make one: `openssl rand -hex 32 > FILE`; or listen at a socket of your own, `unix:/run/skiff/metrics.sock`",
                ));
            }
            address => address.clone().map(|address| (address, token)),
        };
        Ok(Self { hook, monitor })
    }

    /// Listens at all of them.
    ///
    /// # Errors
    /// When an address cannot be had.
    pub(super) async fn open(&self) -> Result<Open, CliError> {
        let (mut hook, mut monitor) = (None, None);
        if let Some((address, secret)) = &self.hook {
            hook = Some(HookListener::new(Listener::bind(address.clone()).await?, secret.clone()));
        }
        if let Some((address, token)) = &self.monitor {
            monitor = Some(Monitor::new(Listener::bind(address.clone()).await?, token.clone()));
        }
        Ok(Open { hook, monitor })
    }

    /// Listens at each once it can be had.
    pub(super) fn later(&self) -> Open {
        let hook = self.hook.clone();
        let hook = hook.map(|(address, secret)| HookListener::new(Listener::later(address), secret));
        let monitor = self.monitor.clone();
        let monitor = monitor.map(|(address, token)| Monitor::new(Listener::later(address), token));
        Open { hook, monitor }
    }
}
