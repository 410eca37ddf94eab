//! The labels that make Docker the database: who made a container, network or volume, for which object, from what.
//!
//! The set is fixed: a label added later would cost every container a recreation.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Instance, ObjectKey};

/// The label keys.
pub mod label {
    /// The controller's scope. What does not carry ours is not ours.
    pub const INSTANCE: &str = "skiff.dev/instance";
    /// The named source that declares the object.
    pub const SOURCE: &str = "skiff.dev/source";
    /// The object's kind, lower case.
    pub const KIND: &str = "skiff.dev/kind";
    /// The object's namespace.
    pub const NAMESPACE: &str = "skiff.dev/namespace";
    /// The object's name.
    pub const NAME: &str = "skiff.dev/name";
    /// The replica's ordinal, from 1.
    pub const REPLICA: &str = "skiff.dev/replica";
    /// Which part of the object a container is: main, init, hook or run.
    pub const COMPONENT: &str = "skiff.dev/component";
    /// The run of a job that a container belongs to.
    pub const RUN: &str = "skiff.dev/run";
    /// The revision of the object's template.
    pub const REVISION: &str = "skiff.dev/revision";
    /// The revision of the source, a commit for git.
    pub const SOURCE_REVISION: &str = "skiff.dev/source-revision";
    /// The hash of the canonical template, with the version of its encoding in front: `v1:…`.
    pub const TEMPLATE_HASH: &str = "skiff.dev/template-hash";
    /// The canonical template, secrets by reference only; left out above 8 KiB.
    pub const TEMPLATE: &str = "skiff.dev/template";
    /// Digests of the config and secret content used.
    pub const CONTENT: &str = "skiff.dev/content";
    /// Not on containers: deployments whose manifests carry the same value here go back together when one of them fails.
    pub const ROLLOUT_GROUP: &str = "skiff.dev/rollout-group";
    /// The id of the image that the container was made from.
    pub const IMAGE_ID: &str = "skiff.dev/image-id";
}

/// Which part of an object a container is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// The container that the object exists for.
    #[default]
    Main,
    /// A container that runs before it.
    Init,
    /// A container that runs a hook.
    Hook,
    /// A one-off run by hand.
    Run,
}

impl Component {
    /// The word as the label writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Init => "init",
            Self::Hook => "hook",
            Self::Run => "run",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Component {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Main, Self::Init, Self::Hook, Self::Run]
            .into_iter()
            .find(|component| component.as_str() == text)
            .ok_or_else(|| LabelError { key: label::COMPONENT, value: text.to_owned() })
    }
}

/// A label of ours whose value cannot be read: a fact that the plan reports and leaves alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("label {key} cannot be `{value}`")]
pub struct LabelError {
    /// The label.
    pub key: &'static str,
    /// Its value, empty when the label is missing.
    pub value: String,
}

/// Our labels on a container, network or volume, parsed once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerLabels {
    /// The controller's scope.
    pub instance: Instance,
    /// The source that declares the object.
    pub source: String,
    /// The object.
    pub object: ObjectKey,
    /// The replica's ordinal, 0 for what has none (networks, volumes).
    #[serde(skip_serializing_if = "is_default_u32")]
    pub ordinal: u32,
    /// Which part of the object.
    pub component: Component,
    /// The run of a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The revision of the template, 0 where there is none.
    pub revision: u64,
    /// The revision of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_revision: Option<String>,
    /// The hash of the canonical template with its version.
    pub template_hash: String,
    /// The canonical template as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Digests of config and secret content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The id of the image; set by the engine's adapter when it creates the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_default_u32(value: &u32) -> bool {
    *value == 0
}

impl OwnerLabels {
    /// Parses what stands on a container, network or volume: `None` where it is not ours at all.
    ///
    /// # Errors
    /// The first label that is ours and cannot be read.
    pub fn parse(labels: &BTreeMap<String, String>) -> Option<Result<Self, LabelError>> {
        labels.contains_key(label::INSTANCE).then(|| Self::parse_owned(labels))
    }

    fn parse_owned(labels: &BTreeMap<String, String>) -> Result<Self, LabelError> {
        let optional = |key: &'static str| labels.get(key).cloned();
        let error = |key: &'static str| LabelError { key, value: labels.get(key).cloned().unwrap_or_default() };
        let required = |key: &'static str| labels.get(key).filter(|value| !value.is_empty()).ok_or_else(|| error(key));
        let number = |key: &'static str| match labels.get(key) {
            None => Ok(0),
            Some(value) => value.parse::<u64>().map_err(|_| error(key)),
        };
        let kind = required(label::KIND)?.parse().map_err(|_| error(label::KIND))?;
        Ok(Self {
            instance: required(label::INSTANCE)?.parse().map_err(|_| error(label::INSTANCE))?,
            source: required(label::SOURCE)?.clone(),
            object: ObjectKey::new(kind, required(label::NAMESPACE)?, required(label::NAME)?),
            ordinal: u32::try_from(number(label::REPLICA)?).map_err(|_| error(label::REPLICA))?,
            component: optional(label::COMPONENT).map_or(Ok(Component::Main), |text| text.parse())?,
            run: optional(label::RUN),
            revision: number(label::REVISION)?,
            source_revision: optional(label::SOURCE_REVISION),
            template_hash: optional(label::TEMPLATE_HASH).unwrap_or_default(),
            template: optional(label::TEMPLATE),
            content: optional(label::CONTENT),
            image_id: optional(label::IMAGE_ID),
        })
    }

    /// The labels as Docker stores them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut map = BTreeMap::from([
            (label::INSTANCE.to_owned(), self.instance.to_string()),
            (label::SOURCE.to_owned(), self.source.clone()),
            (label::KIND.to_owned(), self.object.kind.lower().to_owned()),
            (label::NAMESPACE.to_owned(), self.object.namespace.clone()),
            (label::NAME.to_owned(), self.object.name.clone()),
            (label::TEMPLATE_HASH.to_owned(), self.template_hash.clone()),
        ]);
        if self.object.kind.is_workload() {
            map.insert(label::REPLICA.to_owned(), self.ordinal.to_string());
            map.insert(label::COMPONENT.to_owned(), self.component.to_string());
            map.insert(label::REVISION.to_owned(), self.revision.to_string());
        }
        let optional = [
            (label::RUN, &self.run),
            (label::SOURCE_REVISION, &self.source_revision),
            (label::TEMPLATE, &self.template),
            (label::CONTENT, &self.content),
            (label::IMAGE_ID, &self.image_id),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                map.insert(key.to_owned(), value.clone());
            }
        }
        map
    }
}
