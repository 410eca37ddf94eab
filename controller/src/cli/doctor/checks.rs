//! What the engine says of itself, judged. Pure: the times are arguments.

use jiff::{SignedDuration, Timestamp};

use super::Check;
use crate::engine::docker::EngineInfo;
use crate::ui::age::bytes;

/// The oldest API that Skiff is tested with.
const OLDEST: (u32, u32) = (1, 41);
const CLOCKS_MAY_DIFFER_BY: SignedDuration = SignedDuration::from_secs(2);

/// All that is to say of an engine that answered between two moments.
pub(super) fn of(info: &EngineInfo, asked: Timestamp, answered: Timestamp) -> Vec<Check> {
    let mut checks = vec![
        Check::ok("engine", format!("Docker {} at {}", info.version, info.endpoint)),
        api(info),
        Check::ok(
            "host",
            format!("{}, kernel {}, {} CPUs, {}", info.operating_system, info.kernel, info.cpus, bytes(info.memory)),
        ),
        cgroup(info),
        disk(info),
        clock(info, asked, answered),
        restarts(info),
    ];
    checks.extend(unsupported(info));
    checks.extend(
        info.warnings.iter().map(|warning| Check::warning("engine", warning, "this is the engine's own warning")),
    );
    checks
}

fn api(info: &EngineInfo) -> Check {
    let ((major, minor), (spoken, sub)) = (info.api_version, info.spoken_version);
    let message = format!("{major}.{minor}, spoken with it {spoken}.{sub}");
    if info.api_version < OLDEST {
        return Check::failed("API", message, "Skiff needs API 1.41, which is Docker 20.10: update the engine");
    }
    Check::ok("API", message)
}

fn cgroup(info: &EngineInfo) -> Check {
    let message = format!("version {}, driver {}", info.cgroup_version, info.cgroup_driver);
    if info.cgroup_version == "2" {
        return Check::ok("cgroup", message);
    }
    let remedy = "limits work, and newer kernels and engines drop it: boot with systemd.unified_cgroup_hierarchy=1";
    Check::warning("cgroup", message, remedy)
}

fn disk(info: &EngineInfo) -> Check {
    let Some((free, all)) = info.disk else {
        return Check::ok("disk", format!("{} is not on this host, its free space is not known", info.root));
    };
    let message = format!("{} of {} free at {}", bytes(free), bytes(all), info.root);
    // The first is the floor below which the adapter reports pressure, the second a word in time.
    if free < (512 << 20).min(all / 50) {
        return Check::failed(
            "disk",
            message,
            "nothing is replaced, restarted or pulled: make room, for one with `docker image prune`",
        );
    }
    if free < (4 << 30).min(all / 10) {
        return Check::warning("disk", message, "make room in time, for one with `docker image prune`");
    }
    Check::ok("disk", message)
}

fn clock(info: &EngineInfo, asked: Timestamp, answered: Timestamp) -> Check {
    let Some(theirs) = info.time else { return Check::ok("clock", "the engine does not tell its time") };
    let off = if theirs < asked { asked.duration_since(theirs) } else { theirs.duration_since(answered) };
    if off <= CLOCKS_MAY_DIFFER_BY {
        return Check::ok("clock", "the engine's and ours agree");
    }
    let message = format!("the engine's and ours differ by {} s", off.as_secs());
    Check::warning("clock", message, "ages and back-offs are wrong by that much: let both hosts keep time (NTP)")
}

fn restarts(info: &EngineInfo) -> Check {
    let what = if info.live_restore { "keep running" } else { "stop and start again" };
    Check::ok("restarts", format!("containers {what} while the engine is restarted"))
}

fn unsupported(info: &EngineInfo) -> Option<Check> {
    (!info.missing.is_empty()).then(|| {
        let message = format!("not supported here: {}", info.missing.join(", "));
        Check::warning("features", message, "manifests that ask for one of them are held with that reason")
    })
}
