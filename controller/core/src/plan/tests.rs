//! What is told of a step that was done.

use super::*;
use crate::action::ContainerRef;

fn told(action: Action, reason: Reason) -> (Severity, String) {
    let (object, hash, after) = (ObjectKey::new(Kind::Deployment, "shop", "web"), String::new(), Vec::new());
    let event = Step { id: StepId(0), object, hash, action, reason, after }.done(Timestamp::UNIX_EPOCH);
    (event.severity, event.message)
}

fn container() -> ContainerRef {
    ContainerRef { id: None, name: "shop-web-1".to_owned() }
}

fn stopped(reason: Reason) -> (Severity, String) {
    told(
        Action::StopContainer(crate::StopContainer { container: container(), grace_seconds: 10, pre_stop: None }),
        reason,
    )
}

fn started(code: i64, oom_killed: bool) -> (Severity, String) {
    let reason = Reason::Exited { code, error: String::new(), oom_killed };
    told(Action::StartContainer { container: container() }, reason)
}

#[test]
fn what_mends_a_failure_is_a_warning() {
    let unhealthy = Reason::Unhealthy { check: "livenessProbe".to_owned(), message: "HTTP 503".to_owned() };
    let (severity, message) = stopped(unhealthy);
    assert_eq!((severity, message.contains("livenessProbe: HTTP 503")), (Severity::Warning, true));
    assert_eq!(started(1, false).0, Severity::Warning);
}

#[test]
fn what_was_meant_to_happen_is_none() {
    assert_eq!(stopped(Reason::Surplus).0, Severity::Normal);
    assert_eq!(started(0, false).0, Severity::Normal);
}

#[test]
fn a_kill_for_memory_is_told_as_such() {
    let (severity, message) = started(137, true);
    assert_eq!(severity, Severity::Warning);
    assert!(message.ends_with("(exited with 137: killed for using more memory than it may)"), "{message}");
}
