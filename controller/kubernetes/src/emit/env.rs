//! Variables: literal ones stay where they are, those that look secret go to a `Secret`, references keep what they refer to.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ConfigMapKeySelector, EnvFromSource, EnvVar, EnvVarSource, SecretEnvSource, SecretKeySelector,
};
use skiff_api::{KeySelector, Kind, SourceRef};

use super::building::Building;
use super::{content, meta};
use crate::dollar::escape;
use crate::ledger::Scope;
use crate::names::{short_digest, suffixed};
use crate::report::Verdict;
use crate::stack::Workload;

/// Words in the name of a variable that say that its value is nobody's business.
const SECRETS: [&str; 10] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "CREDENTIALS",
    "APP_KEY",
];

/// How the names of settings end whose values are passwords.
const PASSWORDS: [&str; 6] = ["password", "passwd", "pwd", "passphrase", "requirepass", "secret"];

/// Whether a variable's value is a secret, by its name. `…_FILE` names a file, which is none.
fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // `PASS` is one in `DB_PASS` and not in `COMPASS_URL`; `PWD` by itself is where a shell stands.
    let is_short = upper.split('_').any(|word| word == "PASS") || upper.ends_with("_PWD");
    let is_named = is_short || SECRETS.iter().any(|word| upper.contains(word));
    !upper.ends_with("_FILE") && !upper.ends_with("_PATH") && is_named
}

/// Whether a text has a password in it: `postgres://shop:secret@db/shop`, `Server=db;Password=secret`.
pub(super) fn holds_password(value: &str) -> bool {
    let settings = value.split([';', '&', ' ', '\n', ',', '?']).filter_map(|setting| setting.split_once('='));
    let mut settings = settings.map(|(name, value)| (name, value.trim_start_matches(['"', '\''])));
    settings.any(|(name, value)| is_password(name) && !value.is_empty() && !value.starts_with('$')) || in_address(value)
}

/// Whether the value of a setting of this name is a password.
pub(super) fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PASSWORDS.iter().any(|word| name.ends_with(word))
}

fn in_address(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
    })
}

/// Whether every version takes the name of a variable; from 1.32 on they take nearly any.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

/// Writes the variables of a container; `container` names what holds the secret ones.
pub(super) fn env(
    workload: &Workload<'_>,
    container: &str,
    variables: &[skiff_api::EnvVar],
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Vec<EnvVar> {
    let mut secrets: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for skiff_api::EnvVar { name, value, value_from: _, unset: _ } in variables {
        let value = value.as_deref().unwrap_or_default();
        let is_meant = (is_secret(name) && !value.is_empty()) || holds_password(value);
        if is_meant && is_name(name) {
            secrets.insert(name.clone(), value.as_bytes().to_vec());
        }
    }
    let holder = suffixed(&format!("{container}-env"), &content_digest(&secrets));
    let mut written = Vec::new();
    for (index, variable) in variables.iter().enumerate() {
        let mut scope = scope.at(&format!("env/{index}"), "");
        written.extend(one(
            workload,
            variable,
            secrets.contains_key(&variable.name).then_some(&holder),
            &mut scope,
            building,
        ));
    }
    if !secrets.is_empty() {
        let labels = meta::labels(workload);
        let file = building.file.clone();
        let secret = content::generated_secret(&file, &holder, &workload.namespace, labels, &secrets);
        building.extras.push(secret);
    }
    written
}

fn content_digest(secrets: &BTreeMap<String, Vec<u8>>) -> String {
    let parts: Vec<&[u8]> = secrets.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_slice()]).collect();
    short_digest(&parts, 10)
}

