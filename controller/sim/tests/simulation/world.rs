//! Random faults: what the world does to the engine and what runs on it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use skiff_api::{Component, Kind, ObjectKey, OwnerLabels};
use skiff_core::{Health, InPlace};
use skiff_sim::{Answers, DockerRestart, Fault, Passes, Program, Pull, SimEngine, SimImage};

use crate::controller::source_of;
use crate::manifests::{ONESHOT, STEADY};
use crate::random::Random;

/// An engine that knows the images of the manifests.
pub(crate) fn engine() -> SimEngine {
    let mut engine =
        SimEngine::new(skiff_core::Timestamp::from_second(1_800_000_000).expect("a moment of this century"));
    for (reference, delay) in STEADY.into_iter().zip([0, 500, 1_200, 2_000]) {
        let ready = Passes::After(SignedDuration::from_millis(delay));
        let answers = Answers { ready, ..Answers::default() };
        let image = SimImage { id: format!("sha256:{reference}"), stop_code: 137, answers, ..SimImage::default() };
        engine.put_image(reference, image);
    }
    let program = Program::Exits { after: SignedDuration::from_secs(2), code: 0 };
    engine.put_image(ONESHOT, SimImage { id: format!("sha256:{ONESHOT}"), program, ..SimImage::default() });
    engine
}

/// Somebody else's things, which must be there unchanged in the end.
pub(crate) fn settle_foreigners(engine: &mut SimEngine) {
    engine.add_foreign_network("somebodys-net");
    engine.add_foreign_volume("somebodys-data");
    let labels = BTreeMap::from([("com.docker.compose.project".to_owned(), "other".to_owned())]);
    engine.add_foreign_container("somebodys-db", &[5432], labels);
    // What another instance made for an object of the same name, or of one that nobody declares here.
    for name in ["db", "orphan"] {
        let another = OwnerLabels {
            instance: "another".parse().expect("a name for an instance"),
            source: source_of("shop"),
            object: ObjectKey::new(Kind::Deployment, "shop", name),
            ordinal: 1,
            component: Component::Main,
            run: None,
            revision: 1,
            source_revision: None,
            template_hash: "v1:another".to_owned(),
            template: None,
            content: None,
            image_id: None,
        };
        engine.add_foreign_container(&format!("another-shop-{name}-1"), &[], another.to_map());
    }
}

/// One thing happens. Says what, where it could.
pub(crate) fn disturb(engine: &mut SimEngine, random: &mut Random) -> Option<String> {
    if random.chance(35) {
        return disturb_engine(engine, random);
    }
    let ours: Vec<String> = engine
        .containers()
        .filter(|container| container.labels.get(skiff_api::label::INSTANCE).is_some_and(|name| name == "default"))
        .map(|container| container.name.clone())
        .collect();
    let name = random.pick_any(&ours)?;
    disturb_container(engine, &name, random)
}

fn disturb_container(engine: &mut SimEngine, name: &str, random: &mut Random) -> Option<String> {
    let networks: Vec<String> = engine.container(name)?.networks.keys().cloned().collect();
    let network = random.pick_any(&networks).unwrap_or_default();
    let (what, done) = match random.below(14) {
        0 => ("exited with 1", engine.exit(name, 1)),
        1 => ("exited with 0", engine.exit(name, 0)),
        2 => ("was killed from the host", engine.kill_from_host(name)),
        3 => ("was stopped by hand", engine.stop_by_hand(name)),
        4 => ("was removed by hand", engine.remove_by_hand(name)),
        5 => ("was paused", engine.pause(name)),
        6 => ("was renamed", engine.rename_by_hand(name, &format!("{name}-old"))),
        7 => ("was disconnected", engine.disconnect_by_hand(name, &network)),
        8 => ("was put on another network", engine.connect_by_hand(name, "somebodys-net")),
        9 => ("got other limits", engine.update_by_hand(name, &other_limits(random), None)),
        10 => (
            "got another restart policy",
            engine.update_by_hand(name, &InPlace::default(), Some(other_restart(random))),
        ),
        11 | 12 => ("sickened", engine.sicken(name)),
        _ => {
            let health = *random.pick(&[Health::Healthy, Health::Starting, Health::Unhealthy]);
            ("changed its health", engine.set_health(name, health))
        }
    };
    done.then(|| format!("{name} {what}"))
}

