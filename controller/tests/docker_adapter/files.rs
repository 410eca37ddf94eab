//! Files of ConfigMaps and Secrets arrive read-only; a missing one fails the start instead of making a folder.

use futures_util::TryStreamExt;
use skiff::engine::docker::LogOptions;
use skiff_api::{Kind, ObjectKey};
use skiff_core::{Action, FileEntry, FileSet, Mount, MountSource};

use super::fixture::{Host, Tested, with_host};

fn set(id: &str, secret: bool) -> FileSet {
    let entry = |path: &str| FileEntry {
        path: path.to_owned(),
        key: "key".to_owned(),
        mode: 0o400,
        uid: Some(1000),
        gid: None,
    };
    FileSet { id: id.to_owned(), version: None, object: object(), secret, files: vec![entry("key")] }
}

fn object() -> ObjectKey {
    ObjectKey::new(Kind::Secret, "test", "s")
}

fn mount(target: &str, sub_path: Option<&str>, set: FileSet) -> Mount {
    Mount {
        target: target.to_owned(),
        read_only: false,
        sub_path: sub_path.map(str::to_owned),
        source: MountSource::Files(set),
    }
}

#[tokio::test]
async fn files_are_mounted_with_mode_and_owner_and_cannot_be_written() -> Tested {
    with_host("files", async |host: &mut Host| {
        host.content.insert(object(), "key".to_owned(), b"value".as_slice());
        let (config, secret) = (set("c-1", false), set("s-1", true));
        for set in [&config, &secret] {
            host.perform_twice(Action::WriteFiles(set.clone())).await?;
        }
        let script = "stat -c %a:%u /c/key; cat /c/key /key; touch /c/new /key || echo no";
        let mut create = host.shell("a", script);
        create.spec.mounts = vec![mount("/c", None, config), mount("/key", Some("key"), secret)];
        let container = host.run(create).await?;
        host.ended(&container).await?;
        let options = LogOptions::default();
        let lines: Vec<_> = host.docker.logs(&container.name, options).await?.try_collect().await?;
        let text: Vec<u8> = lines.iter().flat_map(|line| line.bytes.to_vec()).collect();
        let text = String::from_utf8(text)?;
        assert!(text.contains("400:1000") && text.contains("valuevalue") && text.contains("no"), "{text}");
        let observed = host.look().await?;
        let both = ["c-1".to_owned(), "s-1".to_owned()].into();
        assert!(observed.files.keys().eq(&both), "{:?}", observed.files);
        assert_eq!(host.container(&container.name).await?.files, both);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn files_that_are_updated_in_place_change_under_what_runs() -> Tested {
    with_host("inplace", async |host: &mut Host| {
        let of = |version: &str| FileSet { version: Some(version.to_owned()), ..set("s-2", true) };
        host.content.insert(object(), "key".to_owned(), b"one".as_slice());
        host.perform_twice(Action::WriteFiles(of("1"))).await?;
        let script = "until grep -q two /s/key; do sleep 0.05; done; stat -L -c %a:%u /s/key; touch /s/new || echo no";
        let mut create = host.shell("a", script);
        create.spec.mounts = vec![mount("/s", None, of("1"))];
        let container = host.run(create).await?;
        host.content.insert(object(), "key".to_owned(), b"two".as_slice());
        host.perform_twice(Action::WriteFiles(of("2"))).await?;
        assert_eq!(host.look().await?.files.get("s-2"), Some(&Some("2".to_owned())));
        host.ended(&container).await?;
        let lines: Vec<_> = host.docker.logs(&container.name, LogOptions::default()).await?.try_collect().await?;
        let text = String::from_utf8(lines.iter().flat_map(|line| line.bytes.to_vec()).collect())?;
        assert!(text.contains("400:1000\n") && text.contains("no\n"), "{text}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_missing_file_fails_the_start_and_makes_no_folder() -> Tested {
    with_host("nofile", async |host: &mut Host| {
        let mut create = host.shell("a", "true");
        let set = set("gone-1", false);
        create.spec.mounts = vec![mount("/c", None, set.clone())];
        let failed = host.run(create).await.expect_err("the files are not there").to_string();
        assert!(failed.contains("bind source path does not exist"), "{failed}");
        assert!(!host.files().folder(&set).exists());
        Ok(())
    })
    .await
}
