//! What the command line asks for: logs, commands, the engine itself.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use skiff::engine::docker::{Docker, LogLine, LogOptions, OutputStream};
use skiff_core::EngineError;
use tokio::io::AsyncWriteExt;

use super::fixture::{Host, Tested, with_host};

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn lines_of_both_streams_are_told_apart_and_followed_to_the_end() -> Tested {
    with_host("logs", async |host: &mut Host| {
        let container = host.run(host.shell("a", "echo one; echo two >&2; echo -n three")).await?;
        let follow = LogOptions { follow: true, ..LogOptions::default() };
        let followed: Vec<LogLine> = host.docker.logs(&container.name, follow).await?.try_collect().await?;
        host.ended(&container).await?;
        let all = LogOptions::default();
        let mut lines: Vec<LogLine> = host.docker.logs(&container.name, all).await?.try_collect().await?;
        assert!(followed.iter().all(|line| lines.contains(line)), "{followed:?}");
        lines.sort_by_key(|line| line.bytes.clone());
        let line = |stream, text: &'static str| LogLine { stream, bytes: Bytes::from(text) };
        let expected = [(OutputStream::Out, "one\n"), (OutputStream::Out, "three"), (OutputStream::Err, "two\n")];
        assert_eq!(lines, expected.map(|(stream, text)| line(stream, text)));
        let last = LogOptions { tail: Some(1), timestamps: true, ..LogOptions::default() };
        let lines: Vec<LogLine> = host.docker.logs(&container.name, last).await?.try_collect().await?;
        let text = String::from_utf8(lines.first().ok_or("no line")?.bytes.to_vec())?;
        assert!(lines.len() == 1 && text.starts_with("20") && text.contains('T'), "{text}");
        let gone = host.docker.logs("skiff-test-no-such", follow).await.map(|_| ());
        assert!(matches!(gone, Err(EngineError::Stale(_))), "{gone:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_terminal_s_output_is_passed_on_as_it_is() -> Tested {
    with_host("tty", async |host: &mut Host| {
        let mut create = host.shell("a", r"printf '\001\002prompt'");
        Arc::make_mut(&mut create.spec.template).pod.container.tty = true;
        let container = host.run(create).await?;
        host.ended(&container).await?;
        let all = LogOptions::default();
        let lines: Vec<LogLine> = host.docker.logs(&container.name, all).await?.try_collect().await?;
        let bytes: Vec<u8> = lines.iter().flat_map(|line| line.bytes.to_vec()).collect();
        assert_eq!(bytes, b"\x01\x02prompt");
        assert!(lines.iter().all(|line| line.stream == OutputStream::Terminal));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_command_reads_writes_and_tells_how_it_ended() -> Tested {
    with_host("exec", async |host: &mut Host| {
        let container = host.run(host.shell("a", "sleep 1000")).await?;
        let argv = words(["/bin/sh", "-c", "cat; echo bad >&2; exit 7"]);
        let mut session = host.docker.exec(&container.name, &argv, false, true).await?;
        session.input.write_all(b"hello\n").await?;
        session.input.shutdown().await?;
        let mut pieces: Vec<_> = session.output.into_stream().try_collect().await?;
        pieces.sort_by_key(|(_, bytes)| bytes.clone());
        assert_eq!(pieces, [(OutputStream::Err, Bytes::from("bad\n")), (OutputStream::Out, Bytes::from("hello\n"))]);
        assert_eq!(session.control.exit_code().await?, Some(7));
        let terminal = host.docker.exec(&container.name, &words(["/bin/sh", "-c", "echo x"]), true, false).await?;
        terminal.control.resize(40, 100).await.ok();
        let pieces: Vec<_> = terminal.output.into_stream().try_collect().await?;
        let text: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
        assert_eq!(text, b"x\r\n");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_person_may_kill() -> Tested {
    with_host("kill", async |host: &mut Host| {
        let container = host.run(host.shell("a", "sleep 1000")).await?;
        host.docker.kill(&container.name, "SIGKILL").await?;
        let found = host.ended(&container).await?;
        assert_eq!(found.detail.map(|detail| detail.exit_code), Some(137));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_engine_tells_about_itself() -> Tested {
    with_host("info", async |host: &mut Host| {
        host.docker.ping().await?;
        let info = host.docker.info().await?;
        assert!(!info.version.is_empty() && !info.storage_driver.is_empty() && info.time.is_some(), "{info:?}");
        assert!(info.spoken_version <= info.api_version);
        assert!(host.docker.image_exists(super::image::IMAGE).await?);
        assert!(!host.docker.image_exists("skiff-test/missing:1").await?);
        let nobody = Docker::connect(Some("unix:///no/such/docker.sock"), host.files(), None).await.map(|_| ());
        let told = nobody.expect_err("nobody is there").to_string();
        assert!(told.contains("systemctl start docker"), "{told}");
        Ok(())
    })
    .await
}
