//! References to images, by the grammar of the distribution project: `[registry[:port]/]path[:tag][@digest]`.

use crate::Complaint;
use crate::complaint::At;

/// Complains about what no engine takes as a reference.
pub(super) fn check(reference: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Err((reason, help)) = parse(reference) {
        let complaint = at.says(format!("`{}` cannot be `{reference}`: {reason}", at.field()));
        out.push(match help {
            Some(help) => complaint.help(help),
            None => complaint,
        });
    }
}

type Refusal = (String, Option<String>);

fn parse(reference: &str) -> Result<(), Refusal> {
    let refuse = |reason: &str| Err((reason.to_owned(), None));
    if reference.is_empty() {
        return refuse("it is empty");
    }
    if reference.contains("${") {
        let help = "write the value itself: manifests of Skiff have no variables".to_owned();
        return Err(("it has a variable".to_owned(), Some(help)));
    }
    if reference.starts_with("sha256:") {
        return digest(reference);
    }
    let (rest, after_at) = match reference.split_once('@') {
        Some((rest, after_at)) => (rest, Some(after_at)),
        None => (reference, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if name.is_empty() {
        return refuse("it has no name");
    }
    if name.contains("://") {
        let help = name.split_once("://").map(|(_, rest)| format!("leave the scheme out: `{rest}`"));
        return Err(("it is a URL".to_owned(), help));
    }
    if name.len() > 255 {
        return refuse("its name is longer than 255 letters");
    }
    path(name)?;
    tag.map_or(Ok(()), check_tag)?;
    after_at.map_or(Ok(()), digest)
}

/// The name after the registry, where there is one: a first part with a dot, a port or an upper-case letter, or `localhost`.
fn path(name: &str) -> Result<(), Refusal> {
    let is_registry =
        |part: &str| part.contains(['.', ':']) || part == "localhost" || part.bytes().any(|b| b.is_ascii_uppercase());
    let path = match name.split_once('/') {
        Some((registry, path)) if is_registry(registry) => {
            check_registry(registry)?;
            path
        }
        _ => name,
    };
    if path.len() == 64 && path.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(("it is a bare id".to_owned(), Some(format!("write `sha256:{path}`"))));
    }
    path.split('/').try_for_each(component)
}

fn check_registry(registry: &str) -> Result<(), Refusal> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(fits) || host.starts_with(['-', '.']) {
        return Err((format!("`{registry}` is not a registry's host"), None));
    }
    match port {
        Some(port) if port.parse::<u16>().is_err() => Err((format!("`{port}` is not a port"), None)),
        _ => Ok(()),
    }
}

/// One part of the path: letters and digits with single `.`, one or two `_`, or any number of `-` between them.
fn component(part: &str) -> Result<(), Refusal> {
    if part.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let help = format!("names of images are lower case: `{}`", part.to_ascii_lowercase());
        return Err((format!("`{part}` has upper-case letters"), Some(help)));
    }
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(is_letter).filter(|between| !between.is_empty());
    let separated = |between: &str| matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-');
    let framed = part.starts_with(is_letter) && part.ends_with(is_letter);
    if framed && separators.into_iter().all(separated) {
        return Ok(());
    }
    let reason = if part.is_empty() {
        "a part of its path is empty".to_owned()
    } else {
        format!("`{part}` is not a part of a path")
    };
    Err((reason, Some("use lower-case letters and digits with `.`, `_`, `__` or `-` between them".to_owned())))
}

fn check_tag(tag: &str) -> Result<(), Refusal> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = tag.bytes().next().is_some_and(word) && tag.bytes().all(|byte| word(byte) || b".-".contains(&byte));
    match () {
        () if tag.is_empty() => Err(("its tag is empty".to_owned(), None)),
        () if !fits || tag.len() > 128 => {
            let help = "a tag has letters, digits, `_`, `.` and `-`, at most 128".to_owned();
            Err((format!("`{tag}` is not a tag"), Some(help)))
        }
        () => Ok(()),
    }
}

fn digest(digest: &str) -> Result<(), Refusal> {
    let refusal =
        || Err((format!("`{digest}` is not a digest"), Some("write `sha256:` and 64 hexadecimal digits".to_owned())));
    let Some((algorithm, hex)) = digest.split_once(':') else { return refusal() };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return refusal(),
    };
    let hexadecimal = hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if hex.len() == length && hexadecimal { Ok(()) } else { refusal() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_docker_takes_are_taken() {
        let id = "a".repeat(64);
        let taken = [
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "localhost/a",
            "localhost:5000/a/b:c",
            "reg.example.com/a__b/c--d.e:V1_2",
        ];
        let digests = [format!("nginx@sha256:{id}"), format!("nginx:1@sha256:{id}"), format!("sha256:{id}")];
        let refused: Vec<_> =
            taken.into_iter().chain(digests.iter().map(String::as_str)).filter(|text| parse(text).is_err()).collect();
        assert_eq!(refused, Vec::<&str>::new());
    }

    #[test]
    fn references_that_docker_refuses_are_refused_with_the_reason() {
        let table = [
            "",
            "Nginx",
            "nginx:",
            ":1",
            "a/Web:1",
            "a//b",
            "a_-b",
            "nginx:a b",
            "nginx@sha256:12",
            "https://r.io/a",
            "r.io:x/a",
            "a:${TAG}",
        ];
        let reasons = table.map(|text| parse(text).err().map(|(reason, _)| reason).unwrap_or_default());
        insta::assert_snapshot!(reasons.join("\n"), @r"
    it is empty
    `Nginx` has upper-case letters
    its tag is empty
    it has no name
    `Web` has upper-case letters
    a part of its path is empty
    `a_-b` is not a part of a path
    `a b` is not a tag
    `sha256:12` is not a digest
    it is a URL
    `x` is not a port
    it has a variable
    ");
    }
}
