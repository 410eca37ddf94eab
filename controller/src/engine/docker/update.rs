//! Changes limits and the restart policy of a live container.

use serde_json::Value;
use skiff_core::{EngineError, InPlace, Outcome, UpdateContainer};

use super::client::Client;
use super::container::host_config::in_place;
use super::create::Made;
use super::fields::Fields;
use super::path;

/// Sends the settings; what is `None` is left as it is.
pub(super) async fn update(client: &Client, update: &UpdateContainer) -> Result<Outcome, EngineError> {
    let UpdateContainer { container, to } = update;
    let path = format!("/containers/{}/update", path::name(container.handle())?);
    let reply = client.post(&path, Some(&body(to))).await?;
    match reply.status {
        404 => Err(EngineError::Stale(format!("container {} is gone", container.name))),
        _ if reply.is_success() => Ok(reply.json::<Made>(&format!("update container {}", container.name))?.outcome()),
        _ => Err(refusal(&container.name, &reply.message())),
    }
}

/// What a refusal means.
fn refusal(name: &str, message: &str) -> EngineError {
    if message.contains("stopped container") {
        // It ended meanwhile, or is between two starts: a new one would be no remedy.
        return EngineError::Stale(format!("container {name} has just ended"));
    }
    EngineError::UpdateRefused(format!("container {name}: {message}"))
}

/// Memory is always sent with swap: the engine refuses a limit above the swap that it remembers. Where the manifest says
/// nothing of swap, it is twice the memory, as when a container is made.
pub(super) fn body(to: &InPlace) -> Value {
    let swap = to.memory_swap.or_else(|| to.memory.map(|memory| memory.saturating_mul(2)));
    let mut fields = Fields::default();
    in_place(&mut fields, &InPlace { memory_swap: swap, ..to.clone() });
    fields.build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_just_ended_is_looked_at_again_and_not_replaced() {
        let ended = "Cannot update container 1f: Restart policy of a stopped container cannot be changed";
        assert!(matches!(refusal("web-1", ended), EngineError::Stale(_)));
        assert!(matches!(refusal("web-1", "Memory limit is too small"), EngineError::UpdateRefused(_)));
    }

    #[test]
    fn memory_is_sent_with_swap_and_nothing_else_is_touched() {
        let memory = |memory_swap| InPlace { memory: Some(1024), memory_swap, ..InPlace::default() };
        assert_eq!(body(&memory(None)), json!({ "Memory": 1024, "MemorySwap": 2048 }));
        assert_eq!(body(&memory(Some(-1))), json!({ "Memory": 1024, "MemorySwap": -1 }));
        assert_eq!(body(&InPlace { cpu_shares: Some(2), ..InPlace::default() }), json!({ "CpuShares": 2 }));
    }
}
