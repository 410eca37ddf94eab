//! What `doctor` says of an engine.

use anstream::adapter::strip_str;
use jiff::SignedDuration;
use skiff_core::EngineError;

use super::*;
use crate::engine::docker::EngineInfo;
use crate::state::Leader;

fn info() -> EngineInfo {
    EngineInfo {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        version: "27.1.0".to_owned(),
        api_version: (1, 46),
        spoken_version: (1, 46),
        operating_system: "Debian GNU/Linux 13".to_owned(),
        kernel: "6.12.0".to_owned(),
        cpus: 2,
        memory: 8 << 30,
        cgroup_version: "2".to_owned(),
        cgroup_driver: "systemd".to_owned(),
        root: "/var/lib/docker".to_owned(),
        disk: Some((50 << 30, 100 << 30)),
        time: Some(Timestamp::UNIX_EPOCH),
        ..EngineInfo::default()
    }
}

fn shown(info: &EngineInfo) -> String {
    let checks = checks::of(info, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    strip_str(&checks.iter().map(|check| check.lines(usize::MAX)).collect::<String>()).to_string()
}

#[test]
fn a_healthy_engine_has_only_marks() {
    insta::assert_snapshot!(shown(&info()), @r"
    ✓ engine      Docker 27.1.0 at unix:///var/run/docker.sock
    ✓ API         1.46, spoken with it 1.46
    ✓ host        Debian GNU/Linux 13, kernel 6.12.0, 2 CPUs, 8.0 GiB
    ✓ cgroup      version 2, driver systemd
    ✓ disk        50.0 GiB of 100.0 GiB free at /var/lib/docker
    ✓ clock       the engine's and ours agree
    ✓ restarts    containers stop and start again while the engine is restarted
    ");
}

#[test]
fn what_limits_is_a_warning_and_what_stands_in_the_way_a_failure() {
    let late = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(90);
    let poor = EngineInfo {
        api_version: (1, 40),
        cgroup_version: "1".to_owned(),
        disk: Some((100 << 20, 100 << 30)),
        time: Some(late),
        missing: vec!["swap limits (not in this host's kernel)".to_owned()],
        ..info()
    };
    insta::assert_snapshot!(shown(&poor), @r"
    ✓ engine      Docker 27.1.0 at unix:///var/run/docker.sock
    ✗ API         1.40, spoken with it 1.46
                  help: Skiff needs API 1.41, which is Docker 20.10: update the engine
    ✓ host        Debian GNU/Linux 13, kernel 6.12.0, 2 CPUs, 8.0 GiB
    ! cgroup      version 1, driver systemd
                  help: limits work, and newer kernels and engines drop it: boot with systemd.unified_cgroup_hierarchy=1
    ✗ disk        100.0 MiB of 100.0 GiB free at /var/lib/docker
                  help: nothing is replaced, restarted or pulled: make room, for one with `docker image prune`
    ! clock       the engine's and ours differ by 90 s
                  help: ages and back-offs are wrong by that much: let both hosts keep time (NTP)
    ✓ restarts    containers stop and start again while the engine is restarted
    ! features    not supported here: swap limits (not in this host's kernel)
                  help: manifests that ask for one of them are held with that reason
    ");
}

#[test]
fn an_engine_that_is_not_there_stands_in_the_way() {
    let check = host::unreachable(&EngineError::Unreachable("there is no socket".to_owned()));
    assert_eq!(check.verdict, Verdict::Failed);
    assert!(check.message.contains("no socket") && check.remedy.is_some());
}

#[test]
fn where_nobody_leads_it_is_said_what_those_that_stand_by_are_in_the_way_of() {
    let leader = |name: Option<&str>| {
        let trouble = name.is_none().then(|| "no answer".to_owned());
        let leader = Leader { name: name.map(str::to_owned), since: Timestamp::UNIX_EPOCH, trouble };
        host::leader(&leader, Timestamp::UNIX_EPOCH)
    };
    assert_eq!(leader(Some("a:1")).verdict, Verdict::Ok);
    let none = leader(None);
    assert!(none.message.ends_with("no answer"), "{}", none.message);
    assert!(none.remedy.is_some_and(|remedy| remedy.contains("stop all of them, and then run one with `--alone`")));
}

#[test]
fn a_folder_that_is_not_there_yet_is_judged_by_the_one_above() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = crate::state::Folders { state: folder.path().join("a/b"), run: folder.path().join("c") };
    let state = host::checks(&folders).into_iter().next().expect("the state folder");
    assert_eq!(state.verdict, Verdict::Ok);
    assert!(state.message.ends_with("(made when it is needed)"), "{}", state.message);
}

#[test]
fn a_disk_without_room_for_the_state_is_full() {
    assert!(host::is_full(64 << 10, 100, 50) && host::is_full(1 << 30, 100, 0));
    assert!(!host::is_full(1 << 30, 100, 1) && !host::is_full(1 << 30, 0, 0));
}

#[test]
fn that_git_is_missing_is_a_warning_as_not_everybody_needs_it() {
    assert_eq!(host::git(Some("git version 2.47.3\n")).message, "2.47.3, for manifests in repositories");
    assert_eq!(host::git(None).verdict, Verdict::Warning);
}
