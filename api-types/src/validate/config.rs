//! The content of ConfigMaps and Secrets. A complaint names the key and never shows the value.

use std::collections::BTreeMap;

use crate::complaint::At;
use crate::resource::decode_base64;
use crate::{Complaint, ConfigMap, Secret};

/// The most bytes of content in one object, as in Kubernetes.
const MOST_BYTES: usize = 1 << 20;

pub(super) fn check_config(config: &ConfigMap, out: &mut Vec<Complaint>) {
    let (data, binary) = (At::ROOT.key("data"), At::ROOT.key("binaryData"));
    keys(&config.data, &data, out);
    keys(&config.binary_data, &binary, out);
    base64(&config.binary_data, &binary, out);
    for key in config.binary_data.keys().filter(|key| config.data.contains_key(*key)) {
        out.push(binary.key(key).says(format!("key `{key}` is in `data` too")).on_key().help("remove one of them"));
    }
    size(&config.binary_data, &config.data, out);
}

pub(super) fn check_secret(secret: &Secret, out: &mut Vec<Complaint>) {
    let (data, texts) = (At::ROOT.key("data"), At::ROOT.key("stringData"));
    keys(&secret.data, &data, out);
    keys(&secret.string_data, &texts, out);
    base64(&secret.data, &data, out);
    size(&secret.data, &secret.string_data, out);
}

fn keys(data: &BTreeMap<String, String>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    for key in data.keys() {
        let dots = key == "." || key.starts_with("..");
        if key.is_empty() || dots || key.len() > 253 || !key.bytes().all(fits) {
            let complaint = at.key(key).says(format!("`{key}` cannot be a key")).on_key();
            out.push(complaint.help("use letters, digits, `-`, `_` and `.`, at most 253; `..` is no file's name"));
        }
    }
}

fn base64(data: &BTreeMap<String, String>, at: &At<'_>, out: &mut Vec<Complaint>) {
    for (key, _) in data.iter().filter(|(_, value)| decode_base64(value).is_none()) {
        let complaint = at.key(key).says(format!("the value of `{key}` is not base64"));
        let plain = if at.field() == "binaryData" { "data" } else { "stringData" };
        out.push(complaint.help(format!("plain text goes into `{plain}`")));
    }
}

fn size(encoded: &BTreeMap<String, String>, texts: &BTreeMap<String, String>, out: &mut Vec<Complaint>) {
    let length = |part: &BTreeMap<String, String>| part.values().map(String::len).sum::<usize>();
    // Four letters of base64 are three bytes.
    let bytes = length(encoded) / 4 * 3 + length(texts);
    if bytes > MOST_BYTES {
        let complaint = At::ROOT.says(format!("the content has {bytes} bytes: the most is {MOST_BYTES}"));
        out.push(complaint.help("mount a file of the host instead, or split it"));
    }
}
