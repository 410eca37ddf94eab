//! Every action is harmless to repeat, and says what went wrong so that a person can mend it.

use std::collections::BTreeMap;
use std::sync::Arc;

use skiff_api::{ContainerPort, HostPort, Kind, NetworkSpec, PullPolicy, VolumeSpec};
use skiff_core::{
    Action, ConnectNetwork, ContainerRef, ContainerState, CreateContainer, CreateVolume, EngineError, InPlace, Outcome,
    PullImage, UpdateContainer,
};

use super::fixture::{Host, Tested, stop, with_host};
use super::image::IMAGE;

const FOREVER: &str = "sleep 1000";

#[tokio::test]
async fn a_container_lives_and_dies_once() -> Tested {
    with_host("life", async |host: &mut Host| {
        let create = host.shell("a", FOREVER);
        host.perform_twice(Action::CreateContainer(Box::new(create))).await?;
        let container = ContainerRef { id: None, name: host.name("a") };
        host.perform_twice(Action::StartContainer { container: container.clone() }).await?;
        assert_eq!(host.container(&container.name).await?.state, ContainerState::Running);
        host.perform_twice(stop(&container)).await?;
        host.perform_twice(Action::RemoveContainer { container, volumes: Vec::new() }).await
    })
    .await
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_apart_from_one_that_is_ours() -> Tested {
    with_host("taken", async |host: &mut Host| {
        let create = host.shell("a", FOREVER);
        host.perform(Action::CreateContainer(Box::new(create.clone()))).await?;
        let mut newer = create.clone();
        newer.spec.owner.template_hash = "v1:two".to_owned();
        let stale = host.perform(Action::CreateContainer(Box::new(newer))).await;
        assert!(matches!(stale, Err(EngineError::Stale(_))), "{stale:?}");
        let mut other = create.clone();
        other.spec.owner = host.owner(Kind::Deployment, "b");
        let taken = host.perform(Action::CreateContainer(Box::new(other))).await;
        let by =
            EngineError::NameTaken { name: create.name.clone(), by: "a container of deployment/test/a".to_owned() };
        assert_eq!(taken, Err(by));
        let mut foreign = create;
        foreign.spec.owner.instance = "somebody".parse()?;
        let told = host.perform(Action::CreateContainer(Box::new(foreign))).await.expect_err("it is taken").to_string();
        assert!(told.contains(&format!("the instance `{}` of Skiff", host.instance)), "{told}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_name_is_given_back_once() -> Tested {
    with_host("rename", async |host: &mut Host| {
        for name in ["a", "b"] {
            let create = host.shell(name, FOREVER);
            host.perform(Action::CreateContainer(Box::new(create))).await?;
        }
        let id = Some(host.container(&host.name("a")).await?.id);
        let rename = |to: &str| Action::RenameContainer {
            container: ContainerRef { id: id.clone(), name: host.name("a") },
            to: host.name(to),
        };
        host.perform_twice(rename("c")).await?;
        let taken = host.perform(rename("b")).await;
        assert!(matches!(taken, Err(EngineError::NameTaken { .. })), "{taken:?}");
        Ok(())
    })
    .await
}

fn published(mut create: CreateContainer, port: u16) -> CreateContainer {
    let template = Arc::make_mut(&mut create.spec.template);
    template.pod.container.ports =
        vec![ContainerPort { container_port: 80, host_port: Some(HostPort::Fixed(port)), ..ContainerPort::default() }];
    create.spec.network_mode = Some("bridge".to_owned());
    create
}

#[tokio::test]
async fn a_busy_port_is_told_with_its_container_and_the_remedy() -> Tested {
    with_host("port", async |host: &mut Host| {
        let listener = std::net::TcpListener::bind("0.0.0.0:0")?;
        let create = published(host.shell("a", FOREVER), listener.local_addr()?.port());
        let told = host.run(create).await.expect_err("the port is busy").to_string();
        assert!(told.contains(&host.name("a")) && told.contains("choose another hostPort"), "{told}");
        let container = host.container(&host.name("a")).await?;
        let error = container.detail.map(|detail| detail.error).unwrap_or_default();
        assert!(container.state == ContainerState::Created && error.contains("address already in use"), "{error}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn networks_are_made_joined_left_and_removed_once() -> Tested {
    with_host("net", async |host: &mut Host| {
        for network in ["one", "two"] {
            host.perform_twice(Action::CreateNetwork(host.network(network))).await?;
        }
        let mut create = host.shell("a", FOREVER);
        (create.spec.first_network, create.spec.network_mode) = (Some(host.attachment("one", "web")), None);
        let container = host.run(create).await?;
        let connect = |alias| {
            let attachment = host.attachment("two", alias);
            Action::ConnectNetwork(ConnectNetwork { container: container.clone(), network_id: None, attachment })
        };
        host.perform_twice(connect("www")).await?;
        let stale = host.perform(connect("other")).await;
        assert!(matches!(stale, Err(EngineError::Stale(_))), "{stale:?}");
        let observed = host.container(&container.name).await?;
        let detail = observed.detail.ok_or("no detail")?;
        let aliases =
            |network: &str| detail.endpoints.get(&host.name(network)).map(|endpoint| endpoint.aliases.clone());
        assert_eq!(aliases("one"), Some(["web".to_owned()].into()));
        assert_eq!(aliases("two"), Some(["www".to_owned()].into()));
        let network_id = observed.networks.get(&host.name("two")).ok_or("not on it")?.clone();
        let (network, id) = (host.name("two"), network_id.clone());
        let remove = Action::RemoveNetwork { id, name: network.clone() };
        let in_use = host.perform(remove.clone()).await;
        assert!(matches!(in_use, Err(EngineError::Failed(_))), "{in_use:?}");
        host.perform_twice(Action::DisconnectNetwork { container, network_id, network }).await?;
        host.perform_twice(remove).await
    })
    .await
}

#[tokio::test]
async fn a_network_of_somebody_else_keeps_its_name() -> Tested {
    with_host("netforeign", async |host: &mut Host| {
        let mut create = host.network("one");
        create.spec = NetworkSpec { internal: true, ..NetworkSpec::default() };
        host.perform(Action::CreateNetwork(create.clone())).await?;
        create.owner.instance = "somebody".parse()?;
        let taken = host.perform(Action::CreateNetwork(create)).await;
        assert!(matches!(taken, Err(EngineError::NameTaken { .. })), "{taken:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn volumes_are_made_and_removed_once_and_never_taken_over() -> Tested {
    with_host("vol", async |host: &mut Host| {
        let mut create = CreateVolume {
            name: host.name("data"),
            spec: VolumeSpec::default(),
            owner: host.owner(Kind::Volume, "data"),
            labels: BTreeMap::new(),
        };
        host.perform_twice(Action::CreateVolume(create.clone())).await?;
        create.owner.instance = "somebody".parse()?;
        let taken = host.perform(Action::CreateVolume(create.clone())).await;
        assert!(matches!(taken, Err(EngineError::NameTaken { .. })), "{taken:?}");
        host.perform_twice(Action::RemoveVolume { name: create.name }).await
    })
    .await
}

#[tokio::test]
async fn limits_change_in_place_and_a_refusal_is_told() -> Tested {
    with_host("update", async |host: &mut Host| {
        let container = host.run(host.shell("a", FOREVER)).await?;
        let update = |to| Action::UpdateContainer(UpdateContainer { container: container.clone(), to });
        for memory in [64 << 20, 256 << 20] {
            let to = InPlace { memory: Some(memory), ..InPlace::default() };
            host.perform(update(to)).await?;
            let detail = host.container(&container.name).await?.detail.ok_or("no detail")?;
            assert_eq!(detail.in_place.memory, Some(memory));
        }
        let refused = host.perform(update(InPlace { memory: Some(1), ..InPlace::default() })).await;
        assert!(matches!(refused, Err(EngineError::UpdateRefused(_))), "{refused:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_image_is_had_or_its_absence_is_told() -> Tested {
    with_host("image", async |host: &mut Host| {
        let pull =
            |image: &str, policy| Action::PullImage(PullImage { image: image.to_owned(), platform: None, policy });
        assert_eq!(host.perform(pull(IMAGE, PullPolicy::IfNotPresent)).await, Ok(Outcome::Already));
        let missing = host.perform(pull("skiff-test/missing:1", PullPolicy::Never)).await.expect_err("it is missing");
        assert!(missing.to_string().contains("docker pull skiff-test/missing:1"), "{missing}");
        // Nothing listens on port 1.
        let failed = host.perform(pull("127.0.0.1:1/missing:1", PullPolicy::IfNotPresent)).await;
        assert!(matches!(failed, Err(EngineError::Image { .. })), "{failed:?}");
        let escape = host.perform(pull("a/../../version", PullPolicy::Always)).await;
        assert!(matches!(escape, Err(EngineError::Invalid(_))), "{escape:?}");
        Ok(())
    })
    .await
}
