//! Variables.

use std::collections::BTreeSet;

use super::words::exactly_one;
use crate::complaint::At;
use crate::{Complaint, EnvFromSource, EnvVar, EnvVarSource};

pub(super) fn check(env: &[EnvVar], at: &At<'_>, out: &mut Vec<Complaint>) {
    let mut names = BTreeSet::new();
    for (index, variable) in env.iter().enumerate() {
        let at = at.index(index);
        name(&variable.name, &at.key("name"), out);
        if !names.insert(&variable.name) {
            out.push(at.key("name").says(format!("variable `{}` is set twice", variable.name)));
        }
        let given = [
            ("value", variable.value.is_some()),
            ("valueFrom", variable.value_from.is_some()),
            ("unset", variable.unset),
        ];
        if given.iter().filter(|(_, there)| *there).count() > 1 {
            exactly_one(&given, &at, out);
        }
        if let Some(source) = &variable.value_from {
            value_from(source, &at.key("valueFrom"), out);
        }
    }
}

fn value_from(source: &EnvVarSource, at: &At<'_>, out: &mut Vec<Complaint>) {
    let (config, secret) = (source.config_map_key_ref.is_some(), source.secret_key_ref.is_some());
    exactly_one(&[("configMapKeyRef", config), ("secretKeyRef", secret)], at, out);
}

pub(super) fn check_from(sources: &[EnvFromSource], at: &At<'_>, out: &mut Vec<Complaint>) {
    for (index, source) in sources.iter().enumerate() {
        let at = at.index(index);
        exactly_one(
            &[("configMapRef", source.config_map_ref.is_some()), ("secretRef", source.secret_ref.is_some())],
            &at,
            out,
        );
        if let Some(prefix) = source.prefix.as_ref().filter(|prefix| prefix.contains(['=', '\0'])) {
            out.push(at.key("prefix").says(format!("`prefix` may not contain `=`, found `{}`", prefix.escape_debug())));
        }
    }
}

fn name(name: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if name.is_empty() {
        out.push(at.says("a variable has no name"));
    } else if let Some((before, _)) = name.split_once('=') {
        // What is behind the sign may be a password.
        let complaint = at.says(format!("the name of variable `{before}` may not contain `=`"));
        out.push(complaint.help("put what is behind it into `value`"));
    } else if name.contains('\0') {
        out.push(at.says("the name of a variable may not contain a zero byte"));
    }
}
