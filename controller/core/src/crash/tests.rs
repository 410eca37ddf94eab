//! When ends are a crash loop, and what a clock that moves makes of them.

use super::*;

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a moment")
}

fn after(ends: &[(i64, i64)]) -> Crash {
    ends.iter().fold(Crash::default(), |mut crash, (at, restarts)| {
        let seen = Seen { finished_at: Some(moment(*at)), restarts: *restarts };
        crash.ended(seen, moment(*at));
        crash
    })
}

#[test]
fn three_ends_within_a_minute_are_a_crash_loop() {
    assert!(!after(&[(0, 1), (10, 2)]).is_loop);
    assert!(after(&[(0, 1), (10, 2), (59, 3)]).is_loop);
    assert!(!after(&[(0, 1), (10, 2), (60, 3)]).is_loop, "a slow one is not");
    assert!(after(&[(0, 1), (60, 2), (70, 3), (80, 4)]).is_loop, "the last three count");
    assert!(after(&[(5, 4)]).is_loop, "ends between two looks count as well");
    assert!(!after(&[(5, 1), (3_600, 4)]).is_loop, "nobody looked for an hour");
    assert_eq!(after(&[(5, 2), (5, 0)]).exits, 2, "a start is no end");
}

#[test]
fn restarts_by_anybody_count_though_docker_begins_anew_with_each_of_ours() {
    let running = |restart_count| ObservedContainer {
        state: ContainerState::Running,
        detail: Some(ContainerDetail { restart_count, ..ContainerDetail::default() }),
        ..ObservedContainer::default()
    };
    // Two by Docker, one by somebody else, one more by Docker.
    let crash = after(&[(10, 1), (20, 2), (30, 2), (30, 0), (40, 1)]);
    assert_eq!(crash.restarts(&running(1)), 4);
    let down = ObservedContainer { state: ContainerState::Exited, ..running(1) };
    assert_eq!(crash.restarts(&down), 3, "it is not started again yet");
    // What Docker counts is known without a memory of it, and what came since the last look.
    assert_eq!((Crash::default().restarts(&running(2)), crash.restarts(&running(5))), (2, 5));
    let seen = Seen { finished_at: Some(moment(5)), restarts: 2 };
    assert_eq!(Crash::first_seen(seen, false, moment(9)).restarts(&running(2)), 2);
}

#[test]
fn ends_that_are_yet_to_come_by_the_clock_are_no_crash_loop_of_now() {
    let mut crash = after(&[(7_200, 1), (7_210, 2)]);
    crash.forget_future(moment(60));
    crash.ended(Seen { finished_at: Some(moment(61)), restarts: 3 }, moment(61));
    assert_eq!((crash.exits, crash.is_loop, crash.recent), (3, false, vec![moment(61)]));
}