fn one(
    workload: &Workload<'_>,
    variable: &skiff_api::EnvVar,
    holder: Option<&String>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Option<EnvVar> {
    let skiff_api::EnvVar { name, value, value_from, unset } = variable;
    let field = format!("env[{name}]");
    if !is_name(name) {
        let remedy = "call it by letters, digits, `_`, `-` and `.`, and let the program read that";
        scope.lost("", "Kubernetes takes no variable of this name", remedy);
        return None;
    }
    if *unset {
        let why = "a variable of the image cannot be taken away; it would be empty";
        scope.lost("", why, "make an image without it, or set it to what it should be");
        return None;
    }
    scope.exact(name, "name", &format!("{field}.name"));
    if let Some(holder) = holder {
        let why = if is_secret(name) { "its name says that it is a secret" } else { "there is a password in it" };
        scope.near(value, "value", &format!("{field}.valueFrom.secretKeyRef"), why, "");
        let selector = SecretKeySelector { name: holder.clone(), key: name.clone(), optional: None };
        return Some(from(name, EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() }));
    }
    scope.exact(value, "value", &format!("{field}.value"));
    let Some(source) = value_from else {
        let value = Some(escape(value.as_deref().unwrap_or_default()));
        return Some(EnvVar { name: name.clone(), value, value_from: None });
    };
    let skiff_api::EnvVarSource { config_map_key_ref, secret_key_ref } = source;
    let config = config_map_key_ref.as_ref().map(|selector| {
        let (name, key, optional) = selected(workload, Kind::ConfigMap, selector, "configMapKeyRef", scope, building);
        ConfigMapKeySelector { name, key, optional }
    });
    let secret = secret_key_ref.as_ref().map(|selector| {
        let (name, key, optional) = selected(workload, Kind::Secret, selector, "secretKeyRef", scope, building);
        SecretKeySelector { name, key, optional }
    });
    Some(from(name, EnvVarSource { config_map_key_ref: config, secret_key_ref: secret, ..EnvVarSource::default() }))
}

fn from(name: &str, source: EnvVarSource) -> EnvVar {
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

fn selected(
    workload: &Workload<'_>,
    kind: Kind,
    selector: &KeySelector,
    field: &str,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> (String, String, Option<bool>) {
    let KeySelector { name, key, optional } = selector;
    let mut scope = scope.at(&format!("valueFrom/{field}"), &format!("env[].valueFrom.{field}"));
    scope.exact(name, "name", "name");
    scope.exact(key, "key", "key");
    scope.exact(optional, "optional", "optional");
    let name = building.refer(workload, kind, name, *optional, &mut scope);
    (name, key.clone(), optional.then_some(true))
}

/// Writes the variables that come from all keys of an object.
pub(super) fn env_from(
    workload: &Workload<'_>,
    sources: &[skiff_api::EnvFromSource],
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Vec<EnvFromSource> {
    let mut written = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let skiff_api::EnvFromSource { prefix, config_map_ref, secret_ref } = source;
        let mut scope = scope.at(&format!("envFrom/{index}"), &format!("envFrom[{index}]"));
        scope.exact(prefix, "prefix", "prefix");
        let mut named = |kind: Kind, field: &str, source: &SourceRef| {
            let SourceRef { name, optional } = source;
            let mut scope = scope.at(field, field);
            scope.exact(name, "name", "name");
            scope.exact(optional, "optional", "optional");
            (building.refer(workload, kind, name, *optional, &mut scope), optional.then_some(true))
        };
        let config = config_map_ref.as_ref().map(|source| named(Kind::ConfigMap, "configMapRef", source));
        let secret = secret_ref.as_ref().map(|source| named(Kind::Secret, "secretRef", source));
        if prefix.is_none() && building.has_unusable_keys(workload, source) {
            let why = "keys that are no names of variables are passed over, with an event";
            scope.says(Verdict::Approximated, "", "", why, "");
        }
        written.push(EnvFromSource {
            prefix: prefix.clone(),
            config_map_ref: config.map(|(name, optional)| ConfigMapEnvSource { name, optional }),
            secret_ref: secret.map(|(name, optional)| SecretEnvSource { name, optional }),
        });
    }
    written
}
