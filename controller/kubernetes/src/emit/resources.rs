//! What a container asks for and what it may use.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use skiff_api::{Amounts, Container, Cpu, ObjectKey, Resources};

use crate::Usage;
use crate::ledger::Scope;
use crate::report::Verdict;

type Quantities = BTreeMap<String, Quantity>;

/// What was seen of a workload on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    /// Nobody looked.
    NotLooked,
    /// None of its replicas ran.
    Idle,
    /// What its replicas used.
    Running(&'a Usage),
}

impl<'a> Seen<'a> {
    /// What was seen of one workload among all that run; `None` where nobody looked.
    pub(super) fn of(object: &ObjectKey, all: Option<&'a BTreeMap<ObjectKey, Usage>>) -> Self {
        all.map_or(Self::NotLooked, |all| all.get(object).map_or(Self::Idle, Self::Running))
    }
}

/// A number as Kubernetes counts.
pub(super) fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The resources of a container, from its own words and, where it has none and somebody looked, from what it uses.
pub(super) fn resources(container: &Container, seen: Seen<'_>, scope: &mut Scope<'_, '_>) -> (Quantities, Quantities) {
    let Resources { requests, limits } = &container.resources;
    let mut asked = amounts(requests, "requests", scope);
    let mut most = amounts(limits, "limits", scope);
    if let Some(quota) = quota(container)
        && !most.contains_key("cpu")
    {
        scope.near(&true, "cpuQuota", "resources.limits.cpu", "the period is the kubelet's own", "");
        most.insert("cpu".to_owned(), Quantity(quota.to_string()));
    }
    if let Some(shares) = container.cpu_shares
        && !asked.contains_key("cpu")
    {
        // The kubelet makes 1024 shares of a core that is asked for.
        let millis = u64::try_from(shares).unwrap_or(2).saturating_mul(1000).div_ceil(1024).max(1);
        let wanted = Cpu::from_millis(millis);
        let limit = most.get("cpu").and_then(|limit| limit.0.parse::<Cpu>().ok());
        let why = match limit {
            Some(limit) if limit < wanted => "1024 shares are one core that is asked for, and no more than the limit",
            _ => "1024 shares are one core that is asked for",
        };
        scope.near(&true, "cpuShares", "resources.requests.cpu", why, "");
        let wanted = limit.map_or(wanted, |limit| limit.min(wanted));
        asked.insert("cpu".to_owned(), Quantity(wanted.to_string()));
    }
    if seen != Seen::NotLooked {
        let unsaid = ["cpu", "memory"].into_iter().filter(|key| !asked.contains_key(*key) && !most.contains_key(*key));
        asked.extend(unsaid.filter_map(|key| Some((key.to_owned(), used(key, seen, scope)?))).collect::<Quantities>());
    }
    (asked, most)
}

/// What it was seen to use of one resource.
fn used(key: &str, seen: Seen<'_>, scope: &mut Scope<'_, '_>) -> Option<Quantity> {
    let field = format!("resources.requests.{key}");
    let Seen::Running(Usage { cpu, memory }) = seen else {
        let why = "nothing of it ran on the host, so that nothing is asked for";
        scope.says(Verdict::Defaulted, "resources", &field, why, &format!("write `{field}`"));
        return None;
    };
    let (amount, why) = match key {
        "cpu" => (cpu.to_string(), "what it used on the host on average since it was started"),
        _ => (memory.to_string(), "what it used on the host when it was looked at"),
    };
    scope.says(Verdict::Defaulted, "resources", &field, &format!("{amount} is {why}"), "look again under load");
    Some(Quantity(amount))
}

fn amounts(amounts: &Amounts, field: &str, scope: &mut Scope<'_, '_>) -> Quantities {
    let Amounts { cpu, memory } = amounts;
    let mut scope = scope.at(&format!("resources/{field}"), &format!("resources.{field}"));
    scope.exact(cpu, "cpu", "cpu");
    scope.exact(memory, "memory", "memory");
    let cpu = cpu.map(|cpu| ("cpu".to_owned(), Quantity(cpu.to_string())));
    let memory = memory.map(|memory| ("memory".to_owned(), Quantity(memory.to_string())));
    cpu.into_iter().chain(memory).collect()
}

/// Docker's default length of a scheduler period, in microseconds.
const PERIOD: i64 = 100_000;

fn quota(container: &Container) -> Option<Cpu> {
    let quota = u64::try_from(container.cpu_quota?).ok().filter(|quota| *quota > 0)?;
    let period = u64::try_from(container.cpu_period.unwrap_or(PERIOD)).ok().filter(|period| *period > 0)?;
    Some(Cpu::from_millis(quota.saturating_mul(1000).div_ceil(period).max(1)))
}

/// What a container gets that only waits.
pub(super) fn small() -> Option<ResourceRequirements> {
    let amounts = |cpu: &str, memory: &str| {
        let pair = |key: &str, amount: &str| (key.to_owned(), Quantity(amount.to_owned()));
        Quantities::from([pair("cpu", cpu), pair("memory", memory)])
    };
    requirements(amounts("10m", "32Mi"), amounts("200m", "128Mi"))
}

/// Both as Kubernetes has them, or nothing.
pub(super) fn requirements(requests: Quantities, limits: Quantities) -> Option<ResourceRequirements> {
    let filled = |amounts: Quantities| (!amounts.is_empty()).then_some(amounts);
    let written = ResourceRequirements { requests: filled(requests), limits: filled(limits), claims: None };
    (written != ResourceRequirements::default()).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_share_of_its_period() {
        let quota_of = |cpu_quota, cpu_period| {
            quota(&Container { cpu_quota, cpu_period, ..Container::default() }).map(|cpu| cpu.to_string())
        };
        assert_eq!(quota_of(Some(50_000), None).as_deref(), Some("500m"));
        assert_eq!(quota_of(Some(25_000), Some(10_000)).as_deref(), Some("2500m"));
        assert_eq!(quota_of(Some(-1), None), None);
    }
}
