//! A look reports what there is, and an event says when to look again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use skiff::engine::{Engine, Look, Wake};
use skiff_api::{Kind, RestartPolicy};
use skiff_core::{Action, ContainerState, CreateVolume, Mount, MountSource, Owner};
use tokio::sync::mpsc;
use tokio::time::timeout;

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
            Mount { target: "/tmp".to_owned(), read_only: false, sub_path: None, source: MountSource::Anonymous },
        ];
        let template = Arc::make_mut(&mut create.spec.template);
        template.in_place.restart_policy = Some(RestartPolicy::Never);
        template.in_place.nano_cpus = Some(500_000_000);
        let container = host.run(create).await?;
        let found = host.ended(&container).await?;
        let detail = found.detail.clone().ok_or("no detail")?;
        assert_eq!((detail.exit_code, detail.restart_count, detail.oom_killed), (3, 0, false));
        // A process that ends at once can have ended before its start was written down: the order is not certain.
        assert!(detail.started_at.is_some() && detail.finished_at.is_some());
        assert_eq!(detail.in_place.nano_cpus, Some(500_000_000));
        assert_eq!(detail.in_place.restart_policy, Some(RestartPolicy::Never));
        let labels = found.owner.labels().ok_or("not ours")?;
        assert_eq!(labels.image_id.as_ref(), Some(&found.image_id));
        assert!(found.volumes.contains(&host.name("data")) && found.volumes.len() == 2, "{:?}", found.volumes);
        host.perform(Action::RemoveContainer { container }).await?;
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
        let ours = |containers: Vec<skiff_core::ObservedContainer>| -> Vec<_> {
            containers.into_iter().filter(|container| container.owner.labels().is_some()).collect()
        };
        let (quick, close) = (ours(quick.containers), ours(close.containers));
        assert_eq!(quick, close);
        assert_eq!(close.iter().filter(|container| container.state == ContainerState::Exited).count(), 1);
        Ok(())
    })
    .await
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
