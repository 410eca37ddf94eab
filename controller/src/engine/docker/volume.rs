//! Volumes. The engine answers "made" for a name that exists, whoever has it: so it is looked at first.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use skiff_api::VolumeSpec;
use skiff_core::{CreateVolume, EngineError, Outcome, Owner};

use super::client::Client;
use super::fields::Fields;
use super::observe::owner;
use super::path;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    driver: String,
    labels: Option<BTreeMap<String, String>>,
}

/// Makes a volume, unless it is there and ours.
pub(super) async fn create(client: &Client, create: &CreateVolume) -> Result<Outcome, EngineError> {
    let what = format!("create volume {}", create.name);
    let reply = client.get(&format!("/volumes/{}", path::name(&create.name)?)).await?;
    if reply.status != 404 {
        return existing(create, &reply.read(&what)?);
    }
    client.post("/volumes/create", Some(&body(create))).await?.done(&what).map(|()| Outcome::Done)
}

fn existing(create: &CreateVolume, found: &Found) -> Result<Outcome, EngineError> {
    let owner = owner(found.labels.as_ref(), &create.owner.instance);
    match owner.labels() {
        Some(labels) if labels.object == create.owner.object && labels.template_hash == create.owner.template_hash => {
            Ok(Outcome::Already)
        }
        Some(labels) if labels.object == create.owner.object => {
            Err(EngineError::Stale(format!("volume {} has other settings by now", create.name)))
        }
        Some(labels) => Err(taken(create, format!("the volume of {}", labels.object))),
        None if matches!(owner, Owner::Unreadable(_)) => {
            Err(taken(create, "a volume whose labels cannot be read".to_owned()))
        }
        None => Err(taken(create, format!("a volume (driver {}) that Skiff did not make", found.driver))),
    }
}

fn taken(create: &CreateVolume, by: String) -> EngineError {
    EngineError::NameTaken { name: create.name.clone(), by }
}

pub(super) fn body(create: &CreateVolume) -> Value {
    let CreateVolume { name, spec, owner: _, labels: _ } = create;
    // The rest says whether and when there is a volume to make or to remove.
    let VolumeSpec { driver, driver_opts, volume_name: _, external: _, reclaim_policy: _ } = spec;
    Fields::default()
        .set("Name", name)
        .set("Driver", driver)
        .set("DriverOpts", driver_opts)
        .set("Labels", labels(create))
        .build()
}

/// The labels of a volume: the user's and ours.
pub(super) fn labels(create: &CreateVolume) -> BTreeMap<String, String> {
    create.labels.clone().into_iter().chain(create.owner.to_map()).collect()
}

/// Knows that a volume is there which must not be made.
pub(super) async fn must_be_there(client: &Client, name: &str) -> Result<(), EngineError> {
    let reply = client.get(&format!("/volumes/{}", path::name(name)?)).await?;
    match reply.status {
        404 => Err(EngineError::Stale(format!("volume {name} is gone"))),
        _ => reply.done(&format!("look at volume {name}")),
    }
}

/// Removes a volume unless a container has it.
pub(super) async fn remove_unused(client: &Client, name: &str) -> Result<(), EngineError> {
    let reply = client.delete(&format!("/volumes/{}", path::name(name)?)).await?;
    match reply.status {
        404 | 409 => Ok(()),
        _ => reply.done(&format!("remove volume {name}")),
    }
}

/// Removes a volume and its data; the engine refuses while a container has it.
pub(super) async fn remove(client: &Client, name: &str) -> Result<Outcome, EngineError> {
    let reply = client.delete(&format!("/volumes/{}", path::name(name)?)).await?;
    match reply.status {
        404 => Ok(Outcome::Already),
        _ => reply.done(&format!("remove volume {name}")).map(|()| Outcome::Done),
    }
}
