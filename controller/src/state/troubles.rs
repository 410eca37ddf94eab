//! What is not as it should be now, by object, as the controller that runs sees it: for whoever asks beside it.
//!
//! It lives in the run folder and counts only while a controller runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;
use skiff_core::{ObjectStatus, Phase};

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// One `PascalCase` word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

/// The objects that are not as they should be.
pub type Troubles = BTreeMap<ObjectKey, Trouble>;

/// What a pass found to be otherwise than it should be.
pub fn troubles(status: &BTreeMap<ObjectKey, ObjectStatus>) -> Troubles {
    let of = |status: &ObjectStatus| Trouble { reason: status.reason.to_owned(), message: status.message.clone() };
    let is_well = |status: &ObjectStatus| matches!(status.phase, Phase::Ready | Phase::Finished);
    let unwell = status.iter().filter(|(_, status)| !is_well(status));
    unwell.map(|(key, status)| (key.clone(), of(status))).collect()
}
