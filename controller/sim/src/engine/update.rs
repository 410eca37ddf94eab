//! Changing a container where it stands: a limit can be set and changed, not taken away.

use skiff_core::{ContainerState, EngineError, InPlace, Outcome, UpdateContainer};

use super::SimEngine;
use super::container::DockerRestart;
use super::create::restart;

/// Docker refuses less memory than this.
const LEAST_MEMORY: i64 = 6 << 20;

impl SimEngine {
    pub(super) fn update_container(&mut self, update: &UpdateContainer) -> Result<Outcome, EngineError> {
        let refuses = self.refuses_updates;
        let container = self.find_mut(&update.container)?;
        if matches!(container.state, ContainerState::Dead | ContainerState::Removing) {
            return Err(EngineError::Stale("container is marked for removal and cannot be updated".to_owned()));
        }
        if refuses {
            return Err(EngineError::UpdateRefused("the kernel refused it".to_owned()));
        }
        if update.to.memory.is_some_and(|memory| memory < LEAST_MEMORY) {
            return Err(EngineError::UpdateRefused("Minimum memory limit allowed is 6MB".to_owned()));
        }
        merge(&mut container.limits, &update.to);
        if let Some(policy) = update.to.restart_policy {
            container.restart = restart(Some(policy));
            // A container that waits to be started again waits no more.
            if container.restart == DockerRestart::No && container.state == ContainerState::Restarting {
                container.state = ContainerState::Exited;
                container.restart_at = None;
            }
        }
        Ok(Outcome::Done)
    }
}

pub(super) fn merge(limits: &mut InPlace, to: &InPlace) {
    let InPlace {
        nano_cpus,
        cpu_shares,
        cpuset_cpus,
        cpuset_mems,
        memory,
        memory_reservation,
        memory_swap,
        pids_limit,
        restart_policy: _,
    } = to;
    set(&mut limits.nano_cpus, nano_cpus.as_ref());
    set(&mut limits.cpu_shares, cpu_shares.as_ref());
    set(&mut limits.cpuset_cpus, cpuset_cpus.as_ref());
    set(&mut limits.cpuset_mems, cpuset_mems.as_ref());
    set(&mut limits.memory, memory.as_ref());
    set(&mut limits.memory_reservation, memory_reservation.as_ref());
    // The adapter sends swap with every memory limit: as much again, unless it is said.
    set(&mut limits.memory_swap, memory_swap.or(memory.map(|memory| memory * 2)).as_ref());
    set(&mut limits.pids_limit, pids_limit.as_ref());
}

fn set<T: Clone>(field: &mut Option<T>, to: Option<&T>) {
    if let Some(to) = to {
        *field = Some(to.clone());
    }
}
