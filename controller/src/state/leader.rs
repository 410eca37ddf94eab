//! Who leads, as the candidates of this host know it: for whoever asks beside them. It counts only while one of them is there.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leader {
    /// What it is called, `host:1234`; `None` where nobody does, as far as is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Since when that is known.
    pub since: Timestamp,
    /// Why nobody is elected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}
