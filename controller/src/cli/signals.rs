//! SIGTERM and Ctrl-C: the first ends what is going on in order, the second at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that the first SIGTERM or SIGINT cancels. The second signal ends the process at once.
#[expect(clippy::exit, reason = "what the first signal did not end is abandoned")]
pub(super) fn cancelled_by_signal() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            tracing::warn!("signals cannot be waited for; SIGKILL ends this process, and harms nothing");
            return;
        };
        let next = async |terminate: &mut tokio::signal::unix::Signal, interrupt: &mut tokio::signal::unix::Signal| {
            tokio::select! {
                biased;
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next(&mut terminate, &mut interrupt).await;
        token.cancel();
        next(&mut terminate, &mut interrupt).await;
        // The first signal was heard and has not ended it: what is under way is abandoned, as by a crash.
        std::process::exit(1);
    });
    cancel
}

/// Does something that a signal ends in order: it is handed the token that the signal cancels. Afterwards a signal ends the process at once,
/// as it would have without this.
#[expect(clippy::exit, reason = "a signal ends a process that nothing holds up")]
pub(super) async fn unless_ended<T>(work: impl AsyncFnOnce(&CancellationToken) -> T) -> T {
    let cancel = cancelled_by_signal();
    let done = work(&cancel).await;
    if !cancel.is_cancelled() {
        tokio::spawn(async move {
            cancel.cancelled().await;
            std::process::exit(1);
        });
    }
    done
}
