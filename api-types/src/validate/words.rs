//! Words that must have a form: DNS labels, Docker names, one of a few words, paths.

use crate::Complaint;
use crate::complaint::At;
use crate::suggest::nearest;

/// Whether DNS takes it as a label: lower-case letters, digits and inner hyphens, at most 63 of them (RFC 1123).
pub fn is_dns_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(fits) && !text.starts_with('-') && !text.ends_with('-')
}

/// Complains about what is not a DNS label.
pub(super) fn dns_label(text: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if is_dns_label(text) {
        return;
    }
    let meant: String =
        text.to_ascii_lowercase().replace(['_', '.', ' '], "-").trim_matches('-').chars().take(63).collect();
    let complaint = at.says(format!("`{}` cannot be `{text}`", at.field()));
    out.push(if is_dns_label(&meant) {
        complaint.help(format!("use lower-case letters, digits and inner hyphens, at most 63: `{meant}`"))
    } else {
        complaint.help("use lower-case letters, digits and inner hyphens, at most 63")
    });
}

/// Complains about what Docker does not take as the name of a container, network or volume.
pub(super) fn docker_name(text: Option<&String>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let Some(text) = text else { return };
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !first || text.len() < 2 || !bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) {
        let complaint = at.says(format!("`{}` cannot be `{text}`", at.field()));
        out.push(
            complaint.help("Docker takes letters, digits, `_`, `.` and `-`, a letter or digit first, at least two"),
        );
    }
}

/// Complains about what is none of the words.
pub(super) fn one_of(text: Option<&String>, words: &[&'static str], at: &At<'_>, out: &mut Vec<Complaint>) {
    let Some(text) = text else { return };
    if words.contains(&text.as_str()) {
        return;
    }
    let complaint = at.says(format!("`{}` cannot be `{text}`", at.field()));
    out.push(match nearest(text, words.iter().copied()) {
        Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
        None => complaint.help(format!("it is {}", words.join(", "))),
    });
}

/// Complains about a number outside of its bounds.
pub(super) fn within(number: Option<i64>, least: i64, most: i64, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some(number) = number.filter(|number| !(least..=most).contains(number)) {
        out.push(at.says(format!("`{}` is {number}: it goes from {least} to {most}", at.field())));
    }
}

/// Complains about a number that is zero.
pub(super) fn at_least_one(number: Option<u32>, at: &At<'_>, out: &mut Vec<Complaint>) {
    if number == Some(0) {
        out.push(at.says(format!("`{}` is 0: the least is 1", at.field())));
    }
}

/// Complains about a path that leads out of what it is below of.
pub(super) fn inner_path(path: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if path.is_empty() || path.starts_with('/') {
        out.push(at.says(format!("`{}` must be a relative path, found `{path}`", at.field())));
    } else if path.split('/').any(|part| part == "..") {
        out.push(at.says(format!("`{}` may not contain `..`, found `{path}`", at.field())));
    }
}

/// Permissions that are written in decimal although octal was meant, as `644` for `0644`.
const MEANT_AS_OCTAL: [u32; 16] = [400, 440, 444, 600, 640, 644, 660, 664, 666, 700, 750, 755, 770, 775, 777, 1777];

/// Complains about permissions above 07777, and about those that were meant to be octal.
pub(super) fn mode(mode: Option<u32>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let Some(mode) = mode else { return };
    if MEANT_AS_OCTAL.contains(&mode) {
        let complaint = at.says(format!("`{}` is {mode} in decimal, which is 0{mode:o}", at.field()));
        let decimal = u32::from_str_radix(&mode.to_string(), 8).unwrap_or(mode);
        out.push(complaint.help(format!("write the octal number with its zero: `0{mode}` (in JSON: {decimal})")));
    } else if mode > 0o7777 {
        out.push(at.says(format!("`{}` is 0{mode:o}: the most is 07777", at.field())));
    }
}

/// Complains unless exactly one of the named things is given.
pub(super) fn exactly_one(given: &[(&str, bool)], at: &At<'_>, out: &mut Vec<Complaint>) {
    let names = |only_given: bool| -> Vec<&str> {
        given.iter().filter(|(_, there)| *there || !only_given).map(|(name, _)| *name).collect()
    };
    let there = names(true);
    let complaint = match there.len() {
        0 => at.says(format!("`{}` says nothing", at.field())).for_want_of(at),
        1 => return,
        _ => at.says(format!("`{}` has {}", at.field(), there.join(" and "))),
    };
    out.push(complaint.help(format!("give exactly one of {}", names(false).join(", "))));
}
