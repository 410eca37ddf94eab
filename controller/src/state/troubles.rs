//! What is not as it should be now, by object, as the controller that runs sees it: for whoever asks beside it.
//!
//! It lives in the run folder and counts only while a controller runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;
use skiff_core::{Held, HeldReason, ObjectStatus, Phase, Plan};

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// One `PascalCase` word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// What to do, where the sentence does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The objects that are not as they should be.
pub type Troubles = BTreeMap<ObjectKey, Trouble>;

/// What a pass found to be otherwise than it should be. What has no containers has no status: a hold says what is wrong with it.
pub fn troubles(status: &BTreeMap<ObjectKey, ObjectStatus>, plan: &Plan) -> Troubles {
    let of = |status: &ObjectStatus| {
        let said = |held: &&Held| held.object == status.object && held.why.word() == status.reason;
        Trouble {
            reason: status.reason.to_owned(),
            message: status.message.clone(),
            help: plan.held.iter().find(said).and_then(Held::remedy),
        }
    };
    // What runs well may not be what is declared.
    let is_back = |status: &ObjectStatus| {
        plan.held.iter().any(|held| held.object == status.object && held.why.is_said_of_ready())
    };
    let is_well = |status: &ObjectStatus| matches!(status.phase, Phase::Ready | Phase::Finished) && !is_back(status);
    let unwell = status.iter().filter(|(_, status)| !is_well(status));
    let held = plan.held.iter().filter(|held| !status.contains_key(&held.object));
    let held = held.filter(|held| !held.is_note() && !matches!(held.why, HeldReason::Retained { .. }));
    let of_hold = |held: &Held| {
        let (reason, message) = (held.why.word().to_owned(), held.why.to_string());
        (held.object.clone(), Trouble { reason, message, help: held.remedy() })
    };
    held.map(of_hold).chain(unwell.map(|(key, status)| (key.clone(), of(status)))).collect()
}

#[cfg(test)]
mod tests {
    use skiff_api::Kind;
    use skiff_core::Change;

    use super::*;

    #[test]
    fn a_volume_that_is_held_says_why_and_what_to_do() {
        let object = ObjectKey::new(Kind::Volume, "shop", "data");
        let changes = vec![Change::new("driver", Some("local".to_owned()), Some("nfs".to_owned()))];
        let hold = |why| Held { object: object.clone(), why, pending: Vec::new() };
        let of = |held| troubles(&BTreeMap::new(), &Plan { held: vec![held], ..Plan::default() }).remove(&object);
        let trouble = of(hold(HeldReason::VolumeChanged { changes })).expect("it is held");
        assert_eq!(trouble.reason, "VolumeChanged");
        assert!(trouble.message.contains("driver changed local → nfs"), "{trouble:?}");
        assert!(trouble.help.is_some_and(|help| help.starts_with("change it back")));
        // That data is kept is as it should be.
        assert_eq!(of(hold(HeldReason::Retained { name: "shop-data".to_owned() })), None);
    }
}