fn other_limits(random: &mut Random) -> InPlace {
    match random.below(3) {
        0 => InPlace { memory: Some(32 << 20), ..InPlace::default() },
        1 => InPlace { nano_cpus: Some(100_000_000), ..InPlace::default() },
        _ => InPlace { pids_limit: Some(50), ..InPlace::default() },
    }
}

fn other_restart(random: &mut Random) -> DockerRestart {
    *random.pick(&[DockerRestart::No, DockerRestart::Always, DockerRestart::OnFailure, DockerRestart::UnlessStopped])
}

fn disturb_engine(engine: &mut SimEngine, random: &mut Random) -> Option<String> {
    let ours: Vec<String> = engine
        .networks()
        .filter(|network| network.labels.contains_key(skiff_api::label::INSTANCE))
        .map(|network| network.name.clone())
        .collect();
    let network = random.pick_any(&ours).unwrap_or_default();
    let (what, done) = match random.below(14) {
        0 => (format!("network {network} was removed by hand"), engine.remove_network_by_hand(&network)),
        1 => (format!("network {network} was made twice"), engine.duplicate_network(&network)),
        2 => return occupy(engine, random),
        3 => {
            let image = *random.pick(&STEADY);
            let done = engine.set_image(image, false, Pull::Fails);
            (format!("image {image} broke"), done)
        }
        4 => {
            engine.restart_engine(false);
            ("the engine was restarted".to_owned(), true)
        }
        5 => {
            engine.restart_engine(true);
            ("the engine was killed and started".to_owned(), true)
        }
        6 => {
            engine.reboot();
            ("the host was rebooted".to_owned(), true)
        }
        7 => {
            engine.set_down(true);
            ("the engine is away".to_owned(), true)
        }
        8 => {
            engine.set_down(false);
            ("the engine is back".to_owned(), true)
        }
        9 => {
            engine.list_empty_once();
            ("the next list is empty".to_owned(), true)
        }
        10 => {
            engine.refuse_updates(random.chance(50));
            ("updates are refused, or not".to_owned(), true)
        }
        11 => {
            engine.fail_next(Fault::LostAnswer);
            ("the next answer is lost".to_owned(), true)
        }
        12 => {
            engine.fail_next(Fault::Unreachable);
            ("the next call does not arrive".to_owned(), true)
        }
        _ => {
            engine.fail_next(Fault::Fails);
            ("the next call fails".to_owned(), true)
        }
    };
    done.then_some(what)
}

/// Somebody else's container takes a name or a port that ours want.
fn occupy(engine: &mut SimEngine, random: &mut Random) -> Option<String> {
    let namespace = *random.pick(&["shop", "blog"]);
    let base = if namespace == "shop" { 8000 } else { 9000 };
    let index = random.below(5);
    if random.chance(50) {
        let port = u16::try_from(base + index).ok()?;
        engine.add_foreign_container(&format!("squatter-{port}"), &[port], BTreeMap::new())?;
        return Some(format!("somebody took port {port}"));
    }
    let name = format!("{namespace}-{}-{}", random.pick(&["db", "api", "web"]), 1 + random.below(3));
    engine.add_foreign_container(&name, &[], BTreeMap::new())?;
    Some(format!("somebody took the name {name}"))
}

/// Faults of the moment end: the engine is there, answers, and does what it is asked.
pub(crate) fn calm(engine: &mut SimEngine) {
    engine.set_down(false);
    engine.refuse_updates(false);
    engine.clear_faults();
}

/// What is broken for longer is mended as well: images can be had, what sickened is well, those who took names and ports are gone.
pub(crate) fn heal(engine: &mut SimEngine) {
    for image in STEADY {
        engine.set_image(image, true, Pull::Works);
    }
    engine.cure_all();
    let squatters: Vec<String> = engine
        .containers()
        .filter(|container| !container.labels.contains_key(skiff_api::label::INSTANCE))
        .filter(|container| container.name != "somebodys-db")
        .map(|container| container.id.clone())
        .collect();
    for id in squatters {
        engine.remove_by_hand(&id);
    }
}
