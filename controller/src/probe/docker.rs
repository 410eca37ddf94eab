//! Asks containers of a Docker Engine: commands through the engine, everything else from the host.
//!
//! A command that does not end in time is left to its fate, as nothing can end it; until it has ended its probe fails and no second
//! one is begun.

use std::time::Duration;

use skiff_core::{Check, Masking, ProbeAsk};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Sampled, Sampler};
use crate::ask::Asker;
use crate::engine::docker::{CommandEnd, Commands, ExecControl, exited};

/// How many commands are under way at once: each costs the engine about as much as a small start.
const COMMANDS: usize = 8;
/// How many connections are open at once.
const CONNECTIONS: usize = 256;

/// Who asks containers of a Docker Engine.
#[derive(Debug)]
pub struct DockerSampler {
    engine: Commands,
    asker: Asker,
    commands: Semaphore,
    connections: Semaphore,
}

impl DockerSampler {
    /// One that runs commands through this engine.
    pub fn new(engine: Commands) -> Self {
        let (commands, connections) = (Semaphore::new(COMMANDS), Semaphore::new(CONNECTIONS));
        Self { engine, asker: Asker::default(), commands, connections }
    }

    async fn run(
        &self,
        ask: &ProbeAsk,
        command: &[String],
        limit: Duration,
        left: Option<Box<ExecControl>>,
        masking: Masking<'_>,
    ) -> Sampled<Box<ExecControl>> {
        // The semaphore is never closed.
        let _room = self.commands.acquire().await;
        if let Some(left) = left
            && let Ok(None) = left.exit_code().await
        {
            return Sampled { result: Err("the command of the last try still runs".to_owned()), left: Some(left) };
        }
        match self.engine.run(&ask.container, command, limit).await {
            Ok(CommandEnd::Exited { code: 0, .. }) => Sampled { result: Ok(()), left: None },
            Ok(CommandEnd::Exited { code, said }) => Sampled { result: Err(exited(code, &said, masking)), left: None },
            Ok(CommandEnd::Running(control)) => Sampled { result: Err(late(limit)), left: Some(control) },
            Err(error) => Sampled { result: Err(error.to_string()), left: None },
        }
    }
}

impl Sampler for DockerSampler {
    type Left = Box<ExecControl>;

    async fn sample(
        &self,
        ask: &ProbeAsk,
        left: Option<Box<ExecControl>>,
        masking: Masking<'_>,
    ) -> Sampled<Box<ExecControl>> {
        let limit = ask.spec.timeout.try_into().unwrap_or_default();
        if let Check::Exec { command } = &ask.spec.check {
            return self.run(ask, command, limit, left, masking).await;
        }
        let _room = self.connections.acquire().await;
        let asked = timeout(limit, over_the_network(&self.asker, &ask.spec.check, masking)).await;
        Sampled { result: asked.unwrap_or_else(|_| Err(late(limit))), left: None }
    }
}

async fn over_the_network(asker: &Asker, check: &Check, masking: Masking<'_>) -> Result<(), String> {
    match check {
        Check::Http(http) => asker.http(http).await,
        Check::Tcp { host, port } => asker.tcp(host, *port).await,
        Check::Grpc { host, port, service } => {
            let asked = asker.grpc(host, *port, service).await;
            // The one answer over the network whose words are the container's.
            asked.map_err(|said| masking.masked(&said, false).unwrap_or_else(|| "gRPC: refused".to_owned()))
        }
        Check::Unaskable { why, .. } => Err(why.clone()),
        // No probe asks for these here.
        Check::Exec { .. } | Check::Commands(_) | Check::Sleep(_) => Ok(()),
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}
