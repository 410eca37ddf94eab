//! What a document is: `apiVersion` and `kind`.

use serde_json::{Map, Value};

use super::{foreign, walk};
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{API_VERSION, Complaint, Kind};

/// The kind, with complaints that do not stand in the way of reading on.
///
/// # Errors
/// The complaints that do.
pub(super) fn read(document: &Map<String, Value>) -> Result<(Kind, Vec<Complaint>), Vec<Complaint>> {
    let version = document.get("apiVersion");
    let Some(word) = document.get("kind") else { return Err(vec![no_kind(document)]) };
    let Some(word) = word.as_str() else {
        let message = format!("`kind` must be text, found {}", walk::found(word, false));
        return Err(vec![At::ROOT.key("kind").says(message).help(kinds())]);
    };
    if let Some(complaint) =
        version.and_then(Value::as_str).and_then(|version| foreign::complaint(version, word, document))
    {
        return Err(vec![complaint]);
    }
    let wrong = |meant: Option<&str>| {
        let complaint = At::ROOT.key("kind").says(format!("`{word}` is not a kind"));
        complaint.help(meant.map_or_else(kinds, |meant| format!("did you mean `{meant}`?")))
    };
    let Ok(kind) = word.parse::<Kind>() else {
        return Err(vec![wrong(nearest(word, Kind::ALL.map(Kind::as_str)))]);
    };
    // `deploy` means something on the command line, and can mean nothing else here.
    let mut complaints: Vec<Complaint> = version_complaint(kind, version).into_iter().collect();
    complaints.extend((kind.as_str() != word).then(|| wrong(Some(kind.as_str()))));
    Ok((kind, complaints))
}

fn version_complaint(kind: Kind, version: Option<&Value>) -> Option<Complaint> {
    let remedy = format!("write `apiVersion: {API_VERSION}`");
    let Some(version) = version else { return Some(At::ROOT.says("`apiVersion` is missing").help(remedy)) };
    let accepted = version == API_VERSION || (version == "v1" && kind.has_core_twin());
    (!accepted).then(|| {
        let found = walk::found(version, false);
        At::ROOT.key("apiVersion").says(format!("`apiVersion` must be {API_VERSION}, found {found}")).help(remedy)
    })
}

fn no_kind(document: &Map<String, Value>) -> Complaint {
    let complaint = At::ROOT.says("`kind` is missing");
    if document.get("services").is_some_and(Value::is_object) {
        return complaint.help("this looks like a Compose file: write each of its services as a `kind: Deployment`");
    }
    complaint.help(kinds())
}

fn kinds() -> String {
    format!("the kinds are {}", Kind::ALL.map(Kind::as_str).join(", "))
}
