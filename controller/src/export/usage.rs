//! What workloads use on the host where they run, as what they are to ask for elsewhere.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use skiff_api::{Bytes, Component, Cpu, ObjectKey};
use skiff_core::{ContainerState, EngineError, Instance, ObservedContainer, Timestamp};
use skiff_kubernetes::Usage;

use crate::engine::docker::{Docker, Stats};
use crate::engine::{Engine, Look};

/// As many containers are asked about at once.
const CONCURRENCY: usize = 8;
/// Less than a hundredth of a core, and less than a mebibyte, is no amount to ask a scheduler for.
const CPU_STEP: u64 = 10;
const MEMORY_STEP: u64 = 1 << 20;

/// What each workload of an instance uses now: of its running containers the one that uses most.
///
/// # Errors
/// When the engine does not answer.
pub async fn of_host(docker: &Docker, instance: &Instance) -> Result<BTreeMap<ObjectKey, Usage>, EngineError> {
    let observed = docker.observe(instance, Look::Full).await?;
    let asked = observed.containers.iter().filter_map(running).map(|(object, started, id)| async move {
        Ok::<_, EngineError>(docker.stats(id).await?.map(|stats| (object, usage(stats, started))))
    });
    let found: Vec<_> = stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(CONCURRENCY).try_collect().await?;
    let mut most = BTreeMap::<ObjectKey, Usage>::new();
    for (object, usage) in found.into_iter().flatten() {
        let most = most.entry(object.clone()).or_default();
        *most = most.max_with(usage);
    }
    Ok(most)
}

/// A container that does the work of an object, when it was started, and its id.
fn running(container: &ObservedContainer) -> Option<(&ObjectKey, Timestamp, &str)> {
    let labels = container.owner.labels()?;
    let works = container.state == ContainerState::Running && labels.component == Component::Main;
    works.then_some((&labels.object, container.detail.as_ref()?.started_at?, container.id.as_str()))
}

fn usage(Stats { at, cpu, memory }: Stats, started: Timestamp) -> Usage {
    let since = at.duration_since(started).unsigned_abs().as_millis().max(1);
    let millis = u64::try_from(cpu.as_millis().saturating_mul(1000).div_ceil(since)).unwrap_or(u64::MAX / 2);
    Usage {
        cpu: Cpu::from_millis(millis.max(1).next_multiple_of(CPU_STEP)),
        memory: Bytes::new(memory.max(1).next_multiple_of(MEMORY_STEP)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn used(cpu: Duration, memory: u64, seconds: u64) -> (String, String) {
        let at: Timestamp = "2026-11-26T08:00:00Z".parse().expect("a time");
        let Usage { cpu, memory } = usage(Stats { at, cpu, memory }, at - Duration::from_secs(seconds));
        (cpu.to_string(), memory.to_string())
    }

    #[test]
    fn the_processor_is_counted_on_average_and_both_are_rounded_up() {
        assert_eq!(used(Duration::from_secs(30), 100 << 20, 60), ("500m".to_owned(), "100Mi".to_owned()));
        assert_eq!(used(Duration::from_millis(61), (3 << 20) + 1, 60), ("10m".to_owned(), "4Mi".to_owned()));
        assert_eq!(used(Duration::ZERO, 0, 60), ("10m".to_owned(), "1Mi".to_owned()));
        assert_eq!(used(Duration::from_millis(5), 1, 0), ("5".to_owned(), "1Mi".to_owned()), "it has just begun");
    }
}
