//! Credentials from Docker's config file and its helpers.

use std::error::Error;
use std::fs;

use super::*;

type Tested = Result<(), Box<dyn Error>>;

fn credentials(folder: &tempfile::TempDir, config: &str) -> std::io::Result<Credentials> {
    let path = folder.path().join("config.json");
    fs::write(&path, config)?;
    Ok(Credentials { file: Some(path) })
}

#[test]
fn the_registry_of_a_reference_is_its_host() {
    let images = ["nginx", "library/nginx", "localhost/a", "host:5000/a:1", "ghcr.io/a/b"];
    assert_eq!(images.map(registry), ["docker.io", "docker.io", "localhost", "host:5000", "ghcr.io"]);
}

#[tokio::test]
async fn what_docker_login_stored_is_found_by_registry() -> Tested {
    let folder = tempfile::tempdir()?;
    let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"aHViOmE6Yg=="},"https://host:5000":{"auth":"bWU6eA=="},
        "empty.io":{}}}"#;
    let credentials = credentials(&folder, config)?;
    let hub = credentials.of("nginx").await?.ok_or("none for the hub")?;
    assert_eq!((hub.username.as_deref(), hub.password.as_deref()), (Some("hub"), Some("a:b")));
    let host = credentials.of("host:5000/a").await?.ok_or("none for the host")?;
    assert_eq!(host.username.as_deref(), Some("me"));
    assert_eq!(credentials.of("empty.io/a").await?, None);
    assert_eq!(credentials.of("other.io/a").await?, None);
    Ok(())
}

#[tokio::test]
async fn no_configuration_means_no_credentials_and_a_broken_one_is_told_without_its_text() -> Tested {
    let folder = tempfile::tempdir()?;
    let missing = Credentials { file: Some(folder.path().join("missing.json")) };
    assert_eq!(missing.of("nginx").await?, None);
    let error = credentials(&folder, r#"{"auths":{"x":"hunter2"}}"#)?.of("nginx").await.expect_err("it is broken");
    assert!(error.contains("config.json") && !error.contains("hunter2"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_helper_that_is_not_installed_is_named() -> Tested {
    let folder = tempfile::tempdir()?;
    let credentials = credentials(&folder, r#"{"credsStore":"skiff-test-missing"}"#)?;
    let error = credentials.of("nginx").await.expect_err("there is no such helper");
    assert!(error.contains("docker-credential-skiff-test-missing"), "{error}");
    let path = self::credentials(&folder, r#"{"credsStore":"../x"}"#)?.of("nginx").await;
    assert!(path.is_err());
    Ok(())
}
