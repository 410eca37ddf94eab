//! A look reports what there is, and an event says when to look again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use skiff::engine::docker::{Docker, FactsFile};
use skiff::engine::{Engine, Look, Wake};
use skiff_api::Kind;
use skiff_core::{
    Action, ContainerState, CreateVolume, EngineRestart, Mount, MountSource, Nameless, Observed, ObservedContainer,
    Owner,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ear::Ear;
use super::fixture::{Host, Tested, stop, with_host};

#[tokio::test]
async fn a_container_is_reported_with_labels_volumes_and_settings() -> Tested {
    with_host("look", async |host: &mut Host| {
        let mut create = host.shell("a", "exit 3");
        let definition = CreateVolume {
            name: host.name("data"),
            spec: skiff_api::VolumeSpec::default(),
            owner: host.owner(Kind::Volume, "data"),
            labels: std::collections::BTreeMap::new(),
        };
        let source = MountSource::Volume {
            object: definition.owner.object.clone(),
            name: definition.name.clone(),
            per_replica: false,
            no_copy: false,
            definition: Some(Box::new(definition)),
        };
        create.spec.mounts = vec![
            Mount { target: "/data".to_owned(), read_only: false, sub_path: None, source },
            Mount {
                target: "/tmp".to_owned(),
                read_only: false,
                sub_path: None,
                source: MountSource::Anonymous(Nameless::default()),
            },
        ];
        let template = Arc::make_mut(&mut create.spec.template);
        template.in_place.restart_policy = Some(EngineRestart::Never);
        template.in_place.nano_cpus = Some(500_000_000);
        let container = host.run(create).await?;
        let found = host.ended(&container).await?;
        let detail = found.detail.clone().ok_or("no detail")?;
        assert_eq!((detail.exit_code, detail.restart_count, detail.oom_killed), (3, 0, false));
        // A process that ends at once can have ended before its start was written down: the order is not certain.
        assert!(detail.started_at.is_some() && detail.finished_at.is_some());
        assert_eq!(detail.in_place.nano_cpus, Some(500_000_000));
        assert_eq!(detail.in_place.restart_policy, Some(EngineRestart::Never));
        let labels = found.owner.labels().ok_or("not ours")?;
        assert_eq!(labels.image_id.as_ref(), Some(&found.image_id));
        assert!(found.volumes.contains(&host.name("data")) && found.volumes.len() == 2, "{:?}", found.volumes);
        let nameless: Vec<_> =
            detail.nameless.iter().map(|(path, nameless)| (path.as_str(), nameless.is_asked)).collect();
        assert_eq!(nameless, [("/tmp", true)]);
        let volumes = detail.nameless.into_values().map(|nameless| nameless.volume).collect();
        host.perform_twice(Action::RemoveContainer { container, volumes }).await?;
        let left: BTreeSet<String> = host.look().await?.volumes.into_iter().map(|volume| volume.name).collect();
        let kept: Vec<&String> = found.volumes.iter().filter(|volume| left.contains(*volume)).collect();
        assert_eq!(kept, [&host.name("data")], "only the volume without a name goes with the container");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_another_instance_made_is_foreign() -> Tested {
    with_host("foreign", async |host: &mut Host| {
        let mut create = host.shell("a", "true");
        create.spec.owner.instance = "somebody".parse()?;
        host.perform(Action::CreateContainer(Box::new(create))).await?;
        let found = host.container(&host.name("a")).await?;
        assert_eq!((found.owner, found.detail), (Owner::Foreign, None));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_quick_look_sees_what_a_close_one_sees() -> Tested {
    with_host("quick", async |host: &mut Host| {
        let mut containers = Vec::new();
        for name in ["a", "b", "c"] {
            containers.push(host.run(host.shell(name, "sleep 1000")).await?);
        }
        let first = host.look().await?;
        assert!(!first.engine.id.is_empty() && first.engine.api_version >= (1, 40), "{:?}", first.engine);
        host.perform(stop(containers.first().ok_or("none")?)).await?;
        let quick = host.docker.observe(&host.instance, Look::Changed).await?;
        let close = host.look().await?;
        let (quick, close) = (ours(&quick), ours(&close));
        assert_eq!(quick, close);
        assert_eq!(close.iter().filter(|container| container.state == ContainerState::Exited).count(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_look_asks_for_nothing_twice() -> Tested {
    with_host("ahead", async |host: &mut Host| {
        const CONTAINERS: usize = 10;
        for number in 0..CONTAINERS {
            let create = host.shell(&number.to_string(), "true");
            host.perform(Action::CreateContainer(Box::new(create))).await?;
        }
        let folder = tempfile::tempdir()?;
        let mut ear = Ear::open(folder.path())?;
        let facts = FactsFile { path: folder.path().join("engine.json"), writable: true };
        let look = |with: &[&'static str]| {
            let lists = ["GET /containers/json", "GET /networks", "GET /volumes"].into_iter();
            let mut all: Vec<&str> = lists.chain(with.iter().copied()).collect();
            all.extend([INSPECT; CONTAINERS]);
            all.sort_unstable();
            all
        };
        let docker = Docker::connect(Some(&ear.host), host.files(), Some(facts.clone())).await?;
        docker.look_ahead(&host.instance);
        let ahead = docker.observe(&host.instance, Look::Full).await?;
        assert_eq!(docker.id().await?, ahead.engine.id);
        assert_eq!(
            ear.asked(),
            look(&["GET /_ping", "GET /info", "GET /images/json"]),
            "what was seen ahead is what a look takes"
        );
        let later = docker.observe(&host.instance, Look::Full).await?;
        assert_eq!(ear.asked(), look(&["GET /images/json"]), "it is taken once");
        assert_eq!(ours(&later), ours(&ahead));
        // The next process knows what the engine says of itself.
        let next = Docker::connect(Some(&ear.host), host.files(), Some(facts)).await?;
        assert_eq!(next.observe(&host.instance, Look::Full).await?.engine, ahead.engine);
        assert_eq!(ear.asked(), look(&["GET /_ping", "GET /images/json"]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_was_seen_ahead_of_an_event_is_looked_at_again() -> Tested {
    with_host("stale", async |host: &mut Host| {
        let folder = tempfile::tempdir()?;
        let mut ear = Ear::open(folder.path())?;
        let docker = Arc::new(Docker::connect(Some(&ear.host), host.files(), None).await?);
        let (wakes, mut woken) = mpsc::channel(16);
        let watch = tokio::spawn(Arc::clone(&docker).watch(host.instance.clone(), wakes));
        assert_eq!(timeout(Duration::from_secs(20), woken.recv()).await?, Some(Wake::Reconnected));
        docker.look_ahead(&host.instance);
        // The event is told to whoever looks before it wakes anybody.
        host.perform(Action::CreateContainer(Box::new(host.shell("a", "true")))).await?;
        timeout(Duration::from_secs(20), woken.recv()).await?;
        ear.asked();
        let seen = docker.observe(&host.instance, Look::Full).await?;
        assert_eq!(ours(&seen).len(), 1);
        assert!(ear.asked().iter().any(|asked| asked == "GET /containers/json"));
        watch.abort();
        Ok(())
    })
    .await
}

const INSPECT: &str = "GET /containers/ID/json";

fn ours(observed: &Observed) -> Vec<&ObservedContainer> {
    observed.containers.iter().filter(|container| container.owner.labels().is_some()).collect()
}

#[tokio::test]
async fn an_event_of_ours_wakes_and_dropping_the_receiver_ends_the_watch() -> Tested {
    with_host("wake", async |host: &mut Host| {
        let (wakes, mut woken) = mpsc::channel(16);
        let watch = tokio::spawn(Arc::clone(&host.docker).watch(host.instance.clone(), wakes));
        let limit = Duration::from_secs(20);
        assert_eq!(timeout(limit, woken.recv()).await?, Some(Wake::Reconnected));
        host.run(host.shell("a", "true")).await?;
        let seen = async {
            while let Some(wake) = woken.recv().await {
                if matches!(&wake, Wake::Event { action, name } if action == "die" && *name == host.name("a")) {
                    return true;
                }
            }
            false
        };
        assert!(timeout(limit, seen).await?, "the watch ended");
        drop(woken);
        timeout(limit, watch).await??;
        Ok(())
    })
    .await
}
