//! Random faults: what the world does to the engine and what runs on it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use skiff_api::{Component, Kind, ObjectKey, OwnerLabels};
use skiff_core::{Health, InPlace};
use skiff_sim::{Answers, DockerRestart, Fault, Passes, Program, Pull, SimEngine, SimImage};

use crate::declare::{KEEPING, ONESHOT, PROXY, STEADY, THEIR_DATA};
use crate::manifests::SHOP;
use crate::random::Random;

/// An engine that knows the images of the manifests.
pub(crate) fn engine() -> SimEngine {
    let mut engine =
        SimEngine::new(skiff_core::Timestamp::from_second(1_800_000_000).expect("a moment of this century"));
    for (reference, delay) in STEADY.into_iter().zip([0, 500, 1_200, 2_000]) {
        let ready = Passes::After(SignedDuration::from_millis(delay));
        let answers = Answers { ready, ..Answers::default() };
        // One of them asks for a volume, as databases do.
        let volumes = (reference == KEEPING).then(|| "/var/own".to_owned()).into_iter().collect();
        let id = format!("sha256:{reference}");
        let image = SimImage { id, stop_code: 137, answers, volumes, ..SimImage::default() };
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
    engine.add_foreign_network(PROXY);
    engine.add_foreign_volume(THEIR_DATA);
    let labels = BTreeMap::from([("com.docker.compose.project".to_owned(), "other".to_owned())]);
    engine.add_foreign_container("somebodys-db", &[5432], labels);
    // What another instance made for an object of the same name, or of one that nobody declares here.
    for name in ["db", "orphan"] {
        let another = OwnerLabels {
            instance: "another".parse().expect("a name for an instance"),
            source: SHOP.to_owned(),
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
    match random.below(100) {
        0..35 => return disturb_engine(engine, random),
        35..50 => return disturb_things(engine, random),
        _ => {}
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
    let (what, done) = match random.below(15) {
        0 => ("exited with 1", engine.exit(name, 1)),
        1 => ("exited with 0", engine.exit(name, 0)),
        2 => ("was killed from the host", engine.kill_from_host(name)),
        3 => ("was stopped by hand", engine.stop_by_hand(name)),
        4 => ("was removed by hand", engine.remove_by_hand(name)),
        5 => ("was paused", engine.pause(name)),
        6 if engine.container(name)?.serial.is_multiple_of(2) => {
            ("was taken over", engine.take_over(name, &name.replace('-', "_")))
        }
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
            let health = *random.pick(&[Health::Healthy, Health::Starting, Health::Unhealthy, Health::Unhealthy]);
            return engine.set_health(name, health).then(|| format!("{name} became {health:?}"));
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
    *random.pick(&[
        DockerRestart::No,
        DockerRestart::Always,
        DockerRestart::OnFailure(None),
        DockerRestart::UnlessStopped,
    ])
}

/// Something happens to networks and volumes, ours or not.
fn disturb_things(engine: &mut SimEngine, random: &mut Random) -> Option<String> {
    let is_ours = |labels: &BTreeMap<String, String>| labels.contains_key(skiff_api::label::INSTANCE);
    let ours = engine.networks().filter(|network| is_ours(&network.labels)).map(|network| network.name.clone());
    let network = random.pick_any(&ours.collect::<Vec<_>>()).unwrap_or_default();
    let volumes = engine.volumes().filter(|volume| is_ours(&volume.labels)).map(|volume| volume.name.clone());
    let volume = random.pick_any(&volumes.collect::<Vec<_>>()).unwrap_or_default();
    let wanted = ["front", "back", "default"].map(|name| format!("{}-{name}", random.pick(&["shop", "blog"])));
    let taken = random.pick(&wanted).clone();
    match random.below(10) {
        0 => engine.remove_network_by_hand(&network).then(|| format!("network {network} was removed by hand")),
        1 => engine.duplicate_network(&network).then(|| format!("network {network} was made twice")),
        2 | 3 => engine.remove_volume_by_hand(&volume).then(|| format!("volume {volume} was removed by hand")),
        4 => engine.remove_network_by_hand(PROXY).then(|| format!("{PROXY} has gone")),
        5 => {
            engine.add_foreign_network(PROXY);
            Some(format!("there is one more {PROXY}"))
        }
        6 => engine.remove_volume_by_hand(THEIR_DATA).then(|| format!("{THEIR_DATA} has gone")),
        7 => {
            engine.add_foreign_network(&taken);
            Some(format!("somebody made a network {taken}"))
        }
        8 => {
            let name = random.pick(&["shop-data", "blog-data", "shop-logs-1"]);
            engine.add_foreign_volume(name).then(|| format!("somebody made a volume {name}"))
        }
        _ => engine.connect_by_hand("somebodys-db", &network).then(|| format!("somebody joined network {network}")),
    }
}

fn disturb_engine(engine: &mut SimEngine, random: &mut Random) -> Option<String> {
    let (what, done) = match random.below(13) {
        0 => return occupy(engine, random),
        1 => {
            let low = random.chance(30).then_some(100 << 20);
            engine.set_low_disk(low);
            (if low.is_some() { "the disk is nearly full" } else { "the disk has room" }.to_owned(), true)
        }
        2 => {
            let image = *random.pick(&STEADY);
            let done = engine.set_image(image, false, Pull::Fails);
            (format!("image {image} broke"), done)
        }
        3 => {
            engine.restart_engine(false);
            ("the engine was restarted".to_owned(), true)
        }
        4 => {
            engine.restart_engine(true);
            ("the engine was killed and started".to_owned(), true)
        }
        5 => {
            engine.reboot();
            ("the host was rebooted".to_owned(), true)
        }
        6 => {
            engine.set_down(true);
            ("the engine is away".to_owned(), true)
        }
        7 => {
            engine.set_down(false);
            ("the engine is back".to_owned(), true)
        }
        8 => {
            engine.list_empty_once();
            ("the next list is empty".to_owned(), true)
        }
        9 => {
            engine.refuse_updates(random.chance(50));
            ("updates are refused, or not".to_owned(), true)
        }
        10 => {
            engine.fail_next(Fault::LostAnswer);
            ("the next answer is lost".to_owned(), true)
        }
        11 => {
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

/// What is broken for longer is mended as well: images can be had, the disk has room, what sickened is well, those who took names and ports are gone,
/// and each network is there once: what is another source's, no controller of one source alone touches.
pub(crate) fn heal(engine: &mut SimEngine) {
    engine.set_low_disk(None);
    engine.cure_all();
    for image in STEADY {
        engine.set_image(image, true, Pull::Works);
    }
    let foreign = |labels: &BTreeMap<String, String>| !labels.contains_key(skiff_api::label::INSTANCE);
    let squatters = engine.containers().filter(|one| foreign(&one.labels) && one.name != "somebodys-db");
    for id in squatters.map(|container| container.id.clone()).collect::<Vec<_>>() {
        engine.remove_by_hand(&id);
    }
    let joined =
        engine.container("somebodys-db").map(|container| container.networks.keys().cloned().collect::<Vec<_>>());
    for network in joined.unwrap_or_default() {
        engine.disconnect_by_hand("somebodys-db", &network);
    }
    let proxy = engine.networks().find(|network| network.name == PROXY).map(|network| network.id.clone());
    let proxy = proxy.unwrap_or_else(|| engine.add_foreign_network(PROXY));
    let networks = engine.networks().filter(|network| foreign(&network.labels) && network.name != "somebodys-net");
    for id in networks.map(|network| network.id.clone()).filter(|id| *id != proxy).collect::<Vec<_>>() {
        engine.remove_network_by_id(&id);
    }
    let is_used = |id: &str| {
        let mut endpoints = engine.containers().flat_map(|container| container.networks.values());
        endpoints.any(|endpoint| endpoint.network_id.as_deref() == Some(id))
    };
    let names: Vec<&str> = engine.networks().map(|network| network.name.as_str()).collect();
    let is_twin = |name: &str| names.iter().filter(|other| **other == name).count() > 1;
    let twins = engine.networks().filter(|network| is_twin(&network.name) && !is_used(&network.id));
    let twins: BTreeMap<String, String> = twins.map(|network| (network.name.clone(), network.id.clone())).collect();
    for id in twins.values() {
        engine.remove_network_by_id(id);
    }
    let volumes = engine.volumes().filter(|volume| foreign(&volume.labels) && volume.name != "somebodys-data");
    for name in volumes.map(|volume| volume.name.clone()).filter(|name| name != THEIR_DATA).collect::<Vec<_>>() {
        engine.remove_volume_by_hand(&name);
    }
    engine.add_foreign_volume(THEIR_DATA);
}

/// Whatever a check said, it passes from now on.
pub(crate) fn recover(engine: &mut SimEngine) {
    for name in engine.containers().map(|container| container.name.clone()).collect::<Vec<_>>() {
        engine.set_health(&name, Health::Healthy);
    }
}
