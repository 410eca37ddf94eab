//! Where the paths of mounts lead.

use serde_json::json;
use skiff_api::{ObjectKey, OwnerLabels};

use super::*;

fn json_path(base: &str, path: &str) -> Value {
    resolved(base, path).map_or(Value::Null, |path| json!(path))
}

#[test]
fn relative_paths_start_at_the_manifest_and_may_go_up() {
    let paths =
        [("/srv/shop", "./src"), ("/srv/shop", "../data/./x"), ("/srv", "/etc/../opt"), ("/", "../.."), ("", "x")];
    let expected = [json!("/srv/shop/src"), json!("/srv/data/x"), json!("/opt"), json!("/"), Value::Null];
    assert_eq!(paths.map(|(base, path)| json_path(base, path)), expected);
}

#[test]
fn a_path_below_a_mount_stays_there() {
    assert!(below(Path::new("/a"), Some("../b")).is_err() && below(Path::new("/a"), Some("/b")).is_err());
    assert_eq!(below(Path::new("/a"), Some("b/c")).ok(), Some("/a/b/c".into()));
}

#[test]
fn the_engine_is_told_as_what_to_make_a_volume_that_has_gone() {
    let owner = OwnerLabels {
        instance: skiff_api::Instance::default(),
        source: "shop".to_owned(),
        object: ObjectKey::new(skiff_api::Kind::Volume, "shop", "data"),
        ordinal: 0,
        component: skiff_api::Component::Main,
        run: None,
        revision: 0,
        source_revision: None,
        template_hash: "v1:a".to_owned(),
        template: None,
        content: None,
        image_id: None,
    };
    let driver_opts = [("type".to_owned(), "tmpfs".to_owned())].into();
    let spec = VolumeSpec { driver: Some("local".to_owned()), driver_opts, ..VolumeSpec::default() };
    let labels = [("tier".to_owned(), "back".to_owned())].into();
    let definition = CreateVolume { name: "shop-data".to_owned(), spec, owner, labels };
    let options = volume_options(None, false, Some(&definition), (1, 41)).unwrap_or_default();
    assert_eq!(options.get("DriverConfig"), Some(&json!({ "Name": "local", "Options": { "type": "tmpfs" } })));
    let label = |name: &str| options.get("Labels").and_then(|labels| labels.get(name));
    assert_eq!(label("tier"), Some(&json!("back")));
    assert_eq!(label("skiff.dev/template-hash"), Some(&json!("v1:a")));
    assert_eq!(volume_options(None, false, None, (1, 41)), Ok(json!({})));
}

#[test]
fn memory_with_an_owner_or_options_is_told_in_the_form_that_carries_them() {
    let mapped = |volume: &TmpfsVolume, read_only| {
        let mut all = Mounts::default();
        tmpfs(&mut all, "/scratch", read_only, volume);
        (all.list.len(), all.tmpfs.into_values().next())
    };
    let plain = TmpfsVolume { size: Some(skiff_api::Bytes::new(64)), mode: Some(0o700), ..TmpfsVolume::default() };
    assert_eq!(mapped(&plain, true), (1, None));
    let owned = TmpfsVolume { uid: Some(5), exec: true, options: vec!["noatime".to_owned()], ..plain };
    assert_eq!(mapped(&owned, false), (0, Some("exec,size=64,mode=700,uid=5,noatime".to_owned())));
    assert_eq!(mapped(&TmpfsVolume { gid: Some(7), ..TmpfsVolume::default() }, true), (0, Some("ro,gid=7".to_owned())));
}

#[test]
fn a_missing_host_folder_is_made_only_where_it_is_asked_for() {
    let volume = HostPathVolume { path: "src".to_owned(), ..HostPathVolume::default() };
    let mapped = |volume: &HostPathVolume| {
        let mut all = Mounts::default();
        host_path(&mut all, "/src", false, None, volume, "/srv").map(|()| (all.list.len(), all.binds))
    };
    assert_eq!(mapped(&volume), Ok((1, vec![])));
    let made = HostPathVolume { create: true, read_only: true, selinux: Some("private".to_owned()), ..volume };
    assert_eq!(mapped(&made), Ok((0, vec!["/srv/src:/src:ro,Z".to_owned()])));
}
