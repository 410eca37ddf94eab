//! What differs of what Docker changes on a live container.

use crate::desired::{EngineRestart, InPlace, Workload};
use crate::observed::ObservedContainer;
use crate::plan::besides::RESTART_POLICY;
use crate::reason::Change;

/// The settings that Docker changes in place and that differ, and those limits that it cannot take away.
pub(super) fn in_place_changes(
    workload: &Workload,
    container: &ObservedContainer,
    is_loop: bool,
) -> (Vec<Change>, Vec<Change>) {
    let Some(detail) = &container.detail else { return (Vec::new(), Vec::new()) };
    let InPlace {
        nano_cpus,
        cpu_shares,
        cpuset_cpus,
        cpuset_mems,
        memory,
        memory_reservation,
        memory_swap,
        pids_limit,
        restart_policy,
    } = &workload.in_place;
    // In a crash loop the restarts are Skiff's.
    let restart_policy = if is_loop { &Some(EngineRestart::Never) } else { restart_policy };
    let has = &detail.in_place;
    let (mut found, number) = (Differences::default(), i64::to_string);
    let cpu = |nanos: &i64| skiff_api::Cpu::from_millis(unsigned(*nanos) / 1_000_000).to_string();
    let bytes = |bytes: &i64| skiff_api::Bytes::new(unsigned(*bytes)).to_string();
    found.compare("container.resources.limits.cpu", has.nano_cpus.as_ref(), nano_cpus.as_ref(), cpu);
    found.compare("container.cpuShares", has.cpu_shares.as_ref(), cpu_shares.as_ref(), number);
    found.compare("container.cpusetCpus", has.cpuset_cpus.as_ref(), cpuset_cpus.as_ref(), String::clone);
    found.compare("container.cpusetMems", has.cpuset_mems.as_ref(), cpuset_mems.as_ref(), String::clone);
    found.compare("container.resources.limits.memory", has.memory.as_ref(), memory.as_ref(), bytes);
    let (has_reservation, reservation) = (has.memory_reservation.as_ref(), memory_reservation.as_ref());
    found.compare("container.resources.requests.memory", has_reservation, reservation, bytes);
    if memory_swap.is_some() {
        let swap = |swap: &i64| if *swap == -1 { number(swap) } else { bytes(swap) };
        found.compare("container.memorySwap", has.memory_swap.as_ref(), memory_swap.as_ref(), swap);
    }
    found.compare("container.pidsLimit", has.pids_limit.as_ref(), pids_limit.as_ref(), number);
    let (has_policy, policy) = (has.restart_policy.as_ref(), restart_policy.as_ref());
    found.compare(RESTART_POLICY, has_policy, policy, EngineRestart::to_string);
    (found.adjust, found.removed)
}

/// Settings that differ: those that can be changed, and those limits that cannot be taken away.
#[derive(Default)]
struct Differences {
    adjust: Vec<Change>,
    removed: Vec<Change>,
}

impl Differences {
    /// Almost always all is as it should be, on every pass: nothing is put into words then.
    fn compare<T: PartialEq>(&mut self, field: &str, from: Option<&T>, to: Option<&T>, word: impl Fn(&T) -> String) {
        if from == to {
            return;
        }
        let (from, to) = (from.map(&word), to.map(&word));
        // What reads the same is the same to whoever wrote it.
        if from != to {
            let changes = if to.is_none() { &mut self.removed } else { &mut self.adjust };
            changes.push(Change::new(field, from, to));
        }
    }
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
