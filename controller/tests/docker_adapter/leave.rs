//! Whoever has no leave to act any more sends nothing that changes anything, not even what an action that has begun would send next.

use std::time::Duration;

use skiff::engine::Engine;
use skiff::engine::docker::Docker;
use skiff::mandate::{self, Mandate};
use skiff_core::{Action, Check, ContainerState, EngineError, StopContainer};
use tokio::sync::mpsc;

use super::ear::Ear;
use super::fixture::{Host, Tested, with_host};

#[tokio::test]
async fn without_leave_nothing_is_written_and_what_has_begun_goes_no_further() -> Tested {
    with_host("leave", async |host: &mut Host| {
        let container = host.run(host.shell("a", "sleep 1000")).await?;
        let folder = tempfile::tempdir()?;
        let mut ear = Ear::open(folder.path())?;
        let leave = Mandate::none_yet("host:1");
        let docker = Docker::connect_under(Some(&ear.host), host.files(), None, leave.clone()).await?;
        let perform =
            async |action: Action| Box::pin(docker.perform(&action, &host.content, mpsc::unbounded_channel().0)).await;
        let writes = |ear: &mut Ear| ear.asked().into_iter().filter(|asked| !asked.starts_with("GET ")).count();

        let create = Action::CreateContainer(Box::new(host.shell("b", "true")));
        assert_eq!(perform(create.clone()).await, Err(EngineError::NotLeading));
        let commands = docker.commands();
        let ran = commands.run(&container.name, &["true".to_owned()], Duration::from_secs(5)).await;
        assert_eq!(ran.err(), Some(EngineError::NotLeading));
        assert_eq!(writes(&mut ear), 0, "it has no leave yet");

        // It runs out between the hook and the stop that follows it.
        let hook = Some(Check::Sleep("400ms".parse()?));
        let stop = StopContainer { container: container.clone(), grace_seconds: 5, pre_stop: hook };
        leave.begin(mandate::now() + Duration::from_millis(200));
        assert_eq!(perform(Action::StopContainer(stop)).await, Err(EngineError::NotLeading));
        assert_eq!(writes(&mut ear), 0, "it ran out on the way");
        assert_eq!(host.container(&container.name).await?.state, ContainerState::Running);

        leave.begin(mandate::now() + Duration::from_secs(60));
        perform(create).await?;
        assert!(writes(&mut ear) > 0, "with leave it writes");
        Ok(())
    })
    .await
}
