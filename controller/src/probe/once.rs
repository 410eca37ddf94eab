//! One round of questions for whoever only looks.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use skiff_core::{ContentStore, Desired, Observed, ProbeSchedule, ProbeVerdicts, Timestamp};

use super::{Sampler, masking};

/// Asks each probe of every running container once, all at the same time; it takes as long as the slowest of them. One pass is enough for
/// what nobody has asked before; one failure decides only where it may have no more.
pub async fn once<S: Sampler>(
    sampler: &S,
    desired: &Desired,
    content: &ContentStore,
    observed: &Observed,
    now: Timestamp,
) -> Arc<ProbeVerdicts> {
    let mut schedule = ProbeSchedule::default();
    schedule.aim(desired, observed, now);
    let mut asking = FuturesUnordered::new();
    // As time stands still, what has answered is not due again; but what waited for startup is.
    loop {
        for ask in schedule.take_due(now) {
            asking.push(async move {
                let sampled = sampler.sample(&ask, None, masking(content, observed, &ask.container)).await;
                (ask, sampled.result)
            });
        }
        let Some((ask, result)) = asking.next().await else { break };
        schedule.answer(&ask, result, now);
    }
    Arc::new(schedule.verdicts())
}
